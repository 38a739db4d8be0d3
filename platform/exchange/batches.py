"""One batch of rows on its way through the gate, in one transaction.

1. Words become linked records, and each row's record is looked up by the fields to match.
2. Rows that are about the same record go one after the other: a *wave* has each record once. A
   row that says the same as the one before it about its record is unchanged without asking.
3. The gate takes each wave as one lenient batch of changes and one of new records.
4. Rows whose only fault is a link to a record of the same object that is not there yet wait for
   another reading of the file: the record may stand further down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.definition.duplicates import CONFIRM
from engine.definition.objects import Object
from engine.fieldtypes.link import Link
from engine.problems import Problem, Refusal, Text
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.gate import Gate
from engine.records.revealing import may_look_for
from engine.records.rights import forbidden, joined
from engine.records.sealing import digest_of
from engine.records.transaction import Transaction
from exchange import messages as say
from exchange.finding import Finder, Key, normal
from exchange.keeping import Said
from exchange.said import in_both
from exchange.sources import SourceRow
from exchange.translating import Correction, Draft, Translator, as_text

MOST_NAMED = 5
"""Records that a problem lists."""


@dataclass(slots=True)
class Outcome:
    """What became of some rows. `waiting` are the lines that wait for another reading."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[tuple[SourceRow, tuple[Problem, ...]]] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name, in the order of the summary; corrections are counted by row."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": len(self.rejected),
            "corrected": len({correction.line for correction in self.corrections}),
        }

    @property
    def rows(self) -> int:
        """How many rows are done with."""
        return self.created + self.updated + self.unchanged + len(self.rejected)

    def said(self) -> list[Said]:
        """The rejected rows and the corrections as they are kept."""
        return [
            (
                "rejected",
                {"line": row.line, "cells": [as_text(c) for c in row.cells]} | in_both(why),
            )
            for row, why in self.rejected
        ] + [
            ("corrected", {**correction._asdict(), "became": as_text(correction.became)})
            for correction in self.corrections
        ]


@dataclass(slots=True)
class _Verdict:
    """What became of a row, for the next rows about the same record."""

    given: dict[str, Any]
    problems: tuple[Problem, ...] | None


