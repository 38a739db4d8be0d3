"""Who may do something with one record, and by what: one statement per distinct set of roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import Lens
from engine.permissions.roles import Role
from engine.permissions.ways import ways_of
from engine.problems import Text
from engine.records.contexts import Contexts
from engine.records.gate import Gate
from engine.records.rights import SCOPES
from engine.records.why.crowds import by_roles, crowd_of
from engine.records.why.findings import pair, said
from engine.records.why.rows import deciding
from engine.records.why.sight import source_of

_BY_ROLE = pair("{role}: {scope}", "{role}：{scope}")


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may do it, and by which ways: `scope` and the names of other ways."""

    actor: Actor
    ways: tuple[str, ...]
    reasons: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class _Flag:
    """One column: what it says of a person."""

    way: str
    text: Text


def holders(
    gate: Gate,
    connection: sa.Connection,
    actors: Sequence[Actor],
    action: str,
    object: str,
    id: int,
) -> list[Holder]:
    """Those of `actors` to whom roles grant the action on the live record `id`, by name.

    What bars everybody (an approval that is running, the recycle bin) is not asked here.
    """
    contexts = Contexts(gate, connection, actors)
    found: list[Holder] = []
    for roles, people in by_roles(actors).items():
        lens = gate.lenses.lens(object, roles)
        if lens.may(action) and (action == "read" or lens.may("read")):
            top, top_id = deciding(gate, connection, lens, id)
            roles_of_lines = lens.allowing("update" if lens.parent else action)
            found += _of_roles(
                gate, connection, contexts, people, top, action, top_id, roles_of_lines
            )
    return sorted(found, key=lambda one: (one.actor.name, one.actor.person or 0))


def _of_roles(
    gate: Gate,
    connection: sa.Connection,
    contexts: Contexts,
    people: Sequence[Actor],
    lens: Lens,
    action: str,
    id: int,
    granting: frozenset[str],
) -> Iterator[Holder]:
    binds = Binds()
    source = source_of(gate, lens.definition, lens.roles, binds)
    seen = lens.rows("read", source, binds)
    flags = list(_flags(lens, action, granting, source, binds))
    columns = [sa.case((condition, 1), else_=0) for _, condition in flags]
    conditions = [source.c.id == id, *([] if seen is None else [seen])]
    bare = sa.select(*columns).select_from(source).where(*conditions)
    crowd = crowd_of(gate, connection, contexts, people, binds, bare)
    whole = (
        sa.select(crowd.source.c.n, *columns)
        .select_from(crowd.source.join(source, sa.true()))
        .where(*conditions)
    )
    for number, *values in crowd.rows(connection, whole):
        told = [flag for (flag, _), value in zip(flags, values, strict=True) if value]
        if told:
            ways = tuple(dict.fromkeys(flag.way for flag in told))
            texts = tuple({flag.text.in_("en"): flag.text for flag in told}.values())
            for actor in crowd.groups[number]:
                yield Holder(actor, ways, texts)


def _flags(
    lens: Lens, action: str, granting: frozenset[str], source: sa.FromClause, binds: Binds
) -> Iterator[tuple[_Flag, sa.ColumnElement[Any]]]:
    """The scope of each role that grants the action, and each other way."""
    known: dict[str, Role] = dict(lens.catalog.of("role"))
    grants = [grant for grant in lens.grants if grant.role in lens.allowing(action) & granting]
    for grant in grants:
        scope = grant.scope(action)
        told = SCOPES.get(scope.name) or Text.of(" ".join(scope.name.split()))
        text = said(_BY_ROLE, role=known[grant.role].label, scope=told)
        if scope.name != "shared":
            yield _Flag("scope", text), lens.condition(scope, source, binds)
    for way in ways_of(lens, action) if grants else ():
        yield _Flag(way.name, way.label), way.rows(lens, action, source, binds)
