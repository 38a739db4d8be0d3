"""A store for files: kept by what they contain, behind a folder or any URL that fsspec knows.

A file's name is the SHA-256 of its content, so nothing that people write ever becomes a path, and
the same content is kept once. A file appears when it is complete: in a folder it is written beside
its place, forced to disk and renamed; object stores show an upload when it has ended.

Each use has an area of its own (`Files.area`), so that one can be cleaned by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from engine.problems import Message, Refusal

BLOCK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")

NO_STORE = Message(
    "files-no-store",
    en="the files cannot be kept in {where}: {why}",
    zh="无法将文件保存到 {where}：{why}",
    hint_en="FORMWRIGHT_FILES_URL names a folder that can be written to, or a URL",
    hint_zh="请将 FORMWRIGHT_FILES_URL 设为可写的文件夹或地址",
)
TOO_LARGE = Message(
    "stored-file-too-large",
    en="the file is larger than {limit} MB",
    zh="文件超过 {limit} MB",
)
NO_FILE = Message(
    "file-not-kept",
    en="this file is not kept, or no longer",
    zh="该文件不存在或已不再保留",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store: the SHA-256 of its content, and its size in bytes."""

    digest: str
    size: int


class Files:
    """The files of one area under a URL; a plain path is a folder below `folder`."""

    def __init__(self, url: str, folder: Path, area: str = "") -> None:
        """Raises Refusal when the URL is none that fsspec knows."""
        self.url = url
        self.folder = folder
        try:
            self._fs, root = fsspec.core.url_to_fs(
                url if "://" in url else str((folder / url).resolve())
            )
        except (ValueError, ImportError, OSError) as error:
            raise Refusal(NO_STORE(where=url.partition("://")[0], why=str(error))) from None
        self._root = f"{root.rstrip('/')}/{area}" if area else root.rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def area(self, name: str) -> Files:
        """The area of the store for one use, such as "work"."""
        return Files(self.url, self.folder, name)

    def put(self, stream: BinaryIO, most: int | None = None) -> Stored:
        """Keeps what `stream` holds, at most `most` bytes of it.

        Raises Refusal when it is longer, or when the store cannot be written to.
        """
        with self.writing(most) as draft:
            while block := stream.read(BLOCK):
                draft.write(block)
        return draft.stored

    @contextmanager
    def writing(self, most: int | None = None) -> Iterator[Draft]:
        """A file to write to; after the block, if it ends well, it is kept as `draft.stored`."""
        try:
            draft = self._draft(most)
            try:
                yield draft
                self._keep(draft)
            finally:
                draft.close()
                draft.path.unlink(missing_ok=True)
        except OSError as error:
            why = error.strerror or str(error)
            raise Refusal(NO_STORE(where=self._shown(), why=why)) from None

    @contextmanager
    def open(self, digest: str) -> Iterator[BinaryIO]:
        """The file's content. Raises Refusal when it is not kept."""
        try:
            stream = self._fs.open(self._path(digest), "rb")
        except FileNotFoundError:
            raise Refusal(NO_FILE()) from None
        with stream:
            yield cast(BinaryIO, stream)

    @contextmanager
    def at_hand(self, digest: str) -> Iterator[Path]:
        """The file as one of this host, to read from. Raises Refusal when it is not kept."""
        path = self._path(digest)
        if self._local:
            if not os.path.isfile(path):
                raise Refusal(NO_FILE())
            yield Path(path)
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / digest
            with self.open(digest) as stream, copy.open("wb") as out:
                shutil.copyfileobj(stream, out, BLOCK)
            yield copy

    def has(self, digest: str) -> bool:
        """Whether the file is kept."""
        return bool(self._fs.isfile(self._path(digest)))

    def delete(self, digest: str) -> None:
        """Removes the file; one that is not there is no error."""
        try:
            self._fs.rm_file(self._path(digest))
        except FileNotFoundError:
            pass

    def everything(self) -> Iterator[tuple[str, dt.datetime | None]]:
        """All files with the moment that they were last written, where the store knows it."""
        if not self._fs.isdir(self._root):
            return
        for path, details in self._fs.find(self._root, detail=True).items():
            name = path.rsplit("/", 1)[-1]
            if _DIGEST.fullmatch(name):
                yield name, _moment(details)

    def drop_drafts(self, before: dt.datetime) -> None:
        """Removes what crashed processes left behind of files that never became complete."""
        if self._local and os.path.isdir(self._root):
            for path in Path(self._root).glob(".*.*"):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink(missing_ok=True)

    def _path(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise Refusal(NO_FILE())
        return f"{self._root}/{digest[:2]}/{digest}"

    def _draft(self, most: int | None) -> Draft:
        """Beside its later place where a rename can put it there, else in the system's folder."""
        folder = Path(self._root) if self._local else Path(tempfile.gettempdir())
        folder.mkdir(parents=True, exist_ok=True)
        return Draft(folder / f".{os.getpid()}.{secrets.token_hex(8)}", most)

    def _keep(self, draft: Draft) -> None:
        draft.close()
        path = self._path(draft.stored.digest)
        if self._local:
            Path(path).parent.mkdir(exist_ok=True)
            os.replace(draft.path, path)
        else:
            self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._fs.put_file(str(draft.path), path)

    def _shown(self) -> str:
        """The store without what may be a password."""
        return self.url if "://" not in self.url else self.url.partition("://")[0] + "://…"


class Draft(io.RawIOBase):
    """A file on its way into the store."""

    def __init__(self, path: Path, most: int | None) -> None:
        self.path = path
        self.most = most
        self.size = 0
        self._hash = hashlib.sha256()
        self._out = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Adds to the file. Raises Refusal when it becomes larger than allowed."""
        self.size += len(data)
        if self.most is not None and self.size > self.most:
            raise Refusal(TOO_LARGE(limit=self.most // 1024**2))
        self._hash.update(data)
        return self._out.write(data)

    def close(self) -> None:
        """Forces what was written to disk."""
        if not self._out.closed:
            self._out.flush()
            os.fsync(self._out.fileno())
            self._out.close()
        super().close()

    @property
    def stream(self) -> BinaryIO:
        """The file for those who ask for any binary file."""
        return cast(BinaryIO, self)

    @property
    def stored(self) -> Stored:
        """What the file is kept as."""
        return Stored(self._hash.hexdigest(), self.size)


def _moment(details: Any) -> dt.datetime | None:
    """When a file was written, from what stores say about it."""
    for key in ("mtime", "created", "LastModified", "last_modified", "updated"):
        found = details.get(key)
        if isinstance(found, dt.datetime):
            return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        if isinstance(found, int | float):
            return dt.datetime.fromtimestamp(found, dt.UTC)
    return None
