"""Worlds as recipes: lists of steps that make the same records, with the same ids, each time.

So two worlds can be made that differ in nothing but chosen values: the same steps, with other
values in some of their cells, or without the last ones.
"""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Lines, Link
from engine.fieldtypes.link_any import LinkAny
from engine.fieldtypes.links import Links
from engine.fieldtypes.text import TextType
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.records.sharing import share
from engine.records.transaction import Transaction
from engine.records.uploading import FileLimits, take_file
from leaks.canaries import Ref, Upload, made
from notices.comments import add_comment

_TEXT = TextType()

HEADS, TAILS = 6, 2
"""Records of each object that stay in every world, and those at the end that may be missing."""
ATTEMPTS = 12
Spot = tuple[str | int, ...]
"""Where a value stands in a step's values: ("name",) or ("lines", 0, "price")."""


@dataclass(frozen=True)
class Step:
    """One record with its lines (`of` is None), or a change, share or comment of an earlier one."""

    object: str
    values: Mapping[str, Any]
    kind: str = "create"
    of: int | None = None
    tail: bool = False


@dataclass
class Built:
    """What the steps made: the ids by step, and the steps that were not refused."""

    ids: dict[int, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)


@dataclass
class Builder:
    """Carries out steps as the system."""

    gate: Gate
    reader: Reader
    files: Files
    built: Built = field(default_factory=Built)
    uploads: dict[tuple[int, str], int] = field(default_factory=dict)
    """Files by step and name: a step that is tried again takes the same one."""
    step: int = 0

    def run(self, number: int, step: Step) -> None:
        """One step. Raises Refusal where the rules refuse it."""
        if step.of is not None and step.of not in self.built.ids:
            self.built.refused.add(number)
            return
        self.step = number
        target = self.built.ids[step.of] if step.of is not None else 0
        values = {k: self.input(step.object, k, v) for k, v in step.values.items()}
        match step.kind:
            case "create":
                definition = self.gate.catalog.objects[step.object]
                if definition.duplicates:
                    values["confirm_duplicates"] = True
                change = self._pass(step.object, CREATE, Change(given=values))
                assert change.id is not None
                self.built.ids[number] = change.id
            case "update":
                self._pass(step.object, UPDATE, Change(given=values, id=target))
            case "share":
                share(self.gate, SYSTEM, step.object, target, values)
            case "comment":
                text = values["text"]
                add_comment(self.gate, self.reader, SYSTEM, step.object, target, text)

    def _pass(self, object: str, action: str, change: Change) -> Change:
        def work(tx: Transaction) -> Change:
            self.gate.pass_steps(tx, object, action, [change])
            return change

        return self.gate.write(SYSTEM, work, quiet=True)

    def input(self, object: str, name: str, value: Any) -> Any:
        """The value with ids in the place of references and files."""
        match value:
            case Ref(step):
                return self.built.ids.get(step)
            case Upload(text):
                found = self.gate.catalog.objects[object].fields[name]
                if (self.step, name) not in self.uploads:
                    content = io.BytesIO(text.encode())
                    self.uploads[self.step, name] = take_file(
                        self.gate, SYSTEM, self.files, FileLimits(), found, f"{text}.txt", content
                    )
                return self.uploads[self.step, name]
            case list():
                of = getattr(self.gate.catalog.objects[object].fields.get(name), "type", None)
                inner = of.of if isinstance(of, Lines) else object
                return [self.input(inner, name, part) for part in value]
            case dict():
                return {k: self.input(object, k, v) for k, v in value.items()}
        return value


