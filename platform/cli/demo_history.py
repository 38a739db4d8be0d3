"""A made-up past, played through the gate under a clock that is turned from deed to deed.

1. A program that a layer brings tells a *story*: deeds in the order of time, each by a person.
2. What one person did at one moment passes the gate in as few batches as possible: new records
   by object, then changes, those of one record in successive batches.
3. The past is written as history: its transitions are performed and all rules hold, but nothing
   is announced, so no automation answers to what happened long ago. From the story's
   `live_from` on deeds are ordinary ones.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assembly.application import Application
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Message, Refusal
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.transaction import Transaction

NO_PROGRAM = Message(
    "demo-no-program",
    en="there is no demonstration in {folder}",
    zh="{folder} 中没有演示数据程序",
    hint_en="name a folder that holds a company.py with a function tell(seed, end, zone)",
    hint_zh="请指定含有 company.py 的文件夹，其中应有函数 tell(seed, end, zone)",
)
PORTION = 1_000
"""Deeds in one transaction of the database."""
PACKAGE = "formwright_demo_company"
"""The name under which the folder's modules are imported; nothing else has it."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands in a deed's values for the record that an earlier deed made under this key."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that somebody did.

    `at` is aware; `by` the key of a person's record (empty: the system). `key` is what the story
    calls the record; a deed that is not `new` changes it, by a `transition` if one is named.
    """

    at: dt.datetime
    object: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    new: bool = False
    transition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """An account of the demonstration: whose it is (the key of a person's record), its roles."""

    name: str
    person: str
    roles: tuple[str, ...]
    locale: str = ""


@dataclass(frozen=True, kw_only=True)
class Story:
    """All deeds, in any order, and the accounts.

    `order` lists objects, linked ones first. What lies before `live_from` is history.
    """

    deeds: Sequence[Deed]
    order: Sequence[str]
    live_from: dt.datetime
    accounts: Sequence[DemoAccount] = ()


@dataclass
class Hands:
    """The hands of a clock: tells what it was set to."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.now


Tell = Callable[..., Story]


def program(folder: Path) -> Tell:
    """The function `tell(seed, end, zone)` of `folder`/company.py.

    The folder is imported as a package, so that its modules can import one another relatively.
    Raises Refusal when it has no such file.
    """
    if not (folder / "company.py").is_file() or not (folder / "__init__.py").is_file():
        raise Refusal(NO_PROGRAM(folder=str(folder)))
    for name in [n for n in sys.modules if n == PACKAGE or n.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    tell: Tell = importlib.import_module(f"{PACKAGE}.company").tell
    return tell


class Player:
    """Plays a story into an application whose clock are the `hands`."""

    def __init__(self, application: Application, hands: Hands) -> None:
        self.gate = application.gate
        self.hands = hands
        self.ids: dict[str, int] = {}
        """The records made so far, by their keys."""

    def play(self, story: Story, watch: Callable[[int], None] = lambda done: None) -> int:
        """Carries out the deeds; `watch` is told how many are done. Returns their number.

        Raises Refusal for a deed that the rules refuse; what came before it stays.
        """
        rank = {name: index for index, name in enumerate(story.order)}
        deeds = sorted(story.deeds, key=lambda deed: (deed.at, deed.by))
        done = 0
        for historical, part in itertools.groupby(deeds, lambda deed: deed.at < story.live_from):
            while portion := list(itertools.islice(part, PORTION)):
                self._portion(portion, rank, historical)
                done += len(portion)
                watch(done)
        return done

    def _portion(self, deeds: list[Deed], rank: Mapping[str, int], historical: bool) -> None:
        """Some deeds, in one transaction of the database; each session acts for itself."""
        gate = self.gate
        with gate.transaction(SYSTEM, historical=historical) as opened:
            for (at, by), session in itertools.groupby(deeds, lambda deed: (deed.at, deed.by)):
                self.hands.now = at
                tx = Transaction(
                    gate, opened.connection, self._actor(by), historical=historical, cause="demo"
                )
                self._session(tx, list(session), rank)

    def _actor(self, by: str) -> Actor:
        if not by:
            return SYSTEM
        return Actor(person=self.ids[by], name=by, is_system=True, via="screen")

    def _session(self, tx: Transaction, deeds: list[Deed], rank: Mapping[str, int]) -> None:
        for batch in _batches(deeds, rank):
            first = batch[0]
            changes = [
                Change(
                    given=self._resolved(dict(deed.values)),
                    id=None if deed.new else self.ids[deed.key],
                    transition=deed.transition,
                )
                for deed in batch
            ]
            self.gate.pass_steps(tx, first.object, CREATE if first.new else UPDATE, changes)
            for deed, change in zip(batch, changes, strict=True):
                assert change.id is not None
                self.ids[deed.key] = change.id

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.ids[value.key]
        if isinstance(value, dict):
            return {name: self._resolved(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._resolved(part) for part in value]
        return value


def _batches(deeds: list[Deed], rank: Mapping[str, int]) -> Iterator[list[Deed]]:
    """The deeds of one session: new records by object, then waves of changes by object."""
    news: dict[str, list[Deed]] = defaultdict(list)
    waves: dict[tuple[int, str], list[Deed]] = defaultdict(list)
    times: dict[str, int] = defaultdict(int)
    for deed in deeds:
        if deed.new:
            news[deed.object].append(deed)
        else:
            waves[times[deed.key], deed.object].append(deed)
            times[deed.key] += 1
    for name in sorted(news, key=rank.__getitem__):
        yield news[name]
    for place in sorted(waves, key=lambda place: (place[0], rank[place[1]])):
        yield waves[place]
