"""From loaded definitions to a plan: keys are allotted, tables built, both sides compared.

A way back goes the same way: its definitions are those of an earlier revision, on the keys that
they had then (`engine.schema.returning`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from assembly.filling_choice import beforehand
from assembly.impact import every_fix, look
from assembly.kinds import KINDS, TABLES, kinds_with
from assembly.layering import picture_of
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.impact.fixing import converted_fields
from engine.impact.ground import Ground
from engine.impact.returning import searched_again
from engine.loading.loading import Loaded, load_trees
from engine.loading.packing import pack, plain
from engine.loading.storing import dump, restore
from engine.loading.threeway import Picture
from engine.loading.threeway_wording import layer_findings
from engine.problems import Refusal
from engine.schema.applying import Replan
from engine.schema.backfilling import read_journal
from engine.schema.differences import Plain, digest_of
from engine.schema.findings import Finding
from engine.schema.keying import allotted
from engine.schema.leavings import left
from engine.schema.planning import Plan, plan
from engine.schema.returning import NO_REVISION, dropped, way_back, with_present_names
from engine.schema.state import (
    Applied,
    Keys,
    Name,
    current,
    read_keys,
    revision_definitions,
    revision_layers,
)
from engine.schema.structure import read_structure
from engine.schema.tables import Tables, build_tables
from engine.schema.targets import Target


def planner(
    loaded: Loaded,
    extra: Sequence[sa.MetaData] = (),
    *,
    back_to: int | None = None,
    tidy: bool = True,
) -> Replan:
    """What makes the plan for `loaded` on a connection, as often as it is needed.

    `extra` are tables of libraries (accounts) that are created when they are missing. `back_to`:
    they are the definitions of this revision, which is gone back to. `tidy`: what earlier applies
    have left undone is among the steps. Raises Refusal when `loaded` has problems, and the
    planner when the revision does not say how its data stood.
    """
    if loaded.catalog is None:
        raise Refusal(*loaded.problems)
    catalog = loaded.catalog
    stored = json.dumps(dump(loaded.trees), ensure_ascii=False, separators=(",", ":"))
    definitions = plain(loaded.trees)

    pictures: list[tuple[int, Picture]] = []

    def layered(connection: sa.Connection, applied: Applied) -> list[Finding]:
        if not pictures or pictures[-1][0] != applied.id:
            pictures[:] = [(applied.id, picture_of(connection, loaded))]
        return list(layer_findings(pictures[-1][1], applied.id))

    known: list[tuple[Keys, Tables]] = []  # a plan is made again before it is carried out
    formers: list[Former] = []

    packed: list[str] = []  # only an apply needs it, and it is not done in no time

    def layers(connection: sa.Connection) -> str:
        if not loaded.sources:  # the definitions of a revision: what it was merged from stays
            applied = current(connection)
            kept = back_to or (applied.id if applied else None)
            return revision_layers(connection, kept) if kept is not None else ""
        if not packed:
            packed.append(pack(loaded.sources))
        return packed[0]

    def tables_for(keys: Keys) -> Tables:
        if not known or known[-1][0] != keys:
            known[:] = [(dict(keys), build_tables(_with_keys(loaded, catalog, keys), TABLES))]
        return known[-1][1]

    def former_of(applied: Applied | None, keys: Keys) -> Former:
        if not formers or formers[-1].applied != applied or formers[-1].keys != keys:
            formers[:] = [_former(applied, keys)]
        return formers[-1]

    def replan(connection: sa.Connection, *, findings: bool = True, expanded: bool = False) -> Plan:
        journal = read_journal(connection)
        structure = read_structure(connection)
        if journal is not None and not expanded:
            structure = structure.without(journal.fresh)
        applied, keys = current(connection), read_keys(connection)
        was = former_of(applied, keys)
        before = was.plain
        problems: Problems = []
        way = way_back(connection, back_to, keys) if back_to is not None else None
        begin = keys if way is None else way.keys
        names = _names(before if way is None else definitions, begin)
        former = was.catalog if way is None else None
        allotted_keys = allotted(catalog, begin, structure, names, problems, former)
        target = Target(
            tables=tables_for(allotted_keys),
            definitions=definitions,
            stored=stored,
            keys=allotted_keys,
            extra=tuple(extra),
            layers=layers,
            converted=converted_fields(catalog, former, allotted_keys),
            compared=None
            if way is None
            else with_present_names(definitions, allotted_keys, keys, before),
        )
        if way is not None:
            problems += dropped(target.tables.catalog, keys, structure, way.revision)
        made = plan(connection, target, structure, applied, before, problems)
        if journal is not None and not expanded and (tidy or made.fresh):
            begun = left(journal, made.way, structure, connection)
            made = replace(made, steps=(*begun, *made.steps))
        below = layered(connection, applied) if findings and applied is not None else []
        if was.catalog is None:
            return made.found(below, ())
        ground = Ground(
            connection, was.catalog, target.tables, structure, before, definitions,
            None if way is None else way.batches,
        )  # fmt: skip
        made = replace(made, fills=(*made.fills, *searched_again(ground)))
        fixed = every_fix(ground)
        if not findings:
            return made.found(below, fixed)
        ahead = beforehand(target.tables, made.fills, fixed, made.fresh, made.rows)
        return replace(made, ahead=ahead).found((*look(ground), *below), fixed)

    return replan


def back_planner(
    connection: sa.Connection, revision: int, extra: Sequence[sa.MetaData] = ()
) -> Replan:
    """What makes the plan that goes back to a revision.

    Raises Refusal when there is no such revision, or its definitions are no longer understood.
    """
    stored = revision_definitions(connection, revision)
    if not stored:
        raise Refusal(NO_REVISION(revision=revision))
    return planner(load_trees(restore(json.loads(stored)), KINDS), extra, back_to=revision)


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
