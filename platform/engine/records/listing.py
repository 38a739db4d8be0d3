"""How a list becomes SQL: which rows, in which order, and what is shown of them.

1. The page: conditions, order and limit over the object's table alone, so that the index of the
   declared list serves it. Links that are filtered or sorted through are joined here.
2. Around it, for its few rows only: titles of linked records and formulas that are computed
   when read (fetching first and joining after halves the database's time).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import as_member
from engine.definition.messages import UNKNOWN_FIELD
from engine.definition.objects import Field, Object
from engine.expressions import JoinSet, compile_expression, to_sql
from engine.expressions.among import among_ids
from engine.expressions.syntax import WHERE_LIMITS
from engine.expressions.types import Kind, Member, Type, View
from engine.fieldtypes.choice import Choice, Choices, Tags
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView, Lens
from engine.problems import Refusal, Text, did_you_mean
from engine.records import messages as say
from engine.records.guarded import SeekingNames, guarded_filter, is_guarded
from engine.records.joining_filter import filter_list
from engine.schema.tables import DELETED, POSITION, sort_column

BOOLEAN = Type(Kind.BOOLEAN)


@dataclass(eq=False)
class Builder:
    """Builds the statements of one list for one set of roles."""

    gate: Any
    definition: Object
    roles: frozenset[str] | None
    binds: Binds = field(default_factory=Binds)
    conditions: list[sa.ColumnElement[bool]] = field(default_factory=list)
    joins: JoinSet = field(default_factory=JoinSet)
    lines_of: bool = False
    alias: str = "t"

    def __post_init__(self) -> None:
        self.view = ActorView(self.gate.lenses, self.roles, self.binds)
        self.lens: Lens = self.gate.lenses.lens(self.definition.name, self.roles)
        name = self.definition.name
        rows = self.view.query(name) if self.definition.is_view else self.gate.tables.table(name)
        self.source = rows.alias(self.alias)

    def restrict(self, action: str, deleted: bool, walking: bool = False) -> None:
        """Only rows on which the action is granted, live or from the recycle bin.

        `walking`: no index by owner is to lead to them (`scoping`).
        """
        if self.definition.is_view:
            self.conditions += [sa.false()] if deleted else []
        else:
            live = self.source.c[DELETED].is_(None)
            self.conditions.append(sa.not_(live) if deleted else live)
        for needed in {action, "read"}:
            self.binds.walking = walking
            rows = self.lens.rows(needed, self.source, self.binds)
            self.binds.walking = False
            if rows is not None:
                self.conditions.append(rows)

    def only_lines_of(self, parameter: str, many: bool) -> None:
        """Only lines of the record, or the `many`, bound as `parameter`, in their own order."""
        self.lines_of = True
        link = self.source.c[self.definition.fields[self.definition.parent].column]
        one = link == sa.bindparam(parameter, type_=link.type)
        self.conditions.append(among_ids(link, parameter, self.gate.dialect) if many else one)

    def where(self, text: str) -> None:
        """Only rows that fulfil an expression over what these roles may read."""
        gate = self.gate
        names = SeekingNames(gate.catalog, gate.lenses, self.roles, gate, self.binds)
        expression = compile_expression(
            text, self.definition.name, names, expected=BOOLEAN, limits=WHERE_LIMITS
        )
        compiled = to_sql(expression, self.view, self.source, self.gate.dialect, self.joins)
        self.binds.add(compiled)
        self.conditions.append(compiled.condition)

    def linkable(self, object: str, field: str) -> None:
        """Only rows that the link `field` of `object` may point to.

        What these roles may not read restricts nothing here; the gate knows it all the same.
        """
        condition = self.gate.catalog.objects[object].fields[field].where
        if condition is None:
            return
        lenses = self.gate.lenses
        if all(lenses.lens(owner, self.roles).may_read(name) for owner, name in condition.reads):
            compiled = to_sql(condition, self.view, self.source, self.gate.dialect, self.joins)
            self.binds.add(compiled)
            self.conditions.append(compiled.condition)

    def readable(self, name: str, key: str) -> Field:
        """The field of that name, if these roles may read it."""
        found = self.definition.fields.get(name)
        if found is None or not self.lens.may_read(name):
            known = [n for n in self.definition.fields if self.lens.may_read(n)]
            raise Refusal(
                UNKNOWN_FIELD(
                    path=key,
                    object=self.definition.label,
                    name=name,
                    best=did_you_mean(name, known),
                )
            )
        return found

    def filter(self, name: str, shape: str) -> Callable[[Any], dict[str, Any]]:
        """A plain filter on a field; returns how its input becomes parameters.

        `shape` is "one", "empty", or "many" and how many ("many3").
        """
        found = self.readable(name, name)
        if isinstance(found.type, Links):
            return filter_list(self, found, shape)
        if isinstance(found.type, Collection | Composite):
            raise _without_value(name, name)
        if isinstance(found.type, Choices | Tags) and shape != "empty":
            raise Contains(found)
        if is_guarded(found) and shape != "empty":
            return guarded_filter(self, found, shape)
        column = self.value(found)
        seen = self._target_seen(found, column) if isinstance(found.type, Link) else None
        if shape == "empty":
            self.conditions.append(column.is_(None) if seen is None else sa.not_(seen))
            return lambda raw: {}
        if seen is not None:
            self.conditions.append(seen)
        parameter = f"f_{name}"
        if shape.startswith("many"):
            count = int(shape.removeprefix("many"))
            names = [f"{parameter}_{number}" for number in range(count)]
            among = column.in_([sa.bindparam(name, type_=column.type) for name in names])
            self.conditions.append(among if names else sa.false())
            return lambda raw: {n: _stored(found, one) for n, one in zip(names, raw, strict=True)}
        self.conditions.append(column == sa.bindparam(parameter, type_=column.type))
        return lambda raw: {parameter: _stored(found, raw)}

    def _target_seen(
        self, found: Field, link: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[bool] | None:
        """Whether the link leads to a record that these roles may read; None where each does.

        A link to any other is empty (rule 31).
        """
        assert isinstance(found.type, Link)
        target = found.type.to
        source = self.view.source(target)
        if self.gate.lenses.lens(target, self.roles).rows("read", source, Binds()) is None:
            return None
        visible = self.view.visible(target, source)
        assert visible is not None
        seen = sa.select(sa.literal(1)).select_from(source).where(source.c.id == link, visible)
        return sa.exists(seen.correlate_except(source))

    def value(self, found: Field) -> sa.ColumnElement[Any]:
        """A field's value as these roles see it, in the page's own FROM."""
        if found.virtual and found.formula is not None:
            value = self.computed(found, self.source, self.joins)
            return self.view.masked(self.definition.name, found.name, value, self.source)
        return self.view.column(self.definition.name, as_member(found), self.source)

    def computed(
        self, found: Field, source: sa.FromClause, joins: JoinSet
    ) -> sa.ColumnElement[Any]:
        """A virtual formula's value, computed as the system (rule 10)."""
        assert found.formula is not None
        compiled = to_sql(found.formula, self.gate.tables, source, self.gate.dialect, joins)
        self.binds.add(compiled)
        type_ = found.type.column_type()
        return (
            compiled.value if type_ is None else sa.type_coerce(compiled.value, compiled.value.type)
        )

    def sort_key(self, name: str) -> sa.ColumnElement[Any]:
        """What a list is ordered by for a field: linked titles, options in declared order.

        Lines that are read with their record stand in their own order.
        """
        if name == POSITION and self.lines_of:
            position: sa.ColumnElement[Any] = self.source.c[POSITION]
            return position
        found = self.readable(name, "sort")
        if isinstance(found.type, Collection | Composite | Choices | Tags) or is_guarded(found):
            raise _without_value("sort", name)
        if isinstance(found.type, Link):
            return self._linked_title(found)
        if isinstance(found.type, Choice):
            column = self.value(found)
            places = {o.stored: index for index, o in enumerate(found.type.options)}
            return sa.case(places, value=column, else_=None) if places else column
        if found.virtual:
            return self.value(found)
        column = self.source.c[sort_column(self.definition, found)]
        return self.view.masked(self.definition.name, name, column, self.source)

    def _linked_title(self, found: Field) -> sa.ColumnElement[Any]:
        assert isinstance(found.type, Link)
        target: Object = self.gate.catalog.objects[found.type.to]
        member: Member = as_member(found)
        linked = self.joins.link(self.view, self.definition.name, member, self.source)
        title = target.fields[target.title]
        if not title.stored:
            return linked.c.id
        column = linked.c[sort_column(target, title)]
        return self.view.masked(target.name, title.name, column, linked)

    def mask(self, found: Field) -> sa.ColumnElement[Any]:
        """The mask of a field where these roles may see no more of it, in the page's own FROM."""
        virtual = found.virtual and found.formula is not None
        value = (
            self.computed(found, self.source, self.joins)
            if virtual
            else self.gate.tables.column(self.definition.name, as_member(found), self.source)
        )
        return self.view.mask(self.definition.name, found.name, value, self.source)

    def cells(self, names: list[str]) -> list[tuple[sa.ColumnElement[bool], list[str]]]:
        """Of fields that some roles see only on some rows: the conditions, each with its fields."""
        together: dict[frozenset[str], list[str]] = {}
        for name in names:
            together.setdefault(self.lens.showing(name), []).append(name)
        return [
            (cell, fields)
            for fields in together.values()
            if (cell := self.lens.cell(fields[0], self.source, self.binds)) is not None
        ]

    def title_of(self, found: Field, source: sa.FromClause, outer: JoinSet) -> tuple[Any, Any]:
        """Id and title of a linked record as these roles see it, joined to `source`."""
        assert isinstance(found.type, Link)
        target: Object = self.gate.catalog.objects[found.type.to]
        linked = outer.link(
            _Outer(self.view, found.column), self.definition.name, as_member(found), source
        )
        lens = self.gate.lenses.lens(target.name, self.roles)
        title = target.fields[target.title]
        if not lens.may_show(title.name):
            return linked.c.id, sa.null()
        if title.stored:
            stored = self.gate.tables.column(target.name, as_member(title), linked)
            return linked.c.id, self.view.title(target.name, stored, linked)
        value = self.computed_on(target, title, linked, outer)
        return linked.c.id, self.view.title(target.name, value, linked)

    def computed_on(
        self, target: Object, title: Field, linked: sa.FromClause, joins: JoinSet
    ) -> sa.ColumnElement[Any]:
        """A title that is computed when read."""
        if title.formula is None:
            return linked.c.id
        compiled = to_sql(title.formula, self.gate.tables, linked, self.gate.dialect, joins)
        self.binds.add(compiled)
        return compiled.value


