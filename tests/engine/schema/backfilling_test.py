"""Columns of large tables are computed before publishing, beside everybody's work."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.schema.backfilling import Progress, read_journal
from engine.schema.structure import read_structure
from engine.schema.touching import watching
from support.backfilled import AFTER, COUNT, ORDER, Killed, begun, orders, whole
from support.workshop import Workshop


def tables(shop: Workshop) -> frozenset[str]:
    with shop.databases.reading() as connection:
        return read_structure(connection).tables["order"].columns


def test_everything_before_publishing(shop: Workshop) -> None:
    """Defaults, a conversion, formulas, a rollup: computed in passes, the same as at once."""
    begun(shop).write(order=AFTER)
    told: list[Progress] = []
    assert shop.apply(online_from=10, tell=told.append) == 2
    whole(shop)
    assert [str(r["weight"]) for r in orders(shop).values()][:2] == ["1.5", "2.5"]
    assert told[-1].done == told[-1].total
    assert "weight" in told[0].what.in_("en") or "region" in told[0].what.in_("en")
    with shop.databases.reading() as connection:
        assert read_journal(connection) is None
        assert watching(connection) == []
        query = "SELECT data FROM fw_audit WHERE cause = 'apply' AND object = 'order' ORDER BY id"
        said = [json.loads(data) for (data,) in connection.exec_driver_sql(query)]
    assert said == []
    assert shop.plan().empty


def lines_of(gate: Any, order: int) -> list[int]:
    found: list[int] = gate.write(
        SYSTEM, lambda tx: tx.lines_below(tx.catalog.objects["order_line"], [order])
    )
    return found


def meddler(shop: Workshop) -> Any:
    """Somebody who changes something, each time in another way, by the rules of before."""
    gate, turn = shop.application().gate, iter(range(1, 10_000))

    def meddle() -> None:
        n = next(turn)
        first, other = n * 7 % COUNT + 1, n * 13 % COUNT + 1
        gate.update(SYSTEM, "order", first, {"amount": n, "name": f"m{n}", "weight": f"{n}.0"})
        if n % 7 == 4:
            gate.update(SYSTEM, "customer", n % 3 + 1, {"rating": n})
        rows, moving = lines_of(gate, other), lines_of(gate, n * 19 % COUNT + 1)
        lines = [{"id": rows[0], "pieces": n}] if rows else []
        gate.update(SYSTEM, "order", other, {"lines": [*lines, {"pieces": 2}]})
        if n % 3 == 0:
            gate.create(SYSTEM, "order", [{"name": f"new{n}", "customer": 1, "amount": n}])
        if moving:
            with shop.databases.writing() as connection:  # a line that moves to another order
                connection.exec_driver_sql(
                    f'UPDATE order_line SET "order" = {first} WHERE id = {moving[-1]}'
                )

    return meddle


def test_what_is_written_meanwhile(shop: Workshop) -> None:
    """Orders, lines, customers that are changed, made, moved between all steps: none is missed."""
    begun(shop).write(order=AFTER)
    meddle = meddler(shop)

    def tell(progress: Progress) -> None:
        for _ in range(3):
            meddle()

    assert shop.apply(online_from=10, tell=tell) == 2
    whole(shop)
    assert len(orders(shop)) > COUNT


def test_it_goes_on_where_it_was(shop: Workshop) -> None:
    """Ended after some records: the old revision goes on, the next apply begins there."""
    begun(shop).write(order=AFTER)
    meddle, seen = meddler(shop), list[int]()

    def end(progress: Progress) -> None:
        seen.append(progress.done)
        if len(seen) == 2:
            raise Killed

    plan = shop.plan()
    with pytest.raises(Killed):
        shop.apply(online_from=10, tell=end)
    meddle()
    with shop.databases.reading() as connection:
        journal = read_journal(connection)
    assert journal is not None and journal.count == seen[-1] > 0
    assert shop.plan().digest == plan.digest  # what is begun is no other plan
    assert [str(s.text) for s in shop.plan().steps] == [str(s.text) for s in plan.steps]
    assert shop.apply(online_from=10, tell=lambda p: seen.append(p.done)) == 2
    assert seen[2] > seen[1]
    whole(shop)


def test_another_plan_begins_anew(shop: Workshop) -> None:
    """What was begun for other definitions is dropped, with everything that stood in it."""
    begun(shop).write(order=AFTER)

    def end(progress: Progress) -> None:
        if progress.done >= COUNT:
            raise Killed

    with pytest.raises(Killed):
        shop.apply(online_from=10, tell=end)
    assert "region" in tables(shop)
    shop.write(order=AFTER.replace(", default_for_existing: south", ""))
    plan = shop.plan()
    assert plan.steps[0].kind == "given-up"
    assert shop.apply(online_from=10) == 2
    assert {row["region"] for row in orders(shop).values()} == {None}
    assert shop.plan().empty


def test_back_to_the_files_of_before(shop: Workshop) -> None:
    """Files as they were before: nothing of what was begun stays, no trigger either."""
    before = tables(begun(shop))
    shop.write(order=AFTER)

    def end(progress: Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        shop.apply(online_from=10, tell=end)
    shop.write(order=ORDER)
    assert [step.kind for step in shop.plan().steps] == ["given-up"]
    shop.apply()
    assert tables(shop) == before
    with shop.databases.reading() as connection:
        assert watching(connection) == []
    assert shop.plan().empty


def test_converted_values_are_told(shop: Workshop) -> None:
    """The history has what a value was converted from, in the batch; going back takes it back."""
    begun(shop)
    gate = shop.application().gate
    gate.update(SYSTEM, "order", 3, {"weight": "7,5"})
    convert = "{type: number, scale: 1, convert: {decimal: ','}}"
    shop.write(order=ORDER.replace("{type: text}\n  amount", f"{convert}\n  amount"))
    assert shop.apply(online_from=10, allow_loss=True) == 2
    with shop.databases.reading() as connection:
        query = (
            "SELECT record, batch, data FROM fw_audit WHERE cause = 'apply' AND object = 'order'"
        )
        said = {record: (batch, data) for record, batch, data in connection.exec_driver_sql(query)}
    assert said[3][0] is not None
    assert json.loads(said[3][1]) == {"fields": {"weight": ["7,5", "7.5"]}}
    shop.go_back(1, allow_loss=True)
    assert orders(shop)[3]["weight"] == "7,5"


def test_equal_values_refuse_all(shop: Workshop) -> None:
    """Defaults that would be equal under a unique key: nothing is published, it can be mended."""
    begun(shop).write(order=AFTER.replace("{from: name}", "'same'"))
    with pytest.raises(Refusal):
        shop.apply(online_from=10, allow_loss=True)
    shop.application().gate.update(SYSTEM, "order", 1, {"name": "still old"})
    shop.write(order=AFTER)
    assert shop.apply(online_from=10) == 2
    whole(shop)


def test_the_plan_says_when(shop: Workshop) -> None:
    """What is computed before publishing holds nobody up; what is not, says so."""
    begun(shop).write(order=AFTER)
    plan = shop.plan()
    large = replace(plan, rows={"order": 600_000}, ahead=frozenset({("order", "score")}))
    dialect = shop.databases.dialect
    said = large.beforehand(dialect).said()
    assert said is not None and "nobody waits" in said.in_("en")
    assert large.publishing(dialect).seconds > large.beforehand(dialect).seconds
    assert plan.ahead == frozenset()
    names = {"weight", "region", "code", "score", "pieces", "both"}
    assert shop.plan(online_from=10).ahead == {("order", name) for name in names}
