"""`/studio/definitions`: every definition by kind, and each as it is merged, value by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, request

from assembly.drafting import path_of
from assembly.kinds import KINDS
from engine.definition.kinds import DefinitionKind
from engine.loading import Loaded
from engine.loading.explaining import Explanation, Value, explain, yaml_text
from engine.loading.uses import Use, uses
from engine.problems import Problem, Refusal
from engine.records import messages as say
from webapp.screens.here import Here, here
from webapp.studio.parts import (
    BROWSER,
    Bench,
    bench,
    editor,
    label_of,
    shown_place,
    studio_page,
    told,
)

MOST_USES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One definition in the list. `layers` are those that say something of it, each with whether
    it is the browser's; `what` is what the draft does with it."""

    kind: str
    kind_label: str
    name: str
    label: str
    layers: tuple[tuple[str, bool], ...]
    what: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a merged definition: its YAML in parts, where it comes from, what it was."""

    indent: str
    key: str
    rest: str
    place: str
    address: str
    before: str


def show_definitions() -> Response:
    """The definitions of a kind, or all that a word is in."""
    return list_of_definitions(here(), ())


def list_of_definitions(at: Here, problems: tuple[Problem, ...]) -> Response:
    """The list, with what is wrong with a new definition that somebody asked for."""
    on = bench(at)
    loaded = on.loaded()
    words = request.args.get("q", "").strip()[:100]
    wanted = request.args.get("kind", "")
    kind = wanted if wanted in loaded.trees else ("" if words else "object")
    lines = [line for line in _lines(at, on, loaded) if _has(line, words.casefold())]
    counts = Counter(line.kind for line in lines)
    return studio_page(
        "studio_definitions.html",
        at,
        "/studio/definitions",
        len(on.draft.changes()),
        422 if problems else 200,
        kinds=[(one.name, at.t(f"studio_kinds_{one.name}"), counts[one.name]) for one in KINDS],
        makes=[(one.name, at.t(f"studio_kind_{one.name}")) for one in KINDS if not one.single],
        kind=kind,
        words=words,
        total=len(lines),
        lines=[line for line in lines if kind in ("", line.kind)],
        problems=[at.sentence(problem) for problem in problems],
        asked=request.args,
    )


def show_definition(kind: str, name: str) -> Response:
    """One definition as it is merged, each value with the file and line that set it."""
    at = here()
    on = bench(at)
    loaded = on.loaded()
    known = next((one for one in KINDS if one.name == kind), None)
    if known is None or name not in loaded.trees.get(kind, {}):
        raise Refusal(say.NOT_FOUND(object=name, record=""))
    found = explain(loaded, f"{kind}:{name}")
    path = path_of(known, name)
    file = on.draft.files.get(path)
    what = on.draft.what(path)
    return studio_page(
        "studio_definition.html",
        at,
        "",
        len(on.draft.changes()),
        kind=kind,
        kind_label=at.t(f"studio_kind_{kind}"),
        name=name,
        label=label_of(at, found.node, kind) or name,
        lines=list(_said(found)),
        edit=editor(path),
        overlaid=file is not None,
        what=what.value if what else "",
        uses=_uses(loaded, known, name),
        object_address=f"/o/{name}" if _has_screen(at, kind, name) else "",
        problems=[
            one for one in told(at, loaded.problems) if one.place.startswith(f"{BROWSER}{path}:")
        ],
    )


def _lines(at: Here, on: Bench, loaded: Loaded) -> Iterator[Line]:
    for kind in KINDS:
        for name, tree in sorted(loaded.trees.get(kind.name, {}).items()):
            what = on.draft.what(path_of(kind, name))
            yield Line(
                kind=kind.name,
                kind_label=at.t(f"studio_kind_{kind.name}"),
                name=name,
                label=label_of(at, tree, kind.name) or name,
                layers=tuple(
                    _layer(at, source.name)
                    for source in loaded.sources
                    if name in source.trees.get(kind.name, {})
                ),
                what=what.value if what else "",
            )


def _layer(at: Here, name: str) -> tuple[str, bool]:
    return (at.t("studio_browser"), True) if name == BROWSER else (name, False)


def _has(line: Line, word: str) -> bool:
    return word in line.name or word in line.label.casefold()


def _said(found: Explanation) -> Iterator[Said]:
    for text, value in found.lines():
        bare = text.lstrip(" ")
        while bare.startswith("- "):
            bare = bare[2:].lstrip(" ")
        key, colon, rest = bare.partition(":")
        indent = text[: len(text) - len(bare)]
        whole = bool(colon) and (not rest or rest.startswith(" ")) and bare[:1] not in "\"'{["
        yield Said(
            indent=indent,
            key=f"{key}:" if whole else "",
            rest=rest if whole else bare,
            place=shown_place(value.place) if value else "",
            address=_address(value),
            before=_before(value),
        )


def _address(value: Value | None) -> str:
    if value is None or not value.place.file.startswith(BROWSER):
        return ""
    return editor(value.place.file.removeprefix(BROWSER), value.place.line)


def _before(value: Value | None) -> str:
    if value is None or not value.before:
        return ""
    old, place = value.before[0]
    if old == value.value:
        return ""
    shown = yaml_text(old) if not isinstance(old, dict | list) else "…"
    return f"{shown}  {shown_place(place)}"


def _uses(loaded: Loaded, kind: DefinitionKind, name: str) -> list[Use]:
    """Where an object is named; nothing for other kinds, and while the draft has problems."""
    if loaded.catalog is None or kind.name != "object" or name not in loaded.catalog.objects:
        return []
    return list(uses(loaded.catalog, loaded.trees, name))[:MOST_USES]


def _has_screen(at: Here, kind: str, name: str) -> bool:
    definition = at.catalog.objects.get(name) if kind == "object" else None
    return definition is not None and not definition.parent and at.lens(name).may("read")
