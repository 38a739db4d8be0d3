"""Pictures of records on paper: read through the record as the actor sees it, drawn anew as PNG.

They are handed to the rendering process within the content (`data:`), so it fetches nothing, and
what it decodes was decoded and written anew before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from engine.fieldtypes.file import FileRef
from engine.files import Files
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.records.media import as_picture
from engine.records.uploading import AREA
from engine.schema.files import FILES

LONGEST = 1000
"""Pixels of the longer side: enough for the width of a page."""

Drawing = Callable[[Any], str]
"""The address of the picture in an image field's value; empty where there is none."""


def drawing(gate: Gate, files: Files | None) -> Drawing:
    """What draws the pictures of records; without the store for files, none."""

    def draw(value: Any) -> str:
        first = value[0] if isinstance(value, list | tuple) and value else value
        if files is None or not isinstance(first, FileRef):
            return ""
        t = gate.tables.system(FILES)
        with gate.databases.reading() as connection:
            digest = connection.scalar(sa.select(t.c.digest).where(t.c.id == first.id))
        try:
            with files.area(AREA).at_hand(str(digest)) as path:
                content = as_picture(path, first.name, LONGEST)
        except Refusal:  # the words beside it are worth more than no document
            return ""
        return f"data:image/png;base64,{base64.b64encode(content).decode()}"

    return draw
