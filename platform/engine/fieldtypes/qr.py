"""A QR code of a text that the record gives: its number, or a web address made from it.

Nothing is stored: the text is computed when the record is read, and drawn where it is shown.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import segno
from sqlalchemy.types import TypeEngine

from engine.expressions.sqltypes import String
from engine.expressions.types import Kind, Type
from engine.fieldtypes.base import FieldType

MOST_CHARACTERS = 1_000
"""What a code may hold and still be read from paper by a telephone."""
QUIET = 2
"""Light modules around the code; four are standard, two do on a light page of their own."""


@dataclass(frozen=True, kw_only=True)
class Qr(FieldType):
    """A code that shows the text of the expression `of`."""

    name = "qr"
    control = "qr"
    stored = False

    def expression_type(self) -> Type:
        return Type(Kind.TEXT)

    def column_type(self) -> TypeEngine[Any]:
        return String()


def drawable(text: str) -> bool:
    """Whether there is a code for the text at all."""
    return 0 < len(text) <= MOST_CHARACTERS


def address(text: str) -> str:
    """The code as an address of a picture (`data:`), for paper; empty where there is none."""
    if not drawable(text):
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg(text).encode()).decode()}"


def svg(text: str, *, label: str = "") -> str:
    """The code as an SVG element that scales with its box; empty for texts that are too long.

    It is dark on light whatever the page looks like, since scanners need it so. Error correction
    is at least 15 % (level M).
    """
    if not drawable(text):
        return ""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(
        out, kind="svg", border=QUIET, omitsize=True, xmldecl=False, svgns=True, nl=False,
        dark="#000", light="#fff", svgclass="qr", lineclass=None, title=label or None,
    )  # fmt: skip
    return out.getvalue().decode()
