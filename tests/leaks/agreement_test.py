"""What a list says may be read, changed, deleted or exported is what single records say."""

from __future__ import annotations

import pytest

from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.changes import DELETE, UPDATE, Change
from engine.records.query import Query
from leaks.oracle import Sight, Who
from leaks.runs import Run
from leaks.twins import World

ACTIONS = {"read": "", "update": UPDATE, "delete": DELETE, "export": ""}


REFUSED = {"not-found", "forbidden", "forbidden-record"}


class _TakenBack(Exception):
    """Ends a transaction that must not be committed."""


def actor_of(run: Run, who: Who) -> Actor:
    """The person as the web application finds them."""
    stage = run.stage
    with stage.site.databases.reading() as connection:
        from assembly.organisation import placed

        plain = Actor(name=who.account, roles=who.roles)
        return placed(stage.site.current.gate, connection, plain, who.person)


def listed(run: Run, actor: Actor, object: str, action: str) -> set[int]:
    """The ids that the list has under the action."""
    query = Query(action=action, limit=1_000, fields=("id",), sort=("id",))
    try:
        page = run.stage.site.current.reader.page(actor, object, query)
    except Refusal:
        return set()
    return {record.id for record in page.items}


def singly(run: Run, actor: Actor, object: str, id: int, action: str) -> bool:
    """Whether the record itself lets the actor do it; nothing is done for good."""
    gate, step = run.stage.site.current.gate, ACTIONS[action]
    try:
        if not step:
            query = Query(action=action, filters={"id": id}, fields=("id",), limit=1)
            run.stage.site.current.reader.one(actor, object, id)
            return bool(run.stage.site.current.reader.page(actor, object, query).items)
        with gate.transaction(actor, quiet=True) as tx:
            gate.pass_steps(tx, object, step, [Change(given={}, id=id)])
            raise _TakenBack
    except _TakenBack:
        return True
    except Refusal as refusal:
        return not {p.code for p in refusal.problems} & REFUSED


def pairs(run: Run, world: World) -> int:
    """Compares list, single record and the roles as written; returns how many pairs there were."""
    count = 0
    for who in run.stage.whos[:4]:
        actor, sight = actor_of(run, who), world.sight(run.stage, who)
        for object, rows in world.rows.items():
            definition = run.stage.catalog.objects[object]
            if definition.parent or definition.is_settings:
                continue
            for action in ACTIONS:
                found = listed(run, actor, object, action)
                assert found == wanted(sight, object, rows, action), (str(who), object, action)
                for id in rows if action in ("read", "update") else list(rows)[:3]:
                    count += 1
                    alone = singly(run, actor, object, id, action)
                    assert alone is (id in found), (str(who), object, id, action)
    return count


def wanted(sight: Sight, object: str, rows: object, action: str) -> set[int]:
    """The rows by the roles as they are written; what cannot be read is not there."""
    assert isinstance(rows, dict)
    return {id for id in rows if sight.row(object, id) and sight.row(object, id, action)}


@pytest.mark.parametrize("seed", [3])
def test_lists_and_single_records_agree(made_up: Run, seed: int) -> None:
    """For every person, object, record and action; so do the roles as they are written."""
    assert pairs(made_up, made_up.world(seed)) > 300
