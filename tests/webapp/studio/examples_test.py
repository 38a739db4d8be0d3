"""A plan counts on all records; examples are shown as far as one may read them."""

from __future__ import annotations

import pytest

from engine.permissions.actors import Actor
from engine.problems import Text
from engine.schema.findings import Example, Finding, Severity
from support.world import World
from webapp.actors import Account
from webapp.directory import AccountDirectory
from webapp.identity import Caller
from webapp.screens.here import Here
from webapp.studio.examples import examples_for


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_what_may_be_read(world: World) -> None:
    """Whoever reads the record sees its title, and the value where the field is readable."""
    made = world.client("rep").made("customer", name="Shown to some", phone="010 1234")
    id = int(made["id"])

    def finding(**more: object) -> Finding:
        examples = (Example(id, "Shown to some", "010 1234"), Example(0, "group", "3 times"))
        return Finding(
            family="x", severity=Severity.TELLS, text=Text.of("x"), examples=examples, **more
        )  # type: ignore[arg-type]

    asked = [
        finding(object="customer", field="phone"),
        finding(object="customer"),
        finding(object="gone"),
        finding(object="contact", field="mobile"),
    ]
    with world.app.test_request_context():
        rep = examples_for(here(world, "rep"), asked)
        other = examples_for(here(world, "other"), asked)
        admin = examples_for(here(world, "admin"), asked)
    assert rep[0] == (f"#{id} Shown to some: 010 1234",)
    assert rep[1] == (f"#{id} Shown to some",)  # the value may be of any field
    assert (other[0], other[1]) == ((), ())
    assert admin[0] == (f"#{id} Shown to some: 010 1234", "group: 3 times")
    assert {told[2] for told in (rep, other, admin)} == {()}


def here(world: World, name: str) -> Here:
    """The studio as somebody sees it, whether they may open it or not."""
    application = world.site.current
    directory = AccountDirectory(world.site.databases)
    actor = directory.actor_of(application.gate, world.people[name])
    assert isinstance(actor, Actor)
    account = Account(id=1, name=name, stamp="", locale="en", roles=actor.roles)
    return Here(application, Caller(account=account, actor=actor, locale="en", by="session"))
