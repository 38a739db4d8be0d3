"""Statements that are built once per revision and kept, so that they compile once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.expressions.among import among_ids
from engine.records.prepared import Prepared
from engine.records.shapes import Shape
from engine.schema.tables import DELETED, POSITION

RECENT = 500
"""Lists whose statements are kept."""


class Statements:
    """A cache of statements by what they are about; it lives and dies with a revision."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self.dialect = dialect
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

    def by_ids(
        self, shape: Shape, lock: bool = False, removing: bool = False, share: bool = False
    ) -> Prepared:
        """Rows with the ids `ids` in id order; `lock` keeps others from changing them, with
        `removing` also from linking to them; `share` does so together with others."""

        def build() -> Prepared:
            table = shape.table
            statement = (
                sa.select(*shape.select_columns(table))
                .where(among_ids(table.c.id, "ids", self.dialect.name))
                .order_by(table.c.id)
            )
            if lock:
                statement = statement.with_for_update(key_share=not removing)
            elif share:
                statement = statement.with_for_update(read=True)
            return self.prepared(statement)

        return self._prepared_once(("by_ids", shape.table.name, lock, removing, share), build)

    def lines_of(self, shape: Shape, link: str) -> Prepared:
        """Live lines of the parents `ids`, in their order."""

        def build() -> Prepared:
            table = shape.table
            return self.prepared(
                sa.select(*shape.select_columns(table))
                .where(among_ids(table.c[link], "ids", self.dialect.name))
                .where(table.c[DELETED].is_(None))
                .order_by(table.c[link], table.c[POSITION], table.c.id)
            )

        return self._prepared_once(("lines_of", shape.table.name, link), build)

    def next_ids(self, table: sa.Table) -> Prepared:
        """`count` fresh ids of a table on PostgreSQL, in one round trip."""
        return self._prepared_once(
            ("next_ids", table.name),
            lambda: self.prepared(
                sa.text(
                    "SELECT nextval(pg_get_serial_sequence(:name, 'id'))"
                    " FROM generate_series(1, CAST(:count AS integer))"
                ).bindparams(name=f'"{table.name}"')
            ),
        )

    def insert(self, table: sa.Table, columns: frozenset[str]) -> Prepared:
        """An INSERT of these columns; parameters by column name."""

        def build() -> Prepared:
            values = {name: sa.bindparam(name, type_=table.c[name].type) for name in columns}
            return self.prepared(sa.insert(table).values(values).inline())

        return self._prepared_once(("insert", table.name, columns), build)

    def update(self, table: sa.Table, columns: frozenset[str]) -> Prepared:
        """An UPDATE by id of these columns; parameters `set_<column>` and `row_id`."""

        def build() -> Prepared:
            values = {n: sa.bindparam(f"set_{n}", type_=table.c[n].type) for n in columns}
            row_id = sa.bindparam("row_id", type_=table.c.id.type)
            return self.prepared(sa.update(table).where(table.c.id == row_id).values(values))

        return self._prepared_once(("update", table.name, columns), build)

    def prepared(self, statement: sa.Executable) -> Prepared:
        """The statement compiled for this database."""
        return Prepared(statement, self.dialect)

    def _prepared_once(self, key: Any, build: Callable[[], Prepared]) -> Prepared:
        found: Prepared = self.once(key, build)
        return found
