"""Going back to an earlier revision: its names on the keys that they had, all else parked.

A revision keeps the keys as they were with it. What was renamed since has its name back, what was
removed is found under its key, the column from before a change of type is the field's again. What
has been added since is parked, and what another thing is called now is parked as `name~column`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.joining import join_name
from engine.problems import Message, Problem, Refusal
from engine.schema.converting import PARKED, PENDING
from engine.schema.differences import Plain
from engine.schema.keying import FORMER
from engine.schema.state import Key, Keys, Name, pasts
from engine.schema.structure import Structure

NO_STATE = Message(
    "revision-without-state",
    en="revision {revision} does not say how its data stood: an earlier version applied it",
    zh="版本 {revision} 未记录其数据状态：它由早期版本的平台应用",
    hint_en="`formwright revisions` lists the others; or apply the earlier files",
    hint_zh="请用 `formwright revisions` 查看其他版本，或应用较早的定义文件",
)
NO_REVISION = Message(
    "no-such-revision",
    en="there is no revision {revision}",
    zh="没有版本 {revision}",
    hint_en="`formwright revisions` lists them",
    hint_zh="请用 `formwright revisions` 查看",
)
PRUNED = Message(
    "data-pruned",
    en="{what} belongs to revision {revision}, but its data was dropped for good",
    zh="{what} 属于版本 {revision}，但其数据已被永久删除",
    hint_en="go back to a later revision, or add it anew in the files",
    hint_zh="请回退到更晚的版本，或在定义文件中重新添加",
)


@dataclass(frozen=True, slots=True)
class WayBack:
    """The way to a revision: the keys that names have with it, the batches that were written
    since, the oldest first."""

    revision: int
    keys: Keys
    batches: tuple[int, ...]


def way_back(connection: sa.Connection, revision: int, now: Keys) -> WayBack:
    """How to go back to a revision. Raises Refusal when it does not say how its data stood."""
    past = pasts(connection, revision)
    if not past or past[0].keys is None:
        raise Refusal(NO_STATE(revision=revision))
    batches = tuple(one.batch for one in past[1:] if one.batch is not None)
    return WayBack(revision, returned(past[0].keys, now), batches)


def returned(then: Keys, now: Keys) -> dict[Name, Key]:
    """The keys as they were `then`, with what has come since parked.

    What was dropped for good since is left out.
    """
    known = {(*name[:2], key.key) for name, key in now.items()}
    found = {
        name: key
        for name, key in then.items()
        if (*name[:2], key.key) in known and name[0] != FORMER and PENDING not in name[2]
    }
    taken, live = {(*name[:2], key.key) for name, key in found.items()}, frozenset(found)
    moved = {(*n[:2], now[n].key): key.key for n, key in found.items() if n in now}
    for name, key in now.items():
        kind, owner, text = name
        if kind == FORMER:
            found.setdefault(name, Key(moved.get(("field", owner, key.key), key.key), key.type))
        elif (kind, owner, key.key) not in taken:
            parked = (kind, owner, f"{text}{PARKED}{key.key}") if name in live else name
            found.setdefault(parked, key)
        elif name not in live and kind in ("object", "field") and not _marked(text):
            found[FORMER, owner, text] = Key(key.key, kind)
    return found


def _marked(text: str) -> bool:
    return PARKED in text or PENDING in text


def dropped(catalog: Catalog, keys: Keys, structure: Structure, revision: int) -> Iterator[Problem]:
    """What `catalog` (on its keys) holds values in that stands in the database no more.

    `keys` are those of the database now. Derived values are computed anew, so they count for
    nothing.
    """
    known = {(*name[:2], key.key) for name, key in keys.items()}
    for definition in catalog.objects.values():
        if definition.is_view:
            continue
        table = structure.tables.get(definition.table)
        if table is None or ("object", "", definition.table) not in known:
            yield PRUNED(what=definition.name, revision=revision)
            continue
        for field in definition.stored_fields:
            stands = ("field", definition.table, field.column) in known
            if not (stands and field.column in table.columns) and not (
                field.derived or field.system
            ):
                yield PRUNED(what=f"{definition.name}.{field.name}", revision=revision)
        for field in definition.many:
            if join_name(definition.table, field.column) not in structure.tables:
                yield PRUNED(what=f"{definition.name}.{field.name}", revision=revision)


def with_present_names(definitions: Plain, then: Keys, now: Keys, present: Plain) -> Plain:
    """The definitions of then with the names of now (`present`) as `was:`, to be compared."""
    found: dict[str, dict[str, Any]] = {}
    for kind, things in definitions.items():
        called = _called(kind, "", now, present.get(kind, {}))
        found[kind] = {
            name: _with_was(plain, name, then.get((kind, "", name)), called)
            for name, plain in things.items()
        }
    tables = _called("object", "", now, present.get("object", {}))
    for name, plain in found.get("object", {}).items():
        owner, fields = then.get(("object", "", name)), plain.get("fields")
        if owner is None or not isinstance(fields, Mapping):
            continue
        before = present.get("object", {}).get(tables.get(owner.key, ""), {})
        called = _called("field", owner.key, now, before.get("fields") or {})
        plain["fields"] = {
            field: _with_was(one, field, then.get(("field", owner.key, field)), called)
            for field, one in fields.items()
        }
    return found


def _called(kind: str, owner: str, now: Keys, present: Collection[str]) -> dict[str, str]:
    """What has which name now, by key."""
    return {k.key: n[2] for n, k in now.items() if n[:2] == (kind, owner) and n[2] in present}


def _with_was(plain: Any, name: str, key: Key | None, called: Mapping[str, str]) -> Any:
    if not isinstance(plain, Mapping):
        return plain
    rest = {k: v for k, v in plain.items() if k != "was"}
    was = called.get(key.key) if key else None
    return rest if was in (None, name) else {**rest, "was": was}
