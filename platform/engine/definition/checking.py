"""Checks of an object's meaning that need no expression: names, titles, defaults, keys."""

from __future__ import annotations

from collections.abc import Iterable

from engine.definition import messages as say
from engine.definition.catalog import Catalog
from engine.definition.guarded import check_attachments, check_guarded
from engine.definition.kinds import Problems
from engine.definition.layouts_checking import check_layouts
from engine.definition.objects import Field, Object
from engine.definition.settings import check_setting
from engine.definition.sharing import check_sharing
from engine.definition.trees import check_tree
from engine.fieldtypes.link import Collection, Link
from engine.problems import Place, Refusal, Text, did_you_mean

GRAMS, POSITION, COLUMN_SUFFIXES = "grams", "position", ("__f", "__s", "__p")
"""Columns that tables have beside those of the fields (`engine.schema.tables`)."""


def check_object(definition: Object, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with the object's own references."""
    _title(definition, problems)
    _search(definition, catalog, problems)
    check_tree(definition, problems)
    check_attachments(definition, problems)
    for field in definition.fields.values():
        _field(definition, field, problems)
        check_guarded(definition, field, problems)
    for index, names in enumerate(definition.unique):
        _known(definition, names, definition.place("unique", index), problems, stored="unique")
    check_layouts(definition, catalog, problems)
    check_sharing(definition, catalog, problems)
    for view in definition.views.values():
        place = definition.place("views", view.name)
        _known(definition, view.equal, place, problems, stored="equal")
        _known(definition, (name.lstrip("-") for name in view.sort), place, problems, stored="sort")
        _known(definition, view.columns, place, problems)
    for index, check in enumerate(definition.checks):
        if check.about:
            _known(definition, [check.about], definition.place("checks", index, "field"), problems)


def _known(
    definition: Object, names: Iterable[str], place: Place, problems: Problems, stored: str = ""
) -> None:
    for name in names:
        field = definition.fields.get(name)
        if field is None:
            best = did_you_mean(name, definition.fields)
            problems.append(say.UNKNOWN_FIELD(place, object=definition.name, name=name, best=best))
        elif stored and not field.stored:
            problems.append(say.NOT_STORED(place, object=definition.name, field=name, key=stored))


def _title(definition: Object, problems: Problems) -> None:
    field = definition.fields.get(definition.title)
    if field is None:
        _known(definition, [definition.title], definition.place("title"), problems)
    elif not field.type.textual and field.name != "id":  # of which something was said before
        problems.append(
            say.UNSUITABLE_TITLE(
                definition.place("title"), object=definition.name, field=definition.title
            )
        )


def _search(definition: Object, catalog: Catalog, problems: Problems) -> None:
    if definition.source is None or definition.source.get("search") is None:
        return  # the title and the number, as far as they are stored
    for index, path in enumerate(definition.search):
        place = definition.place("search", index)
        link, _, name = path.partition(".")
        field = definition.fields.get(link)
        if field is None:
            _known(definition, [link], place, problems)
        elif not name:
            if not (field.stored and field.type.textual):
                problems.append(say.NOT_SEARCHABLE(place, object=definition.name, field=path))
        elif not isinstance(field.type, Link):
            problems.append(say.NOT_SEARCHABLE(place, object=definition.name, field=path))
        else:
            _searched_there(catalog.objects[field.type.to], name, path, place, problems)


def _searched_there(target: Object, name: str, path: str, place: Place, problems: Problems) -> None:
    """Records are found by linked ones through what those are searched by themselves."""
    if "." not in name and name not in target.fields:
        _known(target, [name], place, problems)
    elif name not in target.search or "." in name:
        problems.append(say.SEARCHED_ELSEWHERE(place, found=path, target=target.name, field=name))


_FOR_INPUT = (
    "default", "default_from", "suggest", "required", "required_when", "read_only_when", "set_once",
)  # fmt: skip
"""Keys that say something about input, which derived fields do not take."""


def _field(definition: Object, field: Field, problems: Problems) -> None:
    node = field.source
    if node is None:
        return
    used = field.name == GRAMS or (field.name == POSITION and bool(definition.parent))
    if used or field.name.endswith(COLUMN_SUFFIXES):
        place = node.key_place or node.place
        problems.append(say.NAME_IN_USE(place, object=definition.name, name=field.name))
    if node.plain("searchable") is True and not (field.stored and field.type.textual):
        place = field.place("searchable")
        problems.append(say.NOT_SEARCHABLE(place, object=definition.name, field=field.name))
    check_setting(definition, field, node, problems)
    if field.unique and not field.stored:
        place = field.place("unique")
        problems.append(
            say.NOT_STORED(place, object=definition.name, field=field.name, key="unique")
        )
    if field.default is not None and isinstance(field.type, Link | Collection):
        place = field.place("default")
        problems.append(say.NO_DEFAULT_HERE(place, type=field.type.name))
    elif field.default is not None:
        try:
            field.type.read(field.default)
        except Refusal as refusal:
            first = refusal.problems[0]
            why = Text({"en": first.sentence("en"), "zh": first.sentence("zh")})
            problems.append(say.BAD_DEFAULT(field.place("default"), field=field.name, why=why))
    if field.derived:
        for key in _FOR_INPUT:
            if node.get(key) is not None and node.plain(key) is not False:
                problems.append(say.DERIVED_AND_RULE(field.place(key), field=field.name, key=key))
