"""Import: a file's rows become records, through the gate, in batches.

1. The file is looked through and its columns are held against the mapping before anything counts.
2. Each batch of rows is one transaction, which also keeps where the import stands, so that it can
   go on after whatever interrupts it. A dry run and an import of all or nothing are one
   transaction altogether.
3. Rows that wait for a record of the same file (a parent that stands further down) are read again
   until no reading brings any of them further.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal, Text
from engine.records.conflicts import refusal_of
from engine.records.gate import ATTEMPTS, Gate
from engine.records.rights import forbidden
from engine.records.transaction import Transaction
from engine.schema.fence import StaleRevision
from exchange import mapping_checks
from exchange import messages as say
from exchange.batches import Batches, Outcome
from exchange.guessing import guess_mapping
from exchange.import_state import Reading, reading_of
from exchange.keeping import Keeper, Said, Unkept
from exchange.lots import describe_lot, open_lot
from exchange.mapping import ImportMapping
from exchange.report import Report, RowFiles
from exchange.scope import exchanged
from exchange.sources import Source, SourceRow, open_source
from exchange.translating import Translator

BATCH = 2_000
"""Rows in one transaction."""
MOST_SAID = 20_000
"""Rows of an import in one transaction about which something is kept."""
VIA = "import"
"""The door through which imports come."""
_DEADLOCKS = ("40P01", "40001")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be imported, and how.

    Without a `mapping` the columns are named like fields; `match` goes before the mapping's own.
    `rejects` and `corrections` are files to be written, `locale` is their language. `name` is
    what the file is called where that is not its path. With `confirm_duplicates` rows are taken
    although rules warn of duplicates.
    """

    object: str
    path: Path
    mapping: ImportMapping | None = None
    match: tuple[str, ...] = ()
    dry_run: bool = False
    all_or_nothing: bool = False
    confirm_duplicates: bool = False
    rejects: Path | None = None
    corrections: Path | None = None
    locale: str = "en"
    name: str = ""


class _TakenBack(Exception):
    """Ends a transaction that must not be committed."""


Watch = Callable[[Report, Source], None]


def run_import(
    gate: Gate, actor: Actor, order: Order, watch: Watch = lambda report, source: None
) -> Report:
    """Imports a file as `actor`; `watch` is told after every batch.

    Raises Refusal when nothing can be imported at all: no permission, no readable file, columns
    that the mapping does not know. Whatever stops it later is in the report, with what had been
    written by then.
    """
    source, mapping = prepared(gate, actor, order)
    keeper = Unkept(gate, replace(actor, via=VIA))
    return Import(keeper, gate, order, source, mapping, watch).run()


def prepared(gate: Gate, actor: Actor, order: Order) -> tuple[Source, ImportMapping]:
    """The file, looked through, and the mapping that it is read by.

    Raises Refusal when the actor may not import, and when the two do not fit.
    """
    exchanged(gate.catalog, order.object)
    lens = gate.lenses.lens(order.object, None if actor.is_system else actor.roles)
    if not lens.may("import"):
        raise Refusal(forbidden(lens, "import", actor.roles))
    source = open_source(order.path)
    if order.name:
        source = replace(source, title=order.name)
    mapping = order.mapping
    if mapping is None:
        mapping = guess_mapping(source, gate.catalog, lens, actor.roles, order.match)
    elif mapping.object != order.object:
        name = mapping.name
        raise Refusal(say.OTHER_OBJECT(mapping=name, found=mapping.object, object=order.object))
    if order.match:
        mapping = replace(mapping, match=order.match)
        _check_match(gate, mapping)
    if mapping.historical:
        gate.require_right(actor, "historical_import")
    return source, mapping


def _check_match(gate: Gate, mapping: ImportMapping) -> None:
    problems: list[Problem] = []
    mapping_checks.check(replace(mapping, source=None), gate.catalog, problems)
    if problems:
        raise Refusal(*problems)


