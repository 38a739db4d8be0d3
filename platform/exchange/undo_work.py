"""Undo as long work, and as a try that is taken back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from exchange import messages as say
from exchange.bulk import Named, named_records
from exchange.import_work import attach_table
from exchange.lots import describe_lot, open_lot
from exchange.neutral import neutralised
from exchange.through import Tally, Through
from exchange.undo_net import AUDIT, Touched, count_touched, touched_before
from exchange.undoing import CHUNK, HISTORY, find_lot, has_right, undo_records, undo_refused
from jobs.work import Work
from jobs.work_here import Ended, do_here
from jobs.work_links import work_of_batch
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind
from jobs.work_tables import PAUSED, RUNNING, WAITING, WORK

UNDO = "undo"
CONFLICTS = {"en": "Conflicts", "zh": "冲突"}
HEADER = {
    "en": ["object", "id", "number", "title", "field", "reason"],
    "zh": ["对象", "id", "编号", "名称", "字段", "原因"],
}
TITLE = {"en": "Undo of #{id}: {title}", "zh": "撤销 #{id}：{title}"}
TITLE_OF_BATCH = {"en": "Undo of batch {id}", "zh": "撤销批次 {id}"}


def undo_work(gate: Gate, actor: Actor, batch: int, locale: str = "en") -> Work:
    """The long work that takes a batch back.

    Raises Refusal when the actor may not, and while the batch is still being written or taken
    back.
    """
    lot = find_lot(gate, actor, batch)
    _check_over(gate, batch)
    with gate.databases.reading() as connection:
        total = count_touched(connection, gate.tables.system(AUDIT), batch)
    params = {"batch": batch, "locale": locale}
    return Work(
        kind=UNDO,
        title=_title(gate, batch),
        object=_object(gate, lot["data"]),
        params=params,
        total=total,
        undo_of=batch,
    )


def try_undo(gate: Gate, actor: Actor, batch: int) -> Tally:
    """What undoing the batch would do, found out by doing it and taking it back.

    Raises Refusal as `undo_work` does. On SQLite nobody else can write meanwhile.
    """
    find_lot(gate, actor, batch)
    _check_over(gate, batch)
    tally, audit = Tally(), gate.tables.system(AUDIT)
    try:
        with gate.transaction(actor, **_mode(gate, actor, batch)) as tx:

            def commit(some: Sequence[Touched], work: Callable[[Transaction], Tally]) -> None:
                with tx.connection.begin_nested():
                    done = work(tx)
                tally.counts.update(done.counts)
                tally.said += done.said

            through = _through(gate, batch, commit)
            before: int | None = None
            while some := touched_before(tx.connection, audit, batch, before, CHUNK):
                through.carry(some)
                before = some[-1].first
            raise _TakenBack
    except _TakenBack:
        return tally


def undo_here(
    gate: Gate,
    actor: Actor,
    files: Files,
    batch: int,
    locale: str,
    shown: Callable[[int, int | None], None],
) -> Ended:
    """Takes a batch back in this process, as work that others see.

    Raises Refusal as `undo_work` does; `shown` is told how far it is.
    """
    work = undo_work(gate, actor, batch, locale)
    return do_here(gate, actor, work, UNDO_KIND, files, shown, "conflict")


class _TakenBack(Exception):
    """Ends a transaction that must not be committed."""


def _run(ongoing: Ongoing) -> None:
    gate, batch = ongoing.gate, int(ongoing.row.params["batch"])
    find_lot(gate, ongoing.actor, batch)
    mode = _mode(gate, ongoing.actor, batch)
    if not ongoing.cursor:
        _check_over(gate, batch, ongoing.row.id)  # since it was asked for, too
        with ongoing.chunk(**mode) as tx:
            lot = open_lot(tx, mode["cause"], _data(ongoing, batch, {}))
            ongoing.save(tx, cursor={"before": None}, batch=lot)

    def commit(some: Sequence[Touched], work: Callable[[Transaction], Tally]) -> None:
        assert ongoing.batch is not None
        with ongoing.chunk(**mode, batch=ongoing.batch) as tx:
            tally = work(tx)
            counts = Counter(ongoing.counts) + tally.counts
            describe_lot(tx, ongoing.batch, _data(ongoing, batch, counts))
            ongoing.save(
                tx,
                cursor={"before": some[-1].first},
                counts=counts,
                done=ongoing.done + len(some),
                rows=tally.said,
            )

    through = _through(gate, batch, commit)
    audit = gate.tables.system(AUDIT)
    while True:
        with gate.databases.reading() as connection:
            some = touched_before(connection, audit, batch, ongoing.cursor["before"], CHUNK)
        if not some:
            break
        through.carry(some)
    _attach(ongoing, batch, ongoing.row.params["locale"])


UNDO_KIND = WorkKind(UNDO, _run)


def _through(
    gate: Gate,
    batch: int,
    commit: Callable[[Sequence[Touched], Callable[[Transaction], Tally]], None],
) -> Through[Touched]:
    def refused(tx: Transaction, one: Touched, problems: Sequence[Problem]) -> Tally:
        return undo_refused(tx, batch, one, problems)

    return Through(gate.catalog, commit, lambda tx, some: undo_records(tx, batch, some), refused)


def _mode(gate: Gate, actor: Actor, batch: int) -> dict[str, Any]:
    """How its transactions are opened."""
    historical = has_right(gate, actor, HISTORY)
    return {"historical": historical, "quiet": True, "cause": f"undo of batch {batch}"}


def _data(ongoing: Ongoing, batch: int, counts: Any) -> dict[str, Any]:
    object = ongoing.row.object or None
    return {"undo_of": batch, "work": ongoing.row.id, "object": object, **counts}


def _title(gate: Gate, batch: int) -> dict[str, str]:
    """Which long work goes back; of a batch that none wrote, its number alone."""
    work = work_of_batch(gate, batch)
    if work is None:
        return {locale: text.format(id=batch) for locale, text in TITLE_OF_BATCH.items()}
    return {
        locale: text.format(id=work.id, title=work.title.in_(locale))
        for locale, text in TITLE.items()
    }


def _object(gate: Gate, data: str | None) -> str:
    """What the batch is about, by what it says of itself."""
    object = json.loads(data or "{}").get("object")
    return str(object) if object in gate.catalog.objects else ""


def _check_over(gate: Gate, batch: int, undo: int | None = None) -> None:
    """Refuses while the batch is being written, and while somebody is at taking it back.

    Of several undos that were asked for at the same moment the first one, the work `undo`, passes.
    """
    table = gate.tables.system(WORK)
    others = table.c.undo_of == batch
    if undo is not None:
        others = sa.and_(others, table.c.id < undo)
    under_way = table.c.status.in_((WAITING, RUNNING, PAUSED))
    statement = sa.select(table.c.id, table.c.batch).where(
        sa.or_(table.c.batch == batch, others), under_way
    )
    with gate.databases.reading() as connection:
        found = connection.execute(statement.order_by(table.c.id).limit(1)).first()
    if found is not None:
        runs = say.BATCH_RUNS if found.batch == batch else say.BATCH_GOES_BACK
        raise Refusal(runs(id=batch, work=found.id))


def _attach(ongoing: Ongoing, batch: int, locale: str) -> None:
    def rows() -> Iterator[list[str]]:
        for some in _portions(ongoing.rows("conflict")):
            known = _names(ongoing, some)
            for row in some:
                named = known.get((row["object"], row["id"])) or Named(row["id"], "", "")
                texts = (named.number, named.title, row["field"][locale], row[locale])
                yield [row["label"][locale], str(row["id"]), *map(neutralised, texts)]

    attach_table(ongoing, f"undo-{batch}-conflicts.csv", CONFLICTS, HEADER[locale], rows())


def _portions(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    portion: list[dict[str, Any]] = []
    for row in rows:
        portion.append(row)
        if len(portion) == CHUNK:
            yield portion
            portion = []
    if portion:
        yield portion


def _names(ongoing: Ongoing, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, int], Named]:
    """How the records are called, as far as whoever asked may read that."""
    found: dict[tuple[str, int], Named] = {}
    for object in {row["object"] for row in rows}:
        if object in ongoing.gate.catalog.objects:
            ids = [row["id"] for row in rows if row["object"] == object]
            for named in named_records(ongoing.gate, ongoing.actor, object, ids):
                found[object, named.id] = named
    return found
