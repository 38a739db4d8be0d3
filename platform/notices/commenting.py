"""Telling people of a comment: the record's owner, who commented before, and who is named in it.

Somebody is named by the name to sign in with, after an @: "@chen, please look". Nobody is told
who may not read the record, and nobody of the own comment (`notices.tellers`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.reading import Linked
from jobs.handlers import Handler, Running
from notices.comments import COMMENTED, TABLE
from notices.sights import Sights
from notices.tellers import Teller, write
from notices.telling import Notice

MOST = 200
"""People told of one comment at most."""
MOST_NAMED = 20
"""Names that are looked up of one comment."""

TITLE = {"en": "{by} commented on {this}", "zh": "{by} 评论了 {this}"}
TITLE_OF_NOBODY = {"en": "A comment on {this}", "zh": "{this} 有新评论"}
NAMED = {"en": "{by} named you in a comment on {this}", "zh": "{by} 在 {this} 的评论中提到了您"}
_AT = re.compile(r"(?<![A-Za-z0-9_.@+-])@([\w.+@-]{1,64})")
_WITHIN_WORD = re.compile(r"[A-Za-z0-9_]{2}")


@dataclass(frozen=True)
class CommentNews:
    """Tells people of comments."""

    teller: Teller

    def handler(self) -> Handler:
        """What carries out the effect `comment`."""
        return Handler(kind=COMMENTED, run=self.run)

    def run(self, running: Running) -> None:
        """Tells everybody concerned, once; nobody where the comment or its record are gone."""
        gate, effect = running.gate, running.effect
        comment = _comment(gate, effect.payload["comment"])
        notices = []
        if (
            comment is not None
            and effect.record is not None
            and effect.object in gate.catalog.objects
        ):
            notices = self._notices(gate, comment, effect.object, effect.record)
        told = [
            (notice, self.teller.prepare(gate, notice, effect.object, effect.record))
            for notice in notices
        ]
        with gate.transaction(SYSTEM) as tx:
            running.finish(tx)
            for notice, people in told:
                write(tx, notice, effect, people)

    def _notices(self, gate: Gate, comment: Any, object: str, record: int) -> list[Notice]:
        """What is told to those who are named, and to the others."""
        named = self._named(gate, comment.text)
        others = _concerned(gate, object, record) - named
        said = comment.text.replace("{", "{{").replace("}", "}}")
        by: int | None = comment.person
        title = TITLE if by is not None else TITLE_OF_NOBODY
        return [
            Notice(
                to=tuple(sorted(people)[:MOST]),
                title=words,
                text={"en": said, "zh": said},
                mail=True,
                by=by,
                of=f"comment:{comment.id}",
            )
            for people, words in ((named, NAMED if by is not None else title), (others, title))
            if people
        ]

    def _named(self, gate: Gate, text: str) -> set[int]:
        """The people whom the text names: of the accounts that could be meant, the longest."""
        found = [_names(run) for run in _AT.findall(text)[:MOST_NAMED]]
        known = self.teller.directory.named(gate, [name for names in found for name in names])
        meant = (next((name for name in names if name in known), None) for names in found)
        return {known[name] for name in meant if name is not None}


def _names(run: str) -> list[str]:
    """What may be the account in what stands behind an @, the longest first.

    Chinese is written without blanks, so a name may end wherever no Latin word goes on.
    """
    ends = range(len(run), 0, -1)
    return [run[:end] for end in ends if not _WITHIN_WORD.fullmatch(run[end - 1 : end + 1])]


def _comment(gate: Gate, id: int) -> Any:
    table = gate.tables.system(TABLE)
    with gate.databases.reading() as connection:
        return connection.execute(sa.select(table).where(table.c.id == id)).first()


def _concerned(gate: Gate, object: str, record: int) -> set[int]:
    """The record's owner, and the people who commented on it."""
    table = gate.tables.system(TABLE)
    wrote = (
        sa.select(table.c.person)
        .where(table.c.object == object, table.c.record == record, table.c.person.is_not(None))
        .distinct()
        .limit(MOST)
    )
    with gate.databases.reading() as connection:
        people = set(connection.scalars(wrote))
    found = Sights(gate, ()).record(object, record)
    owner = found.values.get("owner") if found else None
    if isinstance(owner, Linked) and owner.id is not None:
        people.add(owner.id)
    return people
