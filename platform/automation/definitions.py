"""Automations as frozen values: when something happens, if a condition holds, then these actions.

They are built here from their file with expressions as text, and connected (`connecting.py`) once
everything is built.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from automation.connecting import connect_automations
from automation.connecting_triggers import NAMED
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.problems import Place, Text
from jobs.schedules import ONCE

AUTOMATION = "automation"

DEFAULT_TIME = dt.time(9)
DEFAULT_LATE = dt.timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What a change must be.

    `kind` is a word (`connecting_triggers.WORDS`) or one of NAMED; `names` are the fields,
    transitions or stages. Of a changed field the value before must be one of `was`, the new one
    among `becomes`, where they are given.
    """

    kind: str
    names: tuple[str, ...] = ()
    was: tuple[Any, ...] = ()
    becomes: tuple[Any, ...] = ()
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class Timer:
    """A moment that follows from the record: `at` gives it, or the date of it, then at `time`.

    For so long as `late` after its moment it is still worth doing. `own` are the fields that
    alone decide about moment and condition; None: the clock or other records have a say in the
    condition, so only the moment itself can tell whether it holds.
    """

    at: Expression | None = None
    time: dt.time = DEFAULT_TIME
    late: dt.timedelta = DEFAULT_LATE
    own: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Times by cron in the company's time zone, at which all records are looked at."""

    every: str
    missed: str = ONCE


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to do: tell people (`to`, `roles`, `title`), or call a `webhook`."""

    name: str
    to: tuple[Expression, ...] = ()
    roles: tuple[str, ...] = ()
    title: Mapping[str, str] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    mail: bool = False
    documents: tuple[str, ...] = ()
    webhook: str = ""
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


@dataclass(frozen=True, kw_only=True)
class Automation:
    """A rule about records of one object.

    It has triggers, or a timer, or a schedule. `condition` None: always. `paths` are the links
    that its expressions go along.
    """

    name: str
    object: str
    label: Text
    triggers: tuple[Trigger, ...] = ()
    timer: Timer | None = None
    schedule: Schedule | None = None
    condition: Expression | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    paths: tuple[tuple[str, ...], ...] = ()
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")


def build_automation(name: str, node: Node, problems: Problems) -> Automation | None:
    """The automation from its file; expressions are still text."""
    on, then = node.get("on"), node.get("then")
    return Automation(
        name=name,
        object=node.plain("object", ""),
        label=node.text("label") or Text.of(name.replace("_", " ").capitalize()),
        triggers=tuple(_triggers(on)) if on else (),
        timer=_timer(on) if on and on.get("at") else None,
        schedule=_schedule(on) if on and on.get("every") else None,
        actions={key: _action(key, child) for key, child in (then.items() if then else ())},
        source=node,
    )


def _triggers(node: Node) -> list[Trigger]:
    if isinstance(node.value, Mapping):
        return [_trigger(node)] if any(node.get(kind) for kind in NAMED) else []
    return [_trigger(child) for child in node.elements() or (node,)]


def _trigger(node: Node) -> Trigger:
    if not isinstance(node.value, Mapping):
        return Trigger(kind=str(node.value), source=node)
    kind = next((kind for kind in NAMED if node.get(kind)), "")
    return Trigger(
        kind=kind,
        names=listed(node.plain(kind)),
        was=listed(node.plain("from")),
        becomes=listed(node.plain("to")),
        source=node,
    )


def _timer(node: Node) -> Timer:
    time = node.plain("time")
    return Timer(time=dt.time.fromisoformat(time) if time else DEFAULT_TIME)


def _schedule(node: Node) -> Schedule:
    return Schedule(every=str(node.plain("every")), missed=node.plain("missed", ONCE))


def _action(name: str, node: Node) -> Action:
    title, text = node.text("title"), node.text("text")
    return Action(
        name=name,
        title=title.by_locale if title else {},
        text=text.by_locale if text else {},
        mail=bool(node.plain("mail", False)),
        documents=listed(node.plain("documents")),
        webhook=node.plain("webhook", ""),
        source=node,
    )


def listed(raw: Any) -> tuple[Any, ...]:
    """A value, or a list of them, as a tuple; nothing as an empty one."""
    if raw is None:
        return ()
    return tuple(raw) if isinstance(raw, list) else (raw,)


AUTOMATION_KIND = DefinitionKind(
    AUTOMATION, "automations", "automation.schema.json", build_automation, connect_automations
)
