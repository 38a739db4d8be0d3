"""One object as a set of roles sees it: the one predicate for every read path (rule 27).

A row is visible when one of the roles grants it. A cell is visible when one of the roles
grants both its row and its field: where all roles that grant rows also grant the field, the
column stands bare; otherwise it is masked by the rows of the roles that do grant it. So a
union of roles never shows a cell that no single role grants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Object
from engine.expressions import to_sql
from engine.expressions.joins import Join
from engine.expressions.types import Member, View
from engine.permissions.binds import Binds
from engine.permissions.masks import mask_sql
from engine.permissions.roles import Grant, Role, Scope
from engine.permissions.viewing import viewed
from engine.permissions.ways import widened

ONCE = frozenset(("create", "import", "delete", "restore"))
"""Actions that nobody is granted on settings: there is one record, and it stays."""
OWNED = frozenset(("own", "team", "department", "department_and_below"))
"""The scopes that ask for a record's owner or their department."""
READING = ("read", "export")
"""Actions that are granted on views: nobody writes their records."""


@dataclass(frozen=True, eq=False)
class Lens:
    """An object as the roles `roles` see it. `parent` is the lens of a line's parent."""

    catalog: Catalog
    view: View
    dialect: str
    definition: Object
    grants: tuple[Grant, ...]
    parent: Lens | None = None
    is_system: bool = False
    roles: frozenset[str] = frozenset()
    levels: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        levels: dict[str, str] = {}
        for grant in self.grants:
            for name, level in grant.fields.items():
                if levels.get(name) != "write":
                    levels[name] = level
        if self.is_system:
            levels = dict.fromkeys(self.definition.fields, "write")
        object.__setattr__(self, "levels", levels)

    def may_read(self, name: str) -> bool:
        """Whether the field can be seen on some row."""
        return name in self.levels

    def may_show(self, name: str) -> bool:
        """Whether the field, or its mask, can be seen on some row."""
        return name in self.levels or bool(self.masking(name))

    def masking(self, name: str) -> frozenset[str]:
        """The roles that show the field's mask, on whatever rows."""
        return frozenset(g.role for g in self.grants if name in g.masks) & self.allowing("read")

    def may_read_all(self) -> bool:
        """Whether every record can be seen, by each role that shows any."""
        reading = self.allowing("read")
        whole = all(g.scope("read").name == "all" for g in self.grants if g.role in reading)
        return self.is_system or (bool(reading) and whole)

    def may_write(self, name: str) -> bool:
        """Whether the field can be set on some row."""
        return self.levels.get(name) == "write"

    def may(self, action: str) -> bool:
        """Whether the action is granted at all, on whatever rows."""
        if self.definition.is_view and action not in READING:
            return False
        if self.is_system:
            return True
        return bool(self.allowing(action))

    def allowing(self, action: str) -> frozenset[str]:
        """The roles that grant the action, on whatever rows; of lines their parent's, if they
        also grant fields of the lines."""
        if self.definition.is_settings and action in ONCE:
            return frozenset()
        if self.definition.is_view and action not in READING:
            return frozenset()
        if self.parent is not None:
            return self.parent.allowing(action) & {g.role for g in self.grants if g.fields}
        return frozenset(
            g.role for g in self.grants if action in g.allowed or not g.scope(action).nothing
        )

    def showing(self, name: str) -> frozenset[str]:
        """The roles that show the field, on whatever rows."""
        return frozenset(g.role for g in self.grants if name in g.fields) & self.allowing("read")

    def writable_by(self, roles: frozenset[str]) -> frozenset[str]:
        """The fields that these roles let their bearer write."""
        return frozenset(
            name
            for grant in self.grants
            if grant.role in roles
            for name, level in grant.fields.items()
            if level == "write"
        )

    def rows(
        self, action: str, source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool] | None:
        """The rows of `source` on which the action is granted; None for all of them."""
        if self.is_system:
            return None
        return self._rows(action, self.allowing(action), source, binds)

    def is_by_owner(self) -> bool:
        """Whether who owns a record, or their department, alone says if it can be seen."""
        if self.is_system or self.parent is not None or "owner" not in self.definition.fields:
            return False
        reading = self.allowing("read")
        scopes = {grant.scope("read").name for grant in self.grants if grant.role in reading}
        return bool(scopes) and scopes <= OWNED

    def rows_of(
        self, action: str, roles: frozenset[str], source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool] | None:
        """The rows on which one of `roles` grants the action; None for all of them."""
        return self._rows(action, roles, source, binds)

    def cell(self, name: str, source: sa.FromClause, binds: Binds) -> sa.ColumnElement[bool] | None:
        """The condition under which the field of a visible row is visible; None for always."""
        showing = self.showing(name)
        if self.is_system or showing == self.allowing("read"):
            return None
        return self._rows("read", showing, source, binds)

    def _rows(
        self, action: str, roles: frozenset[str], source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool] | None:
        """The rows on which one of `roles` grants the action; None for all of them."""
        if self.parent is not None:
            return self._parent_rows(action, roles, source, binds)
        scopes = [g.scope(action) for g in self.grants if g.role in roles]
        return self._union(action, scopes, source, binds)

    def granting(
        self, grant: Grant, action: str, source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool]:
        """The rows on which this one grant allows the action."""
        found = self._union(action, [grant.scope(action)], source, binds)
        return sa.true() if found is None else found

    def _union(
        self, action: str, scopes: Iterable[Scope], source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool] | None:
        wanted = {scope.name: scope for scope in scopes if not scope.nothing}
        if "all" in wanted:
            return None
        if "team" in wanted:  # everyone's own records are part of their team's
            wanted.pop("own", None)
        if "department_and_below" in wanted:
            wanted.pop("department", None)
        conditions = [self.condition(scope, source, binds) for scope in wanted.values()]
        if conditions:
            conditions += widened(self, action, source, binds)
        return sa.or_(*conditions) if conditions else sa.false()

    def condition(
        self, scope: Scope, source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool]:
        """One scope as SQL."""
        match scope.name:
            case "all":
                return sa.true()
            case "none" | "shared":  # what is shared joins the rows of every scope
                return sa.false()
            case "own":
                return binds.owner(self._owner(source)) == binds.actor("actor_person")
            case "team":
                return binds.among(binds.owner(self._owner(source)), "actor_team", self.dialect)
            case "department" if self.catalog.site.memberships:
                column = binds.owner(self._department(source))
                return binds.among(column, "actor_memberships", self.dialect)
            case "department":
                return binds.owner(self._department(source)) == binds.actor("actor_department")
            case "department_and_below":
                column = binds.owner(self._department(source))
                return binds.among(column, "actor_departments", self.dialect)
        assert scope.condition is not None
        return self._expression(scope, source, binds)

    def _expression(
        self, scope: Scope, source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool]:
        assert scope.condition is not None
        compiled = to_sql(scope.condition, self.view, source, self.dialect, prefix=binds.prefix)
        binds.add(compiled)
        if not compiled.joins:
            return compiled.condition
        # keep the predicate self-contained, so that it can stand in ON clauses and masks too
        if self.definition.is_view:  # whose rows there are no more than once
            return _joined_to(source, compiled.joins, compiled.condition)
        inner = self.view.source(self.definition.name)
        compiled = to_sql(scope.condition, self.view, inner, self.dialect, prefix=binds.prefix)
        binds.add(compiled)
        joined: sa.FromClause = inner
        for join in compiled.joins:
            joined = joined.outerjoin(join.source, join.on)
        found = (
            sa.select(sa.literal(1))
            .select_from(joined)
            .where(inner.c.id == source.c.id, compiled.condition)
            .correlate(source)
        )
        return sa.exists(found)

    def _parent_rows(
        self, action: str, roles: frozenset[str], source: sa.FromClause, binds: Binds
    ) -> sa.ColumnElement[bool] | None:
        assert self.parent is not None
        above = self.view.source(self.parent.definition.name)
        rows = self.parent._rows(action, roles, above, binds)
        if rows is None:
            return None
        link = self.definition.fields[self.definition.parent].column
        return source.c[link].in_(sa.select(above.c.id).where(rows))

    def _owner(self, source: sa.FromClause) -> sa.ColumnElement[Any]:
        field_ = self.definition.fields.get("owner")
        return source.c[field_.column] if field_ else source.c.id  # a person owns their own record

    def _department(self, source: sa.FromClause) -> sa.ColumnElement[Any]:
        name = "department"
        if "owner" not in self.definition.fields:
            name = self.catalog.site.person_department
        return source.c[self.definition.fields[name].column]


