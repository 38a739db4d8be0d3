"""`/studio/files/<path>`: one file of the browser layer, written as YAML.

What is saved is a draft. It may have problems, which are shown at their lines; publishing waits
until there are none. A save from an older version of the file is told, and what was typed stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from assembly.browser_layer import (
    GONE as FILE_GONE,
)
from assembly.browser_layer import (
    SCENARIOS,
    STALE,
    BrowserFile,
    remove_file,
    save_file,
)
from assembly.drafting import discard_draft, kinds_of, path_of
from assembly.kinds import KINDS
from engine.definition.kinds import DefinitionKind
from engine.loading import Loaded
from engine.loading.explaining import explain, yaml_text
from engine.loading.names import name_problem
from engine.problems import Place, Problem, Refusal
from engine.records import messages as say
from webapp.screens.here import Here, here
from webapp.screens.jobs_parts import when
from webapp.screens.problems import wants_json
from webapp.studio.definitions import list_of_definitions
from webapp.studio.parts import (
    BROWSER,
    Bench,
    account,
    bench,
    editor,
    form,
    kind_at,
    kind_label,
    stem,
    studio_page,
    titled,
    told,
)

MOST_DIGITS = 18
MOST_TOLD = 100
"""So many problems are told at once."""


def begin() -> AnyResponse:
    """Leads to the file of a definition that is to be begun."""
    at = here()
    wanted, name = request.args.get("kind", ""), request.args.get("name", "").strip()
    kind = next((one for one in KINDS if one.name == wanted and not one.single), None)
    problem = name_problem(name, Place("")) if kind else say.NOT_FOUND(object=wanted, record="")
    if kind is None or problem is not None:
        return list_of_definitions(at, (problem,) if problem else ())
    return redirect(f"{editor(path_of(kind, name))}?kind={kind.name}")


def show_editor(path: str) -> Response:
    """The file, with what lies below it and what is wrong with it."""
    at = here()
    _require_path(path)
    on = bench(at)
    return _page(at, on, path, _text(on, path), on.draft.files.get(path), ())


def save(path: str) -> AnyResponse:
    """Saves the file, or takes it away; a script is told the version and the problems."""
    at = here()
    _require_path(path)
    given = form()
    what, text = given.get("do", "save"), given.get("text", "")
    version = _number(given.get("version", ""))
    now, by = at.now, account(at)
    try:
        with at.gate.databases.writing() as connection:
            if what == "discard":
                discard_draft(connection, by, now, only=path)
            elif what == "remove":
                remove_file(connection, path, expected=version)
            else:
                save_file(connection, path, text, expected=version, by=by, now=now)
    except Refusal as refusal:
        return _refused(at, path, text, version, refusal)
    on = bench(at)
    if wants_json():
        return _saved(at, on, path, what)
    left = path in on.draft.files
    return redirect(editor(path) if left else _home(on, path), 303)


def check(path: str) -> Response:
    """The problems that there would be with the text as it is being written."""
    at = here()
    _require_path(path)
    on = bench(at)
    loaded = on.loaded_with(path, form().get("text", ""))
    return jsonify(problems=_problems(at, loaded, path))


def _saved(at: Here, on: Bench, path: str, what: str) -> Response:
    file = on.draft.files.get(path)
    if what != "save":
        return jsonify(location=editor(path) if file else _home(on, path))
    drafted = on.draft.what(path)
    return jsonify(
        version=file.version if file else 0,
        problems=_problems(at, on.loaded(), path),
        changes=len(on.draft.changes()),
        drafted=bool(drafted),
        told=at.t("studio_saved"),
    )


def _refused(at: Here, path: str, text: str, version: int, refusal: Refusal) -> AnyResponse:
    """What speaks against saving; what the other one wrote where somebody else was quicker."""
    codes = {problem.code for problem in refusal.problems}
    stale = bool(codes & {STALE.code, FILE_GONE.code})
    on = bench(at)
    file = on.draft.files.get(path)
    if wants_json():
        body: dict[str, Any] = {
            "problems": [_said(at, path, problem) for problem in refusal.problems]
        }
        if stale:
            body["stale"] = _other(at, file)
        response = jsonify(body)
        response.status_code = 409 if stale else 422
        return response
    return _page(at, on, path, text, file, refusal.problems, version, 409 if stale else 422)


def _other(at: Here, file: BrowserFile | None) -> dict[str, Any]:
    if file is None:
        return {"version": 0, "text": "", "who": "", "when": ""}
    moment = when(at, file.changed_on)
    return {
        "version": file.version, "text": file.text, "who": file.changed_by, "when": moment.near,
    }  # fmt: skip


def _page(
    at: Here,
    on: Bench,
    path: str,
    text: str,
    file: BrowserFile | None,
    problems: tuple[Problem, ...],
    version: int | None = None,
    status: int = 200,
) -> Response:
    loaded = on.loaded_with(path, text)
    kind, what = kind_at(path, loaded), on.draft.what(path)
    changed = when(at, file.changed_on) if file else None
    return studio_page(
        "studio_editor.html",
        at,
        "",
        len(on.draft.changes()),
        status,
        file_path=path,
        label=titled(at, path, loaded),
        kind_label=kind_label(at, path, loaded),
        back=_home(on, path, loaded),
        text=text,
        version=version if version is not None else (file.version if file else 0),
        newest=file.version if file else 0,
        stale=status == 409,
        file=file,
        changed=changed,
        what=what.value if what else "",
        published=path in on.draft.published,
        problems=_problems(at, loaded, path),
        refused=[at.sentence(problem) for problem in problems],
        below=_below(on, kind, stem(path)),
        line=_number(request.args.get("line", "")),
    )


def _problems(at: Here, loaded: Loaded, path: str) -> list[dict[str, Any]]:
    """The problems, those of this file first; `here` says whether one is in it."""
    found = [
        {
            "line": one.line, "column": one.column, "text": one.text, "place": one.place,
            "address": one.address, "here": one.place.startswith(f"{BROWSER}{path}:"),
        }
        for one in told(at, loaded.problems)
    ]  # fmt: skip
    return sorted(found, key=lambda one: not one["here"])[:MOST_TOLD]


def _said(at: Here, path: str, problem: Problem) -> dict[str, Any]:
    one = next(told(at, [problem]))
    return {
        "line": one.line, "column": one.column, "text": one.text, "place": one.place,
        "address": "", "here": one.place.startswith(f"{BROWSER}{path}:"),
    }  # fmt: skip


def _text(on: Bench, path: str) -> str:
    """The file's text; of one that is not there yet the line that it begins with."""
    file = on.draft.files.get(path)
    if file is not None:
        return file.text
    loaded = on.below()
    kind = kind_at(path, loaded)
    asked = request.args.get("kind", "")
    kind = next((one for one in kinds_of(path) if one.name == asked), kind)
    if kind is None:
        return f"scenario: {stem(path)}\n"
    return "".join(_heading(loaded, kind, stem(path)))


