"""Statements that are built once per revision and kept, so that they compile once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.records.shapes import Shape
from engine.schema.tables import DELETED, POSITION


RECENT = 500
"""Lists whose statements are kept."""


class Statements:
    """A cache of statements by what they are about; it lives and dies with a revision."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}
        self._lately: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, key: Any, build: Callable[[], Any]) -> Any:
        """The statement under `key`, built the first time."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = build()
        return found

    def lately(self, key: Any, build: Callable[[], Any]) -> Any:
        """Like `once`, for keys that come from outside: only the last `RECENT` are kept."""
        with self._lock:
            found = self._lately.get(key)
            if found is not None:
                self._lately.move_to_end(key)
                return found
        built = build()
        with self._lock:
            self._lately[key] = built
            while len(self._lately) > RECENT:
                self._lately.popitem(last=False)
        return built

    def by_ids(self, shape: Shape, lock: bool = False) -> sa.Select[Any]:
        """Rows with the ids `:ids` in id order; `lock` keeps others from changing them."""

        def build() -> sa.Select[Any]:
            table = shape.table
            ids = sa.bindparam("ids", expanding=True)
            statement = (
                sa.select(*shape.select_columns(table))
                .where(table.c.id.in_(ids))
                .order_by(table.c.id)
            )
            return statement.with_for_update() if lock else statement

        return self.once(("by_ids", shape.table.name, lock), build)

    def lines_of(self, shape: Shape, link: str) -> sa.Select[Any]:
        """Live lines of the parents `:ids`, in their order."""

        def build() -> sa.Select[Any]:
            table = shape.table
            return (
                sa.select(*shape.select_columns(table))
                .where(table.c[link].in_(sa.bindparam("ids", expanding=True)))
                .where(table.c[DELETED].is_(None))
                .order_by(table.c[link], table.c[POSITION], table.c.id)
            )

        return self.once(("lines_of", shape.table.name, link), build)

    def next_ids(self, table: sa.Table) -> sa.TextClause:
        """`:count` fresh ids of a table on PostgreSQL, in one round trip."""
        return self.once(
            ("next_ids", table.name),
            lambda: sa.text(
                "SELECT nextval(pg_get_serial_sequence(:name, 'id'))"
                " FROM generate_series(1, CAST(:count AS integer))"
            ).bindparams(name=f'"{table.name}"'),
        )

    def insert(self, table: sa.Table, columns: frozenset[str]) -> sa.Insert:
        """An INSERT without RETURNING; executed with a list of rows."""
        return self.once(("insert", table.name, columns), lambda: sa.insert(table).inline())

    def update(self, table: sa.Table, columns: frozenset[str]) -> sa.Update:
        """An UPDATE by id of these columns; parameters `set_<column>` and `row_id`."""

        def build() -> sa.Update:
            values = {name: sa.bindparam(f"set_{name}", type_=table.c[name].type) for name in columns}
            return (
                sa.update(table).where(table.c.id == sa.bindparam("row_id", type_=table.c.id.type)).values(values)
            )

        return self.once(("update", table.name, columns), build)
