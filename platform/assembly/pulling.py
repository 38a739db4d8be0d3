"""What was made in the browser, brought into the files of a folder.

1. For each file of the browser layer there are three: what the folder's file said when the
   browser's was begun, what it says now, and the browser's. Where the folder's file has been
   changed since in what the browser changes as well, nobody but a person can say what is right:
   it is a conflict, and nothing of that file is written.
2. Otherwise the browser's text is written into the file (`engine.loading.splicing`); comments and
   order stay. A file that is not there yet is the browser's, word for word.
3. What comes out is compared: all layers must say the same with the new files as they said with
   the browser layer over the old ones. What cannot be said in one file is a conflict.
4. The files are written one by one, each at once; then the browser's are marked as pulled. Until
   the next apply takes those away, both say the same, so it does no harm to stop in between.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assembly.browser_layer import NAME, BrowserFile, browser_files, mark_pulled
from engine.definition.kinds import DefinitionKind, Problems
from engine.loading.files import read_layer
from engine.loading.merging import Trees, merge_trees, present_name
from engine.loading.packing import unpack
from engine.loading.reading import shown
from engine.loading.schemas import prepared
from engine.loading.sources import TextLayer
from engine.loading.splicing import spliced
from engine.loading.threeway import Standing, Touch, overlay_touches
from engine.loading.threeway_wording import what
from engine.problems import Message, Place, Problem, Refusal
from engine.schema.engines import Databases
from engine.schema.state import revision_layers
from engine.schema.wording import shown as value_shown

CHANGED = Message(
    "pull-conflict",
    en="{what} has been changed here to {now} since the browser's was begun; {place} says {value}",
    zh="自浏览器中开始编辑以来，此处 {what} 已改为 {now}；{place} 为 {value}",
    hint_en="write the right one here and there, then pull again",
    hint_zh="请将两处改为正确的值后重新拉取",
)
GONE = Message(
    "pull-gone",
    en="{what} has been taken out here since the browser's was begun; {place} still changes it",
    zh="自浏览器中开始编辑以来，此处 {what} 已被移除；{place} 仍在修改它",
    hint_en="write it here again, or take it out there, then pull again",
    hint_zh="请在此处恢复，或在浏览器中移除后重新拉取",
)
DIFFERS = Message(
    "pull-by-hand",
    en="what {file} says in the browser cannot be written into this file and mean the same",
    zh="浏览器中 {file} 的内容无法原意写入此文件",
    hint_en="write it by hand, then discard the file in the browser",
    hint_zh="请手工写入，然后在浏览器中放弃该文件",
)
UNWRITABLE = Message(
    "pull-not-written",
    en="{file} cannot be written: {why}",
    zh="无法写入 {file}：{why}",
)
MEANWHILE = Message(
    "pull-meanwhile",
    en="{file} has been changed while it was being pulled",
    zh="{file} 在拉取过程中被修改",
    hint_en="pull again",
    hint_zh="请重新拉取",
)


@dataclass(frozen=True, kw_only=True)
class Pull:
    """One file of the browser layer: where it goes, and what that file would say.

    `before` is what is there (None: no file). With `conflicts` nothing is written.
    """

    source: BrowserFile
    file: Path
    before: str | None
    after: str
    conflicts: tuple[Problem, ...] = ()

    @property
    def action(self) -> str:
        """A word for programs: conflict, create, change, none."""
        if self.conflicts:
            return "conflict"
        if self.before is None:
            return "create"
        return "none" if self.before == self.after else "change"


def pulls(
    connection: sa.Connection, layers: Sequence[Path], into: Path, kinds: Sequence[DefinitionKind]
) -> tuple[Pull, ...]:
    """What would be written into the folder `into`, a layer or a new one over all others.

    `kinds` are all that a layer may hold, scenarios among them. Raises Refusal where a layer
    cannot be read.
    """
    files = browser_files(connection)
    return _Pulling(connection, layers, into, kinds, files).all() if files else ()


def write(databases: Databases, found: Sequence[Pull]) -> None:
    """Writes the files that have no conflicts, and marks them as pulled.

    Raises Refusal when one cannot be written, or was changed meanwhile; those before it are.
    """
    done: dict[BrowserFile, str] = {}
    try:
        for pull in found:
            if pull.conflicts:
                continue
            if pull.action != "none":
                _write(pull)
            done[pull.source] = pull.after
    finally:
        with databases.writing() as connection:
            mark_pulled(connection, done)


def _write(pull: Pull) -> None:
    """One file, which is there as a whole or not at all."""
    if _text_of(pull.file) != pull.before:
        raise Refusal(MEANWHILE(file=shown(pull.file)))
    try:
        pull.file.parent.mkdir(parents=True, exist_ok=True)
        mode = pull.file.stat().st_mode & 0o777 if pull.before is not None else 0o644
        handle, name = tempfile.mkstemp(prefix=f".{pull.file.name}.", dir=pull.file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(pull.after)
            os.chmod(name, mode)
            os.replace(name, pull.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(UNWRITABLE(file=shown(pull.file), why=why)) from None


def _text_of(file: Path) -> str | None:
    """What a file says, line breaks as they are; None where there is none."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refusal(UNWRITABLE(file=shown(file), why=why)) from None


