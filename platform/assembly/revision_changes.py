"""What a revision changed, in words, and whether it can be gone back to."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from engine.loading.packing import plain
from engine.loading.storing import restore
from engine.problems import Refusal, Text
from engine.schema import wording
from engine.schema.differences import Plain, differences
from engine.schema.returning import NO_REVISION
from engine.schema.state import Applied, pasts, revision_definitions
from engine.schema.state import revisions as read_revisions


@dataclass(frozen=True, kw_only=True)
class RevisionChanges:
    """One revision beside the one before it.

    `former` is that one's number (None: there is none), `batch` the values that were written
    anew for the revision, `back` whether it can be gone back to, `definitions` how many it has.
    """

    one: Applied
    former: int | None
    texts: tuple[Text, ...]
    batch: int | None
    back: bool
    definitions: int


def revision_changes(connection: sa.Connection, number: int) -> RevisionChanges:
    """What revision `number` changed. Raises Refusal when there is none of that number."""
    known = read_revisions(connection)
    one = next((one for one in known if one.id == number), None)
    if one is None:
        raise Refusal(NO_REVISION(revision=number))
    former = next((other.id for other in known if other.id < number), None)
    after = _definitions(connection, number)
    before = _definitions(connection, former) if former is not None else {}
    left = pasts(connection, number)[:1]
    return RevisionChanges(
        one=one,
        former=former,
        texts=told_changes(before, after) if former is not None else (),
        batch=left[0].batch if left else None,
        back=bool(left) and left[0].keys is not None,
        definitions=sum(map(len, after.values())),
    )


def told_changes(before: Plain, after: Plain) -> tuple[Text, ...]:
    """What differs between two sets of definitions, in words."""
    found = differences(before, after)
    return tuple(wording.of_difference(difference, before, after) for difference in found)


def _definitions(connection: sa.Connection, number: int) -> Plain:
    return plain(restore(json.loads(revision_definitions(connection, number))))