def _heading(loaded: Loaded, kind: DefinitionKind, name: str) -> Iterator[str]:
    if not kind.single:
        yield f"{kind.name}: {name}\n"
        return
    tree = loaded.trees.get(kind.name, {}).get(name)
    head = tree.plain(kind.name) if tree else name
    if isinstance(head, dict):
        said = ", ".join(f"{key}: {yaml_text(value)}" for key, value in head.items())
        yield f"{kind.name}: {{{said}}}\n"
    else:
        yield f"{kind.name}: {yaml_text(head)}\n"


def _below(on: Bench, kind: DefinitionKind | None, name: str) -> str:
    """What the layers below make of the definition; empty where they know nothing of it."""
    loaded = on.below()
    if kind is None or name not in loaded.trees.get(kind.name, {}):
        return ""
    return "\n".join(text for text, _ in explain(loaded, f"{kind.name}:{name}").lines())


def _home(on: Bench, path: str, loaded: Loaded | None = None) -> str:
    """The page of the definition, or the list where there is none."""
    loaded = loaded or on.loaded()
    kind = kind_at(path, loaded)
    if kind is None or stem(path) not in loaded.trees.get(kind.name, {}):
        return "/studio/definitions"
    return f"/studio/definitions/{kind.name}/{stem(path)}"


def _require_path(path: str) -> None:
    """Refuses what is no file of a layer, as if there were none of that name."""
    name = stem(path)
    known = [path_of(kind, name) for kind in kinds_of(path)] or [f"{SCENARIOS}/{name}.yaml"]
    if path not in known or name_problem(name, Place("")) is not None:
        raise Refusal(say.NOT_FOUND(object=path[:100], record=""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0
