"""The layer that is made in the browser: definition files in the database, over all folders.

1. A file of this layer is an overlay like any other (`objects/opportunity.yaml`, only what
   differs). What is saved is a draft; it counts once a revision is published, from the browser
   or by `formwright apply`.
2. Whoever plans from folders takes this layer with it (`with_browser`), so that a plan never
   undoes what was made in the browser.
3. In the browser the folders are not asked, which may lie on another machine or be older: what
   lies below the draft are the layers of the revision in force (`draft_sources`).
4. `formwright pull` brings the files into a folder and marks them as pulled. They go from here as
   soon as the folders say the same without them (`assembly.pulling`).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from assembly.kinds import KINDS
from engine.loading.files import ENDING
from engine.loading.packing import unpack
from engine.loading.reading import MAX_BYTES
from engine.loading.sources import Source, TextLayer, TreeLayer
from engine.loading.storing import restore
from engine.problems import Message, Place, Problem, Refusal, did_you_mean
from engine.schema.fence import current_revision
from engine.schema.state import revision_definitions, revision_layers
from engine.schema.structure import columns_of
from engine.schema.system import add_system_tables

NAME = "browser:"
"""What the layer is called, and what its files begin with in places. No folder is called so."""
SCENARIOS = "scenarios"
"""A folder of a layer that holds no definitions, but has its place in this layer as well."""
MOST_FILES = 2_000

BAD_PATH = Message(
    "browser-file-path",
    en="{file!r} is no file of a layer",
    zh="{file!r} 不是层中的文件",
    hint_en="write a folder and a name, such as {best!r}",
    hint_zh="请写文件夹与名称，如 {best!r}",
)
TOO_LARGE = Message(
    "browser-file-size",
    en="{file} has more than {limit} KiB",
    zh="{file} 超过 {limit} KiB",
    hint_en="write only what differs from the layers below",
    hint_zh="只需写出与下层不同的内容",
)
NO_TEXT = Message(
    "browser-file-empty",
    en="{file} would be empty",
    zh="{file} 将为空",
    hint_en="discard the file instead",
    hint_zh="请改为放弃此文件",
)
TOO_MANY = Message(
    "browser-files-number",
    en="the browser layer has {limit} files already",
    zh="浏览器层已有 {limit} 个文件",
    hint_en="bring them into a folder with `formwright pull`",
    hint_zh="请用 `formwright pull` 将其移入文件夹",
)
STALE = Message(
    "browser-file-stale",
    en="{file} has been changed meanwhile, by {who}",
    zh="{file} 已被 {who} 修改",
    hint_en="look at what is there now, then save again",
    hint_zh="请查看现有内容后再保存",
)
UNFIT = Message(
    "browser-file-text",
    en="there is a character here that no text has",
    zh="此处含有文本不允许的字符",
    hint_en="take it out",
    hint_zh="请将其删除",
)
GONE = Message(
    "browser-file-gone",
    en="{file} is no longer in the browser layer",
    zh="浏览器层中已没有 {file}",
    hint_en="it was discarded or pulled; save it as a new file",
    hint_zh="已被放弃或移出；请另存为新文件",
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}\Z", re.ASCII)
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_METADATA = sa.MetaData()
add_system_tables(_METADATA)
_FILE = _METADATA.tables["fw_layer_file"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BrowserFile:
    """A file of the layer. `version` counts its changes from 1.

    `begun` is the revision that was in force when it was begun, `pulled` the version that was
    last brought into a folder (0: none), and `base` what the folder's file said after that.
    """

    path: str
    text: str = field(repr=False)
    version: int
    changed_on: dt.datetime
    changed_by: str
    begun: int | None = None
    pulled: int = 0
    base: str = field(repr=False, default="")


def browser_files(connection: sa.Connection) -> tuple[BrowserFile, ...]:
    """The files of the layer by path; none in a database that has no such table yet."""
    if not columns_of(connection, _FILE.name):
        return ()
    query = sa.select(_FILE).order_by(_FILE.c.path).limit(MOST_FILES)
    return tuple(_file(row) for row in connection.execute(query))


def browser_file(connection: sa.Connection, path: str) -> BrowserFile | None:
    """One file of the layer, or None."""
    row = connection.execute(sa.select(_FILE).where(_FILE.c.path == path)).one_or_none()
    return _file(row) if row is not None else None


def browser_layer(files: Sequence[BrowserFile]) -> tuple[TextLayer, ...]:
    """The files as the uppermost layer; nothing where there are none."""
    texts = {file.path: file.text for file in files}
    return (TextLayer(NAME, texts),) if texts else ()


def with_browser(connection: sa.Connection, layers: Sequence[Source]) -> tuple[Source, ...]:
    """The layers with that of the browser over them: what a plan from folders is made from."""
    return (*layers, *browser_layer(browser_files(connection)))


def applied_sources(connection: sa.Connection) -> tuple[TreeLayer, ...]:
    """The layers of the revision in force below the browser's, as they were applied.

    A revision of before layers were kept is one layer, with all that it says.
    """
    revision = current_revision(connection)
    if revision is None:
        return ()
    if kept := revision_layers(connection, revision):
        return tuple(layer.unpacked() for layer in unpack(kept) if layer.name != NAME)
    definitions = json.loads(revision_definitions(connection, revision))
    return (TreeLayer("applied", restore(definitions)),)


def draft_sources(connection: sa.Connection) -> tuple[Source, ...]:
    """What the draft in the browser proposes: its files over the layers that are in force."""
    return with_browser(connection, applied_sources(connection))


def save_file(
    connection: sa.Connection, path: str, text: str, *, expected: int, by: str, now: dt.datetime
) -> BrowserFile:
    """Saves a file in place of its version `expected` (0: there is none yet).

    Raises Refusal when the path or the text is none that a layer has, or when somebody else has
    saved or discarded the file meanwhile. Must run inside a transaction.
    """
    _check(path, text)
    if expected:
        changed = {
            "text": text, "version": expected + 1, "changed_on": now, "changed_by": by or None,
        }  # fmt: skip
        update = sa.update(_FILE).where(_FILE.c.path == path, _FILE.c.version == expected)
        row = connection.execute(update.values(changed).returning(*_FILE.c)).one_or_none()
        if row is None:
            raise Refusal(_stale(connection, path))
        return _file(row)
    if (connection.scalar(sa.select(sa.func.count()).select_from(_FILE)) or 0) >= MOST_FILES:
        raise Refusal(TOO_MANY(limit=MOST_FILES))
    if browser_file(connection, path) is not None:
        raise Refusal(_stale(connection, path))
    new = {
        "path": path, "text": text, "version": 1, "changed_on": now, "changed_by": by or None,
        "begun": current_revision(connection),
    }  # fmt: skip
    try:
        row = connection.execute(sa.insert(_FILE).values(new).returning(*_FILE.c)).one()
    except IntegrityError:  # somebody else was quicker; the transaction is given up
        raise Refusal(STALE(file=path, who="–")) from None
    return _file(row)


def remove_file(connection: sa.Connection, path: str, *, expected: int) -> None:
    """Discards a file in its version `expected`; what was published of it is undone by the next.

    Raises Refusal when somebody else has changed it meanwhile.
    """
    chosen = sa.delete(_FILE).where(_FILE.c.path == path, _FILE.c.version == expected)
    if connection.execute(chosen.returning(_FILE.c.path)).one_or_none() is None:
        raise Refusal(_stale(connection, path))


def discard(connection: sa.Connection) -> int:
    """Discards all files; returns how many there were."""
    return len(connection.execute(sa.delete(_FILE).returning(_FILE.c.path)).all())


def mark_pulled(connection: sa.Connection, files: Mapping[BrowserFile, str]) -> None:
    """Notes that these versions were brought into a folder, whose files now say the texts."""
    for file, base in files.items():
        connection.execute(
            sa.update(_FILE)
            .where(_FILE.c.path == file.path, _FILE.c.version == file.version)
            .values(pulled=file.version, base=base)
        )


def remove_pulled(connection: sa.Connection, files: Sequence[BrowserFile]) -> list[str]:
    """Takes away those of `files` that nobody has changed since; returns their paths."""
    gone: list[str] = []
    for file in files:
        chosen = sa.delete(_FILE).where(
            _FILE.c.path == file.path,
            _FILE.c.version == file.version,
            _FILE.c.pulled == file.version,
        )
        gone += connection.scalars(chosen.returning(_FILE.c.path)).all()
    return gone


def _check(path: str, text: str) -> None:
    """Refuses what is no file of a layer. Only folders of definitions and scenarios have any."""
    folders = [kind.folder + "/" for kind in KINDS if not kind.single] + [SCENARIOS + "/"]
    singles = [kind.folder + ENDING for kind in KINDS if kind.single]
    parts = PurePosixPath(path).parts
    in_folder = len(parts) == 2 and parts[0] + "/" in folders
    stem = path.rpartition("/")[2].removesuffix(ENDING)
    known = path in singles or (in_folder and path == f"{parts[0]}/{stem}{ENDING}")
    if not known or not _NAME.match(stem):
        folder = did_you_mean(parts[0] + "/" if parts else "", folders) or folders[0]
        raise Refusal(BAD_PATH(file=path[:100], best=f"{folder}name{ENDING}"))
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise Refusal(TOO_LARGE(file=path, limit=MAX_BYTES // 1024))
    if not text.strip():
        raise Refusal(NO_TEXT(file=path))
    if found := _UNFIT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise Refusal(UNFIT(Place(f"{NAME}{path}", line, 1)))


def _stale(connection: sa.Connection, path: str) -> Problem:
    """Who has changed the file, or that it is gone."""
    found = browser_file(connection, path)
    return STALE(file=path, who=found.changed_by or "–") if found else GONE(file=path)


def _file(row: sa.Row[Any]) -> BrowserFile:
    return BrowserFile(
        path=row.path,
        text=row.text,
        version=row.version,
        changed_on=row.changed_on,
        changed_by=row.changed_by or "",
        begun=row.begun,
        pulled=row.pulled or 0,
        base=row.base or "",
    )
