"""Undo: a whole import or bulk change goes back, from the before-images of the audit.

1. Records are taken in the reverse order of their first change in the batch.
2. What was created goes to the recycle bin, if nobody has changed it since. What was deleted comes
   back, and what came back goes again.
3. Of what was changed each field goes back whose value is still what the batch wrote; lines, too.
4. Whatever cannot go back is a conflict, listed with its reason, and stops nothing else. Of a
   record whose stage cannot go back, nothing does.

Everything passes the gate as whoever asked, quietly, and is a batch itself, which can be undone.
What the system changed in a merge (whatever referred to the record that went) the system takes
back, since the two records would be there again and nothing would refer to one of them.
Where that person has the right `historical_import`, history is written: stages go back whatever
the workflow says, and owners and departments as they were. Otherwise a stage goes back if a
transition leads there. Numbers are not used again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal
from engine.records.changes import DELETE, RESTORE, UPDATE, Change
from engine.records.currencies import RATES
from engine.records.gate import Gate
from engine.records.rights import forbidden
from engine.records.shapes import Row
from engine.records.transaction import Transaction
from engine.schema.tables import DELETED
from exchange import messages as say
from exchange.lots import LOT
from exchange.through import Tally
from exchange.undo_net import Net, Touched, nets
from exchange.undo_said import conflict_said
from exchange.undo_values import Back, way_back

CHUNK = 200
"""Records in one transaction."""
ROUNDS = 3
"""How often what the gate refuses of a record is left out and the rest tried again."""
HISTORY, ADMINISTER = "historical_import", "administer"
MERGE = "merge"
"""The cause of a batch that merged two records."""


def has_right(gate: Gate, actor: Actor, right: str) -> bool:
    """Whether one of the actor's roles has the right."""
    try:
        gate.require_right(actor, right)
    except Refusal:
        return False
    return True


def find_lot(gate: Gate, actor: Actor, batch: int) -> Mapping[str, Any]:
    """The batch, if the actor may take it back: whoever did it, or who may administer.

    Raises Refusal for any other.
    """
    table = gate.tables.system(LOT)
    with gate.databases.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == batch)).mappings().first()
    own = row is not None and row["actor"] is not None and row["actor"] == actor.person
    if row is None or not (own or has_right(gate, actor, ADMINISTER)):
        raise Refusal(say.NO_BATCH(id=batch))
    return dict(row)


def undo_records(tx: Transaction, batch: int, touched: Sequence[Touched]) -> Tally:
    """Takes back what the batch did to these records, in their order."""
    tally = Tally()
    merged = _merged(tx, batch)
    for object, some in _runs(nets(tx, batch, touched)):
        definition = tx.catalog.objects.get(object)
        if definition is None:
            for net in some:
                _conflict(tx, tally, net, [say.OBJECT_GONE(name=object)])
            continue
        follows = [net for net in some if merged and (object, net.record) not in merged]
        own = [net for net in some if net not in follows]
        for acting, part in ((tx, own), (tx.as_system(), follows)):
            if part:
                _Undo(acting, tx, definition, tally).take_back(part)
                tx.forget(object)
    return tally


def _merged(tx: Transaction, batch: int) -> set[tuple[str, int]]:
    """The two records that the batch merged; none where it was no merge."""
    table = tx.tables.system(LOT)
    row = tx.connection.execute(sa.select(table).where(table.c.id == batch)).mappings().first()
    if row is None or row["cause"] != MERGE:
        return set()
    said = json.loads(row["data"] or "{}")
    return {(said["object"], said["winner"]), (said["object"], said["merged"])}


def undo_refused(tx: Transaction, batch: int, one: Touched, problems: Sequence[Problem]) -> Tally:
    """What is said of a single record that could not go back at all."""
    tally = Tally()
    (net,) = nets(tx, batch, [one])
    _conflict(tx, tally, net, problems)
    return tally


def _runs(found: Iterator[Net]) -> Iterator[tuple[str, list[Net]]]:
    """Neighbours of the same object together."""
    run: list[Net] = []
    for net in found:
        if run and run[0].object != net.object:
            yield run[0].object, run
            run = []
        run.append(net)
    if run:
        yield run[0].object, run


