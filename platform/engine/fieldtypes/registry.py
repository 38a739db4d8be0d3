"""All field types by the word after `type:`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.fieldtypes.base import FieldType
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices, Stage, Tags
from engine.fieldtypes.code import Code, Json
from engine.fieldtypes.date import Date, MomentType, TimeOfDay
from engine.fieldtypes.link import Lines, Link, Related
from engine.fieldtypes.number import Integer, Money, NumberType, Percent, Progress, Rating
from engine.fieldtypes.text import Colour, Email, Markdown, Phone, TextType, Url

FIELD_TYPES: Mapping[str, type[FieldType]] = MappingProxyType(
    {
        cls.name: cls
        for cls in (
            TextType,
            Email,
            Phone,
            Url,
            Markdown,
            Code,
            Json,
            Colour,
            Integer,
            NumberType,
            Percent,
            Money,
            Rating,
            Progress,
            Boolean,
            Date,
            MomentType,
            TimeOfDay,
            Choice,
            Choices,
            Stage,
            Tags,
            Link,
            Lines,
            Related,
        )
    }
)
