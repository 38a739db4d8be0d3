"""Alarms on unusual reading, as `site.yaml` says them:

    alarms:
      much_at_once: {minutes: 10, records: 500, factor: 5}

More than `records` records opened, printed, downloaded or exported by one person within `minutes`,
or more than `factor` times what that person usually reads in a whole day, tells those who
administer.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.definition.tree import Node


@dataclass(frozen=True, kw_only=True)
class ReadingAlarm:
    """One rule. A limit of 0 does not count."""

    name: str
    minutes: int
    records: int = 0
    factor: int = 0


def build_alarms(node: Node) -> tuple[ReadingAlarm, ...]:
    """The alarms of the site."""
    found = node.get("alarms")
    return tuple(
        ReadingAlarm(
            name=name,
            minutes=int(one.plain("minutes", 10)),
            records=int(one.plain("records", 0)),
            factor=int(one.plain("factor", 0)),
        )
        for name, one in (found.items() if found else ())
    )