class _Undo:
    """Records of one object on their way back, in one transaction."""

    def __init__(
        self, tx: Transaction, asking: Transaction, definition: Object, tally: Tally
    ) -> None:
        self.tx = tx
        self.asking = asking
        self.definition = definition
        self.tally = tally

    def take_back(self, some: Sequence[Net]) -> None:
        """Takes all of them back."""
        rows = self.tx.fetch(self.definition.name, [net.record for net in some])
        updates, deletes, restores = list[Back](), list[Net](), list[Net]()
        for net in some:
            row = rows.get(net.record)
            live = row is not None and row.get(DELETED) is None
            if row is None or (not net.lived and not live):
                self.tally.counts["unchanged"] += 1
            elif not net.lived and net.touched:
                _conflict(self.asking, self.tally, net, [say.RECORD_CHANGED_SINCE()])
            elif not net.lived:
                deletes.append(net)
            elif live:
                updates.append(way_back(self.tx, self.definition, net, row))
            elif net.lives:
                _conflict(self.asking, self.tally, net, [say.DELETED_SINCE()])
            else:
                restores.append(net)
        later = self._waiting(updates, {net.record for net in restores})
        self._update(updates, rows)
        self._move(DELETE, deletes, rows)
        self._move(RESTORE, restores, rows)
        self._update(later, rows)

    def _waiting(self, updates: list[Back], coming: set[int]) -> list[Back]:
        """Takes out of the updates the links to records that come back only after them."""
        later = []
        for back in list(updates):
            names = [name for name, value in back.given.items() if self._leads(name, value, coming)]
            if not names:
                continue
            later.append(Back(back.net, {n: back.given.pop(n) for n in names}, back.rates))
            if not (back.given or back.conflicts):
                updates.remove(back)
        return later

    def _leads(self, name: str, value: Any, coming: set[int]) -> bool:
        """Whether input for a field names one of the object's records that are coming back."""
        type_ = self.definition.fields[name].type
        if not isinstance(type_, Link | Links) or type_.to != self.definition.name:
            return False
        named = value if isinstance(value, list) else [value]
        return any(type(one) is int and one in coming for one in named)

    def _move(self, action: str, some: Sequence[Net], rows: Mapping[int, Row]) -> None:
        """Records go to the recycle bin, or come back from it."""
        changes = [Change(given={}, id=net.record) for net in some]
        if action == DELETE:
            for change in changes:
                change.expected_version = rows[change.id or 0]["version"]
        self._pass(action, changes)
        word = "deleted" if action == DELETE else "restored"
        for net, change in zip(some, changes, strict=True):
            if problems := list(change.all_problems()):
                _conflict(self.asking, self.tally, net, problems)
            else:
                self.tally.counts[word] += 1

    def _update(self, some: Sequence[Back], rows: Mapping[int, Row]) -> None:
        """Fields go back; what the gate refuses of a record is left out, and the rest tried."""
        waiting = [back for back in some if back.given]
        changed: set[int] = set()
        for _ in range(ROUNDS):
            changes = [
                Change(
                    given=dict(back.given),
                    id=back.net.record,
                    expected_version=rows[back.net.record]["version"],
                    notes={RATES: back.rates} if back.rates else {},
                )
                for back in waiting
            ]
            self._pass(UPDATE, changes)
            again = []
            for back, change in zip(waiting, changes, strict=True):
                if problems := list(change.all_problems()):
                    if self._without(back, problems):
                        again.append(back)
                elif "unchanged" not in change.notes:
                    changed.add(back.net.record)
            waiting = again
        for back in some:
            if back.conflicts:
                _conflict(self.asking, self.tally, back.net, back.conflicts)
            if back.net.record in changed:
                self.tally.counts["updated"] += 1
            elif not back.conflicts:
                self.tally.counts["unchanged"] += 1

    def _without(self, back: Back, problems: Sequence[Problem]) -> bool:
        """Leaves out what was refused; whether anything is left to try."""
        back.conflicts += problems
        names = {problem.path.partition("[")[0].partition(".")[0] for problem in problems}
        fields = self.definition.fields
        staged = any(n in fields and isinstance(fields[n].type, Stage) for n in names)
        if staged or not names <= back.given.keys():
            back.given.clear()
        for name in names:
            back.given.pop(name, None)
        return bool(back.given)

    def _pass(self, action: str, changes: list[Change]) -> None:
        if not changes:
            return
        lens = self.tx.lens(self.definition.name)
        if not lens.may(action):
            problem = forbidden(lens, action, self.tx.actor.roles)
            for change in changes:
                change.refuse(problem)
            return
        gate = self.tx.gate
        gate.pass_steps(self.tx, self.definition.name, action, list(changes), lenient=True)


def _conflict(tx: Transaction, tally: Tally, net: Net, problems: Sequence[Problem]) -> None:
    tally.counts["conflicts"] += 1
    tally.said.append(conflict_said(tx, net, problems))
