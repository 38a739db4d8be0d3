"""One call of the API: who asks, on which application, and how a handler becomes a view."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response

from assembly.application import Application
from assembly.organisation import organisation_objects
from engine.definition.objects import Object
from engine.permissions.actors import Actor
from engine.permissions.lens import Lens
from engine.problems import Refusal
from engine.records import messages as records
from webapp.identity import Caller, caller
from webapp.shell import Shell, application, shell


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler works with."""

    shell: Shell
    application: Application
    caller: Caller

    @property
    def actor(self) -> Actor:
        """Who acts."""
        return self.caller.actor

    @property
    def locale(self) -> str:
        """The language of the answer."""
        return self.caller.locale

    def lens(self, object: str) -> Lens:
        """The object as the actor's roles see it."""
        roles = None if self.actor.is_system else self.actor.roles
        return self.application.gate.lenses.lens(object, roles)

    def object(self, name: str) -> Object:
        """The object, if the actor may do anything with it; else as if it did not exist."""
        definition = self.application.catalog.objects.get(name)
        if definition is None or not known(self.lens(name)):
            raise Refusal(records.NOT_FOUND(object=repr(name), record=""))
        return definition

    def changed(self, object: str) -> None:
        """Told of every write, so that this process sees a new organisation at once."""
        if object in organisation_objects(self.application.gate):
            self.shell.actors.look_again()


def known(lens: Lens) -> bool:
    """Whether some grant lets the actor see or do anything with the object."""
    return lens.may("read") or lens.may("create")


def answering(handler: Callable[..., Response]) -> Callable[..., Response]:
    """A view that finds out who asks and runs the handler."""

    @functools.wraps(handler)
    def view(**path: Any) -> Response:
        return handler(Call(shell(), application(), caller()), **path)

    return view
