"""Import: a file's rows become records, through the gate, in batches.

1. The file is looked through and its columns are held against the mapping before anything counts.
2. Each batch of rows is one transaction, so that an interruption leaves whole batches behind, and
   running the import again finds them unchanged. A dry run and an import of all or nothing are
   one transaction altogether.
3. Rows that wait for a record of the same file (a parent that stands further down) are read again
   until no reading brings any of them further.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
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
from exchange.mapping import ImportMapping
from exchange.report import Report, RowFiles
from exchange.scope import exchanged
from exchange.sources import Source, SourceRow, open_source
from exchange.translating import Translator

BATCH = 2_000
"""Rows in one transaction."""
_DEADLOCKS = ("40P01", "40001")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be imported, and how.

    Without a `mapping` the columns are named like fields; `match` goes before the mapping's own.
    `rejects` and `corrections` are files to be written, `locale` is their language.
    """

    object: str
    path: Path
    mapping: ImportMapping | None = None
    match: tuple[str, ...] = ()
    dry_run: bool = False
    all_or_nothing: bool = False
    rejects: Path | None = None
    corrections: Path | None = None
    locale: str = "en"


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
    exchanged(gate.catalog, order.object)
    lens = gate.lenses.lens(order.object, None if actor.is_system else actor.roles)
    if not lens.may("import"):
        raise Refusal(forbidden(lens, "import", actor.roles))
    source = open_source(order.path)
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
    actor = replace(actor, via="import")
    return _Import(gate, actor, order, source, mapping, watch).run()


def _check_match(gate: Gate, mapping: ImportMapping) -> None:
    problems: list[Problem] = []
    mapping_checks.check(replace(mapping, source=None), gate.catalog, problems)
    if problems:
        raise Refusal(*problems)


