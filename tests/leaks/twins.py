"""A world's twin: the same for one person's eyes, and different in all that they may not see.

1. Every value of the recipe whose cell the person may not see gets its double; the records at the
   end of each object that the person may not see are left out.
2. The twin is built, and what the person may see of both is worked out apart from the engine.
3. Where that differs, a value has flowed into a formula, rollup or title that the person may see
   (rules 10 and 31): the values that may be the cause are taken back, and counted as exempt.

What is left are two worlds of which everything that the person is told must be the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.objects import Field
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.link import Lines, Link, Related
from engine.fieldtypes.links import Links
from engine.problems import Refusal
from leaks.canaries import Ref, double
from leaks.oracle import Cell, Rows, Sight, Who
from leaks.recipes import Built, Spot, Step
from leaks.worlds import Stage, shares_of

ROUNDS = 9
NEAR = 3
"""Links between a cell and the value that it may follow from."""


@dataclass(frozen=True)
class Planted:
    """One value that a person may not see: where, and what it is in either world."""

    step: int
    path: Spot
    object: str
    id: int
    field: str
    old: Any
    new: Any


@dataclass
class World:
    """A recipe as it was carried out, and all its rows."""

    steps: list[Step]
    built: Built
    rows: Rows

    def sight(self, stage: Stage, who: Who) -> Sight:
        """What the person may see of it."""
        return Sight(stage.oracle, who, self.rows, shares_of(self.steps, self.built))


@dataclass
class Twin:
    """The twin of a world for one person."""

    who: Who
    world: World
    planted: list[Planted]
    gone: dict[str, list[int]]
    exempt: int = 0
    seen: dict[Cell, Any] = field(default_factory=dict)


class Refused(Exception):
    """The rules refuse a step because of what was planted in an earlier one."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step


def carried_out(
    stage: Stage, steps: list[Step], left_out: frozenset[int] = frozenset(),
    otherwise: list[Step] | None = None,
) -> World:  # fmt: skip
    """The world that the steps make of the empty database.

    Where the rules refuse a step, that of `otherwise` takes its place. Raises Refused where they
    refuse that as well.
    """
    stage.restore("empty")
    builder, done = stage.builder(), list(steps)
    for number, step in enumerate(steps):
        if number in left_out:
            continue
        try:
            builder.run(number, step)
        except Refusal:
            if otherwise is None:
                raise
            done[number] = otherwise[number]
            try:
                builder.run(number, done[number])
            except Refusal as refusal:
                raise Refused(number) from refusal
    return World(done, builder.built, stage.rows())


def twin_of(
    stage: Stage, world: World, who: Who, rng: random.Random,
    keep: frozenset[str] = frozenset(), whole: bool = True,
) -> Twin | None:  # fmt: skip
    """The twin for the person; `keep` are fields that stay as they are ("customer.name").

    With `whole` false, no record is left out. The database holds the twin afterwards.
    """
    sight = world.sight(stage, who)
    before = sight.everything()
    planted = [
        p for p in _candidates(stage, world, sight, rng) if f"{p.object}.{p.field}" not in keep
    ]
    gone = _tails(world, sight) if whole else {}
    first = len(planted)
    for _ in range(ROUNDS):
        left_out = frozenset(n for numbers in gone.values() for n in numbers)
        steps = _with(world.steps, planted)
        try:
            other = carried_out(stage, steps, left_out, world.steps)
        except Refused as refused:
            near = {refused.step, world.steps[refused.step].of}
            planted = [p for p in planted if p.step not in near]
            continue
        planted = [p for p in planted if other.steps[p.step] is steps[p.step]]
        after = other.sight(stage, who).everything()
        differing = {c for c in before.keys() | after.keys()
                     if before.get(c, ...) != after.get(c, ...)}  # fmt: skip
        if not differing:
            ids = {o: [world.built.ids[n] for n in numbers] for o, numbers in gone.items()}
            return Twin(who, other, planted, ids, first - len(planted), after)
        planted, gone = _without_causes(stage.catalog, (world, other), planted, gone, differing)
    return None


def _candidates(stage: Stage, world: World, sight: Sight, rng: random.Random) -> Iterator[Planted]:
    read = stage.oracle.scope_words
    for number, step in enumerate(world.steps):
        of = number if step.kind == "create" else step.of
        if of is None or of not in world.built.ids or step.kind == "share":
            continue
        id = world.built.ids[of]
        if step.object == stage.catalog.site.currencies.object:
            continue  # what is planted there decides which amounts others may enter
        if step.kind == "comment":
            if not sight.row(step.object, id):
                text = step.values["text"]
                yield Planted(number, ("text",), step.object, id, "@comment", text, text[::-1])
            continue
        for object, row, path, found, old in _cells(stage.catalog, world, step, id):
            if found.name in read or any(
                sight.cell(object, row, n) for n in _names(stage.catalog, found)
            ):
                continue
            new = _other(world, found, old, rng)
            if new != old:
                yield Planted(number, path, object, row, found.name, old, new)


def _names(catalog: Catalog, found: Field) -> Iterable[str]:
    parts = catalog.objects[found.object].wholes.get(found.name, {})
    return (found.name, *parts.values())


def _cells(
    catalog: Catalog, world: World, step: Step, id: int
) -> Iterator[tuple[str, int, Spot, Field, Any]]:
    definition = catalog.objects[step.object]
    for name, value in step.values.items():
        found = definition.fields[name]
        if not isinstance(found.type, Lines):
            yield step.object, id, (name,), found, value
            continue
        child = catalog.objects[found.type.of]
        ids = [i for i, row in world.rows[child.name].items() if row[child.parent] == id]
        for place, (line, values) in enumerate(zip(sorted(ids), value, strict=False)):
            for inner, one in values.items():
                yield child.name, line, (name, place, inner), child.fields[inner], one