_Thing = tuple[str, str]
"""Kind and name of a definition."""


class _Pulling:
    """All layers, read once."""

    def __init__(
        self, connection: sa.Connection, layers: Sequence[Path], into: Path,
        kinds: Sequence[DefinitionKind], files: Sequence[BrowserFile],
    ) -> None:  # fmt: skip
        self.connection, self.into, self.kinds, self.files = connection, into, kinds, files
        self.schemas = {kind.name: prepared(kind.schema) for kind in kinds}
        real = [layer.resolve() for layer in layers]
        at = real.index(into.resolve()) if into.resolve() in real else len(layers)
        self.below = [self.read(layer) for layer in layers[:at]]
        self.own = self.read(into) if into.is_dir() else {}
        self.above = [self.read(layer) for layer in layers[at + 1 :]]
        self.merged_below = merge_trees(self.below, self.schemas, [])
        self.revisions: dict[int, Trees | None] = {}

    def read(self, source: Path | TextLayer) -> Trees:
        problems: Problems = []
        trees = read_layer(source, self.kinds, problems).trees
        if problems:
            raise Refusal(*problems)
        return trees

    def all(self) -> tuple[Pull, ...]:
        made = [self.one(file) for file in self.files]
        wrong = self.different([pull for pull, _, _ in made if not pull.conflicts])
        return tuple(
            pull
            if pull.conflicts or thing not in wrong
            else replace(pull, conflicts=(DIFFERS(Place(shown(pull.file)), file=pull.source.path),))
            for pull, thing, _ in made
        )

    def one(self, file: BrowserFile) -> tuple[Pull, _Thing, Trees]:
        """What becomes of one file of the browser, and what it defines."""
        trees = self.read(TextLayer(NAME, {file.path: file.text}))
        kind, name = _thing(trees)
        target = self.into / file.path
        before = _text_of(target)
        now = self.own.get(kind, {}).get(name)
        if before is None or now is None:
            after = file.text if file.text.endswith("\n") else file.text + "\n"
            pull = Pull(source=file, file=target, before=before, after=after)
            if before is not None:
                pull = replace(pull, conflicts=(DIFFERS(Place(shown(target)), file=file.path),))
            return pull, (kind, name), trees
        then = self.then(file, kind)
        found = overlay_touches(NAME, trees, then, {kind: {name: now}}, self.kinds)
        conflicts = tuple(_conflict(touch, target) for touch in found if touch.standing in _WORDS)
        beneath = self.merged_below.get(kind, {})
        below = beneath.get(present_name(name, beneath))
        after = before if conflicts else spliced(before, file.text, below, self.schemas[kind])
        pull = Pull(source=file, file=target, before=before, after=after, conflicts=conflicts)
        return pull, (kind, name), trees

    def then(self, file: BrowserFile, kind: str) -> Trees:
        """What the folder's file said when the browser's was begun, or was pulled last."""
        if file.base:
            return self.read(TextLayer(f"{self.into}/", {file.path: file.base}))
        if file.begun is None:
            return {}
        if file.begun not in self.revisions:
            kept = unpack(revision_layers(self.connection, file.begun) or "[]")
            last = self.into.resolve().name
            own = [k for k in kept if k.name.rstrip("/").rpartition("/")[2] == last]
            self.revisions[file.begun] = own[-1].unpacked().trees if own else None
        return self.revisions[file.begun] or {}

    def different(self, written: Sequence[Pull]) -> set[_Thing]:
        """The definitions that would not be the same with the files written and no browser."""
        texts = {pull.source.path: pull.after for pull in written}
        try:
            new = self.read(TextLayer(f"{self.into}/", texts))
        except Refusal:
            return {_thing(self.read(TextLayer(NAME, {f.path: f.text}))) for f in self.files}
        own = {kind: {**self.own.get(kind, {}), **new.get(kind, {})} for kind in self.schemas}
        rest = {file.path: file.text for file in self.files if file.path not in texts}
        every = {file.path: file.text for file in self.files}
        now = self.merged(self.own, every)
        later = self.merged(own, rest)
        return {
            (kind, name)
            for kind in self.schemas
            for name in {*now[kind], *later[kind]}
            if _plain(now[kind].get(name)) != _plain(later[kind].get(name))
        }

    def merged(self, own: Trees, browser: Mapping[str, str]) -> Trees:
        over = self.read(TextLayer(NAME, browser))
        return merge_trees([*self.below, own, *self.above, over], self.schemas, [])


def _thing(trees: Trees) -> _Thing:
    return next((kind, name) for kind, things in trees.items() for name in things)


def _plain(node: Any) -> str:
    """What a definition says, its order included."""
    return "" if node is None else json.dumps(node.to_plain(), ensure_ascii=False, default=str)


_WORDS = {Standing.CONFLICT: CHANGED, Standing.GONE: GONE}


def _conflict(touch: Touch, file: Path) -> Problem:
    return _WORDS[touch.standing](
        touch.below or Place(shown(file)),
        what=what(touch.kind, touch.name, touch.path),
        now=_said(touch.now),
        value=_said(touch.value),
        place=f"{touch.place.file}:{touch.place.line}",
    )


def _said(value: Any) -> str:
    return "{…}" if isinstance(value, Mapping) else value_shown(value)