def _joined_to(
    source: sa.FromClause, joins: Sequence[Join], condition: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """The condition on a row of `source`, with what it reads of linked records."""
    joined: sa.FromClause = sa.select(sa.literal(1).label("one")).subquery()
    for join in joins:
        joined = joined.outerjoin(join.source, join.on)
    found = sa.select(sa.literal(1)).select_from(joined).where(condition)
    return sa.exists(found.correlate(source))


class Lenses:
    """The lenses of one revision, made once per object and set of roles.

    It hands out, per set of roles, the `View` that expressions of such an actor are read in.
    """

    def __init__(self, catalog: Catalog, view: View, dialect: str) -> None:
        self.catalog = catalog
        self.view = view
        self.dialect = dialect
        self._lenses: dict[tuple[str, frozenset[str] | None], Lens] = {}

    def lens(self, object: str, roles: frozenset[str] | None) -> Lens:
        """The object as these roles see it; None stands for the system."""
        key = (object, roles)
        if key not in self._lenses:
            self._lenses[key] = self._make(object, roles)
        return self._lenses[key]

    def _make(self, object: str, roles: frozenset[str] | None) -> Lens:
        definition = self.catalog.objects[object]
        known: Mapping[str, Role] = self.catalog.of("role")
        granting = [known[name] for name in sorted(roles or ()) if name in known]
        return Lens(
            catalog=self.catalog,
            view=self.view,
            dialect=self.dialect,
            definition=definition,
            grants=tuple(r.grants[object] for r in granting if object in r.grants),
            parent=self.lens(definition.parent_object, roles) if definition.parent else None,
            is_system=roles is None,
            roles=roles or frozenset(),
        )


@dataclass(frozen=True, eq=False)
class ActorView:
    """The tables as some roles see them (`engine.expressions.types.View`).

    Formulas inside are computed as the system (rule 10): `inside_formula` gives their view.
    """

    lenses: Lenses
    roles: frozenset[str] | None
    binds: Binds

    def source(self, object: str) -> sa.FromClause:
        """A fresh alias of the object's table, or the query of a view object."""
        if self.lenses.catalog.objects[object].is_view:
            return self.query(object)
        return self.lenses.view.source(object)

    def query(self, object: str) -> sa.Subquery:
        """A view object's query, as the roles see what it is made from."""
        objects = self.lenses.catalog.objects
        return viewed(objects[object], objects, self, self.binds, self.lenses.dialect)

    def visible(self, object: str, source: sa.FromClause) -> sa.ColumnElement[bool] | None:
        """Live rows that the roles may read."""
        live = self.lenses.view.visible(object, source)
        rows = self.lenses.lens(object, self.roles).rows("read", source, self.binds)
        parts = [part for part in (live, rows) if part is not None]
        return sa.and_(*parts) if parts else None

    def column(self, object: str, member: Member, source: sa.FromClause) -> sa.ColumnElement[Any]:
        """The member's column, empty on rows where the roles may not read it."""
        column = self.lenses.view.column(object, member, source)
        return self.masked(object, member.name.partition("@")[0], column, source)

    def masked(
        self, object: str, name: str, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """`value` of the field `name`, empty on rows where the roles may not read it."""
        lens = self.lenses.lens(object, self.roles)
        if not lens.may_read(name):
            return sa.cast(sa.null(), value.type)
        cell = lens.cell(name, source, self.binds)
        return value if cell is None else sa.case((cell, value), else_=None)

    def mask(
        self, object: str, name: str, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """The mask of `value` on rows where the roles may see that and no more; else empty."""
        lens = self.lenses.lens(object, self.roles)
        rows = lens.rows_of("read", lens.masking(name), source, self.binds)
        shown = mask_sql(lens.definition.fields[name], value, self.lenses.dialect)
        nothing = sa.cast(sa.null(), shown.type)
        masked = shown if rows is None else sa.case((rows, shown), else_=nothing)
        if not lens.may_read(name):
            return masked
        cell = lens.cell(name, source, self.binds)
        return nothing if cell is None else sa.case((cell, nothing), else_=masked)

    def title(
        self, object: str, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """`value`, the title of a record: empty or masked where the roles may see no more."""
        lens = self.lenses.lens(object, self.roles)
        name = lens.definition.title
        plain = self.masked(object, name, value, source)
        if not (lens.masking(name) and lens.definition.fields[name].type.textual):
            return plain
        return sa.func.coalesce(plain, self.mask(object, name, value, source))

    def formula(
        self, object: str, member: Member, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        """The formula's value, empty on rows where the roles may not read it."""
        return self.masked(object, member.name, value, source)

    def inside_formula(self) -> View:
        """The system's view: derived values are computed as the system (rule 10)."""
        return self.lenses.view
