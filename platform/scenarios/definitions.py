"""Scenarios as they are written: who there is, what is given, what happens, what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.definition.tree import Node
from engine.problems import Place, Text

DEFAULT_NOW = "2026-01-05 09:00"
"""When a scenario begins that does not say so: a Monday morning in the company's time."""

EMPTY = Node({}, Place(""))
"""A map with nothing in it."""


@dataclass(frozen=True, kw_only=True)
class Department:
    """A department. `parent` is the name of the one above it."""

    name: str
    parent: str
    fields: Node
    place: Place


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody. Who has no `roles` has no account; `manager` and `department` are names."""

    name: str
    roles: tuple[str, ...]
    department: str
    manager: str
    locale: str
    fields: Node
    place: Place
    node: Node


@dataclass(frozen=True, kw_only=True)
class Given:
    """A record that is there from the start; `actor` is the person who made it, or empty."""

    name: str
    object: str
    actor: str
    fields: Node
    perform: tuple[str, ...]
    node: Node


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`deputy` stands in for `person`, both by name; days are as they are written."""

    person: str
    deputy: str
    given: Mapping[str, str]
    node: Node


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What there is before anything happens. `now` is empty where it is not said."""

    now: str
    departments: Mapping[str, Department]
    people: Mapping[str, Person]
    given: Mapping[str, Given]
    deputies: tuple[Standing, ...]
    node: Node


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One thing that is so after a step: `kind` is its key (`fields`, `mail`, …)."""

    kind: str
    node: Node

    @property
    def value(self) -> Node:
        """What is expected."""
        return self.node.get(self.kind) or EMPTY

    @property
    def of(self) -> str:
        """The name of the record, or an empty string for the step's own."""
        return str(self.node.plain("of", ""))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. `act` is the key of what happens ("" where only something is expected)."""

    act: str
    actor: str
    node: Node
    expected: tuple[Expectation, ...]

    @property
    def target(self) -> str:
        """The value of the act's key, where it is a word."""
        return self.word(self.act)

    def word(self, key: str) -> str:
        """The text under a key, or an empty string."""
        value = self.node.plain(key)
        return value if isinstance(value, str) else ""

    def words(self, key: str) -> tuple[str, ...]:
        """The texts under a key."""
        return tuple(self.node.plain(key) or ())

    @property
    def subject(self) -> str:
        """The name of the record that the step is about, or an empty string."""
        if self.act == "create":
            return self.word("named")
        if self.act in ("perform", "convert", "may"):
            return self.word("on")
        if self.act == "document":
            return self.word("of")
        return self.target if self.act in ON_RECORDS else ""

    @property
    def refusal(self) -> Node | None:
        """The refusal that is expected, if one is."""
        return self.node.get("refused")


ON_RECORDS = frozenset(
    ("update", "approve", "reject", "withdraw", "delete", "restore", "comment_on", "reads")
)
"""Acts whose value is the name of a record."""


@dataclass(frozen=True, kw_only=True)
class Background:
    """What several scenarios begin with."""

    name: str
    setting: Setting


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One scenario, with its background where it has one."""

    name: str
    about: Text | None
    background: Background | None
    setting: Setting
    steps: tuple[Step, ...]
    node: Node

    @property
    def place(self) -> Place:
        """Where it is written; of several layers in the highest."""
        return self.node.layers[-1] if self.node.layers else self.node.place


@dataclass(frozen=True, kw_only=True)
class SwitchedOff:
    """A scenario of a lower layer that does not hold here, and why."""

    name: str
    why: Text
    place: Place
