"""Files and pictures: the field holds the ids of rows of `fw_file`, which never change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import Id, Names
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType, is_empty
from engine.fieldtypes.link import LARGEST_ID
from engine.problems import Message, Refusal, Text

MOST_FILES = 100
"""Files that one field holds at most."""
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""The media types that browsers may show; SVG is none of them, since it can run scripts."""

NOT_A_FILE = Message(
    "file-not-an-id",
    en="{found} names no uploaded file",
    zh="{found} 不是已上传的文件",
    hint_en="upload the file first and give its id; import files hold no files",
    hint_zh="请先上传文件并使用其 ID；导入表格中不能包含文件",
)
ONE_FILE = Message(
    "one-file-only",
    en="this field holds one file, {found} were given",
    zh="该字段只能有一个文件，给出了 {found} 个",
    hint_en="keep one of them",
    hint_zh="请只保留一个",
)
MANY_FILES = Message(
    "too-many-files",
    en="a field holds at most {limit} files, {found} were given",
    zh="一个字段最多 {limit} 个文件，给出了 {found} 个",
    hint_en="remove some of them",
    hint_zh="请删去一些",
)
_EXPECTED = Text({"en": "the ids of files", "zh": "文件的 ID"})


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as readers get it: its row, and what people see of it.

    `small` says whether there is a small picture of it. `place` is where it is read: object,
    record and field.
    """

    id: int
    name: str
    media: str
    size: int
    width: int | None = None
    height: int | None = None
    small: bool = False
    place: tuple[str, int, str] | None = None

    @property
    def is_picture(self) -> bool:
        """Whether browsers may show it."""
        return self.media in PICTURES


@dataclass(frozen=True, slots=True)
class FileChange:
    """Input that changes a list of files: some are added, some removed, the others stay."""

    add: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()

    def applied(self, before: Sequence[int]) -> tuple[int, ...]:
        """The list as it becomes."""
        kept = [id for id in before if id not in self.remove]
        return tuple(dict.fromkeys((*kept, *self.add)))


@dataclass(frozen=True, kw_only=True)
class File(FieldType):
    """A file, or with `multiple` several in the order given.

    `accept` lists media types (`image/*`, `application/pdf`) and endings of names (`.docx`);
    nothing in it accepts everything. `max_mb` (0: the site's limit) is the most megabytes.
    """

    name = "file"
    control = "file"
    multiple: bool = False
    accept: tuple[str, ...] = ()
    max_mb: int = 0
    max_pixels: int = 0

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        names = ("multiple", "max_mb")
        found: dict[str, Any] = {name: settings[name] for name in names if name in settings}
        if "max_pixels" in settings and cls.pictures():
            found["max_pixels"] = settings["max_pixels"]
        return cls(accept=tuple(settings.get("accept", ())), **found)

    @classmethod
    def pictures(cls) -> bool:
        """Whether it holds pictures only."""
        return False

    @property
    def holds(self) -> str:
        return "files" if self.multiple else "file"

    def expression_type(self) -> Type:
        return Type(Kind.FILE)

    def column_type(self) -> TypeEngine[Any]:
        return Names() if self.multiple else Id()

    def read(self, raw: Any) -> Any:
        if is_empty(raw) or raw == []:
            return None
        if self.multiple and isinstance(raw, dict) and raw.keys() & {"add", "remove"}:
            if raw.keys() - {"add", "remove"}:
                raise Refusal(NOT_A_FILE(found=_EXPECTED))
            return FileChange(_ids(raw.get("add")), _ids(raw.get("remove")))
        ids = _ids(raw)
        if len(ids) > 1 and not self.multiple:
            raise Refusal(ONE_FILE(found=len(ids)))
        if len(ids) > MOST_FILES:
            raise Refusal(MANY_FILES(limit=MOST_FILES, found=len(ids)))
        return ids if self.multiple else ids[0]

    def to_json(self, value: Any) -> Any:
        found = [_plain(one) for one in _listed(value)]
        return found if self.multiple else next(iter(found), None)

    def to_text(self, value: Any) -> str:
        return ", ".join(_named(one) for one in _listed(value))


@dataclass(frozen=True, kw_only=True)
class Image(File):
    """A picture that browsers show: PNG, JPEG, GIF or WebP, of at most `max_pixels` pixels."""

    name = "image"
    control = "image"
    max_pixels: int = 50_000_000

    @classmethod
    def pictures(cls) -> bool:
        return True


def ids_of(value: Any) -> tuple[int, ...]:
    """The ids in a field's stored value."""
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else tuple(int(one) for one in value)


def _ids(raw: Any) -> tuple[int, ...]:
    """The ids in input: an id, a map with one, a text of them or a list of all that."""
    if raw is None:
        return ()
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple):
        parts = [parts]
    return tuple(dict.fromkeys(_id(part) for part in parts))


def _id(raw: Any) -> int:
    found = raw.get("id") if isinstance(raw, dict) else raw
    if isinstance(found, FileRef):
        found = found.id
    if isinstance(found, str) and found.strip().isascii() and found.strip().isdigit():
        found = int(found) if len(found) < 20 else 0
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= LARGEST_ID:
        return found
    raise Refusal(NOT_A_FILE(found=repr(found)[:60]))


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _plain(one: FileRef | int) -> dict[str, Any]:
    if not isinstance(one, FileRef):
        return {"id": one}
    found: dict[str, Any] = {
        "id": one.id, "name": one.name, "media": one.media, "size": one.size,
    }  # fmt: skip
    if one.width:
        found |= {"width": one.width, "height": one.height}
    if one.place:
        object, record, field = one.place
        found["url"] = f"/api/v1/o/{object}/{record}/files/{field}/{one.id}"
    return found


def _named(one: FileRef | int) -> str:
    return one.name if isinstance(one, FileRef) else f"#{one}"
