"""How long work and effects are printed: one line each, one alone in full, and as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from assembly.long_work import counted
from engine.redaction import redacted
from jobs.labels import label_of
from jobs.states import Job
from jobs.work import STATUS_LABELS
from jobs.work_rows import WorkRow

HEADINGS = {
    "at": {"en": "asked", "zh": "发起时间"},
    "by": {"en": "by", "zh": "发起人"},
    "started": {"en": "started", "zh": "开始"},
    "finished": {"en": "finished", "zh": "结束"},
    "batch": {"en": "batch", "zh": "批次"},
    "trace": {"en": "trace", "zh": "追踪号"},
    "problem": {"en": "problem", "zh": "问题"},
    "file": {"en": "file", "zh": "文件"},
}
NOTHING = {"en": "nothing changed", "zh": "没有变化"}
REMAINING = {
    "en": "{rate:,.0f} rows/s, {remaining} left",
    "zh": "{rate:,.0f} 行/秒，剩余 {remaining}",
}


def work_line(row: WorkRow, locale: str) -> str:
    """Long work on one line: number, status, how far, what."""
    status = STATUS_LABELS[row.status].in_(locale)
    return "  ".join(
        filter(None, (f"{row.id:>6}", status, how_far(row, locale), row.title.in_(locale)))
    )


def how_far(row: WorkRow, locale: str) -> str:
    """Rows, rate and what remains, as far as they are known."""
    progress = row.progress
    total = f"/{progress.total:,}" if progress.total is not None else ""
    text = f"{progress.done:,}{total}"
    if progress.rate and progress.remaining is not None:
        remaining = dt.timedelta(seconds=round(progress.remaining))
        said = REMAINING[locale].format(rate=progress.rate, remaining=remaining)
        text = f"{text} ({said})"
    return text


def work_lines(row: WorkRow, locale: str) -> list[str]:
    """Long work in full."""
    facts: list[tuple[str, Any]] = [
        ("at", _moment(row.at)),
        ("by", row.name),
        ("started", _moment(row.started)),
        ("finished", _moment(row.finished)),
        ("batch", row.batch),
        ("trace", row.trace),
        ("problem", row.problem.in_(locale) if row.problem else ""),
        *(("file", f"{f.name} ({f.size:,} B)") for f in row.files),
    ]
    told = [f"{HEADINGS[name][locale]}: {value}" for name, value in facts if value]
    return [
        work_line(row, locale),
        *([counts_said(row.counts, locale)] if row.counts else []),
        *told,
    ]


def counts_said(counts: Mapping[str, int], locale: str) -> str:
    """What work did, in one line."""
    return counted(counts, locale) or NOTHING[locale]


def work_json(row: WorkRow) -> dict[str, Any]:
    """Long work for programs."""
    return {
        "id": row.id,
        "kind": row.kind,
        "title": dict(row.title.by_locale),
        "object": row.object or None,
        "status": row.status,
        "wanted": row.wanted or None,
        "by": row.name,
        "at": _moment(row.at),
        "started": _moment(row.started),
        "finished": _moment(row.finished),
        "done": row.progress.done,
        "total": row.progress.total,
        "rate": round(row.progress.rate, 1) if row.progress.rate else None,
        "remaining": round(row.progress.remaining) if row.progress.remaining is not None else None,
        "counts": dict(row.counts),
        "batch": row.batch,
        "undo_of": row.undo_of,
        "files": [{"name": f.name, "size": f.size, "digest": f.digest} for f in row.files],
        "problem": dict(row.problem.by_locale) if row.problem else None,
        "code": row.code or None,
        "trace": row.trace or None,
        "params": redacted(dict(row.params)),
    }


def effect_line(job: Job, locale: str) -> str:
    """An effect on one line."""
    about = f"{job.object} #{job.record}" if job.record else job.object
    why = job.problem.in_(locale) if job.problem else ""
    kind = label_of(job.kind).in_(locale)
    return "  ".join(filter(None, (f"{job.id:>6}", job.status, kind, about, _moment(job.due), why)))


def effect_json(job: Job) -> dict[str, Any]:
    """An effect for programs."""
    return {
        "id": job.id, "kind": job.kind, "queue": job.queue, "status": job.status,
        "object": job.object or None, "record": job.record, "payload": job.payload,
        "attempts": job.attempts, "at": _moment(job.at), "due": _moment(job.due),
        "finished": _moment(job.finished), "trace": job.trace or None,
        "problem": dict(job.problem.by_locale) if job.problem else None,
        "code": job.code or None,
    }  # fmt: skip


def _moment(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds") if moment else None
