"""Import in the browser: a file, its columns, a trial; the trial's page starts the import.

1. `/o/<object>/import` takes the file into the store. Its address from then on names the file,
   sealed for whoever brought it, so that the steps hold no state of their own.
2. `/o/<object>/import/columns` shows how its columns become fields, and starts the trial.
3. `/work/<id>` shows what the trial found, and starts the import with the same settings.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePath
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from engine.definition.duplicates import CONFIRM
from engine.definition.objects import Object
from engine.problems import Message, Refusal
from engine.records.rights import forbidden
from exchange.import_work import (
    IMPORT,
    ImportRequest,
    import_work,
    renamed_import,
    request_from,
)
from exchange.mapping import mapping_from
from exchange.sources import open_source
from exchange.writers import FORMATS, Sheet
from jobs.work import start_following, start_work
from jobs.work_running import by_present_names
from jobs.work_tables import DONE
from webapp import messages
from webapp.keys import same
from webapp.screens.here import Here, here
from webapp.screens.importing_parts import (
    choices_of,
    heads_of,
    mapping_plain,
    mappings_of,
    template_headers,
)
from webapp.screens.problems import wants_json
from webapp.screens.rendering import page
from webapp.screens.works import clean_name, download, one, work_files
from webapp.sessions import session_user
from webapp.shell import shell

LARGEST = 64 * 2**20
"""Bytes of a file that is imported in the browser; larger ones go by the command line."""
LONGEST_NAME = 120
SPREADSHEETS = ("csv", "xlsx")
_UPLOAD = re.compile(r"/o/\w+/import")

NO_UPLOAD = Message(
    "import-nothing-chosen",
    en="no file was chosen",
    zh="尚未选择文件",
    hint_en="choose a CSV or Excel file",
    hint_zh="请选择 CSV 或 Excel 文件",
)
NOT_YOUR_FILE = Message(
    "import-not-your-file",
    en="this address names no file that you have brought",
    zh="此地址中的文件不是您上传的",
    hint_en="begin with the file again",
    hint_zh="请重新上传文件",
)
NOTHING_CHOSEN = Message(
    "import-no-columns",
    en="no column goes into a field",
    zh="没有任何列对应到字段",
    hint_en="choose a field for at least one column",
    hint_zh="请至少为一列选择字段",
)
TRIAL_NOT_DONE = Message(
    "import-trial-not-done",
    en="the trial, long work {id}, has not come to its end",
    zh="试运行（批量任务 {id}）尚未完成",
    hint_en="wait until it is done, then start the import",
    hint_zh="请等待试运行完成后再开始导入",
)


def allow_upload() -> None:
    """Lets somebody who is signed in send a file to the first step, larger than other bodies."""
    if request.method != "POST" or not _UPLOAD.fullmatch(request.path):
        return
    if session_user(session, shell().clock()) is not None:
        request.max_content_length = LARGEST + 2**20


def _importable(at: Here, object: str) -> Object:
    definition = at.object(object)
    lens = at.lens(object)
    if not lens.may("import"):
        raise Refusal(forbidden(lens, "import", at.actor.roles))
    return definition


def ask_file(object: str) -> Response:
    """The first step: which file."""
    at = here()
    return _file_page(at, _importable(at, object), ())


def take_file(object: str) -> AnyResponse:
    """Takes the file into the store, if it can be read at all."""
    at = here()
    definition = _importable(at, object)
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Refusal(NO_UPLOAD())
        stored = work_files().put(given.stream, LARGEST)  # type: ignore[arg-type]
        with _at_hand(stored.digest) as path:
            open_source(path)
    except Refusal as refusal:
        sentences = [at.sentence(replace(problem, place=None)) for problem in refusal.problems]
        return _file_page(at, definition, sentences)
    name = clean_name(PurePath(given.filename.replace("\\", "/")).name)[-LONGEST_NAME:]
    return redirect(_columns_address(at, object, stored.digest, name), 303)


def ask_columns(object: str) -> Response:
    """The second step: which column goes into which field."""
    at = here()
    return _columns_page(at, _importable(at, object), ())


def start_trial(object: str) -> AnyResponse:
    """Starts the trial: everything is done as it would be, and taken back."""
    at = here()
    definition = _importable(at, object)
    digest, name = _file(at, object)
    saved = mappings_of(at, definition).get(request.form.get("mapping", ""))
    try:
        with _at_hand(digest) as path:
            plain = mapping_plain(definition, open_source(path), saved, request.form)
        if not any(plain["columns"].values()):
            raise Refusal(NOTHING_CHOSEN())
        mapping_from(plain, at.catalog)
    except Refusal as refusal:
        sentences = [at.sentence(replace(problem, place=None)) for problem in refusal.problems]
        return _columns_page(at, definition, sentences)
    wanted = ImportRequest(
        object=object,
        source=digest,
        name=name,
        mapping=plain,
        dry_run=True,
        all_or_nothing="all_or_nothing" in request.form,
        confirm_duplicates=CONFIRM in request.form,
        locale=at.locale,
    )
    return _started(at, wanted)


def start_import(id: int) -> AnyResponse:
    """Starts the import that a trial was about."""
    at = here()
    row = by_present_names(at.gate, one(at, id), renamed_import)
    if row.kind != IMPORT or not row.params.get("dry_run"):
        raise Refusal(messages.NO_SUCH_PAGE())
    if row.status != DONE:
        raise Refusal(TRIAL_NOT_DONE(id=row.id))
    _importable(at, row.object)
    request_ = request_from(row.params)
    confirmed = request_.confirm_duplicates or CONFIRM in request.form
    wanted = import_work(at.catalog, replace(request_, dry_run=False, confirm_duplicates=confirmed))
    return _to_work(at.gate.write(at.actor, lambda tx: start_following(tx, row.id, wanted)))


def send_template(object: str, ending: str) -> Response:
    """An empty file with a column for every field that the person may fill."""
    at = here()
    definition = _importable(at, object)
    if ending not in SPREADSHEETS:
        raise Refusal(messages.NO_SUCH_PAGE())
    out = io.BytesIO()
    sheets = [Sheet(definition.name, template_headers(at, definition))]
    with FORMATS[ending](out, sheets, at.catalog):
        pass
    return download(out.getvalue(), f"{at.say(definition.plural)}.{ending}")


def _started(at: Here, wanted: ImportRequest) -> AnyResponse:
    work = import_work(at.catalog, wanted)
    return _to_work(at.gate.write(at.actor, lambda tx: start_work(tx, work)))


def _to_work(id: int) -> AnyResponse:
    if wants_json():
        return jsonify(location=f"/work/{id}")
    return redirect(f"/work/{id}", 303)


def _file_page(at: Here, definition: Object, problems: Sequence[str]) -> Response:
    return page(
        "import.html",
        at,
        422 if problems else 200,
        object=definition,
        problems=problems,
        limit=LARGEST // 2**20,
        endings=SPREADSHEETS,
    )


def _columns_page(at: Here, definition: Object, problems: Sequence[str]) -> Response:
    digest, name = _file(at, definition.name)
    saved = mappings_of(at, definition)
    given = request.form if request.method == "POST" else None
    chosen = (given or request.args).get("mapping", "")
    with _at_hand(digest) as path:
        source = open_source(path)
        heads = heads_of(at, definition, source, saved.get(chosen), given)
    return page(
        "import_columns.html",
        at,
        422 if problems else 200,
        object=definition,
        name=name,
        notices=[at.sentence(notice) for notice in source.notices],
        rows=source.count,
        heads=heads,
        choices=choices_of(at, definition, saved.get(chosen)),
        mappings=[(n, n.replace("_", " ")) for n in saved],
        chosen=chosen if chosen in saved else "",
        address=_columns_address(at, definition.name, digest, name),
        all_or_nothing=given is not None and "all_or_nothing" in given,
        confirm_duplicates=given is not None and CONFIRM in given,
        has_rules=bool(definition.duplicates),
        problems=problems,
    )


def _at_hand(digest: str) -> AbstractContextManager[Path]:
    return work_files().at_hand(digest)


def _columns_address(at: Here, object: str, digest: str, name: str) -> str:
    query = {"file": digest, "name": name, "seal": _seal(at, object, digest, name)}
    return f"/o/{object}/import/columns?{urlencode(query)}"


def _file(at: Here, object: str) -> tuple[str, str]:
    """The file that the address names. Raises Refusal unless this person brought it."""
    digest, name = request.args.get("file", ""), request.args.get("name", "")
    seal, names = request.args.get("seal", ""), at.catalog.objects[object].names
    if not any(same(seal, _seal(at, one, digest, name)) for one in names):
        raise Refusal(NOT_YOUR_FILE())
    return digest, name


def _seal(at: Here, object: str, digest: str, name: str) -> str:
    return shell().keys.sign("import", f"{at.caller.account.id}:{object}:{digest}:{name}")[:32]