class Writer:
    """Makes up a recipe for a catalog. What the rules refuse is tried otherwise, or left out."""

    def __init__(self, catalog: Catalog, people: list[int], seed: int) -> None:
        self.catalog = catalog
        self.rng = random.Random(seed)
        self.people = people
        self.steps: list[Step] = []
        self.made: dict[str, list[int]] = {}

    def write(self, builder: Builder, fixed: frozenset[str], holders: dict[str, Any]) -> list[Step]:
        """The steps, already carried out by `builder`. `fixed` objects have their records."""
        order = [o for o in ordered(self.catalog) if o.name not in fixed]
        for tail, number in ((False, HEADS), (True, TAILS)):
            for definition in order:
                for place in range(number):
                    self._record(builder, definition, tail, place)
        self._changes(builder)
        if holders:
            self._shares(builder, holders)
        self._comments(builder)
        return self.steps

    def _record(self, builder: Builder, definition: Object, tail: bool, place: int) -> None:
        step = Step(definition.name, self._values(definition, tail, place), tail=tail)
        number = self._settle(builder, definition, step)
        if number is not None and not tail:
            self.made.setdefault(definition.name, []).append(number)

    def _settle(self, builder: Builder, definition: Object, step: Step) -> int | None:
        """Carries a step out, without or with other values where the rules refuse some."""
        for attempt in range(ATTEMPTS):
            number = len(self.steps)
            try:
                builder.run(number, step)
            except Refusal as refusal:
                step = self._otherwise(definition, step, refusal, attempt + 1)
                continue
            self.steps.append(step)
            return number
        return None

    def _otherwise(self, definition: Object, step: Step, refusal: Refusal, attempt: int) -> Step:
        values = dict(step.values)
        for problem in refusal.problems:
            parts = [p for p in problem.path.replace("[", ".").replace("]", "").split(".") if p]
            name = parts[0] if parts else ""
            found = definition.fields.get(name)
            if found is None:
                for extra in self.rng.sample(sorted(values), len(values) // 3):
                    if not definition.fields[extra].required:
                        values.pop(extra)
            elif len(parts) == 3 and values.get(name) and isinstance(values[name], list):
                line = definition.fields[name].type
                child = self.catalog.objects[line.of] if isinstance(line, Lines) else definition
                self._replaced(child, values[name][int(parts[1])], parts[2], attempt)
            else:
                self._replaced(definition, values, name, attempt)
        return replace(step, values=values)

    def _replaced(
        self, definition: Object, values: dict[str, Any], name: str, attempt: int
    ) -> None:
        found = definition.fields.get(name)
        if found is None or not found.writable:
            return
        if name in values and not found.required and attempt > 1:
            values.pop(name)
        else:
            value = self._value(found, attempt)
            if value is not None:
                values[name] = value

    def _values(self, definition: Object, tail: bool, place: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, found in definition.fields.items():
            if not found.writable or found.part_of or found.beside or name == definition.parent:
                continue
            leads = isinstance(found.type, Link | Links | LinkAny | Lines)
            if found.required or self.rng.random() < (0.1 if tail and leads else 0.85):
                value = self._value(found, 0)
                if tail and isinstance(value, Upload):
                    continue  # files are numbered across objects
                if value is not None and value != []:
                    values[name] = value
        if "owner" in definition.fields:
            values["owner"] = self.people[-1] if tail else self.people[place % len(self.people)]
        return values

    def _value(self, found: Field, style: int) -> Any:
        type_ = found.type
        if isinstance(type_, Lines):
            child = self.catalog.objects[type_.of]
            return [self._values(child, False, 0) for _ in range(self.rng.choice((1, 2, 2)))]
        if isinstance(type_, LinkAny):
            target = self.rng.choice(list(type_.to))
            chosen = self._link(target)
            return None if chosen is None else {"object": target, "id": chosen}
        if isinstance(type_, Links):
            chosen = [self._link(type_.to) for _ in range(2)]
            unique = {str(c): c for c in chosen if c is not None}
            return list(unique.values()) or None
        if isinstance(type_, Link):
            return self._link(type_.to)
        return made(found, self.rng, style)

    def _link(self, target: str) -> Any:
        if target == self.catalog.site.person:
            return self.rng.choice(self.people)
        numbers = self.made.get(target)
        if not numbers:
            return None
        few = numbers[:3] if self.rng.random() < 0.7 else numbers  # that some have many
        return Ref(self.rng.choice(few))

    def _changes(self, builder: Builder) -> None:
        """Earlier values stand in the history. What is numbered across objects is left to heads."""
        for number, step in enumerate(list(self.steps)):
            definition = self.catalog.objects[step.object]
            names = [n for n, v in step.values.items() if isinstance(v, str) and n != "name"
                     and not definition.fields[n].set_once]  # fmt: skip
            if not names or step.tail or self.rng.random() < 0.5:
                continue
            name = self.rng.choice(names)
            value = made(definition.fields[name], self.rng)
            change = Step(step.object, {name: value}, "update", number)
            try:
                builder.run(len(self.steps), change)
            except Refusal:
                continue
            self.steps.append(change)

    def _shares(self, builder: Builder, holders: dict[str, Any]) -> None:
        for number, step in enumerate(list(self.steps)):
            definition = self.catalog.objects[step.object]
            if (
                step.kind != "create"
                or step.tail
                or not definition.sharing
                or self.rng.random() < 0.5
            ):
                continue
            kind = self.rng.choice([k for k in holders if holders[k]])
            levels = list(definition.sharing.levels)
            given = {kind: self.rng.choice(holders[kind]), "level": self.rng.choice(levels)}
            shared = Step(step.object, given, "share", number)
            try:
                builder.run(len(self.steps), shared)
            except Refusal:
                continue
            self.steps.append(shared)

    def _comments(self, builder: Builder) -> None:
        for number, step in enumerate(list(self.steps)):
            if step.kind == "create" and not step.tail and self.rng.random() < 0.4:
                field = next(iter(self.catalog.objects[step.object].fields.values()))
                text = f"comment {made(replace(field, type=_TEXT), self.rng)}"
                said = Step(step.object, {"text": text}, "comment", number)
                builder.run(len(self.steps), said)
                self.steps.append(said)


def ordered(catalog: Catalog) -> list[Object]:
    """Ordinary objects that are no lines, those that others must link to first."""
    rest = {
        name: definition
        for name, definition in catalog.objects.items()
        if not (definition.parent or definition.is_view or definition.is_settings)
    }
    found: list[Object] = []
    while rest:
        known = {o.name for o in found} | {catalog.site.person}
        for strict in (True, False):
            ready = [d for d in rest.values() if _targets(catalog, d, strict) - {d.name} <= known
                     or not _targets(catalog, d, strict) & rest.keys() - {d.name}]  # fmt: skip
            if ready:
                break
        chosen = (ready or list(rest.values()))[0]
        found.append(rest.pop(chosen.name))
    return found


def _targets(catalog: Catalog, definition: Object, every: bool) -> set[str]:
    links = [f for f in definition.fields.values() if not f.system and f.writable]
    found = {f.type.to for f in links
             if isinstance(f.type, Link | Links) and (every or f.required)}  # fmt: skip
    for lines in definition.lines:
        assert isinstance(lines.type, Lines)
        child = catalog.objects[lines.type.of]
        found |= _targets(catalog, child, every) - {definition.name}
    return found
