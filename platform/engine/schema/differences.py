"""What differs between two sets of definitions, found on their plain trees.

A definition is compared key by key; the fields of an object one by one. The result is data; the
words for people are made in `wording.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Plain = Mapping[str, Mapping[str, Any]]
"""Definitions without places: by kind and name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is new, gone, renamed or changed.

    `change` says which; `field` names a field of the object `name`, or is empty; `keys` are the
    keys that differ, each with its former and its present value (None where there is none).
    """

    change: str
    kind: str
    name: str
    field: str = ""
    keys: tuple[tuple[str, Any, Any], ...] = ()


def digest_of(definitions: Plain) -> str:
    """A digest of what definitions say, wherever they were written. Order counts: it is seen."""
    text = json.dumps(definitions, ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Plain, after: Plain) -> tuple[Difference, ...]:
    """All differences, kind by kind in the order of `after`."""
    kinds = [*after, *(kind for kind in before if kind not in after)]
    return tuple(
        difference
        for kind in kinds
        for difference in _of_kind(kind, before.get(kind, {}), after.get(kind, {}))
    )


def _of_kind(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    former = _former_names(before, after)
    for name, plain in after.items():
        if name not in former:
            yield Difference("new", kind, name)
            continue
        if former[name] != name:
            yield Difference("renamed", kind, name, keys=(("", former[name], name),))
        yield from _of_definition(kind, name, before[former[name]], plain, former[name] != name)
    for name in before:
        if name not in former.values():
            yield Difference("gone", kind, name)


def _former_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """The name that each thing of `after` had in `before`: its own, or the one after `was:`."""
    former = {name: name for name in after if name in before}
    for name, plain in after.items():
        was = plain.get("was") if isinstance(plain, Mapping) else None
        if name not in former and was in before and was not in after:
            former[name] = str(was)
    return former


def _of_definition(
    kind: str, name: str, before: Any, after: Any, renamed: bool
) -> Iterator[Difference]:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        before, after = {"": before}, {"": after}
    ignored = {"was"} | ({kind} if renamed else set()) | ({"fields"} if kind == "object" else set())
    if keys := _changed_keys(before, after, ignored):
        yield Difference("changed", kind, name, keys=keys)
    if kind == "object":
        yield from _of_fields(name, before.get("fields") or {}, after.get("fields") or {})


def _of_fields(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    former = _former_names(before, after)
    for field, plain in after.items():
        if field not in former:
            yield Difference("new", "object", name, field)
            continue
        if former[field] != field:
            yield Difference("renamed", "object", name, field, (("", former[field], field),))
        if keys := _changed_keys(before[former[field]], plain, {"was"}):
            yield Difference("changed", "object", name, field, keys)
    for field in before:
        if field not in former.values():
            yield Difference("gone", "object", name, field)
    order = [former[field] for field in after if field in former]
    if order != [field for field in before if field in order]:
        yield Difference("changed", "object", name, keys=(("fields", None, None),))


def _changed_keys(
    before: Mapping[str, Any], after: Mapping[str, Any], ignored: Collection[str]
) -> tuple[tuple[str, Any, Any], ...]:
    keys = [*after, *(key for key in before if key not in after)]
    return tuple(
        (key, before.get(key), after.get(key))
        for key in keys
        if key not in ignored and _text(before.get(key)) != _text(after.get(key))
    )


def _text(value: Any) -> str:
    """A form in which equal values are equal, and maps in another order are not."""
    return json.dumps(value, ensure_ascii=False, default=str)
