"""Values of large tables that are written anew go to new columns, before publishing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.loading.packing import plain
from engine.loading.storing import restore
from engine.permissions.actors import SYSTEM
from engine.schema.backfilling import Progress
from engine.schema.pruning import Parked, Past, parked
from engine.schema.since import since
from engine.schema.state import revision_definitions, revisions, state_of_revision
from engine.schema.structure import read_structure
from support.workshop import Workshop

CUSTOMER = """
title: name
fields:
  name: {type: text}
  rating: {type: integer}
"""
BEFORE = """
title: name
views:
  all: {label: All, sort: -score, columns: [name, kind]}
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  amount: {type: number, scale: 2}
  kind: {type: choice, options: {a: A, b: B, c: C}}
  labels: {type: tags}
  region: {type: text}
  score: {type: number, scale: 2, formula: amount * customer.rating, stored: true}
  double: {type: number, scale: 2, formula: score * 2, stored: true}
"""
AFTER = """
title: name
views:
  all: {label: All, sort: -score, columns: [name, kind]}
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  amount: {type: number, scale: 2}
  kind: {type: choice, options: {a: A, bee: {label: B, was: b}}, replace: {c: a},
         default_for_existing: bee}
  labels: {type: tags, replace: {old: new}}
  region: {type: text, required: true, default_for_existing: {from: name}}
  score: {type: number, scale: 2, formula: amount * customer.rating + 1, stored: true}
  double: {type: number, scale: 2, formula: score * 2, stored: true}
