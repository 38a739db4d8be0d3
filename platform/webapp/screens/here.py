"""Where a request is: the application that it began with, who asks, in which language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from flask import g

from assembly.application import Application
from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens
from engine.problems import Problem, Refusal, Text
from engine.records import messages
from engine.records.gate import Gate
from engine.records.reading import Reader
from webapp.api.call import Call
from webapp.identity import Caller
from webapp.screens.texts import say
from webapp.shell import shell


@dataclass(frozen=True)
class Here:
    """One request's point of view. It is made once and asked by everything that draws."""

    application: Application
    caller: Caller

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.caller.actor

    @property
    def locale(self) -> str:
        """The language of the screen."""
        return self.caller.locale

    @property
    def catalog(self) -> Catalog:
        """The definitions."""
        return self.application.catalog

    @property
    def gate(self) -> Gate:
        """The gate for writing."""
        return self.application.gate

    @property
    def reader(self) -> Reader:
        """The reader."""
        return self.application.reader

    @cached_property
    def now(self) -> dt.datetime:
        """The moment that everything on the screen refers to."""
        return self.gate.clock()

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return self.gate.zone

    @cached_property
    def today(self) -> dt.date:
        """The date in the company's time zone."""
        return self.now.astimezone(self.zone).date()

    def lens(self, name: str) -> Lens:
        """The object as the actor sees it."""
        return self.gate.lenses.lens(name, None if self.actor.is_system else self.actor.roles)

    def object(self, name: str, /) -> Object:
        """An object with screens of its own. Refuses unknown names and lines."""
        definition = self.catalog.objects.get(name)
        if definition is None or definition.parent:
            raise Refusal(messages.NOT_FOUND(object=name, record=""))
        return definition

    def changed(self, name: str) -> None:
        """Told of every write, so that a new organisation counts from the next request on."""
        self.call.changed(name)

    @cached_property
    def call(self) -> Call:
        """The same request as the API sees it."""
        return Call(shell(), self.application, self.caller)

    def readable(self, definition: Object) -> Iterator[Field]:
        """The fields that the actor may read on some record, in declared order."""
        lens = self.lens(definition.name)
        return (f for f in definition.fields.values() if lens.may_read(f.name))

    def t(self, key: str, **args: Any) -> str:
        """A text of the screens."""
        return say(self.locale, key, **args)

    def say(self, text: Text | None) -> str:
        """A text of the definitions."""
        return "" if text is None else text.in_(self.locale)

    def sentence(self, problem: Problem) -> str:
        """A problem with its hint."""
        hint = problem.hint(self.locale)
        sentence = problem.sentence(self.locale)
        sentence = sentence[:1].upper() + sentence[1:]
        if not hint:
            return sentence
        return f"{sentence} ({hint})" if self.locale != "zh" else f"{sentence}（{hint}）"


def here() -> Here:
    """The current request's point of view."""
    found: Here = g.here
    return found
