"""Long work as it is shown: its row in the database, and how far it came."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.problems import Text
from jobs.work_tables import (
    CANCELLED,
    DONE,
    FAILED,
    PAUSE,
    PAUSED,
    RUNNING,
    WAITING,
)


@dataclass(frozen=True, slots=True)
class WorkFile:
    """A file that work made. `name` is what it is saved as, `digest` where it is kept."""

    name: str
    label: Text
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        """The file as the row keeps it."""
        label = dict(self.label.by_locale)
        return {"name": self.name, "label": label, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far work came: rows `done` of `total` (None: not known).

    `rate` is rows a second in the present run and `remaining` the seconds that it will take yet,
    both None as long as nothing tells.
    """

    done: int
    total: int | None
    rate: float | None = None
    remaining: float | None = None

    @property
    def fraction(self) -> float | None:
        """The part that is done, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkRow:
    """Long work, as its row says. `name` is who asked; `problem` why it failed or waits."""

    id: int
    at: dt.datetime
    kind: str
    title: Text
    object: str
    person: int | None
    account: str
    system: bool
    name: str
    via: str
    params: Mapping[str, Any]
    revision: int | None
    cursor: Mapping[str, Any]
    status: str
    wanted: str
    tries: int
    progress: Progress
    counts: Mapping[str, int]
    seen: int
    started: dt.datetime | None
    finished: dt.datetime | None
    beat: dt.datetime | None
    files: tuple[WorkFile, ...]
    kept: bool
    problem: Text | None
    code: str
    trace: str
    batch: int | None
    undo_of: int | None

    @property
    def over(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self.status in (DONE, FAILED, CANCELLED)

    @property
    def may_pause(self) -> bool:
        """Whether it can be asked to pause."""
        return self.status in (WAITING, RUNNING) and not self.wanted

    @property
    def may_resume(self) -> bool:
        """Whether it can be asked to go on."""
        return self.status == PAUSED or (self.status == RUNNING and self.wanted == PAUSE)

    @property
    def may_cancel(self) -> bool:
        """Whether it can be asked to end."""
        return self.status in (WAITING, PAUSED, RUNNING) and self.wanted != "cancel"

    @property
    def may_retry(self) -> bool:
        """Whether it can be asked to try again."""
        return self.status in (FAILED, CANCELLED) and self.kept

    @property
    def may_undo(self) -> bool:
        """Whether there is something to take back, and nothing is at it any more."""
        return self.over and self.batch is not None


def work_row(row: Any) -> WorkRow:
    """The work from its row in the database."""
    problem = json.loads(row["problem"]) if row["problem"] else {}
    return WorkRow(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        title=Text(json.loads(row["title"])),
        object=row["object"] or "",
        person=row["person"],
        account=row["account"] or "",
        system=row["system"],
        name=row["name"] or "",
        via=row["via"],
        params=json.loads(row["params"]),
        revision=row["revision"],
        cursor=json.loads(row["cursor"] or "{}"),
        status=row["status"],
        wanted=row["wanted"],
        tries=row["tries"],
        progress=_progress(row),
        counts=json.loads(row["counts"]),
        seen=row["seen"],
        started=row["started"],
        finished=row["finished"],
        beat=row["beat"],
        files=tuple(
            WorkFile(f["name"], Text(f["label"]), f["digest"], f["size"])
            for f in json.loads(row["files"])
        ),
        kept=row["kept"],
        problem=Text({k: problem[k] for k in ("en", "zh")}) if problem else None,
        code=problem.get("code", ""),
        trace=row["trace"] or "",
        batch=row["batch"],
        undo_of=row["undo_of"],
    )


def _progress(row: Any) -> Progress:
    """The rate is that of the present run: pauses and earlier runs do not count."""
    done, total, rate, remaining = row["done"], row["total"], None, None
    if row["began"] is not None and row["beat"] is not None:
        seconds = (row["beat"] - row["began"]).total_seconds()
        rows = done - row["begun_at"]
        if seconds > 0 and rows > 0:
            rate = rows / seconds
            if total is not None and row["status"] == RUNNING:
                remaining = max(0, total - done) / rate
    return Progress(done, total, rate, remaining)