"""
COUNT = 40
FROM = 8
"""Records that make a table a large one here."""
Rows = dict[int, dict[str, Any]]


def begun(shop: Workshop) -> Workshop:
    shop.write(order=BEFORE, customer=CUSTOMER)
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "customer", [{"name": f"c{n}", "rating": n} for n in range(1, 4)])
    gate.create(SYSTEM, "order", [
        {"name": f"o{n}", "customer": n % 3 + 1, "amount": n, "kind": (*"abc", None)[n % 4],
         "labels": ["old", "x"] if n % 2 else ["y"], "region": "here" if n % 5 else None}
        for n in range(1, COUNT + 1)
    ])  # fmt: skip
    return shop


def orders(shop: Workshop) -> Rows:
    gate = shop.application().gate
    return gate.write(SYSTEM, lambda tx: dict(tx.fetch("order", range(1, COUNT + 10))))


def expected(n: int, row: dict[str, Any], kind: Any) -> None:
    rating = row["customer"]
    score = row["amount"] * rating + 1
    assert (row["score"], row["double"]) == (score, score * 2), row
    assert row["kind"] == {"a": "a", "b": "bee", "c": "a", None: "bee"}[kind], row
    assert tuple(row["labels"]) == (("new", "x") if n % 2 else ("y",)), row
    assert row["region"] == ("here" if n % 5 else row["name"]), row


def columns(shop: Workshop) -> frozenset[str]:
    with shop.databases.reading() as connection:
        return read_structure(connection).tables["order"].columns


def kinds_of(shop: Workshop, **options: Any) -> list[str]:
    return [step.kind for step in shop.plan(**options).steps]


def test_small_tables_are_written_in_place(shop: Workshop) -> None:
    """Where nobody waits for long, no column is added."""
    begun(shop).write(order=AFTER)
    assert "rewritten-field" not in kinds_of(shop)
    before = columns(shop)
    assert shop.apply() == 2
    assert columns(shop) == before
    for n, row in orders(shop).items():
        expected(n, row, (*"abc", None)[n % 4])


def test_few_values_are_written_in_place(shop: Workshop) -> None:
    """Where few records hold what is replaced, and nothing is computed from it, none is copied."""
    begun(shop).write(order=BEFORE.replace("c: C}}", "d: D}, replace: {c: a}}"))
    assert "rewritten-field" not in kinds_of(shop, online_from=11)
    assert "rewritten-field" in kinds_of(shop, online_from=10)


def test_what_follows_from_few_values(shop: Workshop) -> None:
    """What is computed from values written in place is computed anew, of the records that read
    them; no other record is touched."""
    begun(shop)
    shop.application().gate.update(SYSTEM, "customer", 3, {"rating": None})
    with shop.databases.writing() as connection:
        connection.exec_driver_sql('UPDATE "order" SET score = 4711 WHERE customer = 1 AND id = 3')
    shop.write(customer=CUSTOMER.replace("integer}", "integer, default_for_existing: 7}"))
    shop.apply()
    for n, row in orders(shop).items():
        if n != 3:
            score = row["amount"] * (7 if row["customer"] == 3 else row["customer"])
            assert (row["score"], row["double"]) == (score, score * 2), n
    assert orders(shop)[3]["score"] != orders(shop)[3]["amount"]


def test_values_go_to_new_columns(shop: Workshop) -> None:
    """Replaced options and tags, defaults, a formula and what follows from it: all before."""
    begun(shop).write(order=AFTER)
    assert kinds_of(shop, online_from=FROM).count("rewritten-field") == 5
    told: list[Progress] = []
    assert shop.apply(online_from=FROM, tell=told.append) == 2
    assert columns(shop) >= {"kind_2", "labels_2", "region_2", "score_2", "double_2"}
    assert told[-1].done == told[-1].total
    for n, row in orders(shop).items():
        expected(n, row, (*"abc", None)[n % 4])
    assert shop.plan(online_from=FROM).empty
    gate = shop.application().gate
    gate.update(SYSTEM, "order", 1, {"amount": 10, "kind": "a"})
    row = orders(shop)[1]
    assert (row["score"], row["double"], row["kind"]) == (21, 42, "a")


def test_the_audit_tells_what_changed(shop: Workshop) -> None:
    """Each record whose value people see changed has that in its history; no other has."""
    begun(shop).write(order=AFTER)
    shop.apply(online_from=FROM)
    with shop.databases.reading() as connection:
        query = "SELECT record, data FROM fw_audit WHERE cause = 'apply' ORDER BY id"
        said = [(r, json.loads(d)["fields"]) for r, d in connection.exec_driver_sql(query)]
    kinds = {record: fields["kind"] for record, fields in said if "kind" in fields}
    assert kinds == {
        n: ["c", "a"] if n % 4 == 2 else [None, "bee"] for n in range(1, COUNT + 1) if n % 4 > 1
    }
    regions = [record for record, fields in said if "region" in fields]
    assert sorted(regions) == [n for n in range(1, COUNT + 1) if n % 5 == 0]


def test_what_is_written_meanwhile(shop: Workshop) -> None:
    """Whoever writes by the rules of before finds it again by those of after."""
    begun(shop).write(order=AFTER)
    gate, turn = shop.application().gate, iter(range(1, 1000))

    def meddle(progress: Progress) -> None:
        n = next(turn)
        gate.update(SYSTEM, "order", n % COUNT + 1, {"kind": "c", "amount": n, "region": None})
        if n == 2:
            gate.update(SYSTEM, "customer", 1, {"rating": 1})
            gate.create(SYSTEM, "order", [
                {"name": "late", "kind": "b", "customer": 2, "amount": 3, "labels": ["old", "x"]}
            ])  # fmt: skip

    shop.apply(online_from=FROM, tell=meddle)
    touched = {n % COUNT + 1 for n in range(1, next(turn))}
    rows = orders(shop)
    late = rows.pop(COUNT + 1)
    assert (late["kind"], late["region"], late["score"]) == ("bee", "late", 7)
    assert tuple(late["labels"]) == ("new", "x")
    for n, row in rows.items():
        assert row["score"] == row["amount"] * row["customer"] + 1
        assert row["double"] == row["score"] * 2
        if n in touched:
            assert (row["kind"], row["region"]) == ("a", row["name"])
        else:
            expected(n, row, (*"abc", None)[n % 4])


class _EndedError(Exception):
    pass


def ending(after: int) -> Callable[[Progress], None]:
    left = iter(range(after))

    def tell(progress: Progress) -> None:
        if next(left, None) is None:
            raise _EndedError

    return tell


def test_it_goes_on_where_it_was(shop: Workshop) -> None:
    """An apply that ended on the way makes the same plan again, and goes on."""
    begun(shop).write(order=AFTER)
    digest = shop.plan(online_from=FROM).digest
    with pytest.raises(_EndedError):
        shop.apply(online_from=FROM, tell=ending(2))
    assert orders(shop)[2]["kind"] == "c"  # the running revision has its own column
    assert shop.plan(online_from=FROM).digest == digest
    shop.application().gate.update(SYSTEM, "order", 2, {"kind": "b"})
    assert shop.apply(online_from=FROM) == 2
    rows = orders(shop)
    assert rows.pop(2)["kind"] == "bee"
    for n, row in rows.items():
        expected(n, row, (*"abc", None)[n % 4])


def test_the_way_back(shop: Workshop) -> None:
    """What stood before comes back, what people have changed since is carried along; derived
    values are those of their records."""
    begun(shop)
    first = {n: dict(row) for n, row in orders(shop).items()}
    shop.write(order=AFTER)
    shop.apply(online_from=FROM)
    gate = shop.application().gate
    gate.update(SYSTEM, "order", 2, {"kind": "bee", "amount": 100})
    plan, _ = shop.way_back(1, FROM)
    assert plan.target.rewritten == {("order", "score"), ("order", "double")}
    assert shop.go_back(1, online_from=FROM, allow_loss=True) == 3
    rows = orders(shop)
    assert rows[2]["kind"] == "b"
    assert (rows[2]["score"], rows[2]["double"]) == (300, 600)
    for n, row in rows.items():
        if n != 2:
            for name in ("kind", "labels", "region", "score", "double"):
                assert row[name] == first[n][name], (n, name)


def test_forth_and_back_and_forth(shop: Workshop) -> None:
    """Columns of before hold what was true then: it is computed again whenever they come back."""
    begun(shop).write(order=AFTER)
    shop.apply(online_from=FROM)
    shop.write(order=BEFORE)
    shop.apply(online_from=FROM, allow_loss=True)
    shop.application().gate.update(SYSTEM, "order", 3, {"amount": 7})
    assert shop.go_back(1, allow_loss=True) == 4
    assert (orders(shop)[3]["score"], orders(shop)[3]["double"]) == (7, 14)
    shop.write(order=AFTER)
    shop.apply(online_from=FROM)
    assert (orders(shop)[3]["score"], orders(shop)[3]["double"]) == (8, 16)


def test_what_names_of_before_mean(shop: Workshop) -> None:
    """A form that was opened before finds the field, and the option that is called otherwise."""
    begun(shop).write(order=AFTER)
    shop.apply(online_from=FROM)
    catalog = shop.application().catalog
    with shop.databases.reading() as connection:
        found = since(connection, 1, catalog)
    order = catalog.objects["order"]
    assert found.values(order, {"kind": "b", "score": 1}) == {"kind": "bee", "score": 1}


def test_converted_and_filled(shop: Workshop) -> None:
    """A new type with a default for what is empty: converted values are kept."""
    begun(shop)
    shop.write(order=BEFORE.replace(
        "region: {type: text}", "region: {type: integer, default_for_existing: 5,"
        " convert: {replace: {here: 1}}}"))  # fmt: skip
    shop.apply(online_from=FROM)
    assert [orders(shop)[n]["region"] for n in (1, 5)] == [1, 5]


FLOW = """
workflow: way
object: lead
field: stage
start: [new, old]
attributes: {probability: {type: percent}}
stages:
  new: {label: New, probability: 10}
  old: {label: Old, probability: 50}
  won: {label: Won, probability: 100, state: won}
