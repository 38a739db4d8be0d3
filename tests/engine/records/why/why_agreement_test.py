"""`why` says exactly what the gate does: for random people, actions, records and fields.

The gate is asked by trying: a page is read, a change is made in a transaction that is rolled back.
What it answers must be what the explanation said, and what people are told about themselves must
hold nothing of what they cannot read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.explaining import why
from engine.fieldtypes.obscured import Obscured
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.changes import Change
from engine.records.query import Query
from engine.records.why.findings import decision_json
from support.deals import ROLES, SITE, World, populated, who
from support.small import KINDS_OF_DATABASE, SmallSite, small_site

FIELDS = (
    "name", "stage", "secretly", "fixed", "open", "closing", "placed", "twice", "phone", "helpers",
    "owner", "created_on",
)  # fmt: skip
ACTIONS = ("read", "update", "delete", "restore", "export", "create")
BARRED = {
    "not-found", "forbidden", "forbidden-record", "forbidden-field", "computed-field",
    "system-field", "set-once", "field-closed", "field-not-here", "unknown-field", "not-deleted",
    "no-such-transition", "transition-not-from-here", "no-transition", "forbidden-transition",
    "transition-guard", "transition-condition", "transition-requires",
}  # fmt: skip


class _Back(Exception):
    """Takes a try back."""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with small_site(request.param, tmp_path_factory.mktemp("why"), SITE) as site:
        yield populated(site, random.Random(5))


@settings(max_examples=50)
@given(
    st.integers(0, 4), st.sets(st.sampled_from(ROLES), min_size=1, max_size=3),
    st.sampled_from(ACTIONS), st.integers(0, 12), st.sampled_from(("", "", *FIELDS)),
)  # fmt: skip
def test_why_is_what_the_gate_does(
    world: World, person: int, roles: set[str], action: str, deal: int, field: str
) -> None:
    """Allowed or not, with or without a field: the explanation and the gate say the same."""
    actor = who(world, world.people[person], roles)
    id = world.deals[deal] if deal < len(world.deals) else 99_999
    field = field if action in ("read", "update", "export", "create") else ""
    record = None if action == "create" else id
    said = why(world.site.application, SYSTEM, actor, action, "deal", record, field)
    assert said.allowed is gate_says(world.site, actor, action, id, field), decision_json(
        said, "en"
    )


def masked(site: SmallSite, actor: Actor, id: int) -> bool:
    """Whether the record shows no more than a mask of its telephone number."""
    try:
        values = site.reader.one(actor, "deal", id, masks=True).values
    except Refusal:
        return False
    return isinstance(values.get("phone"), Obscured)


@settings(max_examples=12)
@given(st.integers(0, 4), st.sets(st.sampled_from(ROLES), min_size=1), st.integers(0, 9))
def test_levels_of_a_masked_field(world: World, person: int, roles: set[str], deal: int) -> None:
    """Value, mask or nothing: what one single role shows together with the record."""
    actor, id = who(world, world.people[person], roles), world.deals[deal]
    said = why(world.site.application, SYSTEM, actor, "read", "deal", id, "phone")
    assert (said.level == "mask") is masked(world.site, actor, id)
    assert said.allowed is gate_says(world.site, actor, "read", id, "phone")


def gate_says(site: SmallSite, actor: Actor, action: str, id: int, field: str) -> bool:
    gate = site.gate
    if action == "read":
        return read_says(lambda: site.reader.one(actor, "deal", id, masks=True).values, field)
    if action == "export":
        query = Query(filters={"id": id}, action="export")

        def exported() -> dict[str, Any]:
            (found,) = site.reader.page(actor, "deal", query).items
            return dict(found.values)

        return read_says(exported, field)
    values = [{}] if not field else candidates(site, id, field)
    return any(tried(lambda v=value: attempt(gate, actor, action, id, v)) for value in values)


def read_says(read: Callable[[], dict[str, Any]], field: str) -> bool:
    try:
        values = read()
    except (Refusal, ValueError):
        return False
    if field in ("placed", "open"):  # which are empty at times: then only the level counts
        return field in values
    found = values.get(field)
    return not field or (found is not None and not isinstance(found, Obscured))


def candidates(site: SmallSite, id: int, field: str) -> list[dict[str, Any]]:
    if field == "stage":
        return [{"stage": name} for name in ("new", "busy", "done")]
    given = {"secretly": 1, "twice": 1, "helpers": [], "owner": 1, "created_on": "2026-01-01"}
    if field == "helpers":
        return [{"helpers": [{"note": "x"}]}]
    return [{field: given.get(field, "other")}]


def attempt(gate: Any, actor: Actor, action: str, id: int, values: dict[str, Any]) -> None:
    with gate.transaction(actor) as tx:
        change = Change(given=dict(values), id=None if action == "create" else id)
        gate.pass_steps(tx, "deal", action, [change])
        if "stage" in values and not change.notes.get("ways") and action == "update":
            raise Refusal()
        raise _Back


def tried(work: Callable[[], None]) -> bool:
    try:
        work()
    except _Back:
        return True
    except Refusal as refusal:
        own = {problem.code for problem in refusal.problems if "[" not in problem.path}
        return bool(refusal.problems) and not own & BARRED
    raise AssertionError("nothing was taken back")
