"""From loaded definitions to a plan: keys are allotted, tables built, both sides compared.

A way back goes the same way: its definitions are those of an earlier revision, on the keys that
they had then (`engine.schema.returning`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from assembly.filling_choice import DEFAULT, REPLACE, beforehand, rewritten
from assembly.impact import every_fix, look
from assembly.kinds import KINDS, TABLES, kinds_with
from assembly.layering import picture_of
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.impact.fixing import computed_over, converted_fields
from engine.impact.ground import Ground
from engine.impact.mending import many_held
from engine.impact.returning import computed_again, searched_again
from engine.loading.loading import Loaded, load_trees
from engine.loading.packing import pack, plain
from engine.loading.storing import dump, restore
from engine.loading.threeway import Picture
from engine.loading.threeway_wording import layer_findings
from engine.problems import Refusal
from engine.schema.backfilling import ONLINE_FROM, is_large, read_journal
from engine.schema.differences import Plain, digest_of
from engine.schema.findings import Finding
from engine.schema.keying import allotted
from engine.schema.leavings import left
from engine.schema.planning import Plan, plan
from engine.schema.publishing import Replan
from engine.schema.returning import (
    NO_REVISION,
    WayBack,
    dropped,
    way_back,
    with_present_names,
)
from engine.schema.state import (
    Applied,
    Keys,
    Name,
    current,
    read_keys,
    revision_definitions,
    revision_layers,
)
from engine.schema.structure import Structure, read_structure
from engine.schema.tables import Tables, build_tables
from engine.schema.targets import Fix, Target


def planner(
    loaded: Loaded,
    extra: Sequence[sa.MetaData] = (),
    *,
    back_to: int | None = None,
    tidy: bool = True,
    online_from: int = ONLINE_FROM,
) -> Replan:
    """What makes the plan for `loaded` on a connection, as often as it is needed.

    `extra` are tables of libraries (accounts) that are created when they are missing. `back_to`:
    they are the definitions of this revision, which is gone back to. `tidy`: what earlier applies
    have left undone is among the steps. Tables with `online_from` rows or more are large. Raises
    Refusal when `loaded` has problems, and the planner when the revision does not say how its
    data stood.
    """
    if loaded.catalog is None:
        raise Refusal(*loaded.problems)
    return _Planner(loaded, loaded.catalog, tuple(extra), back_to, tidy, online_from)


class _Planner:
    """Makes plans; keeps what takes long, since a plan is made again before it is carried out."""

    def __init__(
        self,
        loaded: Loaded,
        catalog: Catalog,
        extra: tuple[sa.MetaData, ...],
        back_to: int | None,
        tidy: bool,
        online_from: int,
    ) -> None:
        self.loaded, self.catalog, self.extra = loaded, catalog, extra
        self.back_to, self.tidy, self.online_from = back_to, tidy, online_from
        self.stored = json.dumps(dump(loaded.trees), ensure_ascii=False, separators=(",", ":"))
        self.definitions = plain(loaded.trees)
        self._pictures: list[tuple[int, Picture]] = []
        self._tables: list[tuple[Keys, Tables]] = []
        self._formers: list[Former] = []
        self._packed: list[str] = []  # only an apply needs it, and it is not done in no time

    def __call__(
        self, connection: sa.Connection, *, findings: bool = True, begun: Plan | None = None
    ) -> Plan:
        """The plan (`Replan`).

        It is made as if all were written in place; that is what findings speak of. Where some
        fields get a new column to be written before publishing, it is made once more with those.
        """
        journal = read_journal(connection)
        there = read_structure(connection)
        if journal is not None and begun is None:
            there = there.without(journal.fresh)
        stand = self._stand(connection, there)
        made, ground = self._made(stand)
        large = partial(_large, connection, there, self.online_from)
        if begun is not None:
            anew = begun.target.rewritten
        elif ground is not None and not made.problems:
            tables = made.target.tables
            many = partial(_many, connection, made)
            anew = rewritten(tables, made.fills, made.fixes, made.fresh, large, many)
            anew |= computed_over(ground)
        else:
            anew = frozenset()
        if anew:
            made = self._rewriting(stand, made, anew)
        if journal is not None and begun is None and (self.tidy or made.fresh):
            before = left(journal, made.way, there, connection)
            made = replace(made, steps=(*before, *made.steps))
        if not findings:
            return made.found((), made.fixes)
        below = self._layered(connection, stand.applied) if stand.applied is not None else []
        if ground is None:
            return made.found(below, ())
        ahead = beforehand(made.target.tables, made.fills, made.fixes, made.fresh, large)
        few = frozenset(
            (fix.object, fix.field)
            for fix in made.fixes
            if fix.kind in (DEFAULT, REPLACE) and not _many(connection, made, fix)
        )
        return replace(made, ahead=ahead, few=few).found((*look(ground), *below), made.fixes)

    def _stand(self, connection: sa.Connection, structure: Structure) -> _Stand:
        applied, keys = current(connection), read_keys(connection)
        known = self._formers
        if not known or (known[-1].applied, known[-1].keys) != (applied, keys):
            known[:] = [_former(applied, keys)]
        back = self.back_to
        way = way_back(connection, back, keys) if back is not None else None
        return _Stand(connection, structure, applied, keys, known[-1], way)

    def _made(
        self, stand: _Stand, anew: frozenset[tuple[str, str]] = frozenset()
    ) -> tuple[Plan, Ground | None]:
        """The plan without findings, with what those are made on; fields in `anew` (object,
        field) get a new column."""
        problems: Problems = []
        way, was, keys = stand.way, stand.was, stand.keys
        begin = keys if way is None else way.keys
        names = _names(was.plain if way is None else self.definitions, begin)
        former = was.catalog if way is None else None
        coming = allotted(self.catalog, begin, stand.structure, names, problems, former, anew)
        target = Target(
            tables=self._tables_for(coming),
            definitions=self.definitions,
            stored=self.stored,
            keys=coming,
            extra=self.extra,
            layers=self._layers,
            converted=converted_fields(self.catalog, former, coming) - anew,
            rewritten=anew,
            compared=None
            if way is None
            else with_present_names(self.definitions, coming, keys, was.plain),
        )
        if way is not None:
            problems += dropped(target.tables.catalog, keys, stand.structure, way.revision)
        made = plan(stand.connection, target, stand.structure, stand.applied, was.plain, problems)
        made = replace(made, online_from=self.online_from)
        if was.catalog is None:
            return made, None
        ground = Ground(
            stand.connection, was.catalog, target.tables, stand.structure, was.plain,
            self.definitions, None if way is None else way.batches,
        )  # fmt: skip
        fills = (*made.fills, *searched_again(ground), *computed_again(ground))
        return replace(made, fills=fills, fixes=every_fix(ground)), ground

    def _rewriting(self, stand: _Stand, in_place: Plan, anew: frozenset[tuple[str, str]]) -> Plan:
        """The plan with new columns for the fields in `anew`, which are read from those that
        they have `in_place`."""
        objects = in_place.target.tables.catalog.objects
        made, _ = self._made(stand, anew)
        fixes = tuple(
            replace(fix, source=objects[fix.object].fields[fix.field])
            if (fix.object, fix.field) in anew
            else fix
            for fix in in_place.fixes
        )
        return replace(made, fixes=fixes)

    def _layered(self, connection: sa.Connection, applied: Applied) -> list[Finding]:
        if not self._pictures or self._pictures[-1][0] != applied.id:
            self._pictures[:] = [(applied.id, picture_of(connection, self.loaded))]
        return list(layer_findings(self._pictures[-1][1], applied.id))

    def _layers(self, connection: sa.Connection) -> str:
        if not self.loaded.sources:  # definitions of a revision: what it was merged from stays
            applied = current(connection)
            kept = self.back_to or (applied.id if applied else None)
            return revision_layers(connection, kept) if kept is not None else ""
        if not self._packed:
            self._packed.append(pack(self.loaded.sources))
        return self._packed[0]

    def _tables_for(self, keys: Keys) -> Tables:
        for known, tables in self._tables:
            if known == keys:
                return tables
        made = build_tables(_with_keys(self.loaded, self.catalog, keys), TABLES)
        self._tables = [*self._tables[-1:], (dict(keys), made)]
        return made


@dataclass(frozen=True)
class _Stand:
    """What stands in the database when a plan is made; `way` is that of a way back."""

    connection: sa.Connection
    structure: Structure
    applied: Applied | None
    keys: Keys
    was: Former
    way: WayBack | None


def _many(connection: sa.Connection, made: Plan, fix: Fix) -> bool:
    """Whether so many records are written anew for it that nobody shall wait."""
    field = made.target.tables.catalog.objects[fix.object].fields[fix.field]
    fresh = (made.target.tables.table(fix.object).name, field.column) in made.fresh
    return fresh or many_held(connection, made.target.tables, fix, made.online_from)


def _large(
    connection: sa.Connection, structure: Structure, rows: int, tables: Collection[str]
) -> bool:
    """Whether one of the tables has so many rows."""
    known = sorted(structure.tables.keys() & tables)
    return any(is_large(connection, table, rows) for table in known)


def back_planner(
    connection: sa.Connection,
    revision: int,
    extra: Sequence[sa.MetaData] = (),
    *,
    online_from: int = ONLINE_FROM,
) -> Replan:
    """What makes the plan that goes back to a revision.

    Raises Refusal when there is no such revision, or its definitions are no longer understood.
    """
    stored = revision_definitions(connection, revision)
    if not stored:
        raise Refusal(NO_REVISION(revision=revision))
    found = load_trees(restore(json.loads(stored)), KINDS)
    return planner(found, extra, back_to=revision, online_from=online_from)


@dataclass(frozen=True)
class Former:
    """The revision in force: its definitions, and the catalog that they make (None: none now)."""

    applied: Applied | None
    keys: Keys
    plain: Plain
    catalog: Catalog | None


def _former(applied: Applied | None, keys: Keys) -> Former:
    if applied is None:
        return Former(None, keys, {}, None)
    trees = restore(json.loads(applied.definitions))
    return Former(applied, keys, plain(trees), load_trees(trees, kinds_with(keys)).catalog)


def differs(applied: Applied, loaded: Loaded) -> bool:
    """Whether the files say something else than the revision that runs."""
    return applied.digest != digest_of(plain(loaded.trees))


def _with_keys(loaded: Loaded, catalog: Catalog, keys: Keys) -> Catalog:
    """The catalog on its physical keys; built anew only where one of them is not its name."""
    if all(name[2] == key.key for name, key in keys.items()):
        return catalog
    again = load_trees(loaded.trees, kinds_with(keys), built=loaded.built)
    if again.catalog is None:
        raise Refusal(*again.problems)
    return again.catalog


def _names(before: Plain, keys: Keys) -> set[Name]:
    """The objects and fields of the revision in force."""
    names: set[Name] = set()
    for name, definition in before.get("object", {}).items():
        names.add(("object", "", name))
        owner = keys.get(("object", "", name))
        fields: Mapping[str, Any] = definition.get("fields") or {}
        names.update(("field", owner.key if owner else name, field) for field in fields)
    return names
