"""How much roles let somebody export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.definition.tree import Node


@dataclass(frozen=True, slots=True)
class ExportLimits:
    """Records per export, and per day of the company's time zone; above `reason_above` records a
    reason is asked for. None is no limit."""

    rows: int | None = None
    rows_per_day: int | None = None
    reason_above: int | None = None

    def __bool__(self) -> bool:
        return self != FREE


FREE = ExportLimits()


def read_limits(node: Node) -> ExportLimits:
    """The limits of a role's file."""
    found = node.get("export_limits")
    if found is None:
        return FREE
    return ExportLimits(*(found.plain(n) for n in ("rows", "rows_per_day", "reason_above")))


def widest(limits: Iterable[ExportLimits]) -> ExportLimits:
    """What the most generous of the roles allows in each respect: roles add rights."""
    found = list(limits)
    if not found:
        return FREE

    def most(values: list[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return max(known) if len(known) == len(values) else None

    return ExportLimits(
        most([one.rows for one in found]),
        most([one.rows_per_day for one in found]),
        most([one.reason_above for one in found]),
    )
