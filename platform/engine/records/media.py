"""What a file is, by its content: media type, pixels, and whether a field takes it.

The name that somebody gave a file says little: the type is sniffed from the content (puremagic),
and an ending such as `.pdf` counts only where the content does not contradict it.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import puremagic
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from engine.fieldtypes.file import PICTURES, File, Image
from engine.problems import Message, Problem, Refusal

UNKNOWN = "application/octet-stream"
PLAIN = "text/plain"
HEAD = 4096
"""Bytes that are looked at to tell a text from anything else."""
LONGEST_NAME = 150
MB = 1024 * 1024
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
THUMB = 320
"""Pixels of the longer side of a small picture."""
MOST_TO_SHRINK = 24_000_000
"""Pixels above which no small picture is made: it is done while somebody waits."""
_UNUSABLE = re.compile(r'[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069/\\:*?"<>|\ud800-\udfff]')
_CONTAINERS = {"application/zip", "application/x-ole-storage", "application/msword", UNKNOWN}
"""Types that office documents are made of, which a sniffer may see instead of the document."""
_OFFICE = ("application/vnd.", "application/msword", "application/epub")

NOT_ACCEPTED = Message(
    "file-not-accepted",
    en="the file {name} is not accepted here: it is {found}, and the field takes {expected}",
    zh="此处不接受 {name}：文件类型为 {found}，该字段只接受 {expected}",
    hint_en="choose another file",
    hint_zh="请选择其他文件",
)
FILE_TOO_LARGE = Message(
    "file-too-large-here",
    en="the file {name} is larger than {limit} MB",
    zh="{name} 超过 {limit} MB",
    hint_en="choose a smaller file",
    hint_zh="请选择较小的文件",
)
TOO_MANY_PIXELS = Message(
    "too-many-pixels",
    en="the picture {name} has {found} pixels, at most {limit} are allowed",
    zh="{name} 有 {found} 像素，最多允许 {limit} 像素",
    hint_en="make the picture smaller",
    hint_zh="请缩小图片",
)
NO_PICTURE = Message(
    "no-picture",
    en="the file {name} is no picture that can be read",
    zh="{name} 不是可读取的图片",
    hint_en="use PNG, JPEG, GIF or WebP",
    hint_zh="请使用 PNG、JPEG、GIF 或 WebP 格式",
)


@dataclass(frozen=True, slots=True)
class Media:
    """What a file's content is."""

    media: str
    width: int | None = None
    height: int | None = None


def clean_name(raw: str) -> str:
    """The name of a file for people: without folders and characters that no system takes."""
    name = unicodedata.normalize("NFC", raw.replace("\\", "/").rpartition("/")[2])
    name = " ".join(_UNUSABLE.sub(" ", name).split()).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if len(name) > LONGEST_NAME and dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
    return name[:LONGEST_NAME] or "file"


def looked_at(path: Path, name: str) -> Media:
    """What the file at `path` is. Pictures are measured, not decoded."""
    media = sniffed(path, name)
    if media not in PICTURES:
        return Media(media)
    size = _measured(path)
    return Media(media, *size) if size else Media(UNKNOWN)


def sniffed(path: Path, name: str) -> str:
    """The media type by content; by the name's ending only for texts, which have no mark."""
    try:
        found = puremagic.from_file(path, mime=True) or UNKNOWN
    except (puremagic.PureError, ValueError, OSError):
        found = ""
    guessed = mimetypes.guess_type(name)[0] or ""
    if found and found != UNKNOWN:
        # an office document is a zip or OLE file inside, whatever the sniffer calls it
        if found in _CONTAINERS and guessed.startswith(_OFFICE):
            return guessed
        return found
    if _is_text(path):
        return guessed if guessed.startswith("text/") and guessed != "text/html" else PLAIN
    return UNKNOWN


def accepts(type_: File, row: Mapping[str, Any]) -> Problem | None:
    """Why the field does not take the file; None when it does."""
    name, media = row["name"], row["media"]
    accepted = type_.accept or (PICTURES if isinstance(type_, Image) else ())
    if isinstance(type_, Image) and media not in PICTURES:
        return NOT_ACCEPTED(name=name, found=media, expected=", ".join(accepted))
    if accepted and not any(_matches(pattern, name, media) for pattern in accepted):
        return NOT_ACCEPTED(name=name, found=media, expected=", ".join(accepted))
    if type_.max_mb and row["size"] > type_.max_mb * MB:
        return FILE_TOO_LARGE(name=name, limit=type_.max_mb)
    pixels = (row["width"] or 0) * (row["height"] or 0)
    if type_.max_pixels and pixels > type_.max_pixels:
        return TOO_MANY_PIXELS(name=name, found=pixels, limit=type_.max_pixels)
    return None


def _matches(pattern: str, name: str, media: str) -> bool:
    if "/" in pattern:
        kind = pattern.removesuffix("*")
        return media.startswith(kind) if pattern.endswith("/*") else media == pattern
    ending = pattern.lower() if pattern.startswith(".") else f".{pattern.lower()}"
    if not name.lower().endswith(ending):
        return False
    meant = mimetypes.guess_type(f"x{ending}")[0]
    if meant is None or meant == media:
        return True
    return media == PLAIN and meant.startswith(("text/", "application/json", "application/xml"))


def thumbnail(path: Path, media: Media) -> bytes | None:
    """A small picture of a picture, or None where it is too large to be made in passing."""
    pixels = (media.width or 0) * (media.height or 0)
    if not 0 < pixels <= MOST_TO_SHRINK:
        return None
    try:
        with warnings.catch_warnings(), Pillow.open(path, formats=FORMATS) as picture:
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            picture.draft("RGB", (THUMB * 2, THUMB * 2))
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((THUMB, THUMB))
            out = BytesIO()
            small.convert("RGBA" if _transparent(small) else "RGB").save(out, "WEBP", quality=80)
    except (OSError, ValueError, SyntaxError, EOFError, Pillow.DecompressionBombWarning):
        return None
    return out.getvalue()


def as_picture(path: Path, name: str, most: int) -> bytes:
    """A picture for documents: decoded and written anew as PNG, its longer side at most `most`.

    Raises Refusal where it cannot be read.
    """
    try:
        with Pillow.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_TO_SHRINK * 4:
                raise ValueError("pixels")
            picture.draft("RGB", (most, most))
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((most, most))
            out = BytesIO()
            small.convert("RGBA" if _transparent(small) else "RGB").save(out, "PNG")
    except (OSError, ValueError, SyntaxError, EOFError, Pillow.DecompressionBombError):
        raise Refusal(NO_PICTURE(name=name)) from None
    return out.getvalue()


def _transparent(picture: Pillow.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "P", "PA") or "transparency" in picture.info


def _measured(path: Path) -> tuple[int, int] | None:
    """Width and height from the picture's head; nothing is unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            with Pillow.open(path, formats=FORMATS) as picture:
                return picture.size
    except Pillow.DecompressionBombError as error:
        raise Refusal(NO_PICTURE(name=path.name)) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None


def _is_text(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if b"\0" in head:
        return False
    for cut in range(4):  # a character may have been cut in the middle
        try:
            head[: len(head) - cut].decode("utf-8")
            return True
        except UnicodeDecodeError:
            continue
    return False