def _other(world: World, found: Field, old: Any, rng: random.Random) -> Any:
    if isinstance(old, Ref):
        same = [n for n, s in enumerate(world.steps)
                if s.kind == "create" and not s.tail and n in world.built.ids
                and s.object == world.steps[old.step].object and n <= old.step]  # fmt: skip
        return Ref(rng.choice(same)) if same else old
    if isinstance(found.type, Link | Links) or (isinstance(found.type, Composite) and "id" in old):
        return old
    return double(found, old, rng)


def _tails(world: World, sight: Sight) -> dict[str, list[int]]:
    """The steps at the end of each object that make records which the person may not see."""
    by_object: dict[str, list[int]] = {}
    for number, step in enumerate(world.steps):
        if step.kind == "create":
            by_object.setdefault(step.object, []).append(number)
    found = {}
    for object, numbers in by_object.items():
        last: list[int] = []
        for number in reversed(numbers):
            if not world.steps[number].tail or sight.row(object, world.built.ids[number]):
                break
            last.append(number)
        if last:
            found[object] = last
    return found


def _with(steps: list[Step], planted: list[Planted]) -> list[Step]:
    changed: dict[int, dict[str, Any]] = {}
    for one in planted:
        values = changed.setdefault(one.step, _copied(steps[one.step].values))
        place: Any = values
        for part in one.path[:-1]:
            place = place[part]
        place[one.path[-1]] = one.new
    return [replace(s, values=changed[n]) if n in changed else s for n, s in enumerate(steps)]


def _copied(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: [dict(v) if isinstance(v, dict) else v for v in value] if isinstance(value, list)
            else value for k, value in values.items()}  # fmt: skip


def _without_causes(
    catalog: Catalog, worlds: tuple[World, World], planted: list[Planted],
    gone: dict[str, list[int]], differing: set[Cell],
) -> tuple[list[Planted], dict[str, list[int]]]:  # fmt: skip
    """Without the values from which the differing cells may follow."""
    near = dict[Any, set[Any]]()
    for world in worlds:
        _near(catalog, world.rows, near)
    ids = worlds[0].built.ids
    causes: dict[tuple[str, int], set[str]] = {}
    for object, id, name in differing:
        sources = _sources(catalog, object, name)
        for place in _reached(near, (object, id)):
            causes.setdefault(place, set()).update(sources)
    kept = [p for p in planted
            if not {p.field, "*"} & causes.get((p.object, p.id), set())]  # fmt: skip
    objects = {o for o, _ in causes}
    touched = {n: numbers for n, numbers in gone.items()
               if not any((n, ids[i]) in causes for i in numbers)}  # fmt: skip
    if len(kept) == len(planted) and len(touched) == len(gone):  # farther away than that
        kept = [p for p in planted if p.object not in objects]
        touched = {}
    return kept, touched


def _sources(catalog: Catalog, object: str, name: str) -> set[str]:
    """The names of all fields from which the field may follow, its own among them."""
    if name.startswith("@") or name == "version":
        return {"*"}
    found, rest = set[tuple[str, str]](), [(object, name)]
    while rest:
        of, one = rest.pop()
        written = _written(catalog.objects[of].fields[one])
        if (of, one) in found:
            continue
        found.add((of, one))
        words = set(re.findall(r"[a-z_][a-z_0-9]*", repr(written))) | {one}
        objects, more = {of}, {of}
        while more:
            near = [catalog.objects[o].fields[w] for o in more for w in words
                    if w in catalog.objects[o].fields]  # fmt: skip
            words |= {f.type.by for f in near if isinstance(f.type, Lines | Related)}
            more = {_leads_to(f) for f in near} - objects - {""}
            objects |= more
        rest += [(o, w) for o in objects for w in words if w in catalog.objects[o].fields]
    return {one for _, one in found}


def _leads_to(found: Field) -> str:
    match found.type:
        case Link(to=to) | Links(to=to):
            return to
        case Lines(of=of) | Related(of=of):
            return of
    return ""


def _written(found: Field) -> Any:
    keys = ("formula", "rollup", "suggest", "copy", "currency", "of")
    plain = found.source.to_plain() if found.source else {}
    written = {k: v for k, v in plain.items() if k in keys} if isinstance(plain, dict) else {}
    return (written, found.beside, found.part_of)


def _near(catalog: Catalog, rows: Rows, near: dict[Any, set[Any]]) -> None:
    """Which records are linked with each other, either way."""
    for object, found in rows.items():
        links = [f for f in catalog.objects[object].fields.values()
                 if isinstance(f.type, Link) and f.type.to != catalog.site.person
                 and f.type.to != catalog.site.department]  # fmt: skip
        for id, row in found.items():
            for link in links:
                if (value := row.get(link.name)) is not None:
                    near.setdefault((object, id), set()).add((link.type.to, value))  # type: ignore[attr-defined]
                    near.setdefault((link.type.to, value), set()).add((object, id))  # type: ignore[attr-defined]


def _reached(near: dict[Any, set[Any]], start: tuple[str, int]) -> set[tuple[str, int]]:
    found, edge = {start}, {start}
    for _ in range(NEAR):
        edge = {n for place in edge for n in near.get(place, ())} - found
        found |= edge
    return found