class _Import:
    """One import on its way."""

    def __init__(
        self,
        gate: Gate,
        actor: Actor,
        order: Order,
        source: Source,
        mapping: ImportMapping,
        watch: Watch,
    ) -> None:
        self.gate = gate
        self.actor = actor
        self.order = order
        self.source = source
        self.mapping = mapping
        self.watch = watch
        self.batches = Batches(gate, Translator(mapping, source, gate.catalog))
        self.whole = order.dry_run or order.all_or_nothing
        self.report = Report(notices=[*source.notices, *mapping.notices])

    def run(self) -> Report:
        """Carries it out."""
        order = self.order
        with RowFiles(self.source, order.rejects, order.corrections, order.locale) as files:
            self.files = files
            try:
                if self.whole:
                    self._all_at_once()
                else:
                    self._batch_by_batch()
            except Refusal as refusal:
                self._stop(refusal.problems[0])
            except StaleRevision:
                self._stop(self._interrupted(_STALE))
            except KeyboardInterrupt:
                self._stop(self._interrupted(_ASKED))
            except DBAPIError as error:
                self._stop(self._interrupted(Text.of(str(error.orig).strip().split("\n")[0])))
            except OSError as error:  # the source is gone, or no room is left for the rejects
                self._stop(self._interrupted(Text.of(error.strerror or str(error))))
        return self.report

    def _all_at_once(self) -> None:
        """One transaction, taken back after a dry run and after a row that was rejected."""
        report = self.report
        try:
            with self._transaction() as tx:
                report.batch = tx.batch = self._open_batch(tx)
                self._readings(lambda rows, patient: self._settled(tx, rows, patient))
                if self.order.dry_run or report.rejected:
                    raise _TakenBack
                self._close_batch(tx, "finished")
        except _TakenBack:
            report.written = False
            report.batch = None
        except BaseException:
            report.written = False
            report.batch = None
            raise

    def _settled(self, tx: Transaction, rows: Sequence[SourceRow], patient: bool) -> Outcome:
        outcome = self.batches.process(tx, rows, patient)
        self._count(outcome, rows)
        return outcome

    def _batch_by_batch(self) -> None:
        with self._transaction() as tx:
            self.report.batch = self._open_batch(tx)
        self._readings(self._committed)
        with self._transaction() as tx:
            self._close_batch(tx, "finished")

    def _committed(self, rows: Sequence[SourceRow], patient: bool) -> Outcome:
        """One batch in a transaction of its own; its counts go with it."""
        outcome = self._tried(rows, patient)
        self._count(outcome, rows)
        return outcome

    def _tried(self, rows: Sequence[SourceRow], patient: bool) -> Outcome:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._transaction() as tx:
                    outcome = self.batches.process(tx, rows, patient)
                    self._close_batch(tx, "running", outcome)
                return outcome
            except (IntegrityError, DataError) as error:
                # somebody else was faster: the checks of the next attempt will see it
                self.batches.finder.forget()
                if attempt > 1:
                    return self._divided(rows, patient, error)
            except OperationalError as error:
                self.batches.finder.forget()
                if getattr(error.orig, "sqlstate", "") not in _DEADLOCKS or attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _divided(
        self, rows: Sequence[SourceRow], patient: bool, error: IntegrityError | DataError
    ) -> Outcome:
        """Halves a batch that the database refuses, until the row is found that it is about."""
        if len(rows) == 1:
            refusal = (
                refusal_of(error, self.gate.catalog)
                if isinstance(error, IntegrityError)
                else Refusal(self._interrupted(Text.of(str(error.orig).strip())))
            )
            return Outcome(rejected=[(rows[0], refusal.problems)])
        middle = len(rows) // 2
        outcome = self._tried(rows[:middle], patient)
        outcome.add(self._tried(rows[middle:], patient))
        return outcome

    def _readings(self, work: Callable[[Sequence[SourceRow], bool], Outcome]) -> None:
        """Reads the file, and again the rows that wait, as long as that brings any of them in."""
        lines: set[int] | None = None
        patient = bool(self.batches.selves & self.mapping.fields)
        while True:
            waiting: set[int] = set()
            for rows in self._portions(lines):
                waiting.update(work(rows, patient).waiting)
            if not waiting:
                return
            patient = lines is None or len(waiting) < len(lines)
            lines = waiting

    def _portions(self, lines: set[int] | None) -> Iterator[list[SourceRow]]:
        rows = self.source.rows()
        if lines is not None:
            rows = (row for row in rows if row.line in lines)
        while portion := list(itertools.islice(rows, BATCH)):
            yield portion

    def _count(self, outcome: Outcome, rows: Sequence[SourceRow]) -> None:
        self.report.add(outcome)
        self.report.line = max(self.report.line, rows[-1].line)
        self.files.write(outcome)
        self.watch(self.report, self.source)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self.gate.transaction(
            self.actor,
            historical=self.mapping.historical,
            batch=self.report.batch,
            cause=f"import {self.source.path.name}",
        ) as tx:
            yield tx

    def _stop(self, problem: Problem) -> None:
        self.report.stopped = problem
        if self.report.written and self.report.batch is not None:
            try:
                with self._transaction() as tx:
                    self._close_batch(tx, "stopped")
            except (DBAPIError, StaleRevision):
                pass  # what stopped the import stops this too; the last batch left its counts

    def _interrupted(self, why: Text) -> Problem:
        return say.INTERRUPTED(line=self.report.line, why=why)

    def _open_batch(self, tx: Transaction) -> int:
        """The row that everything written by this import refers to (rule 11)."""
        table = tx.tables.system("fw_batch")
        values = {
            "at": tx.now,
            "actor": tx.actor.person,
            "via": tx.actor.via,
            "cause": f"import {self.source.path.name}",
            "data": self._data("running", self.report.counts, tx.now),
        }
        statement = sa.insert(table).values(values).returning(table.c.id)
        return int(tx.connection.execute(statement).scalar_one())

    def _close_batch(self, tx: Transaction, state: str, more: Outcome | None = None) -> None:
        table = tx.tables.system("fw_batch")
        counts = self.report.counts
        if more is not None:
            counts = {name: number + more.counts[name] for name, number in counts.items()}
        tx.connection.execute(
            sa.update(table)
            .where(table.c.id == self.report.batch)
            .values(data=self._data(state, counts, tx.now))
        )

    def _data(self, state: str, counts: dict[str, int], now: dt.datetime) -> str:
        return json.dumps(
            {
                "object": self.mapping.object,
                "file": self.source.path.name,
                "sha256": self.source.digest,
                "mapping": self.mapping.name or None,
                "historical": self.mapping.historical,
                "state": state,
                "until": now.isoformat(),
                **counts,
            },
            ensure_ascii=False,
        )


_STALE = Text({"en": "the definitions were replaced by a new revision", "zh": "定义已被新版本替换"})
_ASKED = Text({"en": "it was asked to end", "zh": "已被要求停止"})
