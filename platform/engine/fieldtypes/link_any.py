"""A link to one record of any of several objects: an ordinary link for each, one of them filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from engine.fieldtypes.base import is_empty, not_readable
from engine.fieldtypes.composite import Composite
from engine.problems import Message, Refusal, did_you_mean

MORE_THAN_ONE = Message(
    "more-than-one-link",
    en="it can lead to one record only; {found} were given",
    zh="只能指向一条记录；现给出了 {found}",
    hint_en="leave all but one of them empty",
    hint_zh="请只保留其中之一",
)
NOT_AMONG = Message(
    "not-among-objects",
    en="it cannot lead to {found!r}; it leads to one of {known}",
    zh="不能指向 {found!r}；可指向：{known}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
WITHOUT_OBJECT = Message(
    "link-without-object",
    en="{found} does not say of which object the record is",
    zh="{found} 未说明记录属于哪个对象",
    hint_en='write it like "{first}/12"',
    hint_zh='请写成如 "{first}/12"',
)


@dataclass(frozen=True, slots=True)
class OfObject:
    """What a link to any of several objects leads to; `record` is as its reader sees records."""

    object: str
    record: Any


@dataclass(frozen=True, kw_only=True)
class LinkAny(Composite):
    """A link to a record of one of the objects `to`; its parts are links named after them.

    Input is `{"object", "id"}`, the text "customer/12" (or "customer/CU-0001"), or a number
    alone, which the gate looks for in all of them.
    """

    name = "link_any"
    control = "link_any"
    to: tuple[str, ...] = ()
    on_delete: str = "refuse"

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        to = settings.get("to", ())
        names = (to,) if isinstance(to, str) else tuple(to)
        return cls(to=tuple(dict.fromkeys(names)), on_delete=settings.get("on_delete", "refuse"))

    def parts(self) -> Mapping[str, Mapping[str, Any]]:
        """One link for each object; its label is the object's, once that is known."""
        return {
            object: {"type": "link", "to": object, "on_delete": self.on_delete}
            for object in self.to
        }

    def spread(self, raw: Any) -> Mapping[str, Any]:
        if isinstance(raw, str) and is_empty(raw):
            return dict.fromkeys(self.to)
        if isinstance(raw, Mapping) and raw.get("restricted"):  # stays as it is (rule 31)
            return {object: dict(raw) for object in self.to}
        object, record = self.named(raw)
        if object not in self.to:
            best = did_you_mean(object, self.to)
            raise Refusal(NOT_AMONG(found=object[:60], known=", ".join(self.to), best=best))
        return {**dict.fromkeys(self.to), object: record}

    def named(self, raw: Any) -> tuple[str, Any]:
        """The object and the id or number that input names. Raises Refusal for anything else."""
        if isinstance(raw, Mapping) and isinstance(raw.get("object"), str):
            return raw["object"], raw.get("id")
        if isinstance(raw, str) and "/" in raw:
            object, _, record = raw.partition("/")
            return object.strip(), record.strip()
        if isinstance(raw, str | int) and not isinstance(raw, bool):
            first = self.to[0] if self.to else ""
            raise Refusal(WITHOUT_OBJECT(found=repr(raw)[:60], first=first))
        raise not_readable(raw, "an object and the id of a record", "对象名称与记录 ID")

    def gather(self, values: Mapping[str, Any]) -> OfObject | None:
        filled = [OfObject(o, record) for o, record in values.items() if record is not None]
        return filled[0] if filled else None

    def check(self, values: Mapping[str, Any]) -> None:
        filled = [object for object, id in values.items() if id is not None]
        if len(filled) > 1:
            raise Refusal(MORE_THAN_ONE(found=", ".join(filled)))

    def to_json(self, value: Any) -> Any:
        if not isinstance(value, OfObject):
            return value
        if value.record.restricted:
            return {"object": None, "id": None, "title": None, "restricted": True}
        return {"object": value.object, "id": value.record.id, "title": value.record.title}

    def to_text(self, value: Any) -> str:
        if not isinstance(value, OfObject) or value.record.restricted:
            return ""
        return f"{value.object}/{value.record.id}"

    def format(self, value: Any, locale: str) -> str:
        if not isinstance(value, OfObject):
            return self.to_text(value)
        return str(value.record.title or "")
