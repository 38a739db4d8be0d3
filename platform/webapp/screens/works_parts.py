"""Long work as the screens show it: how far it is, what it counted, what may be asked of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.work import STATUS_LABELS
from jobs.work_rows import Progress, WorkRow
from jobs.work_tables import CANCEL, CANCELLED, DONE, FAILED, PAUSE, PAUSED, RUNNING, WAITING
from webapp.screens.approving import When
from webapp.screens.here import Here
from webapp.screens.jobs_parts import sentence, when

COLOURS = {
    RUNNING: "blue", WAITING: "amber", PAUSED: "amber", DONE: "green", FAILED: "red",
    CANCELLED: "grey",
}  # fmt: skip
COUNTS = {
    "created": "count_created", "updated": "count_updated", "deleted": "count_deleted",
    "restored": "count_restored", "exported": "count_exported", "unchanged": "count_unchanged",
    "groups": "count_groups", "duplicates": "count_duplicates",
    "approvals": "count_approvals", "approvals_staying": "count_approvals_staying",
    "deputies": "count_deputies", "closed": "count_closed",
    "corrected": "count_corrected", "rejected": "count_rejected", "conflicts": "count_conflicts",
}  # fmt: skip
IN_HUNDREDTHS = frozenset(("scan",))
"""Kinds of work that tell how far they are, but not of how many rows."""
BAD = frozenset(("rejected", "conflicts", "approvals_staying"))
ICONS = {
    "import": "upload", "export": "download", "bulk": "list-checks", "undo": "undo-2",
    "hand-over": "arrow-right-left",
    "scan": "scan-search", "standardise": "spell-check", "publish": "rocket",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """How far it is: `percent` from 0 to 100, None where nobody knows; what stands beside it."""

    percent: int | None
    rows: str
    pace: str


@dataclass(frozen=True, slots=True)
class Counted:
    """One count of the work."""

    label: str
    number: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One long work. `wanted` says what it has been asked for while it still runs."""

    id: int
    title: str
    icon: str
    state: str
    colour: str
    status: str
    moving: bool
    wanted: str
    person: str
    asked: When
    ended: When | None
    bar: Bar
    counts: list[Counted]
    reason: str
    acts: tuple[str, ...]


def shown(at: Here, row: WorkRow, *, retried: bool = True) -> Shown:
    """The work for a list or its page; `retried` is whether it may be retried if it failed."""
    may = {
        "pause": row.may_pause, "resume": row.may_resume, "cancel": row.may_cancel,
        "retry": row.may_retry and retried,
    }  # fmt: skip
    wanted = {PAUSE: "work_pausing", CANCEL: "work_ending"}.get(row.wanted, "")
    return Shown(
        id=row.id,
        title=at.say(row.title),
        icon=ICONS.get(row.kind, "list-checks"),
        state=at.say(STATUS_LABELS[row.status]),
        colour=COLOURS.get(row.status, "grey"),
        status=row.status,
        moving=row.status in (RUNNING, WAITING),
        wanted=at.t(wanted) if wanted and not row.over else "",
        person=row.name,
        asked=when(at, row.at),
        ended=when(at, row.finished) if row.finished else None,
        bar=_bar(at, row.progress, row.status, counted=row.kind not in IN_HUNDREDTHS),
        counts=counts_of(at, row.counts),
        reason=sentence(at, row.problem),
        acts=tuple(name for name, possible in may.items() if possible),
    )


def counts_of(at: Here, counts: Mapping[str, Any]) -> list[Counted]:
    """What the work counted, leaving out what there was none of."""
    found = [
        Counted(at.t(COUNTS[name]) if name in COUNTS else name, f"{number:,}", name in BAD)
        for name, number in counts.items()
        if isinstance(number, int) and number
    ]
    return sorted(found, key=lambda one: one.bad)


def _bar(at: Here, progress: Progress, status: str, *, counted: bool) -> Bar:
    fraction = progress.fraction
    percent = int(fraction * 100) if fraction is not None else None
    if status == DONE:
        percent = 100
    done, total = f"{progress.done:,}", progress.total
    rows = at.t("work_rows", n=done)
    if total is not None:
        rows = at.t("work_rows_of", n=done, total=f"{total:,}")
    pace = []
    if not counted:
        left = progress.remaining if status == RUNNING else None
        return Bar(percent, "", _remaining(at, left) if left is not None else "")
    if status == RUNNING and progress.rate:
        rate = f"{progress.rate:,.0f}" if progress.rate >= 10 else f"{progress.rate:.1f}"
        pace.append(at.t("work_rate", n=rate))
        if progress.remaining is not None:
            pace.append(_remaining(at, progress.remaining))
    return Bar(percent, rows, " · ".join(pace))


def _remaining(at: Here, seconds: float) -> str:
    if seconds < 60:
        return at.t("work_seconds_left", n=max(1, round(seconds)))
    if seconds < 5_400:
        return at.t("work_minutes_left", n=round(seconds / 60))
    return at.t("work_hours_left", n=f"{dt.timedelta(seconds=seconds) / dt.timedelta(hours=1):.1f}")
