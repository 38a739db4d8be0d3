"""One or several of declared options, stages, and free tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import Names, String
from engine.expressions.types import Attribute, Kind, Type
from engine.fieldtypes.base import FieldType, not_readable
from engine.fieldtypes.text import TextType
from engine.problems import Message, Refusal, Text, did_you_mean

NOT_AN_OPTION = Message(
    "not-an-option",
    en="{found} is not one of the options",
    zh="{found} 不在可选项之中",
    hint_en="did you mean {best}?",
    hint_zh="是否想选 {best}？",
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `key` is what the database holds and never changes (rule 1).

    `was` is the name that it had before it was renamed.
    """

    name: str
    label: Text
    key: str = ""
    colour: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    was: str = ""

    @property
    def stored(self) -> str:
        """The value in the column."""
        return self.key or self.name


@dataclass(frozen=True, kw_only=True)
class Choice(FieldType):
    """One of `options`; reads an option's name, or its label in any language."""

    name = "choice"
    control = "choice"
    options: tuple[Option, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        words = {str(label): o.name for o in self.options for label in o.label.by_locale.values()}
        words |= {o.name: o.name for o in self.options}
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "by_name", {o.name: o for o in self.options})

    @property
    def keys(self) -> dict[str, str]:
        """Option names to stored values."""
        return {option.name: option.stored for option in self.options}

    def expression_type(self) -> Type:
        return Type(Kind.CHOICE, options=tuple(option.name for option in self.options))

    def column_type(self) -> TypeEngine[Any]:
        return String()

    def read(self, raw: Any) -> Any:
        if raw is None or raw == "":
            return None
        words: dict[str, str] = self.words  # type: ignore[attr-defined]
        if isinstance(raw, str):
            name = words.get(raw) or words.get(raw.strip())
            if name or not raw.strip():
                return name
            raise Refusal(
                NOT_AN_OPTION(found=repr(raw[:60]), best=did_you_mean(raw.strip(), words))
            )
        raise not_readable(raw, "the name of an option", "选项名称")

    def format(self, value: Any, locale: str) -> str:
        option = self.by_name.get(value)  # type: ignore[attr-defined]
        return option.label.in_(locale) if option else (value or "")


@dataclass(frozen=True, kw_only=True)
class Stage(Choice):
    """The stage of a workflow; its options are the workflow's stages."""

    name = "stage"
    control = "stage"
    workflow: str = ""


@dataclass(frozen=True, kw_only=True)
class Choices(Choice):
    """Several of `options`, kept in declared order; in text they are separated by commas."""

    name = "choices"
    control = "choices"

    def expression_type(self) -> Type:
        return Type(Kind.CHOICES, options=tuple(option.name for option in self.options))

    def column_type(self) -> TypeEngine[Any]:
        return Names()

    def read(self, raw: Any) -> tuple[str, ...] | None:
        chosen = {super(Choices, self).read(part) for part in _parts(raw)}
        return tuple(o.name for o in self.options if o.name in chosen) or None

    def to_json(self, value: Any) -> Any:
        return list(value or ())

    def to_text(self, value: Any) -> str:
        return ",".join(value or ())

    def format(self, value: Any, locale: str) -> str:
        separator = "、" if locale.startswith("zh") else ", "
        return separator.join(super(Choices, self).format(name, locale) for name in value or ())


@dataclass(frozen=True, kw_only=True)
class Tags(FieldType):
    """Free short texts, in the order given, each once."""

    name = "tags"
    control = "tags"

    def expression_type(self) -> Type:
        return Type(Kind.CHOICES)

    def column_type(self) -> TypeEngine[Any]:
        return Names()

    def read(self, raw: Any) -> tuple[str, ...] | None:
        one = TextType(max_length=60)
        return tuple(dict.fromkeys(filter(None, map(one.read, _parts(raw))))) or None

    def to_json(self, value: Any) -> Any:
        return list(value or ())

    def to_text(self, value: Any) -> str:
        return ",".join(value or ())


def _parts(raw: Any) -> list[Any]:
    if raw is None:
        return []
    if isinstance(raw, str):
        text = raw.replace("，", ",").replace("、", ",").replace(";", ",").replace("；", ",")
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(raw, list | tuple) and all(isinstance(part, str) for part in raw):
        return list(raw)
    raise not_readable(raw, "a list of texts", "文本列表")
