"""All field types by the word after `type:`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.fieldtypes.address import Address
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice, Choices, Stage, Tags
from engine.fieldtypes.code import Code, Json
from engine.fieldtypes.currency import Currency
from engine.fieldtypes.date import Date, MomentType, TimeOfDay
from engine.fieldtypes.duration import Duration
from engine.fieldtypes.file import File, Image
from engine.fieldtypes.link import Lines, Link, Related
from engine.fieldtypes.link_any import LinkAny
from engine.fieldtypes.links import Links
from engine.fieldtypes.long_text import LongText
from engine.fieldtypes.number import Integer, Money, NumberType, Percent, Progress, Rating
from engine.fieldtypes.parent import Parent
from engine.fieldtypes.person import Person, Team
from engine.fieldtypes.phone import Phone
from engine.fieldtypes.qr import Qr
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.series import Series
from engine.fieldtypes.text import Colour, Email, Markdown, TextType, Url

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
            Parent,
            Currency,
            Links,
            LinkAny,
            Lines,
            Related,
            File,
            Image,
            Secret,
            Address,
            LongText,
            Duration,
            Person,
            Team,
            Series,
            Qr,
        )
    }
)
