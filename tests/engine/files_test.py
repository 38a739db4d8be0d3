"""The store for files: by content, whole or not at all, in a folder or anywhere fsspec reaches."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from engine.files import Files
from engine.problems import Refusal
from support.small import codes

CONTENT = b"one file" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    yield Files("store" if request.param == "folder" else "memory://store", tmp_path, "work")
    fsspec.filesystem("memory").store.clear()


def read(files: Files, digest: str) -> bytes:
    with files.open(digest) as stream:
        return stream.read()


def test_in_and_out(files: Files) -> None:
    """A file is found by its digest, as a stream and as a file of this host."""
    stored = files.put(io.BytesIO(CONTENT))
    assert (stored.digest, stored.size) == (DIGEST, len(CONTENT))
    assert read(files, DIGEST) == CONTENT
    with files.at_hand(DIGEST) as path:
        assert path.read_bytes() == CONTENT
    assert files.has(DIGEST)


def test_the_same_content_is_kept_once(files: Files) -> None:
    """Twice the same is one file, written anew, so that it does not look old."""
    files.put(io.BytesIO(CONTENT))
    files.put(io.BytesIO(CONTENT))
    assert [digest for digest, _ in files.everything()] == [DIGEST]


def test_areas_do_not_share(files: Files) -> None:
    """What is deleted in one area stays in another."""
    other = files.area("other")
    files.put(io.BytesIO(CONTENT))
    other.put(io.BytesIO(CONTENT))
    files.delete(DIGEST)
    files.delete(DIGEST)
    assert (files.has(DIGEST), other.has(DIGEST)) == (False, True)
    assert codes(lambda: read(files, DIGEST)) == [("file-not-kept", "")]


def test_a_failure_leaves_nothing(files: Files, tmp_path: Path) -> None:
    """A writer that breaks off, or a file that is too large."""
    with pytest.raises(ZeroDivisionError):
        with files.writing() as draft:
            draft.write(CONTENT)
            raise ZeroDivisionError
    too_large = codes(lambda: files.put(io.BytesIO(CONTENT), most=1024))
    assert too_large == [("stored-file-too-large", "")]
    assert list(files.everything()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, DIGEST + "/x", "0" * 64])
def test_what_is_no_digest_is_not_there(files: Files, digest: str) -> None:
    """No input ever becomes a path."""
    with pytest.raises(Refusal, match="not kept"):
        read(files, digest)
    with pytest.raises(Refusal, match="not kept"):
        with files.at_hand(digest):
            pass


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Result files may hold anything."""
    Files("store", tmp_path, "work").put(io.BytesIO(CONTENT))
    path = tmp_path / "store" / "work" / DIGEST[:2] / DIGEST
    assert path.stat().st_mode & 0o077 == 0


def test_what_crashes_left_behind(tmp_path: Path) -> None:
    """Drafts of dead processes go after a while; those of living ones stay."""
    files = Files("store", tmp_path, "work")
    files.put(io.BytesIO(CONTENT))
    folder = tmp_path / "store" / "work"
    for name in (".1.aaaa", ".2.bbbb"):
        (folder / name).write_bytes(b"half")
    os.utime(folder / ".1.aaaa", (0, 0))
    files.drop_drafts(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1))
    assert sorted(path.name for path in folder.glob(".*")) == [".2.bbbb"]
    assert files.has(DIGEST)


def test_unusable_stores(tmp_path: Path) -> None:
    """A scheme that nobody knows, and a folder that is a file."""
    assert codes(lambda: Files("nonsense://x", tmp_path)) == [("files-no-store", "")]
    (tmp_path / "store").write_text("")
    assert codes(lambda: Files("store", tmp_path).put(io.BytesIO(b"x"))) == [("files-no-store", "")]
