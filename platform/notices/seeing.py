"""Who may see a record, and what of it: one question for many people at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.records.gate import Gate
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.schema.tables import DELETED

AT_ONCE = 100
"""Questions put into one statement."""

Rights = Mapping[int, frozenset[str]]
"""The places of those who may see a record, each with the fields hidden on this very row."""


@dataclass(frozen=True, eq=False)
class Rule:
    """Which rows some roles see of an object, and which of their fields on some rows only."""

    source: sa.FromClause
    binds: Binds
    rows: sa.ColumnElement[bool] | None
    cells: tuple[tuple[frozenset[str], sa.ColumnElement[bool]], ...]

    @property
    def free(self) -> bool:
        """Whether it depends on nobody."""
        return self.rows is None and not self.cells

    @classmethod
    def of(cls, gate: Gate, lens: Lens) -> Rule:
        """The rule of a lens, made once per revision."""
        rule: Rule = gate.statements.once(("notice rule", lens), lambda: cls._made(gate, lens))
        return rule

    @classmethod
    def _made(cls, gate: Gate, lens: Lens) -> Rule:
        source, binds = gate.tables.table(lens.definition.name), Binds()
        fields: dict[frozenset[str], set[str]] = {}
        for name in lens.definition.fields:
            if lens.may_read(name):
                fields.setdefault(lens.showing(name), set()).add(name)
        cells = []
        for names in fields.values():
            cell = lens.cell(min(names), source, binds)
            if cell is not None:
                cells.append((frozenset(names), cell))
        return cls(source, binds, lens.rows("read", source, binds), tuple(cells))

    def statement(self, number: int, id: int, values: Mapping[str, Any]) -> sa.Select[Any]:
        """The number where the record is seen, and a flag for each group of fields."""
        flags = [sa.case((cell, 1), else_=0) for _, cell in self.cells]
        found = sa.select(sa.literal(number), *flags).where(
            self.source.c.id == id, self.source.c[DELETED].is_(None)
        )
        whole = found if self.rows is None else found.where(self.rows)
        return bound(whole, values)


def bound(statement: sa.Select[Any], values: Mapping[str, Any]) -> sa.Select[Any]:
    """The statement with these values for its parameters, so that it can stand beside others."""

    def value_of(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.BindParameter) and element.key in values:
            return sa.bindparam(None, values[element.key], type_=element.type, unique=True)
        return None

    found: Any = visitors.replacement_traverse(statement, {"detect_subquery_cols": True}, value_of)
    filled: sa.Select[Any] = found
    return filled


@dataclass(frozen=True)
class Question:
    """May people of whom the same facts count see the record?"""

    rule: Rule
    id: int
    values: Mapping[str, Any]
    places: list[int]


def answers(connection: sa.Connection, questions: Sequence[Question]) -> dict[int, frozenset[str]]:
    """Who may see it, by place, with the fields that are hidden there."""
    found: dict[int, frozenset[str]] = {}
    by_rule: dict[Rule, list[Question]] = {}
    for question in questions:
        by_rule.setdefault(question.rule, []).append(question)
    for rule, asked in by_rule.items():
        for start in range(0, len(asked), AT_ONCE):
            chunk = asked[start : start + AT_ONCE]
            parts = [rule.statement(n, q.id, q.values) for n, q in enumerate(chunk)]
            for number, *flags in connection.execute(sa.union_all(*parts)):
                groups = zip(rule.cells, flags, strict=True)
                hidden = frozenset(n for (names, _), flag in groups if not flag for n in names)
                found |= dict.fromkeys(chunk[number].places, hidden)
    return found


class People:
    """The rows that conditions about the reading people go through (`rows.Source`)."""

    def __init__(self, gate: Gate, readers: Iterable[int]) -> None:
        self.gate = gate
        self.readers = frozenset(readers)
        self._rows: dict[tuple[str, int], Row] = {}
        self._below: dict[tuple[str, int], frozenset[int]] = {}

    def fetch(self, object: str, ids: Iterable[int]) -> dict[int, Row]:
        """Rows by id, as the system reads them; of people all who read."""
        gate, wanted = self.gate, set(ids)
        if any((object, id) not in self._rows for id in wanted):
            if object == gate.catalog.user_object:
                wanted |= self.readers
            shape = gate.shapes[object]
            statement = gate.statements.by_ids(shape)
            with gate.databases.reading() as connection:
                for values in statement.rows(connection, {"ids": sorted(wanted)}):
                    row = shape.row(values)
                    self._rows[object, row["id"]] = row
        return {id: self._rows.get((object, id), {}) for id in wanted}

    def linked(self, object: str, id: int) -> RowView:
        """The view of a record, whose row is fetched when it is needed."""
        return RowView(self, self.gate.catalog.objects[object], None, id=id)

    def collection(self, object: str, by: str, id: int) -> tuple[RowView, ...]:
        """Paths from a person never lead through collections."""
        return ()

    def named(self, object: str, name: str, id: int) -> tuple[RowView, ...]:
        """Nor through lists of links."""
        return ()

    def branch(self, object: str, id: int) -> tuple[RowView, ...]:
        """Nor through what stands below in a tree."""
        return ()

    def below(self, object: str, id: int) -> frozenset[int]:
        """The record and all below it."""
        key = (object, id)
        if key not in self._below:
            gate = self.gate
            with gate.databases.reading() as connection:
                self._below[key] = gate.hierarchy.below(connection, object, id)
        return self._below[key]
