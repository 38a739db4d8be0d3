"""One person, one world and its twin: every path is asked in both, and the answers compared.

A *triple* is a person, a path and a planted value: the path was asked about the object in which
the value is planted, in both worlds. It fails when any answer of the path differs in any byte, or
in the number of statements that it took, or when a planted value is found in it.
"""

from __future__ import annotations

import random
import re
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from leaks import paths_api, paths_screens
from leaks.asking import Answer, Asker, Counter
from leaks.oracle import ROW, Sight, Who
from leaks.topics import PATHS, Topic, WayOut
from leaks.twins import Planted, Twin, World, twin_of
from leaks.worlds import Stage

assert paths_api and paths_screens
CANARY = re.compile(r"Qz[a-z]{5}\d\d", re.IGNORECASE)
AROUND = 90
KEEPING = ("why and who",)
"""Paths that keep for a while what they have found out of accounts, so their statements vary."""
TOPICS, ANSWERS = 4, 12
"""Objects that a path is asked about for one person, and answers that it gives about each."""


@dataclass(frozen=True)
class Leak:
    """Something that somebody could tell."""

    who: str
    path: str
    object: str
    request: str
    how: str

    def __str__(self) -> str:
        return f"{self.path} told {self.who} of {self.object}: {self.request}\n      {self.how}"


