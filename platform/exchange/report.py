"""What an import did: counts, corrections, and the files that say so row by row."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO

from engine.problems import Problem, Refusal
from exchange import messages as say
from exchange.batches import Outcome
from exchange.naming import LINE, PROBLEMS
from exchange.neutral import neutralised
from exchange.said import reasons
from exchange.sources import Source, SourceRow
from exchange.translating import Correction, as_text

EXAMPLES = 10
"""Lines and rejected rows that are named one by one; the files have them all."""


@dataclass(slots=True)
class Corrected:
    """One kind of correction: how often, and the first lines."""

    count: int = 0
    lines: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The counts of an import so far. `line` is the last line of the file that was looked at.

    `written` says whether the counts are in the database: they are not after a dry run, nor when
    an import of all or nothing met a row that it had to reject. `batch` is the id under which
    the audit keeps what was written. `stopped` is why it ended too early; `asked`: somebody wished
    so.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    corrected: int = 0
    line: int = 0
    batch: int | None = None
    written: bool = True
    stopped: Problem | None = None
    asked: bool = False
    notices: list[Problem] = field(default_factory=list)
    corrections: dict[tuple[str, str, str], Corrected] = field(default_factory=dict)
    examples: list[tuple[int, tuple[Problem, ...]]] = field(default_factory=list)

    def take_up(self, counts: Mapping[str, int]) -> None:
        """Goes on counting from what an earlier run had counted."""
        for name in self.counts:
            setattr(self, name, counts.get(name, 0))

    def add(self, outcome: Outcome) -> None:
        """Counts what became of a batch."""
        for name, number in outcome.counts.items():
            setattr(self, name, getattr(self, name) + number)
        for correction in outcome.corrections:
            key = (correction.column, correction.found, as_text(correction.became))
            group = self.corrections.setdefault(key, Corrected())
            group.count += 1
            if len(group.lines) < EXAMPLES:
                group.lines.append(correction.line)
        room = EXAMPLES - len(self.examples)
        self.examples += [(row.line, problems) for row, problems in outcome.rejected[:room]]

    @property
    def rows(self) -> int:
        """How many rows that is."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name, in the order of the summary."""
        names = ("created", "updated", "unchanged", "rejected", "corrected")
        return {name: getattr(self, name) for name in names}

    @property
    def summary(self) -> str:
        """The line that programs read; corrections are named where there are any."""
        counts = self.counts
        if not self.corrected:
            del counts["corrected"]
        return ", ".join(f"{name} {number}" for name, number in counts.items())

    @property
    def ok(self) -> bool:
        """Whether every row went in."""
        return not self.rejected and self.stopped is None


CORRECTIONS_HEADER = [LINE, "column", "found", "became"]


class RejectsLayout:
    """How rejected rows are written, so that they can be corrected and imported again."""

    def __init__(self, columns: Sequence[str]) -> None:
        """`columns` are those of the source, which may be a file of rejected rows itself."""
        self.width = len(columns)
        self.kept = [i for i, name in enumerate(columns) if name not in (LINE, PROBLEMS)]
        self.header = [LINE, PROBLEMS, *(neutralised(columns[i]) for i in self.kept)]

    def row(self, line: int, why: str, cells: Sequence[str]) -> list[str]:
        """A row that was rejected, with its reasons in front."""
        kept = [cells[i] for i in self.kept] if len(cells) == self.width else cells
        return [str(line), neutralised(why), *map(neutralised, kept)]


class RowFiles:
    """The files about single rows: rejected ones with their reasons, and corrections."""

    def __init__(
        self, source: Source, rejects: Path | None, corrections: Path | None, locale: str
    ) -> None:
        """Refuses files that would overwrite the source, or that cannot be written."""
        self.source = source
        self.paths = (rejects, corrections)
        self.locale = locale
        for path in self.paths:
            if path is not None and path.resolve() == source.path.resolve():
                raise Refusal(say.SAME_FILE(file=str(path)))
        self._streams = ExitStack()
        self._used = [False, False]

    def __enter__(self) -> Self:
        self.layout = RejectsLayout(self.source.columns)
        self._rejects = self._opened(self.paths[0], self.layout.header)
        self._corrections = self._opened(self.paths[1], CORRECTIONS_HEADER)
        return self

    def __exit__(self, *raised: object) -> None:
        """Closes the files; one with nothing to say is removed again."""
        self._streams.close()
        for path, used in zip(self.paths, self._used, strict=True):
            if path is not None and not used:
                path.unlink(missing_ok=True)

    def write(self, outcome: Outcome) -> None:
        """Adds the rejected rows and the corrections of a batch."""
        if self._rejects is not None:
            for row, problems in outcome.rejected:
                self._used[0] = True
                self._rejects.writerow(self._rejected(row, problems))
        if self._corrections is not None:
            for correction in outcome.corrections:
                self._used[1] = True
                self._corrections.writerow(_corrected(correction))

    def _rejected(self, row: SourceRow, problems: Sequence[Problem]) -> list[str]:
        cells = [as_text(cell) for cell in row.cells]
        return self.layout.row(row.line, reasons(problems, self.locale), cells)

    def _opened(self, path: Path | None, header: list[str]) -> Any:
        if path is None:
            return None
        try:
            # with a byte-order mark, so that Excel takes it for UTF-8
            stream: TextIO = path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise Refusal(
                say.UNWRITABLE(file=str(path), why=error.strerror or str(error))
            ) from None
        self._streams.enter_context(stream)
        writer = csv.writer(stream)
        writer.writerow(header)
        return writer


def _corrected(correction: Correction) -> list[str]:
    found, became = neutralised(correction.found), neutralised(as_text(correction.became))
    return [str(correction.line), neutralised(correction.column), found, became]
