"""What the pages of the studio have in common: the draft, what lies below it, tabs, problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import Response
from flask import request as flask_request

from assembly.browser_layer import NAME, SCENARIOS
from assembly.drafting import (
    Change,
    Draft,
    What,
    draft_loaded,
    kinds_of,
    lower_layers,
    read_draft,
)
from engine.definition.kinds import DefinitionKind
from engine.definition.tree import Node
from engine.loading import Loaded, TreeLayer
from engine.problems import Place, Problem
from engine.schema.fence import current_revision
from webapp.screens.here import Here
from webapp.screens.rendering import page
from webapp.shell import shell

TABS = (
    ("/studio/", "studio_overview"),
    ("/studio/definitions", "studio_definitions"),
    ("/studio/plan", "studio_plan"),
)
KEPT = 3
"""Loaded definitions that are kept: the draft, what lies below it, and a file that is written."""
BROWSER = NAME
"""What the places of files of the browser layer begin with."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a page of the studio works on: the draft, and the layers that lie below it.

    `kept` is what the last texts made of the definitions at this revision: page after page shows
    the same draft.
    """

    revision: int | None
    draft: Draft
    lower: tuple[TreeLayer, ...]
    kept: dict[frozenset[tuple[str, str]], Loaded] = field(default_factory=dict, repr=False)

    def loaded(self) -> Loaded:
        """The definitions as the draft would have them, with all their problems."""
        return self._of({path: file.text for path, file in self.draft.files.items()})

    def loaded_with(self, path: str, text: str) -> Loaded:
        """The same with another text in one file, as somebody writes it; an empty one is none."""
        texts = {p: file.text for p, file in self.draft.files.items() if p != path}
        return self._of({**texts, path: text} if text.strip() else texts)

    def below(self) -> Loaded:
        """The definitions without the browser layer."""
        return self._of({})

    def _of(self, texts: dict[str, str]) -> Loaded:
        key = frozenset(texts.items())
        found = self.kept.get(key)
        if found is None:
            found = draft_loaded(self.lower, texts)
            for old in list(self.kept)[: 1 - KEPT]:
                self.kept.pop(old, None)
            self.kept[key] = found
        return found


@dataclass(frozen=True, slots=True)
class Told:
    """A problem as the pages show it: its sentence, where it is, and what leads there."""

    text: str
    place: str
    address: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Drafted:
    """One file of the draft as a list shows it."""

    path: str
    name: str
    kind: str
    what: str
    by: str
    change: Change


def bench(at: Here) -> Bench:
    """The draft, and the layers below it, which are read once for each revision."""
    with at.gate.databases.reading() as connection:
        revision, draft = current_revision(connection), read_draft(connection)
        key, cache = ("studio", "lower"), shell().cache
        known = cache.get(key)
        if known is None or known[0] != revision:
            known = cache[key] = (revision, lower_layers(connection), {})
        return Bench(revision, draft, *known[1:])


def studio_page(
    template: str, at: Here, here_: str, changes: int, status: int = 200, **context: Any
) -> Response:
    """A page of the studio; `here_` is its tab, `changes` how many files the draft has."""
    tabs = [(address, at.t(label), address == here_) for address, label in TABS]
    return page(template, at, status, tabs=tabs, changes=changes, **context)


def drafted(at: Here, draft: Draft, loaded: Loaded) -> list[Drafted]:
    """The files of the draft."""
    return [
        Drafted(
            path=change.path,
            name=titled(at, change.path, loaded),
            kind=kind_label(at, change.path, loaded),
            what=_what(change, loaded).value,
            by=change.file.changed_by if change.file else "",
            change=change,
        )
        for change in draft.changes()
    ]


def _what(change: Change, loaded: Loaded) -> What:
    """What the draft does with a definition: a new file may change one of the layers below."""
    kind = kind_at(change.path, loaded)
    tree = loaded.trees.get(kind.name, {}).get(stem(change.path)) if kind else None
    below = tree is not None and any(
        not tree.at(key).file.startswith(BROWSER) for key, _ in tree.items()
    )
    return What.CHANGED if below and change.what == What.NEW else change.what


def titled(at: Here, path: str, loaded: Loaded) -> str:
    """What a definition is called, by its file: its label, else its name."""
    kind, name = kind_at(path, loaded), stem(path)
    tree = loaded.trees.get(kind.name, {}).get(name) if kind else None
    return (label_of(at, tree, kind.name) if tree and kind else "") or name


def label_of(at: Here, tree: Node, kind: str) -> str:
    """What the definition says that it is called; empty where it says nothing."""
    head = tree.get(kind)
    if tree.get("label") is not None:
        return at.say(tree.text("label"))
    return at.say(tree.text(kind)) if head is not None and isinstance(head.value, dict) else ""


def stem(path: str) -> str:
    """The name of a definition by its file."""
    return path.rpartition("/")[2].rpartition(".")[0]


def kind_at(path: str, loaded: Loaded) -> DefinitionKind | None:
    """The kind of definition in a file; folders of several hold whatever the name is known as."""
    kinds, name = kinds_of(path), stem(path)
    known = (kind for kind in kinds if name in loaded.trees.get(kind.name, {}))
    return next(known, kinds[0] if kinds else None)


def kind_label(at: Here, path: str, loaded: Loaded) -> str:
    """The kind of a file of a layer, for people."""
    if path.startswith(f"{SCENARIOS}/"):
        return at.t("studio_kind_scenario")
    kind = kind_at(path, loaded)
    return at.t(f"studio_kind_{kind.name}") if kind else ""


def told(at: Here, problems: Sequence[Problem]) -> Iterator[Told]:
    """The problems in the reader's language, those of the browser layer with a way there."""
    for problem in problems:
        place = problem.place or Place("", 0, 0)
        mine = place.file.startswith(BROWSER)
        yield Told(
            text=at.sentence(problem),
            place=shown_place(place),
            address=editor(place.file.removeprefix(BROWSER), place.line) if mine else "",
            line=place.line,
            column=place.column,
        )


def shown_place(place: Place) -> str:
    """A place for people; empty for a problem of no place."""
    return f"{place.file}:{place.line}" if place.file else ""


def editor(path: str, line: int = 0) -> str:
    """The address at which a file of the browser layer is changed."""
    return f"/studio/files/{quote(path)}" + (f"?line={line}" if line else "")


def account(at: Here) -> str:
    """Whose changes these are."""
    return at.actor.name or at.caller.account.name


def form() -> dict[str, str]:
    """What was sent, with line ends as everywhere."""
    return {k: v.replace("\r\n", "\n") for k, v in flask_request.form.items()}