class Batches:
    """Takes batches of rows of one file through the gate."""

    def __init__(self, gate: Gate, translator: Translator, confirmed: bool = False) -> None:
        self.gate = gate
        self.translator = translator
        self.definition: Object = translator.definition
        self.match = translator.mapping.match
        self.finder = Finder(gate)
        self.confirmed = confirmed and bool(self.definition.duplicates)
        self.selves = frozenset(
            link.name
            for link in self.definition.links
            if isinstance(link.type, Link) and link.type.to == self.definition.name
        )

    def process(self, tx: Transaction, rows: Iterable[SourceRow], patient: bool) -> Outcome:
        """Writes the rows. `patient`: those that link to a row not yet written may wait."""
        outcome = Outcome()
        may_look_for(tx.lens(self.definition.name), self.match)
        drafts = [self.translator.draft(row) for row in rows]
        pending: list[Draft] = []
        for draft in drafts:
            if draft.row.wrong is None:
                pending.append(draft)
            else:
                self._reject(outcome, draft, draft.problems, patient)
        self.finder.resolve(tx, self.definition.name, pending, self.translator.finds)
        for draft in pending:
            self._recognise(draft)
        while pending:
            wave, later = _first_of_each(pending)
            verdicts = self._pass(tx, wave, outcome, patient)
            pending = self._repeated(later, verdicts, outcome, patient)
        outcome.rejected.sort(key=lambda rejected: rejected[0].line)
        outcome.corrections.sort(key=lambda correction: correction.line)
        return outcome

    def _recognise(self, draft: Draft) -> None:
        """Works out the values that the row's record is matched by."""
        if not self.match:
            return
        fields = self.definition.fields
        values = []
        for name in self.match:
            told = name in self.translator.told
            raw = draft.told.get(name) if told else draft.given.get(name)
            try:
                value = normal(fields[name], fields[name].type.read(raw))
                values.append(digest_of(self.gate, self.definition, fields[name], value))
            except Refusal as refusal:
                if told:
                    for problem in refusal.problems:
                        self._lose(draft, problem)
                return  # otherwise the gate will read it again, and refuse it
        if any(value is not None for value in values):
            draft.key = tuple(values)
        elif not self.translator.told and not any(name in draft.finds for name in self.match):
            self._lose(draft, say.NO_MATCH_VALUE(fields=self._labels()))

    def _pass(
        self, tx: Transaction, wave: list[Draft], outcome: Outcome, patient: bool
    ) -> dict[Key, _Verdict]:
        """Takes the rows of one wave through the gate."""
        self._look_up(tx, wave)
        lost = [draft for draft in wave if draft.lost]
        old = [draft for draft in wave if draft.id is not None]
        new = [draft for draft in wave if draft.id is None and not draft.lost]
        results = [(draft, draft.problems) for draft in lost]
        results += self._through_gate(tx, UPDATE, old, outcome)
        results += self._through_gate(tx, CREATE, new, outcome)
        verdicts: dict[Key, _Verdict] = {}
        for draft, problems in results:
            if problems:
                self._reject(outcome, draft, problems, patient)
            else:
                outcome.corrections += draft.corrections
            if draft.key is not None:
                verdicts[draft.key] = _Verdict(draft.given, tuple(problems) or None)
        return verdicts

    def _look_up(self, tx: Transaction, wave: Sequence[Draft]) -> None:
        """Finds the record of each row that names one; marks rows for which there is not one."""
        keys = [draft.key for draft in wave if draft.key is not None]
        if not keys:
            return
        found = self.finder.by_values(tx, self.definition.name, self.match, keys)
        for draft in wave:
            ids = found.get(draft.key, []) if draft.key is not None else []
            if len(ids) == 1:
                draft.id = ids[0]
            elif ids:
                records = ", ".join(f"#{id}" for id in ids[:MOST_NAMED])
                self._lose(draft, say.SEVERAL_MATCH(fields=self._labels(), records=records))
            elif draft.key is not None and self.translator.told:
                shown = " / ".join(str(draft.told.get(name)) for name in self.match)
                label = self.definition.label
                self._lose(
                    draft,
                    say.NOBODY_MATCHES(object=label, fields=self._labels(), found=repr(shown)),
                )

    def _lose(self, draft: Draft, problem: Problem) -> None:
        draft.lost = True
        draft.problems.append(problem.on(self.match[0]))

    def _through_gate(
        self, tx: Transaction, action: str, drafts: list[Draft], outcome: Outcome
    ) -> list[tuple[Draft, list[Problem]]]:
        """Each row with what the gate finds wrong with it, in the order of the file."""
        if not drafts:
            return []
        lens = tx.lens(self.definition.name)
        if not lens.may(action):
            problem = forbidden(lens, action, tx.actor.roles)
            return [(draft, [*draft.problems, problem]) for draft in drafts]
        changes = [
            Change(given=self._given(draft), id=draft.id, problems=list(draft.problems))
            for draft in drafts
        ]
        batch = self.gate.pass_steps(tx, self.definition.name, action, list(changes), lenient=True)
        tx.forget(self.definition.name)  # the file may be larger than the memory
        unchanged = sum("unchanged" in change.notes for change in batch.changes)
        outcome.unchanged += unchanged
        if action == CREATE:
            outcome.created += len(batch.changes)
        else:
            outcome.updated += len(batch.changes) - unchanged
        return [
            (draft, list(change.all_problems()))
            for draft, change in zip(drafts, changes, strict=True)
        ]

    def _given(self, draft: Draft) -> dict[str, Any]:
        """The row as input, with the confirmation of possible duplicates where it was given."""
        return draft.given | {CONFIRM: True} if self.confirmed else draft.given

    def _repeated(
        self, later: list[Draft], verdicts: dict[Key, _Verdict], outcome: Outcome, patient: bool
    ) -> list[Draft]:
        """Rows that repeat what was just said have the same outcome; returns the others."""
        pending = []
        for draft in later:
            assert draft.key is not None
            verdict = verdicts.get(draft.key)
            if verdict is None or verdict.given != draft.given or draft.problems:
                verdicts.pop(draft.key, None)
                pending.append(draft)
            elif verdict.problems:
                self._reject(outcome, draft, verdict.problems, patient)
            else:
                outcome.unchanged += 1
                outcome.corrections += draft.corrections
        return pending

    def _reject(
        self, outcome: Outcome, draft: Draft, problems: Sequence[Problem], patient: bool
    ) -> None:
        if patient and all(
            problem.code == "link-not-found" and problem.path in self.selves for problem in problems
        ):
            outcome.waiting.append(draft.row.line)
        else:
            outcome.rejected.append((draft.row, tuple(problems)))

    def _labels(self) -> Text:
        return joined([self.definition.fields[name].label for name in self.match])


def _first_of_each(drafts: list[Draft]) -> tuple[list[Draft], list[Draft]]:
    """The rows that are the first about their record, and the others."""
    first: list[Draft] = []
    later: list[Draft] = []
    seen: set[Key] = set()
    for draft in drafts:
        if draft.key is None:
            first.append(draft)
        elif draft.key in seen:
            later.append(draft)
        else:
            seen.add(draft.key)
            first.append(draft)
    return first, later
