"""The mapping of a file that comes without one: its columns are named like fields.

A name is that of a field, its label in any language, or `link.field` for a link whose record is
found by that field. What nobody may set is left out, and said to be; the record's id or number
tells which record a row changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.link import Lines, Link
from engine.permissions.lens import Lens
from engine.problems import Problem, Refusal, did_you_mean
from engine.records.rights import role_names
from exchange import messages as say
from exchange.mapping import Column, ImportMapping
from exchange.mapping_checks import takes_input
from exchange.naming import LINE, PROBLEMS, link_key
from exchange.sources import Source


def guess_mapping(
    source: Source, catalog: Catalog, lens: Lens, roles: frozenset[str], match: tuple[str, ...] = ()
) -> ImportMapping:
    """The mapping that the column names of `source` stand for, for somebody with these `roles`.

    Raises Refusal when a column is no field, could be several, or two stand for one field.
    """
    guesser = _Guesser(lens, catalog, roles)
    problems: list[Problem] = []
    columns: dict[str, Column] = {}
    for name in source.columns:
        try:
            columns[name] = guesser.column(name)
        except Refusal as refusal:
            problems += refusal.problems
    _each_once(columns, problems)
    if problems:
        raise Refusal(*problems)
    if not match:
        named = {column.field for column in columns.values()}
        match = next(((key,) for key in ("id", "number") if key in named), ())
    columns = {
        name: column if column.field in match else guesser.writable(column)
        for name, column in columns.items()
    }
    return ImportMapping(
        name="",
        object=lens.definition.name,
        columns=columns,
        match=match,
        notices=tuple(guesser.notices()),
    )


def _each_once(columns: dict[str, Column], problems: list[Problem]) -> None:
    """Of a link and its `link.field`, the link alone counts; other doubles are a problem."""
    by_field: dict[str, str] = {}
    for name, column in sorted(columns.items(), key=lambda item: "." in item[0]):
        if not column.field:
            continue
        first = by_field.setdefault(column.field, name)
        if first == name:
            continue
        if "." in name and name.startswith(f"{column.field}."):
            columns[name] = Column(name=name)
        else:
            problems.append(say.SET_TWICE(field=column.field, other=first))


class _Guesser:
    def __init__(self, lens: Lens, catalog: Catalog, roles: frozenset[str]) -> None:
        self.lens = lens
        self.catalog = catalog
        self.roles = roles
        self.labels: dict[str, list[Field]] = defaultdict(list)
        self.unsettable: list[str] = []
        self.forbidden: list[str] = []
        for field in lens.definition.fields.values():
            if lens.may_read(field.name):
                for label in {fold(str(text)) for text in field.label.by_locale.values()}:
                    self.labels[label].append(field)

    def column(self, name: str) -> Column:
        """The column of that name, whether or not anybody may write its field."""
        if name in (LINE, PROBLEMS):
            return Column(name=name)
        link, _, found_by = name.partition(".")
        field = self.field(link)
        if found_by:
            target = self._target(field)
            if target is None or found_by not in target.fields:
                raise Refusal(self._unknown(name))
            return Column(name=name, field=field.name, find=found_by)
        target = self._target(field)
        return Column(name=name, field=field.name, find=link_key(target) if target else "")

    def field(self, name: str) -> Field:
        """The readable field called or labelled `name`. Raises Refusal when there is not one."""
        definition = self.lens.definition
        if name in definition.fields and self.lens.may_read(name):
            return definition.fields[name]
        labelled = self.labels.get(fold(name), [])
        former = definition.renamed.get(name, "")
        if not labelled and former and self.lens.may_read(former):
            return definition.fields[former]
        if len(labelled) > 1:
            fields = ", ".join(field.name for field in labelled)
            raise Refusal(say.AMBIGUOUS_COLUMN(name=name, fields=fields))
        if not labelled:
            raise Refusal(self._unknown(name))
        return labelled[0]

    def writable(self, column: Column) -> Column:
        """The column; left out when its field cannot be set."""
        if not column.field:
            return column
        field = self.lens.definition.fields[column.field]
        if isinstance(field.type, Lines) or not takes_input(field, historical=False):
            self.unsettable.append(column.name)
        elif not self.lens.may_write(field.name):
            self.forbidden.append(column.name)
        else:
            return column
        return Column(name=column.name)

    def notices(self) -> Iterator[Problem]:
        """What was left out, and why."""
        if self.unsettable:
            yield say.LEFT_OUT(names=", ".join(self.unsettable))
        if self.forbidden:
            roles = role_names(self.lens, self.roles)
            yield say.LEFT_OUT_FORBIDDEN(names=", ".join(self.forbidden), roles=roles)

    def _target(self, field: Field) -> Object | None:
        return self.catalog.objects[field.type.to] if isinstance(field.type, Link) else None

    def _unknown(self, name: str) -> Problem:
        definition = self.lens.definition
        readable = [n for n in definition.fields if self.lens.may_read(n)]
        best = did_you_mean(name, readable)
        return say.UNKNOWN_COLUMN(name=name, object=definition.label, best=best)