@dataclass
class Outcome:
    """What came of trials."""

    leaks: list[Leak] = field(default_factory=list)
    triples: Tally[str] = field(default_factory=Tally)
    """Triples by path."""
    requests: int = 0
    values: int = 0
    exempt: int = 0
    records: int = 0
    people: int = 0
    barren: int = 0
    """People for whom no twin could be made, or from whom nothing is hidden."""
    endpoints: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """All triples."""
        return self.triples.total()

    def add(self, other: Outcome) -> None:
        """Adds what came of other trials."""
        self.leaks += other.leaks
        self.triples += other.triples
        for name in ("requests", "values", "exempt", "records", "people", "barren"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.endpoints |= other.endpoints

    def told(self) -> str:
        """The figures in one line."""
        return (
            f"{self.total:,} triples, {len(self.triples)} paths, {self.people} people, "
            f"{self.values:,} values and {self.records} records planted, {self.exempt:,} exempt, "
            f"{self.requests:,} requests, {len(self.leaks)} leaks, {self.barren} without a twin"
        )


def revealed(stage: Stage) -> frozenset[str]:
    """The fields that a duplicate check may depend on, and those that it reveals (rule 31)."""
    found = set[str]()
    for definition in stage.catalog.objects.values():
        names = {n for rule in definition.duplicates for n in rule.fields} | {*definition.reveal}
        if definition.duplicates:
            names |= {definition.title}
            for rule in definition.duplicates:
                where = rule.where
                names |= {n for _, n in where.reads} if where is not None else set()
        found |= {f"{definition.name}.{name}" for name in names}
    return frozenset(found)


@dataclass
class Pair:
    """A world and its twin for one person; the database holds copies of both."""

    stage: Stage
    twin: Twin
    topics: list[Topic]


def paired(
    stage: Stage, world: World, who: Who, seed: int, *, revealing: bool = False
) -> Pair | None:
    """The pair; None where nothing is hidden, or no twin can be made.

    The database must have been saved as "world"; the twin is saved as "twin".
    """
    keep = revealed(stage) if revealing else frozenset[str]()
    twin = twin_of(stage, world, who, random.Random(seed), keep, whole=not revealing)
    if twin is None or not (twin.planted or twin.gone):
        return None
    stage.save("twin")
    return Pair(stage, twin, list(topics_of(stage, world, world.sight(stage, who), twin, seed)))


@dataclass(frozen=True)
class Share:
    """How much is asked of one person: objects of a path, answers about each."""

    topics: int = TOPICS
    answers: int = ANSWERS
    leaks: int = 10_000


def tried(
    stage: Stage, world: World, who: Who, seed: int, *, revealing: bool = False,
    share: Share | None = None,
) -> Outcome:  # fmt: skip
    """Makes the twin and asks all paths of one kind."""
    pair = paired(stage, world, who, seed, revealing=revealing)
    if pair is None:
        return Outcome(people=1, barren=1)
    ways = [p for p in PATHS.values() if p.revealing is revealing]
    return compared(pair, ways, share or Share())


def compared(pair: Pair, ways: Sequence[WayOut], share: Share) -> Outcome:
    """Asks the paths in both worlds."""
    stage, twin, outcome = pair.stage, pair.twin, Outcome(people=1)
    ways = sorted(ways, key=lambda way: way.writes)
    counter, planted = Counter(), _canaries(twin)
    with counter.watching(stage):
        stage.restore("twin")
        there = list(_asked(pair, ways, share, counter))
        stage.restore("world")
        here = _asked(pair, ways, share, counter)
        for (way, topic, one), (*_, other) in zip(here, there, strict=False):
            if how := _difference(one, other, planted, way.name not in KEEPING):
                leak = Leak(str(twin.who), way.name, topic.name, one.what, how)
                outcome.leaks.append(leak)
                if len(outcome.leaks) >= share.leaks:
                    break
    for way in ways:
        for topic in _about(way, pair.topics, share):
            count = len(topic.everywhere if way.about == "site" else topic.planted)
            outcome.triples[way.name] += count + len(topic.gone)
    outcome.values, outcome.exempt = len(twin.planted), twin.exempt
    outcome.records = sum(len(ids) for ids in twin.gone.values())
    outcome.requests, outcome.endpoints = counter.requests, counter.endpoints
    return outcome


def topics_of(stage: Stage, world: World, sight: Sight, twin: Twin, seed: int) -> Iterator[Topic]:
    """Every object, as the person meets it."""
    by_object: dict[str, list[Planted]] = {}
    for one in twin.planted:
        by_object.setdefault(one.object, []).append(one)
    for name, definition in stage.catalog.objects.items():
        rows = world.rows.get(name, {})
        gone = twin.gone.get(name, [])
        visible = [id for id in rows if (name, id, ROW) in twin.seen]
        yield Topic(
            definition=definition,
            planted=by_object.get(name, []),
            gone=gone,
            visible=visible[:4],
            hidden=[id for id in rows if id not in gone and id not in visible][:3],
            numbers={id: row["number"] for id, row in rows.items() if row.get("number")},
            seed=seed,
            stored=rows,
            everywhere=twin.planted,
        )


def _about(way: WayOut, topics: list[Topic], share: Share) -> list[Topic]:
    """The objects that a path is asked about: some of those in which something is planted."""
    if way.about == "site":
        return topics[:1]
    full = [topic for topic in topics if topic.planted or topic.gone]
    if way.name in ("duplicates", "screen duplicates"):
        full = [topic for topic in full if topic.definition.duplicates]
    return full[0].rng(way.name).sample(full, min(share.topics, len(full))) if full else []


def _asked(
    pair: Pair, ways: Sequence[WayOut], share: Share, counter: Counter
) -> Iterator[tuple[WayOut, Topic, Answer]]:
    ask = Asker(pair.stage, pair.twin.who.account, counter)
    ask.api("me")  # finds the person's place in the organisation
    for way in ways:
        for topic in _about(way, pair.topics, share):
            most = 2 * share.answers if way.about == "site" else share.answers
            for answer in islice(way.adapter(ask, topic), most):
                yield way, topic, answer


def _canaries(twin: Twin) -> frozenset[str]:
    """The beginnings of all planted words of the first world."""
    found = set[str]()
    for one in twin.planted:
        if one.field.startswith("@"):
            continue
        found |= {word.lower() for word in CANARY.findall(str(one.old))}
    return frozenset(found - {w.lower() for p in twin.planted for w in CANARY.findall(str(p.new))})


def _difference(one: Answer, other: Answer, planted: frozenset[str], counted: bool = True) -> str:
    """What can be told from the answers; nothing where they are alike."""
    if one.what != other.what:
        return f"another request followed: {other.what}"
    if one.status >= 500:
        return f"it failed: {one.body[:200]!r}"
    if one.status != other.status:
        return f"status {one.status} or {other.status}: {one.body[:200]!r} or {other.body[:200]!r}"
    if one.headers != other.headers:
        return f"headers {set(one.headers) ^ set(other.headers)}"
    if one.body != other.body:
        place = next((i for i, (a, b) in enumerate(zip(one.body, other.body, strict=False))
                      if a != b), min(len(one.body), len(other.body)))  # fmt: skip
        start = max(place - AROUND, 0)
        return f"{one.body[start : place + AROUND]!r}\n   or {other.body[start : place + AROUND]!r}"
    found = {word.lower() for word in CANARY.findall(one.body)} & planted
    if told := [word for word in found if word not in one.what.lower()]:
        return f"the planted {told[0]} stands in it"
    if counted and one.statements != other.statements:
        return f"{one.statements} or {other.statements} statements"
    return ""
