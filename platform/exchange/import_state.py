"""Where an import stands: which reading of the file, which line, and who waits for the next one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Reading:
    """One reading of the file.

    `lines` are those that are read (None: all). `patient`: rows that link to a row not yet
    written may wait for the next reading; `waiting` are those that do. `line` is the last one
    that is done with.
    """

    lines: set[int] | None = None
    patient: bool = True
    waiting: set[int] = field(default_factory=set)
    line: int = 0

    def following(self) -> Reading | None:
        """The next reading, or None when nothing waits.

        It is the last one when this one brought nobody further.
        """
        if not self.waiting:
            return None
        patient = self.lines is None or len(self.waiting) < len(self.lines)
        return Reading(lines=self.waiting, patient=patient)

    def to_json(self, more: Iterable[int], line: int) -> dict[str, Any]:
        """The reading once these rows wait, too, and `line` is done with."""
        return {
            "lines": None if self.lines is None else spans(self.lines),
            "patient": self.patient,
            "waiting": spans(self.waiting.union(more)),
            "line": line,
        }


def reading_of(stored: dict[str, Any]) -> Reading:
    """The reading that `to_json` wrote."""
    lines = stored["lines"]
    return Reading(
        lines=None if lines is None else numbers(lines),
        patient=stored["patient"],
        waiting=numbers(stored["waiting"]),
        line=stored["line"],
    )


def spans(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as pairs of first and last, since those that wait mostly stand together."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def numbers(spans: Iterable[list[int]]) -> set[int]:
    """The numbers in pairs of first and last."""
    return {number for first, last in spans for number in range(first, last + 1)}
