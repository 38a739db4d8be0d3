"""A small site with effects that note what they do, for tests of whoever carries them out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.permissions.actors import SYSTEM
from jobs.carrying import Carrier
from jobs.handlers import Handler, Running
from jobs.outbox import Effect, put
from jobs.tables import DEFAULT
from support.small import SmallSite

SITE = """
object: thing
fields:
  name: {type: text}
"""


@dataclass
class Effects:
    """Asks for effects, and notes in `seen` the name of each that was carried out.

    `work` is what carrying one out does besides; an attempt may take `timeout` seconds.
    """

    site: SmallSite
    seen: list[str] = field(default_factory=list)
    work: Callable[[Running], None] = lambda running: None
    timeout: float = 5.0

    @property
    def handlers(self) -> dict[str, Handler]:
        """The one handler there is."""
        return {"note": Handler(kind="note", run=self._run, timeout=self.timeout)}

    def carrier(self, **options: Any) -> Carrier:
        """Somebody who carries out."""
        return Carrier(lambda: self.site.gate, self.handlers, **options)

    def ask(self, *names: str, queue: str = DEFAULT, **options: Any) -> list[int]:
        """Asks for effects with these names, in one transaction; returns their ids."""
        wanted = [
            Effect(kind="note", payload={"name": name}, queue=queue, **options) for name in names
        ]
        return self.site.gate.write(SYSTEM, lambda tx: put(tx, wanted))

    def states(self) -> dict[str, str]:
        """What became of the effects, by name."""
        rows = self.site.rows("fw_outbox")
        return {json.loads(row["payload"])["name"]: row["status"] for row in rows}

    def attempts(self) -> list[int]:
        """How often each was begun."""
        return [row["attempts"] for row in self.site.rows("fw_outbox")]

    def _run(self, running: Running) -> None:
        self.work(running)
        self.seen.append(str(running.effect.payload["name"]))