class Import:
    """One import on its way."""

    def __init__(
        self,
        keeper: Keeper,
        gate: Gate,
        order: Order,
        source: Source,
        mapping: ImportMapping,
        watch: Watch,
    ) -> None:
        self.keeper = keeper
        self.gate = gate
        self.order = order
        self.source = source
        self.mapping = mapping
        self.watch = watch
        self.batches = Batches(
            gate, Translator(mapping, source, gate.catalog), order.confirm_duplicates
        )
        self.report = Report(notices=[*source.notices, *mapping.notices])
        self.reading = Reading(patient=bool(self.batches.selves & mapping.fields))
        if "reading" in (kept := keeper.cursor):
            self.reading = reading_of(kept["reading"])
            self.report.batch = kept["batch"]
            self.report.take_up(keeper.counts)

    def run(self) -> Report:
        """Carries it out; what ends it too early is in the report.

        Raises Refusal when a file about it cannot be written.
        """
        with self._row_files():
            try:
                self._carry_out()
            except Refusal as refusal:
                self._stop(refusal.problems[0])
            except StaleRevision:
                self._stop(self._interrupted(_STALE))
            except KeyboardInterrupt:
                self._stop(self._interrupted(_ASKED))
                self.report.asked = True
            except DBAPIError as error:
                self._stop(self._interrupted(Text.of(str(error.orig).strip().split("\n")[0])))
            except OSError as error:  # the source is gone, or no room is left for the rejects
                self._stop(self._interrupted(Text.of(error.strerror or str(error))))
        return self.report

    def carry_out(self) -> Report:
        """Carries it out, from where the keeper says that it stands; raises what ends it."""
        with self._row_files():
            self._carry_out()
        return self.report

    @contextmanager
    def _row_files(self) -> Iterator[None]:
        order = self.order
        with RowFiles(self.source, order.rejects, order.corrections, order.locale) as files:
            self.files = files
            yield

    def _carry_out(self) -> None:
        if self.keeper.cursor.get("over"):
            return  # all but the files about it is done
        if self.order.dry_run or self.order.all_or_nothing:
            self._all_at_once()
        else:
            self._batch_by_batch()

    def _all_at_once(self) -> None:
        """One transaction, taken back after a dry run and after a row that was rejected."""
        report, said = self.report, list[Said]()
        try:
            with self._transaction() as tx:
                report.batch = tx.batch = self._open_batch(tx)
                self._readings(lambda rows: self._settled(tx, rows, said))
                if self.order.dry_run or report.rejected:
                    raise _TakenBack
                self._describe_batch(tx, "finished", report.counts)
                self._save(tx, said)
        except _TakenBack:
            report.written = False
            report.batch = None
            with self.keeper.chunk() as tx:
                self._save(tx, said)
        except BaseException:
            report.written = False
            report.batch = None
            raise

    def _settled(self, tx: Transaction, rows: Sequence[SourceRow], said: list[Said]) -> set[int]:
        outcome = self.batches.process(tx, rows, self.reading.patient)
        said += outcome.said()[: MOST_SAID - len(said)]
        self._count(outcome, rows)
        self.keeper.glance(self.report.rows, self.source.count)
        return set(outcome.waiting)

    def _batch_by_batch(self) -> None:
        if self.report.batch is None:
            with self._transaction() as tx:
                batch = self._open_batch(tx)
                reading = self.reading.to_json((), 0)
                cursor = {"batch": batch, "reading": reading}
                self.keeper.save(tx, cursor=cursor, batch=batch, total=self.source.count)
                tx.after_commit.append(lambda: setattr(self.report, "batch", batch))
        self._readings(self._tried)
        with self._transaction() as tx:
            self._describe_batch(tx, "finished", self.report.counts)

    def _tried(self, rows: Sequence[SourceRow]) -> set[int]:
        """One batch in a transaction of its own; its counts and the place go with it."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._transaction() as tx:
                    outcome = self.batches.process(tx, rows, self.reading.patient)
                    self._settle(tx, outcome, rows)
                return set(outcome.waiting)
            except (IntegrityError, DataError) as error:
                # somebody else was faster: the checks of the next attempt will see it
                self.batches.finder.forget()
                if attempt > 1:
                    return self._divided(rows, error)
            except OperationalError as error:
                self.batches.finder.forget()
                if getattr(error.orig, "sqlstate", "") not in _DEADLOCKS or attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _divided(self, rows: Sequence[SourceRow], error: IntegrityError | DataError) -> set[int]:
        """Halves a batch that the database refuses, until the row is found that it is about."""
        if len(rows) == 1:
            refusal = (
                refusal_of(error, self.gate.catalog)
                if isinstance(error, IntegrityError)
                else Refusal(self._interrupted(Text.of(str(error.orig).strip())))
            )
            with self._transaction() as tx:
                self._settle(tx, Outcome(rejected=[(rows[0], refusal.problems)]), rows)
            return set()
        middle = len(rows) // 2
        return self._tried(rows[:middle]) | self._tried(rows[middle:])

    def _settle(self, tx: Transaction, outcome: Outcome, rows: Sequence[SourceRow]) -> None:
        """Writes, with the rows themselves, where the import stands once they are in."""
        counts = {n: number + outcome.counts[n] for n, number in self.report.counts.items()}
        self._describe_batch(tx, "running", counts)
        self.keeper.save(
            tx,
            cursor={
                "batch": self.report.batch,
                "reading": self.reading.to_json(outcome.waiting, rows[-1].line),
            },
            counts=counts,
            done=self.report.rows + outcome.rows,
            total=self.source.count,
            rows=outcome.said(),
        )

        def settled() -> None:
            self.reading.waiting.update(outcome.waiting)
            self.reading.line = rows[-1].line
            self._count(outcome, rows)

        tx.after_commit.append(settled)

    def _readings(self, work: Callable[[Sequence[SourceRow]], set[int]]) -> None:
        """Reads the file, and again the rows that wait, as long as that brings any of them in."""
        while True:
            for rows in self._portions():
                self.reading.waiting.update(work(rows))
            following = self.reading.following()
            if following is None:
                return
            self.reading = following

    def _portions(self) -> Iterator[list[SourceRow]]:
        """The rows of this reading, after the last line that is done with."""
        lines, last = self.reading.lines, self.reading.line
        rows = self.source.rows()
        if lines is not None:
            rows = (row for row in rows if row.line in lines)
        if last:
            rows = itertools.dropwhile(lambda row: row.line <= last, rows)
        while portion := list(itertools.islice(rows, BATCH)):
            yield portion

    def _count(self, outcome: Outcome, rows: Sequence[SourceRow]) -> None:
        self.report.add(outcome)
        self.report.line = max(self.report.line, rows[-1].line)
        self.files.write(outcome)
        self.watch(self.report, self.source)

    def _save(self, tx: Transaction, said: Sequence[Said]) -> None:
        """Writes the outcome of an import in one transaction."""
        report = self.report
        self.keeper.save(
            tx, cursor={"over": True}, counts=report.counts, done=report.rows, total=report.rows,
            batch=report.batch, rows=said,
        )  # fmt: skip

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self.keeper.chunk(
            historical=self.mapping.historical,
            batch=self.report.batch,
            cause=f"import {self.source.label}",
        ) as tx:
            yield tx

    def _stop(self, problem: Problem) -> None:
        self.report.stopped = problem
        if self.report.written and self.report.batch is not None:
            try:
                with self._transaction() as tx:
                    self._describe_batch(tx, "stopped", self.report.counts)
            except (DBAPIError, StaleRevision):
                pass  # what stopped the import stops this too; the last batch left its counts

    def _interrupted(self, why: Text) -> Problem:
        return say.INTERRUPTED(line=self.report.line, why=why)

    def _open_batch(self, tx: Transaction) -> int:
        data = self._data("running", self.report.counts, tx.now)
        return open_lot(tx, f"import {self.source.label}", data)

    def _describe_batch(self, tx: Transaction, state: str, counts: Mapping[str, int]) -> None:
        assert self.report.batch is not None
        describe_lot(tx, self.report.batch, self._data(state, counts, tx.now))

    def _data(self, state: str, counts: Mapping[str, int], now: dt.datetime) -> dict[str, Any]:
        return {
            "object": self.mapping.object,
            "file": self.source.label,
            "sha256": self.source.digest,
            "mapping": self.mapping.name or None,
            "historical": self.mapping.historical,
            "state": state,
            "until": now.isoformat(),
            **counts,
        }


_STALE = Text({"en": "the definitions were replaced by a new revision", "zh": "定义已被新版本替换"})
_ASKED = Text({"en": "it was asked to end", "zh": "已被要求停止"})
