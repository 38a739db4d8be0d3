"""The viewer's name and the time on what they see, where a role asks for it.

The strict reading: whoever has one role with `watermark: true` has it on everything, also on what
another role shows. It says who saw something and takes nothing away, so no right is lost by it.
The system has none.
"""

from __future__ import annotations

import base64
import datetime as dt
from html import escape
from zoneinfo import ZoneInfo

from engine.definition.catalog import Catalog
from engine.permissions.actors import Actor

WIDTH, HEIGHT = 360, 220
"""Of the tile that repeats, in pixels."""
LONGEST = 60
"""Characters of a name that are shown."""


def watermark_of(catalog: Catalog, actor: Actor, now: dt.datetime, zone: ZoneInfo) -> str:
    """Who looks and when, in the company's time zone; empty where no role asks for it."""
    known = catalog.of("role")
    held = (known[name] for name in actor.roles if name in known)
    if actor.is_system or not any(role.watermark for role in held):
        return ""
    return f"{actor.name[:LONGEST]} · {now.astimezone(zone):%Y-%m-%d %H:%M}"


def tile(text: str, opacity: float) -> str:
    """The text as a slanted SVG picture to repeat as a background, as a `data:` address."""
    name, _, moment = text.rpartition(" · ")
    middle = f'transform="rotate(-24 {WIDTH // 2} {HEIGHT // 2})" text-anchor="middle"'
    style = f'font-family="sans-serif" fill="#808080" fill-opacity="{opacity}"'
    lines = "".join(
        f'<text x="{WIDTH // 2}" y="{y}" font-size="{size}">{escape(line)}</text>'
        for line, y, size in ((name, HEIGHT // 2, 18), (moment, HEIGHT // 2 + 22, 14))
    )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f"<g {middle} {style}>{lines}</g></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()