@dataclass(frozen=True, eq=False)
class _Outer:
    """The actor's view, but the link's own column taken as the page has it."""

    view: ActorView
    link: str

    def source(self, object: str) -> sa.FromClause:
        return self.view.source(object)

    def visible(self, object: str, source: sa.FromClause) -> sa.ColumnElement[bool] | None:
        return self.view.visible(object, source)

    def column(self, object: str, member: Member, source: sa.FromClause) -> sa.ColumnElement[Any]:
        return source.c[member.column]

    def formula(
        self, object: str, member: Member, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        return value

    def inside_formula(self) -> View:
        return self.view.inside_formula()


def _without_value(key: str, name: str) -> Refusal:
    expected = Text({"en": "a field with one value", "zh": "只有一个值的字段"})
    return Refusal(say.BAD_QUERY(path=key, key=key, found=name, expected=expected))


class Contains(Exception):
    """A plain filter on a field with several values asks whether it contains one."""

    def __init__(self, found: Field) -> None:
        super().__init__(found.name)
        self.field = found


def containing(name: str, values: list[str]) -> str:
    """The expression for plain filters on fields with several values."""
    return " and ".join(f"{json.dumps(value, ensure_ascii=False)} in {name}" for value in values)


def _stored(found: Field, raw: Any) -> Any:
    """Filter input as the column holds it."""
    value = found.type.read(raw)
    if isinstance(found.type, Choice):
        return found.type.keys.get(value, value)
    if isinstance(found.type, Link) and value is not None and not isinstance(value, int):
        raise Refusal(
            say.BAD_QUERY(key=found.name, found=raw, expected=Text({"en": "an id", "zh": "ID"}))
        )
    return value
