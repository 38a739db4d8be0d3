"""Checks of an object's meaning that need no expression: names, titles, defaults, keys."""

from __future__ import annotations

from collections.abc import Iterable

from engine.definition import messages as say
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Link
from engine.problems import Place, Refusal, Text, did_you_mean


def check_object(definition: Object, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with the object's own references."""
    _title(definition, problems)
    _search(definition, catalog, problems)
    for field in definition.fields.values():
        _field(field, problems)
    for index, names in enumerate(definition.unique):
        _known(definition, names, definition.place("unique", index), problems, stored="unique")
    for index, section in enumerate(definition.sections):
        _known(definition, section.fields, definition.place("sections", index, "fields"), problems)
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
    elif not definition.parent and not field.type.textual:
        problems.append(
            say.UNSUITABLE_TITLE(
                definition.place("title"), object=definition.name, field=definition.title
            )
        )


def _search(definition: Object, catalog: Catalog, problems: Problems) -> None:
    for index, path in enumerate(definition.search):
        place = definition.place("search", index)
        owner, field = definition, None
        for step in path.split("."):
            field = owner.fields.get(step)
            if field is None:
                _known(owner, [step], place, problems)
                break
            if isinstance(field.type, Link):
                owner = catalog.objects[field.type.to]
        if field is not None and not (field.stored and field.type.textual):
            problems.append(say.NOT_SEARCHABLE(place, object=definition.name, field=path))


def _field(field: Field, problems: Problems) -> None:
    node = field.source
    if node is None:
        return
    if field.default is not None:
        try:
            field.type.read(field.default)
        except Refusal as refusal:
            first = refusal.problems[0]
            why = Text({"en": first.sentence("en"), "zh": first.sentence("zh")})
            problems.append(say.BAD_DEFAULT(field.place("default"), field=field.name, why=why))
    if field.derived:
        for key in ("default", "default_from", "suggest", "required", "required_when"):
            if node.get(key) is not None and node.plain(key) is not False:
                problems.append(say.DERIVED_AND_RULE(field.place(key), field=field.name, key=key))
