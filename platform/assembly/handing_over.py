"""Hand-over as one long work: records, open approvals and deputies, and the account at the end.

1. All records that move (`exchange.hand_over`) are changed through the gate, object by object, as
   one batch of the audit: `formwright undo` takes all of it back.
2. Then open approvals ask the taker, and deputies are named anew. These do not go back by undo.
3. The account of the leaver is closed where that was asked for, also if records were refused.

Steps 2 and 3 need the right to administer; whoever lacks it moves records alone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Problem
from engine.records.deputies import deputies_of, may_name_any, move_deputies
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.since import Since
from exchange.bulk import (
    BulkRequest,
    Named,
    change_records,
    chosen_after,
    last_chosen,
    refusal_said,
)
from exchange.hand_over import HandOver, Part, moving_request, parts
from exchange.import_work import attach_table
from exchange.lots import describe_lot, open_lot
from exchange.neutral import neutralised
from exchange.through import Tally, Through
from exchange.undo_work import HEADER
from jobs.work import Work, start_work
from jobs.work_here import Ended, do_here
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind
from notices.directory import Directory
from workflow.approvals.handing_over import count_tasks, move_tasks

HAND_OVER = "hand-over"
CAUSE = "hand-over"
TITLE = {"en": "Hand-over: {leaver} → {taker}", "zh": "移交：{leaver} → {taker}"}
REFUSED = {"en": "Refused records", "zh": "被拒绝的记录"}


@dataclass(frozen=True)
class Foreseen:
    """What a hand-over would come to: records by field, open approvals, and deputies."""

    parts: Sequence[Part]
    approvals: int
    deputies: int

    @property
    def moving(self) -> int:
        """How many records would move."""
        return sum(part.count for part in self.parts if part.request is not None)


def foresee(gate: Gate, actor: Actor, order: HandOver) -> Foreseen:
    """What would move. Raises Refusal as `exchange.hand_over.parts` does."""
    found = parts(gate, actor, order)
    if not may_name_any(gate, actor):
        return Foreseen(found, 0, 0)
    deputies = [*deputies_of(gate, [order.leaver]), *deputies_of(gate, standing_in=order.leaver)]
    return Foreseen(found, count_tasks(gate, order.leaver), len(deputies))


def hand_over_work(
    gate: Gate, actor: Actor, order: HandOver, names: tuple[str, str], *, close: bool = False
) -> Work:
    """The long work; `names` are those of leaver and taker, for its title.

    Raises Refusal as `foresee` does, and for closing an account without the right to administer.
    """
    if close:
        gate.require_right(actor, "administer")
    told = dict(zip(("leaver", "taker"), names, strict=True))
    return Work(
        kind=HAND_OVER,
        title={locale: text.format(**told) for locale, text in TITLE.items()},
        params=asdict(order) | {"close": close},
        total=foresee(gate, actor, order).moving,
    )


def start_hand_over(gate: Gate, actor: Actor, work: Work, on: dt.date | None = None) -> int:
    """Asks for the work, at once or when the day `on` begins; returns its number."""
    due = None
    if on is not None:
        due = dt.datetime.combine(on, dt.time(), gate.zone).astimezone(dt.UTC)
    number: int = gate.write(actor, lambda tx: start_work(tx, work, due=due))
    return number


def hand_over_kind(directory: Directory) -> WorkKind:
    """What carries it out; `directory` closes accounts."""
    return WorkKind(HAND_OVER, lambda ongoing: _run(ongoing, directory), renamed=_renamed)


def _renamed(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    def field(object: str, name: str) -> tuple[str, str]:
        definition = since.definition(object)
        return (definition.name, since.field(definition, name)) if definition else (object, name)

    return {
        **params,
        "takers": {since.object(name): taker for name, taker in params["takers"].items()},
        "objects": [since.object(name) for name in params["objects"]],
        "also": [field(object, name) for object, name in params["also"]],
    }


def hand_over_here(
    gate: Gate,
    actor: Actor,
    work: Work,
    directory: Directory,
    files: Files,
    shown: Callable[[int, int | None], None],
) -> Ended:
    """Carries it out in this process, as work that others see; `shown` is told how far it is."""
    return do_here(gate, actor, work, hand_over_kind(directory), files, shown, "rejected")


def _run(ongoing: Ongoing, directory: Directory) -> None:
    params = dict(ongoing.row.params)
    close = params.pop("close")
    params["also"] = tuple((object, name) for object, name in params["also"])
    order = HandOver(**params)
    if not ongoing.cursor:
        _begin(ongoing, order)
    todo = ongoing.cursor["todo"]
    for place in range(ongoing.cursor["place"], len(todo)):
        _Moving(ongoing, order, place).run()
    if "rest" not in ongoing.cursor:
        _rest(ongoing, order)
    if (
        close
        and ongoing.cursor["rest"]
        and directory.close(ongoing.gate, order.leaver, ongoing.actor)
    ):
        with ongoing.chunk(cause=CAUSE) as tx:
            ongoing.save(tx, counts=ongoing.counts | {"closed": 1})
    _attach(ongoing, order.locale)


def _begin(ongoing: Ongoing, order: HandOver) -> None:
    gate, actor = ongoing.gate, ongoing.actor
    moving = [part for part in parts(gate, actor, order) if part.request is not None]
    todo = [
        [part.object, part.field.name, last_chosen(gate, actor, part.request)]
        for part in moving
        if part.request is not None
    ]
    with ongoing.chunk(cause=CAUSE) as tx:
        batch = open_lot(tx, CAUSE, _data(ongoing, {}))
        total = sum(part.count for part in moving)
        cursor = {"todo": todo, "place": 0, "after": 0}
        ongoing.save(tx, cursor=cursor, batch=batch, total=total)


def _rest(ongoing: Ongoing, order: HandOver) -> None:
    """Approvals and deputies, in one transaction."""
    allowed = may_name_any(ongoing.gate, ongoing.actor)
    with ongoing.chunk(cause=CAUSE) as tx:
        counts = Counter(ongoing.counts)
        if allowed:
            moved, stay = move_tasks(tx, order.leaver, order.taker)
            counts += Counter(approvals=moved, approvals_staying=stay)
            counts += Counter(deputies=move_deputies(tx, order.leaver, order.taker))
        ongoing.save(tx, cursor=ongoing.cursor | {"rest": allowed}, counts=counts)


def _data(ongoing: Ongoing, counts: Any) -> dict[str, Any]:
    return {"object": None, "work": ongoing.row.id, **counts}


class _Moving:
    """One field of one object on its way to its taker."""

    def __init__(self, ongoing: Ongoing, order: HandOver, place: int) -> None:
        self.ongoing, self.place = ongoing, place
        self.object, name, self.until = ongoing.cursor["todo"][place]
        self.request: BulkRequest = moving_request(order, self.object, name)

    def run(self) -> None:
        """Moves all records that are left, and goes on to the next field."""
        ongoing = self.ongoing
        gate, actor = ongoing.gate, ongoing.actor
        through = Through(gate.catalog, self._commit, self._act, self._refused)
        after = ongoing.cursor["after"]
        for records in chosen_after(gate, actor, self.request, after, self.until):
            through.carry(records)
        with ongoing.chunk(cause=CAUSE) as tx:
            ongoing.save(tx, cursor=ongoing.cursor | {"place": self.place + 1, "after": 0})

    def _commit(self, records: Sequence[Named], work: Callable[[Transaction], Tally]) -> None:
        ongoing = self.ongoing
        assert ongoing.batch is not None
        with ongoing.chunk(cause=CAUSE, batch=ongoing.batch) as tx:
            tally = work(tx)
            counts = Counter(ongoing.counts) + tally.counts
            describe_lot(tx, ongoing.batch, _data(ongoing, counts))
            ongoing.save(
                tx,
                cursor=ongoing.cursor | {"after": records[-1].id},
                counts=counts,
                done=ongoing.done + len(records),
                rows=[(sort, {**data, "object": self.object}) for sort, data in tally.said],
            )

    def _act(self, tx: Transaction, records: Sequence[Named]) -> Tally:
        return change_records(tx, self.request, records)[0]

    def _refused(self, tx: Transaction, record: Named, problems: Sequence[Problem]) -> Tally:
        return Tally(Counter(rejected=1), [refusal_said(tx, self.object, record, problems)])


def _attach(ongoing: Ongoing, locale: str) -> None:
    """The file of records that were refused, and why."""
    objects = ongoing.gate.catalog.objects
    rows = (
        [
            objects[row["object"]].label.in_(locale),
            str(row["id"]),
            *map(neutralised, (row["number"], row["title"], row["field"][locale], row[locale])),
        ]
        for row in ongoing.rows("rejected")
    )
    attach_table(ongoing, "hand-over-refused.csv", REFUSED, HEADER[locale], rows)
