"""Taking files in: measured, sniffed, scanned, stored by content, and left waiting for a record.

1. The content goes into the store's area for files; more than is allowed is cut off there.
2. What it is, is found out from the content; a field that does not take it refuses it.
3. The scanner looks at it, if the site has one.
4. A row is written under the site's quota: the file waits for a record of whoever brought it.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import sqlalchemy as sa

from engine.definition.objects import Field
from engine.fieldtypes.file import File, FileRef
from engine.files import Files, Stored
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal
from engine.records.media import MB, Media, accepts, clean_name, looked_at, thumbnail
from engine.schema.files import FILES, WAITING

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.transaction import Transaction

AREA = "files"
"""The area of the store for uploaded files."""
SCAN_SECONDS = 60.0

Scan = Callable[[Path], str]
"""Looks at a file; what is wrong with it, or an empty text."""

EMPTY_FILE = Message(
    "file-empty",
    en="the file {name} is empty",
    zh="{name} 是空文件",
    hint_en="choose another file",
    hint_zh="请选择其他文件",
)
QUOTA = Message(
    "files-quota",
    en="the files of this site have reached their limit of {limit} MB",
    zh="本站点的文件已达到 {limit} MB 的上限",
    hint_en="ask an administrator (FORMWRIGHT_FILES_QUOTA_MB)",
    hint_zh="请联系管理员（FORMWRIGHT_FILES_QUOTA_MB）",
)
INFECTED = Message(
    "file-refused-by-scanner",
    en="the file {name} was refused by the scanner: {why}",
    zh="{name} 未通过安全扫描：{why}",
    hint_en="check the file, or ask an administrator",
    hint_zh="请检查该文件，或联系管理员",
)
NO_SCANNER = Message(
    "scanner-failed",
    en="the file could not be scanned, so it was not taken: {why}",
    zh="文件无法扫描，未予接收：{why}",
    hint_en="ask an administrator (FORMWRIGHT_FILES_SCAN)",
    hint_zh="请联系管理员（FORMWRIGHT_FILES_SCAN）",
)


@dataclass(frozen=True)
class FileLimits:
    """What a site allows: megabytes of one file and of all (0: any), and who scans them."""

    max_mb: int = 25
    quota_mb: int = 0
    scan: Scan | None = None

    def most(self, type_: File) -> int:
        """Bytes of a file in a field."""
        return min(self.max_mb, type_.max_mb or self.max_mb) * MB


def take_file(
    gate: Gate, actor: Actor, files: Files, limits: FileLimits,
    field: Field, name: str, stream: BinaryIO,
) -> FileRef:  # fmt: skip
    """Takes a file in for a field; it waits until a record is saved that names it.

    `files` is the whole store. Raises Refusal for what the field, the quota or the scanner refuse.
    """
    assert isinstance(field.type, File)
    area, shown = files.area(AREA), clean_name(name)
    stored = area.put(stream, limits.most(field.type))
    if not stored.size:
        raise Refusal(EMPTY_FILE(name=shown))
    with area.at_hand(stored.digest) as path:
        media = looked_at(path, shown)
        row = {
            "name": shown, "media": media.media, "size": stored.size,
            "width": media.width, "height": media.height,
        }  # fmt: skip
        if (problem := accepts(field.type, row)) is not None:
            raise Refusal(problem)
        if limits.scan is not None and (why := limits.scan(path)):
            raise Refusal(INFECTED(name=shown, why=why[:200]))
        small = _thumb(area, path, media)
    row |= {"digest": stored.digest, "thumb": small and small.digest}
    row["thumb_size"] = small.size if small else None
    id = gate.write(actor, lambda tx: _keep(tx, dict(row), limits))
    return FileRef(
        id, shown, media.media, stored.size, media.width, media.height, small is not None
    )


def _thumb(area: Files, path: Path, media: Media) -> Stored | None:
    content = thumbnail(path, media)
    return area.put(io.BytesIO(content)) if content else None


def _keep(tx: Transaction, row: dict[str, object], limits: FileLimits) -> int:
    table, actor = tx.tables.system(FILES), tx.actor
    if limits.quota_mb:
        distinct = sa.select(table.c.digest, sa.func.max(table.c.size).label("size"))
        each = distinct.where(table.c.digest != row["digest"]).group_by(table.c.digest).subquery()
        used = tx.connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(each.c.size), 0)))
        if int(used or 0) + int(str(row["size"])) > limits.quota_mb * MB:
            raise Refusal(QUOTA(limit=limits.quota_mb))
    (id,) = tx.take_ids(table, 1)
    row |= {
        "id": id, "at": tx.now, "state": WAITING, "person": actor.person,
        "account": None if actor.person is not None else actor.name or None,
    }  # fmt: skip
    tx.connection.execute(sa.insert(table).values(row))
    return id


def scanner(command: str) -> Scan:
    """A scanner that runs a command with the file's path behind it; status 0 means clean.

    The first line that it writes says what is wrong. Raises Refusal when it cannot be run.
    """
    words = shlex.split(command)

    def scan(path: Path) -> str:
        try:
            done = subprocess.run(
                [*words, str(path)], capture_output=True, timeout=SCAN_SECONDS, check=False,
                text=True, errors="replace", env=_without_settings(),
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refusal(NO_SCANNER(why=type(error).__name__)) from None
        if done.returncode == 0:
            return ""
        said = (done.stdout or done.stderr).strip().splitlines()
        return (said[0] if said else f"status {done.returncode}").replace(str(path), path.name[:8])

    return scan


def _without_settings() -> dict[str, str]:
    """The environment for programs of others: settings, which hold secrets, are not for them."""
    return {name: os.environ[name] for name in os.environ if not name.startswith("FORMWRIGHT_")}
