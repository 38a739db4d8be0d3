"""Long work in tests: a site whose work is carried out when the test says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assembly.long_work import KINDS
from engine.files import Files
from engine.permissions.actors import SYSTEM, Actor
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from jobs import work
from jobs.carrying import Carrier
from jobs.work import Work, start_work
from jobs.work_ongoing import Ongoing
from jobs.work_rows import WorkRow
from jobs.work_running import WorkKind, Workshop, work_handler
from support.small import SmallSite, small_site


@dataclass
class Works:
    """Asks for long work and carries it out.

    `people` are the actors by their person's id; `ended` are the works that somebody was told of.
    """

    site: SmallSite
    folder: Path
    kinds: Mapping[str, WorkKind] = field(default_factory=lambda: {k.name: k for k in KINDS})
    people: dict[int, Actor] = field(default_factory=dict)
    ended: list[tuple[int, str]] = field(default_factory=list)

    @property
    def files(self) -> Files:
        """The store."""
        return Files("files", self.folder, "work")

    @property
    def workshop(self) -> Workshop:
        """What work uses."""
        return Workshop(self.kinds, self.files, self._acting, self._told)

    def carrier(self, **options: Any) -> Carrier:
        """Somebody who carries out."""
        handler = work_handler(self.workshop)
        return Carrier(lambda: self.site.gate, {handler.kind: handler}, **options)

    def start(self, wanted: Work, actor: Actor = SYSTEM) -> int:
        """Asks for work."""
        if actor.person is not None:
            self.people[actor.person] = actor
        return self.site.gate.write(actor, lambda tx: start_work(tx, wanted))

    def run(self, wanted: Work, actor: Actor = SYSTEM) -> WorkRow:
        """Asks for work and has it done."""
        id = self.start(wanted, actor)
        self.carrier().drain()
        return self.one(id)

    def one(self, id: int) -> WorkRow:
        """The work."""
        return work.one(self.site.gate, SYSTEM, id)

    def steer(
        self, act: Callable[[Transaction, int], None], id: int, actor: Actor = SYSTEM
    ) -> None:
        """Pauses, resumes, cancels or retries."""
        self.site.gate.write(actor, lambda tx: act(tx, id))

    def lapse(self) -> None:
        """All leases run out, and what was held is put back."""
        table = self.site.application.tables.system("fw_outbox")
        past = sa.text("UPDATE fw_outbox SET lease = '2020-01-01 00:00:00' WHERE lease IS NOT NULL")
        with self.site.databases.writing() as connection:
            connection.execute(past)
        assert table is not None
        self.carrier().reap()

    def file(self, id: int, name: str) -> str:
        """The text of a result file."""
        found = next(file for file in self.one(id).files if file.name == name)
        with self.files.open(found.digest) as stream:
            return stream.read().decode("utf-8-sig")

    def audit(self, batch: int) -> list[dict[str, Any]]:
        """The audit rows of a batch, their data read."""
        rows = [row for row in self.site.rows("fw_audit") if row["batch"] == batch]
        return [row | {"data": json.loads(row["data"])} for row in rows]

    def _acting(self, gate: Gate, row: WorkRow) -> Actor | None:
        if row.system:
            return SYSTEM
        return self.people.get(row.person or 0)

    def _told(self, tx: Transaction, row: WorkRow) -> None:
        self.ended.append((row.id, row.status))


@contextmanager
def works(kind: str, folder: Path, text: str) -> Iterator[Works]:
    """A site of the definitions in `text`, with long work."""
    with small_site(kind, folder, text) as site:
        yield Works(site, folder)


COUNTING = """
object: thing
fields:
  name: {type: text, required: true, unique: true}
---
object: person
owned: false
fields:
  name: {type: text, required: true}
---
role: boss
administer: true
grants: {thing: {create: true, read: all, update: all, fields: {"*": write}}}
---
role: clerk
grants: {thing: {create: true, read: all, update: all, fields: {"*": write}}}
"""
"""Things, for work that only counts."""


def counting(rows: int, chunk: int, between: Callable[[int], None] = lambda done: None) -> WorkKind:
    """Work that creates `rows` things, `chunk` at a time; `between` is told after each chunk."""

    def run(ongoing: Ongoing) -> None:
        while ongoing.done < rows:
            first = ongoing.done
            with ongoing.chunk() as tx:
                some = range(first, min(rows, first + chunk))
                values = [{"name": f"T{number}"} for number in some]
                create(tx, values)
                ongoing.save(tx, cursor={"at": some.stop}, done=some.stop, total=rows,
                             counts={"created": some.stop})  # fmt: skip
            between(ongoing.done)

    return WorkKind("counting", run)


def create(tx: Transaction, values: list[dict[str, Any]]) -> None:
    """Creates things in a transaction."""
    from engine.records.changes import CREATE, Change

    tx.gate.pass_steps(tx, "thing", CREATE, [Change(given=given) for given in values])
