"""Bulk change as long work: in chunks, one batch of the audit, refusals in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Problem
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.rewording import reworded
from engine.schema.since import Since
from exchange.bulk import (
    BulkRequest,
    Named,
    change_records,
    check_bulk,
    chosen_after,
    count_chosen,
    last_chosen,
    refusal_said,
    request_title,
)
from exchange.import_work import attach_table
from exchange.lots import describe_lot, open_lot
from exchange.neutral import neutralised
from exchange.through import Tally, Through
from jobs.work import Work
from jobs.work_here import Ended, do_here
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind

BULK = "bulk"
CAUSE = "bulk change"
REFUSED = {"en": "Refused records", "zh": "被拒绝的记录"}
HEADER = {
    "en": ["id", "number", "title", "field", "reason"],
    "zh": ["id", "编号", "名称", "字段", "原因"],
}


def bulk_work(gate: Gate, actor: Actor, request: BulkRequest) -> Work:
    """The long work that the request stands for. Raises Refusal as `check_bulk` does."""
    check_bulk(gate, actor, request)
    return Work(
        kind=BULK,
        title=request_title(gate.catalog, request),
        object=request.object,
        params=asdict(request),
        total=count_chosen(gate, actor, request),
    )


def bulk_here(
    gate: Gate,
    actor: Actor,
    files: Files,
    request: BulkRequest,
    shown: Callable[[int, int | None], None],
) -> Ended:
    """Changes the records in this process, as work that others see.

    Raises Refusal as `check_bulk` does; `shown` is told how far it is.
    """
    work = bulk_work(gate, actor, request)
    return do_here(gate, actor, work, BULK_KIND, files, shown, "rejected")


def _run(ongoing: Ongoing) -> None:
    params = dict(ongoing.row.params)
    if params["ids"] is not None:
        params["ids"] = tuple(params["ids"])
    request = BulkRequest(**params)
    check_bulk(ongoing.gate, ongoing.actor, request)
    BulkRun(ongoing, request).run()
    attach_refusals(ongoing, f"{request.object}-refused.csv", "rejected", REFUSED, request.locale)


def renamed_choice(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    """The parameters of a request, or of those like it, with the names of today."""
    definition = since.definition(params["object"])
    if definition is None:
        return dict(params)
    found = {**params, "object": definition.name}
    found["where"] = reworded(params["where"], definition, since)
    found["filters"] = since.values(definition, params["filters"])
    return found


def _renamed(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    definition, found = since.definition(params["object"]), renamed_choice(params, since)
    if definition is not None:
        found["fields"] = since.values(definition, params["fields"])
    return found


BULK_KIND = WorkKind(BULK, _run, renamed=_renamed)


class BulkRun:
    """A bulk change on its way. What becomes of a chunk is `act`, what is said of it `data`."""

    def __init__(self, ongoing: Ongoing, request: BulkRequest) -> None:
        self.ongoing = ongoing
        self.request = request

    def run(self) -> None:
        """Changes all records that are left."""
        ongoing, request = self.ongoing, self.request
        gate, actor = ongoing.gate, ongoing.actor
        if not ongoing.cursor:
            until = last_chosen(gate, actor, request)
            with ongoing.chunk(cause=CAUSE) as tx:
                batch = open_lot(tx, CAUSE, self.data({}))
                ongoing.save(tx, cursor={"after": 0, "until": until}, batch=batch)
        through = Through(gate.catalog, self._commit, self.act, self._refused)
        after, until = ongoing.cursor["after"], ongoing.cursor["until"]
        for records in chosen_after(gate, actor, request, after, until):
            through.carry(records)

    def _commit(self, records: Sequence[Named], work: Callable[[Transaction], Tally]) -> None:
        ongoing = self.ongoing
        assert ongoing.batch is not None
        with ongoing.chunk(cause=CAUSE, batch=ongoing.batch) as tx:
            tally = work(tx)
            counts = Counter(ongoing.counts) + tally.counts
            describe_lot(tx, ongoing.batch, self.data(counts))
            ongoing.save(
                tx,
                cursor=ongoing.cursor | {"after": records[-1].id},
                counts=counts,
                done=ongoing.done + len(records),
                rows=tally.said,
            )

    def act(self, tx: Transaction, records: Sequence[Named]) -> Tally:
        """Changes some of the records."""
        return change_records(tx, self.request, records)[0]

    def _refused(self, tx: Transaction, record: Named, problems: Sequence[Problem]) -> Tally:
        said = refusal_said(tx, self.request.object, record, problems)
        return Tally(Counter(rejected=1), [said])

    def data(self, counts: Any) -> dict[str, Any]:
        """What the batch says of itself."""
        request = self.request
        what = {"fields": dict(request.fields), "transition": request.transition or None}
        return {
            "object": request.object, "work": self.ongoing.row.id, "delete": request.delete,
            **what, **counts,
        }  # fmt: skip


def attach_refusals(
    ongoing: Ongoing, name: str, sort: str, label: dict[str, str], locale: str
) -> None:
    """The file of records that could not be changed, and why."""

    def rows() -> Iterator[list[str]]:
        for row in ongoing.rows(sort):
            texts = (row["number"], row["title"], row["field"][locale], row[locale])
            yield [str(row["id"]), *map(neutralised, texts)]

    attach_table(ongoing, name, label, HEADER[locale], rows())
