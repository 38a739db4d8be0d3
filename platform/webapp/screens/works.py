"""Long work: `/work` lists it, `/work/<id>` follows and steers it, its files are downloaded here.

Everything is asked of `jobs.work`, which answers whoever asked for the work and administrators.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.duplicates import CONFIRM
from engine.files import BLOCK, Files
from engine.problems import Refusal
from engine.records.transaction import Transaction
from exchange.import_work import IMPORT
from exchange.scan_results import SCAN
from jobs import work
from jobs import work_messages as say
from jobs.work_links import following, undo_of_work
from jobs.work_rights import may_see_results, require_results
from jobs.work_rows import WorkFile, WorkRow
from jobs.work_tables import DONE, FAILED
from notices.bell import read_about
from webapp.screens.here import Here, here
from webapp.screens.jobs_figure import administers
from webapp.screens.jobs_parts import MOST_DIGITS
from webapp.screens.problems import refusal_json, wants_json
from webapp.screens.rendering import page
from webapp.screens.works_parts import shown
from webapp.screens.works_rows import rows_shown, sorts_of
from webapp.shell import shell

ACTS: Mapping[str, Callable[[Transaction, int], None]] = {
    "pause": work.pause,
    "resume": work.resume,
    "cancel": work.cancel,
    "retry": work.retry,
}
TOLD = {
    "pause": "told_paused", "resume": "told_resumed", "cancel": "told_ended",
    "retry": "told_retried",
}  # fmt: skip
EVERYBODY = "all"
SEEN_AFTER = dt.timedelta(seconds=30)
"""For how long after its end the page is still looked at: the notice of it comes a bit later."""
PAGE = 30


def show_works() -> Response:
    """My long work; for administrators everybody's, if they ask for it."""
    at = here()
    all_ = administers(at) and request.args.get("show") == EVERYBODY
    before = request.args.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    listed = work.of_everybody if all_ else work.of_person
    rows = listed(at.gate, at.actor, before=last, limit=PAGE + 1)
    return page(
        "works.html",
        at,
        works=[shown(at, row) for row in rows[:PAGE]],
        following=rows[PAGE - 1].id if len(rows) > PAGE else None,
        administers=administers(at),
        everybody=all_,
    )


def show_work(id: int) -> Response:
    """One long work: how far it is, what came of it, what may be done."""
    at = here()
    row = one(at, id)
    if wants_json():
        return _in_short(at, row)
    if at.actor.person is not None:
        read_about(at.gate, at.actor.person, f"work:{row.id}")
    visible = may_see_results(at.gate, at.actor, row)
    sorts = sorts_of(at, row) if visible else []
    sort = request.args.get("rows", "")
    chosen = sort if sort in dict(sorts) else next(iter(dict(sorts)), "")
    undone = undo_of_work(at.gate, row)
    confirmable = (
        row.kind == IMPORT
        and row.object in at.catalog.objects
        and bool(at.catalog.objects[row.object].duplicates)
        and not row.params.get("confirm_duplicates")
        and bool(row.counts.get("rejected"))
    )
    return page(
        "work.html",
        at,
        work=shown(at, row, retried=undone is None),
        visible=visible,
        files=[(n, at.say(f.label), f.name, _size(f)) for n, f in enumerate(row.files)],
        kept=row.kept,
        sorts=sorts,
        chosen=chosen,
        lines=rows_shown(at, row, chosen) if chosen else [],
        undoes=undoes(row) and undone is None,
        undone=undone,
        started=following(row),
        just_over=row.finished is not None and at.now - row.finished < SEEN_AFTER,
        trial=row.kind == IMPORT and bool(row.params.get("dry_run")),
        starts=row.status == DONE and (writes(row.counts) or confirmable),
        confirmable=confirmable,
        confirm_name=CONFIRM,
        groups=row.kind == SCAN and bool(row.counts.get("groups")) and visible,
        back=f"/o/{row.object}" if row.object in at.catalog.objects else "",
        back_text=at.say(at.catalog.objects[row.object].plural)
        if row.object in at.catalog.objects
        else "",
    )


def one(at: Here, id: int) -> WorkRow:
    """The work, if it concerns the actor."""
    return work.one(at.gate, at.actor, id if len(str(id)) <= MOST_DIGITS else 0)


def writes(counts: Mapping[str, int]) -> bool:
    """Whether anything is written, by the counts."""
    return any(counts.get(name) for name in ("created", "updated", "deleted", "restored"))


def undoes(row: WorkRow) -> bool:
    """Whether there is something to take back."""
    return row.may_undo and writes(row.counts)


def _in_short(at: Here, row: WorkRow) -> Response:
    """For a script that waits: whether it is over, and what to tell then."""
    seen = shown(at, row)
    counted = [f"{count.number} {count.label}" for count in seen.counts]
    parts = [seen.reason, at.t("list_and").join(counted)]
    said = at.t("list_and").join(part for part in parts if part)
    return jsonify(
        moving=seen.moving,
        failed=row.status == FAILED,
        told=at.t("told_over", title=seen.title, said=said or seen.state),
        undo=undoes(row) and undo_of_work(at.gate, row) is None,
    )


def steer(id: int, what: str) -> AnyResponse:
    """Pauses, resumes, ends or retries the work."""
    at = here()
    row = one(at, id)
    try:
        at.gate.write(at.actor, lambda tx: ACTS[what](tx, row.id))
    except Refusal as refusal:
        if wants_json():
            return refusal_json(at, refusal)
        raise
    if wants_json():
        return jsonify(told=at.t(TOLD[what]))
    return redirect(f"/work/{row.id}", 303)


def send_file(id: int, number: int) -> Response:
    """One of the files that the work made, to be saved."""
    at = here()
    row = one(at, id)
    require_results(at.gate, at.actor, row)
    if not row.kept or number >= len(row.files):
        raise Refusal(say.FILES_GONE(days=""))
    file = row.files[number]
    files = work_files()
    if not files.has(file.digest):
        raise Refusal(say.FILES_GONE(days=""))
    return download(_blocks(files, file.digest), file.name, file.size)


def work_files() -> Files:
    """Where the files of long work are kept."""
    return shell().files.area("work")


def download(body: Iterator[bytes] | bytes, name: str, size: int | None = None) -> Response:
    """A file to be saved under a name (RFC 6266), never shown in place."""
    response = Response(body, content_type="application/octet-stream")
    name = clean_name(name)
    plain = re.sub(r'[^ -~]|["\\]', "", name).strip(" -._")
    ending = re.sub("[^A-Za-z0-9]", "", name.rpartition(".")[2]) or "bin"
    fallback = plain if "." in plain else f"file.{ending}"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    if size is not None:
        response.headers["Content-Length"] = str(size)
    return response


def clean_name(name: str) -> str:
    """A file's name without what cannot be printed, such as line ends."""
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(printable.split()) or "file"


def _blocks(files: Files, digest: str) -> Iterator[bytes]:
    with files.open(digest) as stream:
        while block := stream.read(BLOCK):
            yield block


def _size(file: WorkFile) -> str:
    kilo = file.size / 1024
    return f"{kilo / 1024:.1f} MB" if kilo >= 1024 else f"{max(1, round(kilo))} KB"
