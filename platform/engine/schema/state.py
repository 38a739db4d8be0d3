"""What the database knows about itself: its revisions and the permanent keys of names.

`fw_state` names the current revision, `fw_revision` holds every applied one with its
definitions, its `state` (the physical keys as they were then), its `inverse` (which batch of
values was written when it was published), the `layers` that its definitions were merged from
(`engine.loading.packing`) and its `scenarios` (how they went before it was published); `fw_key`
is the physical key that each name received when it was first applied.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.schema.fence import REVISION
from engine.schema.structure import columns_of
from engine.schema.system import add_system_tables

_METADATA = sa.MetaData()
add_system_tables(_METADATA)
_STATE, _REVISION, _KEY = (_METADATA.tables[name] for name in ("fw_state", "fw_revision", "fw_key"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsed:
    """How the scenarios went before a revision was published.

    `failed` and `off` are names; `off` are those that the layers switch off. `despite` is the
    reason for which it was published although some failed or none could be played.
    """

    passed: int
    failed: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    despite: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """An applied revision. `definitions` is the text that loading can restore.

    `rehearsed` is None where no scenarios were played before it.
    """

    id: int
    at: dt.datetime
    by: str
    digest: str
    definitions: str = field(repr=False, default="")
    message: str = ""
    rehearsed: Rehearsed | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """The physical name behind a name, and of fields the type of column that stands there."""

    key: str
    type: str = ""


SEED = "seed"
"""The kind under which `fw_key` tells which record a seed became: no physical name."""

Name = tuple[str, str, str]
"""Kind (`object`, `field`, `option`, …), the key of what it belongs to, and the name."""
Keys = Mapping[Name, Key]


def current(connection: sa.Connection) -> Applied | None:
    """The revision in force, or None in a database that nothing was applied to."""
    if not columns_of(connection, _STATE.name):
        return None
    value = connection.scalar(sa.select(_STATE.c.value).where(_STATE.c.name == REVISION))
    if value is None:
        return None
    row = connection.execute(_chosen("definitions").where(_REVISION.c.id == int(value))).one()
    return _applied(row, row.definitions)


def revisions(connection: sa.Connection) -> tuple[Applied, ...]:
    """All revisions, the newest first, without their definitions."""
    if not columns_of(connection, _REVISION.name):
        return ()
    also = _there(connection, "message", "scenarios")
    rows = connection.execute(_chosen(*also).order_by(_REVISION.c.id.desc()))
    return tuple(_applied(row) for row in rows)


@dataclass(frozen=True, slots=True)
class Past:
    """What a revision leaves for going back: the keys as they were, the batch that it wrote.

    `keys` are None for a revision of before they were kept.
    """

    id: int
    keys: Keys | None
    batch: int | None


def pasts(connection: sa.Connection, since: int) -> tuple[Past, ...]:
    """What the revisions from `since` on have left, the oldest first; the keys of the first."""
    if len(_there(connection, "state", "inverse")) < 2:
        return ()
    state = sa.case((_REVISION.c.id == since, _REVISION.c.state)).label("state")
    query = sa.select(_REVISION.c.id, state, _REVISION.c.inverse)
    rows = connection.execute(query.where(_REVISION.c.id >= since).order_by(_REVISION.c.id))
    return tuple(
        Past(
            row.id,
            _keys_of(row.state) if row.state else None,
            json.loads(row.inverse or "{}").get("batch"),
        )
        for row in rows
    )


def state_of_revision(connection: sa.Connection, revision: int) -> Keys | None:
    """The keys as they were with a revision; None where it does not tell."""
    state = connection.scalar(sa.select(_REVISION.c.state).where(_REVISION.c.id == revision))
    return _keys_of(state) if state else None


def _keys_of(state: str) -> Keys:
    return {
        (kind, owner, name): Key(key, type) for kind, owner, name, key, type in json.loads(state)
    }


def _state_of(keys: Keys) -> str:
    listed = [[*name, key.key, key.type] for name, key in sorted(keys.items(), key=lambda i: i[0])]
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":"))


def _there(connection: sa.Connection, *names: str) -> tuple[str, ...]:
    """Those of the columns that there are: earlier versions of the platform had fewer."""
    columns = columns_of(connection, _REVISION.name)
    return tuple(name for name in names if name in columns)


def _chosen(*also: str) -> sa.Select[Any]:
    return sa.select(*(_REVISION.c[name] for name in ("id", "at", "by", "digest", *also)))


def revision_definitions(connection: sa.Connection, id: int) -> str:
    """The stored definitions of one revision; empty where there is no such."""
    query = sa.select(_REVISION.c.definitions).where(_REVISION.c.id == id)
    return connection.scalar(query) or ""


def revision_layers(connection: sa.Connection, id: int) -> str:
    """The layers of one revision as they were packed; empty where none were kept."""
    if not _keeps_layers(connection):
        return ""
    return connection.scalar(sa.select(_REVISION.c.layers).where(_REVISION.c.id == id)) or ""


def keep_layers(connection: sa.Connection, id: int, layers: str) -> None:
    """Notes that a revision is what these layers say, which they did not when it was applied."""
    if _keeps_layers(connection):
        connection.execute(
            sa.update(_REVISION).where(_REVISION.c.id == id).values(layers=layers or None)
        )


def _keeps_layers(connection: sa.Connection) -> bool:
    """Whether the table has the column, which an earlier version of the platform did not make."""
    return "layers" in columns_of(connection, _REVISION.name)


def read_keys(connection: sa.Connection) -> dict[Name, Key]:
    """All physical keys, those of parked things included."""
    if not columns_of(connection, _KEY.name):
        return {}
    return {
        (row.kind, row.owner, row.name): Key(row.key, row.type or "")
        for row in connection.execute(sa.select(_KEY).where(_KEY.c.kind != SEED))
    }


def write_keys(connection: sa.Connection, keys: Keys) -> None:
    """Makes the stored physical keys equal to `keys`; must run inside a transaction."""
    stored = read_keys(connection)
    for name in [n for n, key in stored.items() if keys.get(n) != key]:
        connection.execute(sa.delete(_KEY).where(_identity(name)))
    rows = [
        {"kind": n[0], "owner": n[1], "name": n[2], "key": key.key, "type": key.type or None}
        for n, key in keys.items()
        if stored.get(n) != key
    ]
    if rows:
        connection.execute(sa.insert(_KEY), rows)


def has_state(connection: sa.Connection) -> bool:
    """Whether revisions here can say how their data stood."""
    known = columns_of(connection, _REVISION.name)
    return _REVISION.c.state.name in known


def keep_state(connection: sa.Connection, revision: int, keys: Keys) -> None:
    """Keeps the keys of a revision that an earlier version of the platform applied."""
    missing = sa.and_(_REVISION.c.id == revision, _REVISION.c.state.is_(None))
    connection.execute(sa.update(_REVISION).where(missing).values(state=_state_of(keys)))


def write_revision(
    connection: sa.Connection,
    *,
    definitions: str,
    digest: str,
    by: str,
    now: dt.datetime,
    keys: Keys,
    message: str = "",
    batch: int | None = None,
    layers: str = "",
    rehearsed: Rehearsed | None = None,
) -> int:
    """Stores a revision and makes it the current one; returns its number.

    `keys` are the physical keys with it, `batch` the values that were written anew for it,
    `layers` what its definitions were merged from.
    """
    given = {
        "at": now,
        "by": by or None,
        "digest": digest,
        "definitions": definitions,
        "message": message or None,
        "state": _state_of(keys),
        "inverse": json.dumps({"batch": batch}),
        "layers": layers or None,
        "scenarios": json.dumps(asdict(rehearsed), ensure_ascii=False) if rehearsed else None,
    }
    revision: int = connection.execute(
        sa.insert(_REVISION).values(given).returning(_REVISION.c.id)
    ).scalar_one()
    updated = connection.execute(
        sa.update(_STATE).where(_STATE.c.name == REVISION).values(value=str(revision))
    )
    if not updated.rowcount:
        connection.execute(sa.insert(_STATE).values(name=REVISION, value=str(revision)))
    return revision


def _identity(name: Name) -> sa.ColumnElement[bool]:
    return sa.and_(_KEY.c.kind == name[0], _KEY.c.owner == name[1], _KEY.c.name == name[2])


def _applied(row: sa.Row[Any], definitions: str = "") -> Applied:
    message = getattr(row, "message", None) or ""
    rehearsed = _rehearsed(getattr(row, "scenarios", None))
    return Applied(row.id, row.at, row.by or "", row.digest, definitions, message, rehearsed)


def _rehearsed(stored: str | None) -> Rehearsed | None:
    if not stored:
        return None
    data = json.loads(stored)
    return Rehearsed(
        passed=data["passed"],
        failed=tuple(data["failed"]),
        off=tuple(data["off"]),
        despite=data["despite"],
    )
