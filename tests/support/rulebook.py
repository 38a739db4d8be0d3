"""A small site with automations: the scheduler and the handlers of automations at hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from assembly.application import build_application
from assembly.establishing import establish
from assembly.kinds import KINDS
from automation.handlers import AUTOMATION_HANDLERS
from automation.syncing import sync
from engine.loading.loading import Loaded, load
from engine.records.gate import Gate
from jobs.carrying import Carrier
from jobs.handlers import Claimed, Handler
from jobs.minding import Minder
from support.small import PEOPLE, SmallSite, small_site, write_files

RULES = (
    PEOPLE
    + """
---
object: claim
title: name
owned: true
fields:
  name: {type: text}
  amount: {type: money}
  state: {type: stage, workflow: claims}
  kind: {type: choice, options: {small: Small, large: Large}}
  urgent: {type: boolean}
  helper: {type: link, to: person}
  due_on: {type: date}
  called_at: {type: moment}
  room: {type: link, to: room}
  parts: {type: lines, of: part}
  part_total: {type: money, rollup: sum(p.price for p in parts)}
  notes: {type: related, of: note, by: claim}
  next_on: {type: date, rollup: min(n.on for n in notes if not n.done)}
  tense: {type: boolean, formula: due_on < today()}
  twice: {type: money, formula: amount * 2}
---
object: part
fields:
  claim: {type: link, to: claim}
  name: {type: text}
  price: {type: money}
---
object: note
title: name
owned: false
fields:
  name: {type: text}
  claim: {type: link, to: claim}
  on: {type: date}
  done: {type: boolean, default: false}
---
object: room
title: name
owned: false
fields:
  name: {type: text}
  keeper: {type: link, to: person}
---
workflow: claims
object: claim
field: state
stages: {draft: {state: open}, asked: {state: open}, paid: {state: done}}
transitions:
  ask: {from: draft, to: asked}
  pay: {from: asked, to: paid}
  back: {from: [asked, paid], to: draft}
---
role: boss
grants: {claim: {read: all, fields: {"*": read}}}
---
role: clerk
grants: {note: {read: all, fields: {"*": read}}}
"""
)
"""Definitions that automations can be about."""

WEBHOOK = """
webhook: erp
url: https://erp.example.com/in
sign_with: {secret: ERP_KEY}
run_as: boss
"""


@dataclass
class Rulebook:
    """A running site whose effects are carried out here; what people are told is kept."""

    site: SmallSite
    folder: Path
    told: list[Claimed] = field(default_factory=list)

    def __post_init__(self) -> None:
        keep = Handler(kind="notice", run=lambda running: self.told.append(running.effect))
        call = Handler(kind="webhook", run=lambda running: self.told.append(running.effect))
        handlers = {handler.kind: handler for handler in (*AUTOMATION_HANDLERS, keep, call)}
        self.carrier = Carrier(self.gate, handlers)
        self.minder = Minder(self.gate, sync=(sync,), pruning=())

    def gate(self) -> Gate:
        """The gate of the revision in force."""
        return self.site.gate

    def work(self) -> None:
        """Whatever is due now: schedules and timers fire, effects are carried out."""
        while self.minder.once() and self.carrier.drain():
            pass

    def at(self, moment: str) -> Rulebook:
        """Turns the clock to a time of Shanghai ("2026-03-16 09:00") and does what is due."""
        local = dt.datetime.fromisoformat(moment).replace(tzinfo=self.gate().zone)
        self.site.clock.now = local.astimezone(dt.UTC)
        self.work()
        return self

    def news(self) -> list[tuple[str, int | None]]:
        """What was told since the last time: where it came from, and of which record."""
        self.work()
        found = [(_source(effect), effect.record) for effect in self.told]
        self.told.clear()
        return sorted(found, key=str)

    def effects(self, kind: str) -> list[dict[str, Any]]:
        """The rows of the outbox of a kind."""
        return [row for row in self.site.rows("fw_outbox") if row["kind"] == kind]

    def timers(self) -> dict[tuple[str, int], tuple[str, str]]:
        """The timers by name and record: the time of Shanghai that they are set to, and state."""
        zone = self.gate().zone
        return {
            (row["name"], row["record"]): (
                f"{row['due'].astimezone(zone):%m-%d %H:%M}" if row["due"] else "", row["status"],
            )
            for row in self.site.rows("fw_timer")
        }  # fmt: skip

    def apply(self, *automations: str, remove: str = "") -> None:
        """A new revision with these automations besides."""
        for text in automations:
            write_automation(self.folder, text)
        if remove:
            (self.folder / f"automations/{remove}.yaml").unlink()
        establish(self.site.databases, [self.folder], clock=self.site.clock)
        self.site.application = build_application(self.site.databases, self.site.clock)


def _source(effect: Claimed) -> str:
    if effect.kind == "webhook":
        return f"{effect.payload['webhook']} {effect.payload['event']}"
    return str(effect.payload["of"]).removeprefix("automation:")


def write_automation(folder: Path, text: str) -> None:
    """Writes an automation, or a webhook, into the file that its head key names."""
    head = re.match(r"\s*\w+: *(\w+)", text)
    assert head is not None, text
    path = folder / f"automations/{head[1]}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")


def loaded_with(folder: Path, *automations: str, text: str = RULES) -> Loaded:
    """What loading makes of the definitions with these automations."""
    write_files(folder, text)
    for automation in automations:
        write_automation(folder, automation)
    return load([folder], KINDS)


@contextmanager
def rulebook(kind: str, folder: Path, *automations: str, text: str = RULES) -> Iterator[Rulebook]:
    """A running site on a database of the kind "sqlite" or "postgresql"."""
    for automation in automations:
        write_automation(folder / "layer", automation)
    with small_site(kind, folder, text) as site:
        yield Rulebook(site, folder / "layer")
