"""From a change to the receiver: automations ask, the outbox keeps, the webhook tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.changes import Change
from engine.tracing import traced
from support import small
from support.hooked import SITE, hooked, verified
from support.receivers import receiver
from support.small import KINDS_OF_DATABASE

small.FOLDERS.setdefault("automation", "automations")
TELLING = (
    SITE
    + """
---
automation: orders_to_erp
object: order
on: [created, {changed: [amount, margin]}, deleted]
if: amount > 10
then:
  send: {webhook: erp}
"""
)


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_from_a_change_to_the_receiver(kind: str, tmp_path: Path) -> None:
    """Created, changed, deleted: each told once, under the trace of whoever did it."""
    with receiver() as there, hooked(kind, tmp_path, there.port, text=TELLING) as here:
        site = here.site
        with traced("one"):
            id = site.create("order", name="a", amount="50")
            site.create("order", name="b", amount="5")
        here.carry()
        with traced("two"):
            site.update("order", id, name="c")
            site.update("order", id, amount="60", margin="0.1", name="d")
        here.carry()
        with traced("three"):
            site.delete("order", id)
        here.carry()
        messages = [verified(request) for request in there.received]
        assert [message["event"] for message in messages] == [
            "order.created", "order.changed", "order.deleted",
        ]  # fmt: skip
        traces = [request.headers["x-formwright-trace"] for request in there.received]
        assert traces == ["one", "two", "three"]
        assert sorted(messages[1]["changed"]) == ["amount", "name"]
        assert messages[1]["record"]["amount"]["amount"] == "60.00"
        assert messages[2]["record"] == {"id": id, "number": "SO-001"}


def test_what_was_rolled_back_is_not_told(tmp_path: Path) -> None:
    """Nothing is sent of a change that did not happen, nor of imported history."""
    with receiver() as there, hooked("sqlite", tmp_path, there.port, text=TELLING) as here:
        gate = here.site.gate
        with pytest.raises(ZeroDivisionError), gate.transaction(SYSTEM) as tx:
            changes = [Change(given=dict(name="a", amount="50"))]
            gate.pass_steps(tx, "order", "create", changes)
            raise ZeroDivisionError
        with gate.transaction(SYSTEM, quiet=True) as tx:
            gate.pass_steps(tx, "order", "create", [Change(given=dict(name="a", amount="50"))])
        assert here.carry() == []
        assert there.received == []


@pytest.mark.parametrize(
    ("role", "code"), [("seller", "webhook-scope"), ("nobody", "webhook-reads-nothing")]
)
def test_check_knows_what_the_role_reads(tmp_path: Path, role: str, code: str) -> None:
    """An automation that could never tell anything is refused where it names the webhook."""
    text = TELLING.replace("PORT", "80").replace("run_as: finance", f"run_as: {role}")
    text += "---\nrole: nobody\ngrants: {}\n"
    (problem,) = small.loaded(tmp_path, text).problems
    assert problem.code == code
    assert problem.place is not None and problem.place.file.endswith("orders_to_erp.yaml")