transitions:
  win: {label: Win, from: [new, old], to: won}
"""
LEAD = """
title: name
fields:
  name: {type: text}
  amount: {type: number, scale: 2}
  stage: {type: stage, workflow: way}
  weighted: {type: number, scale: 2, formula: amount * stage.probability / 100, stored: true}
"""


def test_what_was_entered_is_kept(shop: Workshop) -> None:
    """A field that people filled in and that is computed now: what they entered comes back with the
    revision of then, on small tables as well; what was computed needs no keeping."""
    computed = "region: {type: text, formula: name, stored: true}"
    begun(shop).write(order=BEFORE.replace("region: {type: text}", computed))
    shop.apply()
    assert orders(shop)[1]["region"] == "o1"
    assert {one.name: one.computed for one in parked_in(shop)} == {"order.region~region": False}
    shop.go_back(1)
    assert orders(shop)[1]["region"] == "here"
    shop.write(order=BEFORE.replace("customer.rating", "customer.rating + 1"))
    shop.apply(online_from=FROM)
    found = {one.name: (one.computed, one.last) for one in parked_in(shop)}
    assert found["order.score~score"] == found["order.double~double"] == (True, 3)


def parked_in(shop: Workshop) -> list[Parked]:
    with shop.databases.reading() as connection:
        tables = shop.application().tables
        past = [
            Past(one.id, one.at, plain(restore(json.loads(text))), keys)
            for one in revisions(connection)
            if (text := revision_definitions(connection, one.id))
            and (keys := state_of_revision(connection, one.id))
        ]
        return parked(connection, tables, past)


def test_stages_that_go(shop: Workshop) -> None:
    """What follows from a replaced stage is computed of the records that stood in it; where a
    stage means something else, of all."""
    shop.write(lead=LEAD).file("workflows/way.yaml", FLOW)
    shop.apply()
    gate = shop.application().gate
    leads = [{"name": f"l{n}", "amount": 100, "stage": ("new", "old")[n % 2]} for n in range(20)]
    gate.create(SYSTEM, "lead", leads)
    without = (
        FLOW.replace("start: [new, old]\n", "")
        .replace("  old: {label: Old, probability: 50}\n", "")
        .replace("[new, old]", "new")
    )
    shop.file("workflows/way.yaml", without + "replace: {old: new}\n")
    plan = shop.plan(online_from=FROM)
    assert plan.fills == ()
    assert "rewritten-field" not in [step.kind for step in plan.steps]
    shop.apply(online_from=FROM)
    assert {row["weighted"] for row in leads_of(shop)} == {10}
    shop.file("workflows/way.yaml", FLOW.replace("probability: 10}", "probability: 20}"))
    assert "rewritten-field" in kinds_of(shop, online_from=FROM)
    shop.apply(online_from=FROM)
    assert {row["weighted"] for row in leads_of(shop)} == {20}


def leads_of(shop: Workshop) -> list[dict[str, Any]]:
    gate = shop.application().gate
    return list(gate.write(SYSTEM, lambda tx: dict(tx.fetch("lead", range(1, 30)))).values())
