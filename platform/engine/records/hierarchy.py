"""Who and what stands below a record along its object's link to itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.fieldtypes.link import Link
from engine.records.trees import below
from engine.schema.tables import DELETED, Tables


class Hierarchy:
    """Sub-trees of objects that link to themselves: territories, departments, reporting lines."""

    def __init__(self, catalog: Catalog, tables: Tables) -> None:
        self.catalog = catalog
        self.tables = tables
        self._below: dict[str, sa.Select[Any]] = {}
        self._above: dict[str, sa.Select[Any]] = {}

    def link(self, object: str) -> str:
        """The link that makes the object a tree, or an empty string."""
        site = self.catalog.site
        if tree := self.catalog.objects[object].tree:
            return tree
        if object == site.person:
            return site.person_manager
        if object == site.department and site.department_parent:
            return site.department_parent
        fields = self.catalog.objects[object].fields.values()
        return next(
            (
                f.name
                for f in fields
                if isinstance(f.type, Link) and f.type.to == object and not f.system
            ),
            "",
        )

    def below(self, connection: sa.Connection, object: str, id: int) -> frozenset[int]:
        """The record itself and every live one below it; circles in the data do no harm."""
        name = self.link(object)
        if not name:
            return frozenset((id,))
        table = self.tables.table(object)
        column = self.catalog.objects[object].fields[name].column
        if name == self.catalog.objects[object].tree:
            return below(connection, table, table.c[self.catalog.objects[object].path_column], id)
        if object not in self._below:
            self._below[object] = _down(table, column)
        found = connection.execute(self._below[object], {"root": id}).scalars()
        return frozenset(found) | {id}

    def above(self, connection: sa.Connection, object: str, id: int) -> frozenset[int]:
        """Every live record above one; circles in the data do no harm."""
        name = self.link(object)
        if not name:
            return frozenset()
        table = self.tables.table(object)
        column = self.catalog.objects[object].fields[name].column
        if object not in self._above:
            self._above[object] = _up(table, column)
        found = connection.execute(self._above[object], {"root": id}).scalars()
        return frozenset(one for one in found if one is not None)


def _down(table: sa.Table, column: str) -> sa.Select[Any]:
    """The record `root` and every live one below it."""
    tree = sa.select(table.c.id).where(table.c.id == sa.bindparam("root")).cte(recursive=True)
    child = table.alias()
    tree = tree.union(  # UNION, not UNION ALL: a circle ends where it closes
        sa.select(child.c.id).where(child.c[column] == tree.c.id, child.c[DELETED].is_(None))
    )
    return sa.select(tree.c.id)


def _up(table: sa.Table, column: str) -> sa.Select[Any]:
    """Every live record above `root`."""
    line = sa.select(table.c[column].label("id")).where(table.c.id == sa.bindparam("root"))
    tree = line.cte(recursive=True)
    higher = table.alias()
    tree = tree.union(
        sa.select(higher.c[column]).where(higher.c.id == tree.c.id, higher.c[DELETED].is_(None))
    )
    return sa.select(tree.c.id)
