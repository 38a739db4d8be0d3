"""The gate's steps on one object and its lines, on both databases."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.records.changes import Change
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, refusal, small_site

SITE = f"""
{PEOPLE}
---
object: product
owned: false
title: name
fields:
  code: {{type: text, unique: true}}
  name: {{type: text, required: true}}
  price: {{type: money}}
  active: {{type: boolean, default: true}}
---
object: order
number: "O-{{seq:03}}"
title: number
fields:
  subject: {{type: text}}
  kind: {{type: choice, options: {{goods: Goods, service: Service}}, default: goods}}
  placed_on: {{type: date, default_from: today()}}
  due_on: {{type: date, suggest: placed_on + days(10)}}
  due_note: {{type: text, suggest: '"due" if due_on is not empty else empty'}}
  discount: {{type: percent, suggest: '0.1 if kind == "service" else 0'}}
  reason: {{type: text, required_when: discount > 0.5}}
  main: {{type: link, to: product, where: active}}
  secret: {{type: text}}
  fixed: {{type: text, read_only: true, default: "as it is"}}
  lines: {{type: lines, of: order_line, required: true}}
  total: {{type: money, rollup: sum(line.amount for line in lines)}}
  entries: {{type: integer, rollup: count(line for line in lines if line.amount > 0)}}
  big: {{type: boolean, formula: total > 1000}}
  level: {{type: text, suggest: '"high" if total > 1000 else "low"'}}
  guess: {{type: integer, suggest: later}}
  later: {{type: integer, formula: double + 1, stored: false}}
  double: {{type: integer, formula: entries * 2}}
checks:
  - {{name: due, that: due_on is empty or due_on >= placed_on, field: due_on, say: Too early}}
---
object: order_line
owned: false
fields:
  order: {{type: link, to: order, required: true}}
  product: {{type: link, to: product}}
  quantity: {{type: number, default: 1, min: 0}}
  price: {{type: money, suggest: product.price, required: true}}
  amount: {{type: money, formula: quantity * price * (1 - order.discount)}}
  share: {{type: percent, formula: amount / order.total}}
unique:
  - [order, product]
---
role: clerk
grants:
  order:
    {{create: true, read: all, update: all, delete: all, restore: all,
     fields: {{"*": write, secret: none, subject: read}}}}
  order_line: {{fields: {{"*": write, price: read}}}}
  product: {{read: active, fields: {{"*": read}}}}
---
role: nobody
grants: {{}}
"""

CLERK = actor(None, "clerk")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("gate"), SITE) as made:
        yield made


def product(site: SmallSite, **values: Any) -> int:
    return site.create("product", **({"name": "Saw", "price": "10"} | values))


def order(site: SmallSite, **values: Any) -> int:
    given = {"lines": [{"quantity": 2, "price": "100"}]} | values
    return site.create("order", **given)


def test_defaults(site: SmallSite) -> None:
    """Literal and computed defaults, suggestions and formulas fill a new record."""
    id = order(site)
    names = (
        "kind",
        "placed_on",
        "due_on",
        "due_note",
        "discount",
        "fixed",
        "total",
        "entries",
        "big",
    )
    assert site.values("order", id, *names) == [
        "goods", dt.date(2026, 3, 16), dt.date(2026, 3, 26), "due", Decimal(0), "as it is",
        Decimal(200), Decimal(1), False,
    ]  # fmt: skip


def test_given_empty_on_create(site: SmallSite) -> None:
    """A default yields to an explicit empty; a suggestion does not."""
    id = order(site, kind=None, placed_on="", due_on=None)
    assert site.values("order", id, "kind", "placed_on", "due_on") == [None, None, None]
    id = order(site, due_on=None)
    assert site.values("order", id, "due_on") == [dt.date(2026, 3, 26)]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"nonsense": 1}, ("unknown-field", "nonsense")),
        ({"total": "5"}, ("computed-field", "total")),
        ({"big": True}, ("computed-field", "big")),
        ({"fixed": "x"}, ("system-field", "fixed")),
        ({"id": 7}, ("system-field", "id")),
        ({"number": "O-999"}, ("system-field", "number")),
        ({"version": 7}, ("system-field", "version")),
        ({"created_on": "2020-01-01T00:00:00Z"}, ("system-field", "created_on")),
        ({"deleted_on": "2020-01-01T00:00:00Z"}, ("system-field", "deleted_on")),
        ({"kind": "good"}, ("not-an-option", "kind")),
        ({"placed_on": "soon"}, ("value-not-readable", "placed_on")),
        ({"discount": "0.6"}, ("required", "reason")),
        ({"due_on": "2026-03-01"}, ("check-failed", "due_on")),
        ({"lines": []}, ("required", "lines")),
        ({"lines": None}, ("required", "lines")),
        ({"lines": "x"}, ("bad-lines", "lines")),
        ({"lines": [1]}, ("bad-lines", "lines")),
        ({"lines": [{"price": 1, "quantity": -1}]}, ("out-of-range", "lines[0].quantity")),
        ({"lines": [{"quantity": 1}]}, ("required", "lines[0].price")),
        ({"lines": [{"price": 1, "amount": 1}]}, ("computed-field", "lines[0].amount")),
        ({"lines": [{"price": 1}, {"price": 1, "x": 1}]}, ("unknown-field", "lines[1].x")),
        ({"lines": [{"price": 1, "id": 99999}]}, ("unknown-line", "lines[0]")),
        ({"main": 99999}, ("link-not-found", "main")),
        ({"main": "nothing of that name"}, ("link-not-found", "main")),
        ({"main": True}, ("value-not-readable", "main")),
        ({"main": -1}, ("value-not-readable", "main")),
        ({"main": 2**70}, ("value-not-readable", "main")),
    ],
)
def test_refused(site: SmallSite, given: dict[str, Any], problem: tuple[str, str]) -> None:
    """Bad input of a new record is refused by name, and nothing is written."""
    before = site.page("order", count="exact").count
    assert codes(lambda: order(site, **given)) == [problem]
    assert site.page("order", count="exact").count == before


def test_all_problems_together(site: SmallSite) -> None:
    """Every problem of the record and its lines is told at once."""
    given = {"kind": "x", "nonsense": 1, "lines": [{"price": "?"}, {"quantity": "?", "price": 1}]}
    assert codes(lambda: order(site, **given)) == [
        ("not-an-option", "kind"),
        ("unknown-field", "nonsense"),
        ("value-not-readable", "lines[0].price"),
        ("value-not-readable", "lines[1].quantity"),
    ]


def test_many_at_once_all_or_none(site: SmallSite) -> None:
    """Of several records each problem says which; none is created."""
    before = len(site.ids("product"))
    given = [{"name": "ok"}, {"price": 1}, {"name": "ok too"}]
    assert codes(lambda: site.gate.create(SYSTEM, "product", given)) == [("required", "[1].name")]
    assert len(site.ids("product")) == before


def test_number_of_digits_overflows(site: SmallSite) -> None:
    """A formula's result beyond 18 digits is a problem, not a traceback."""
    big = "9" * 16
    found = codes(lambda: order(site, lines=[{"quantity": big, "price": big}]))
    assert [path for _, path in found] == ["lines[0].amount"]


def test_suggestion_follows_until_overridden(site: SmallSite) -> None:
    """due_on follows placed_on; an own value stays; emptied, it follows the next change again."""
    id = order(site)
    site.update("order", id, placed_on="2026-04-01")
    assert site.values("order", id, "due_on") == [dt.date(2026, 4, 11)]
    site.update("order", id, due_on="2026-05-01")
    site.update("order", id, placed_on="2026-04-02")
    assert site.values("order", id, "due_on") == [dt.date(2026, 5, 1)]
    site.update("order", id, due_on="")
    assert site.values("order", id, "due_on") == [None]
    site.update("order", id, subject="unrelated")
    assert site.values("order", id, "due_on") == [None]
    site.update("order", id, placed_on="2026-04-03")
    assert site.values("order", id, "due_on") == [dt.date(2026, 4, 13)]


def test_suggestion_that_reads_a_rollup(site: SmallSite) -> None:
    """A suggestion over the lines' total sees the total that the record is saved with."""
    id = order(site, lines=[{"price": "5000"}])
    assert site.values("order", id, "level", "big") == ["high", True]
    site.update("order", id, lines=[{"price": "5"}])
    assert site.values("order", id, "level", "big") == ["low", False]
    site.update("order", id, level="mine")
    site.update("order", id, lines=[{"price": "5000"}])
    assert site.values("order", id, "level") == ["mine"]


def test_suggestion_through_formulas(site: SmallSite) -> None:
    """A suggestion over a formula that is computed when read follows what that reads."""
    id = order(site, lines=[{"price": 5}])
    assert site.values("order", id, "later", "guess") == [3, 3]
    site.update("order", id, lines=[{"price": 6}] * 2)
    assert site.values("order", id, "later", "guess") == [5, 5]


def test_lines_follow_their_record(site: SmallSite) -> None:
    """A line's formula reads the record: directly, through a suggestion, and through a rollup."""
    id = order(site, lines=[{"price": "60"}, {"price": "40"}])
    assert [line.values["share"] for line in site.read("order", id).values["lines"]] == [
        Decimal("0.6"), Decimal("0.4"),
    ]  # fmt: skip
    site.update("order", id, discount="0.5")
    assert [line.values["amount"] for line in site.read("order", id).values["lines"]] == [30, 20]
    site.update("order", id, discount=None)
    site.update("order", id, kind="service")  # the suggestion sets the discount to 0.1
    assert site.values("order", id, "discount", "total") == [Decimal("0.1"), Decimal(90)]
    assert [line.values["amount"] for line in site.read("order", id).values["lines"]] == [54, 36]
    version = site.read("order", id).version
    lines = site.read("order", id).values["lines"]
    site.update("order", id, lines=[{"id": lines[0].id}, {"id": lines[1].id, "price": "440"}])
    shares = [line.values["share"] for line in site.read("order", id).values["lines"]]
    assert shares == [Decimal("0.12"), Decimal("0.88")]
    assert site.read("order", id).version == version + 1


def test_lines_are_replaced(site: SmallSite) -> None:
    """The list is the new state: ids change lines, others are new, missing ones go."""
    id = order(site, lines=[{"price": p} for p in (1, 2, 3)])
    first, second, third = site.read("order", id).values["lines"]
    site.update(
        "order", id, lines=[{"id": third.id, "quantity": 5}, {"price": 9}, {"id": first.id}]
    )
    after = site.read("order", id).values["lines"]
    assert [line.values["price"] for line in after] == [3, 9, 1]
    assert [after[0].id, after[2].id] == [third.id, first.id]
    assert second.id not in [line.id for line in after]
    assert site.values("order", id, "total", "entries") == [Decimal(25), 3]
    other = order(site)
    theirs = site.read("order", other).values["lines"][0].id
    given = [{"id": theirs, "price": 1}]
    assert codes(lambda: site.update("order", id, lines=given)) == [("unknown-line", "lines[0]")]
    twice = [{"id": first.id}, {"id": first.id}]
    assert codes(lambda: site.update("order", id, lines=twice)) == [("unknown-line", "lines[1]")]
    back = [{"id": second.id}]
    assert codes(lambda: site.update("order", id, lines=back)) == [("unknown-line", "lines[0]")]
    assert codes(lambda: site.update("order", id, lines=[])) == [("required", "lines")]


def test_new_lines_of_an_old_record_get_their_defaults(site: SmallSite) -> None:
    """Defaults and suggestions fill lines that a change adds."""
    id, saw = order(site), product(site, price="7")
    site.update("order", id, lines=[{"product": saw}])
    (line,) = site.read("order", id).values["lines"]
    assert [line.values[n] for n in ("quantity", "price", "amount")] == [1, 7, 7]


def test_lines_with_unique_values_are_replaced(site: SmallSite) -> None:
    """Replacing a line by a new one with the same unique value is no conflict; doubling it is."""
    saw, axe = product(site), product(site)
    id = order(site, lines=[{"product": saw}, {"product": axe}])
    site.update("order", id, lines=[{"product": saw, "quantity": 3}])
    assert site.values("order", id, "total") == [30]
    twice = [{"product": saw}, {"product": saw}]
    assert codes(lambda: site.update("order", id, lines=twice)) == [
        ("not-unique", "lines[1].product")
    ]
    (line,) = site.read("order", id).values["lines"]
    site.update("order", id, lines=[{"id": line.id, "product": axe}, {"product": saw}])
    assert site.values("order", id, "entries") == [2]


def test_versions(site: SmallSite) -> None:
    """A version for record and lines together; none for a change that changes nothing."""
    id = order(site)
    assert site.read("order", id).version == 1
    site.gate.update(SYSTEM, "order", id, {"subject": "a"}, version=1)
    lines = [{"id": line.id, "price": 8} for line in site.read("order", id).values["lines"]]
    site.gate.update(SYSTEM, "order", id, {"lines": lines}, version=2)
    assert site.read("order", id).version == 3
    stale = refusal(lambda: site.gate.update(SYSTEM, "order", id, {"subject": "b"}, version=1))
    assert (
        stale
        == (
            "stale-version the record was changed meanwhile (version 3 instead of 1):"
            " Big, Entries, Lines, Subject, Total (load it again and repeat your change)"
        )
        or "Lines" in stale
    )
    assert codes(lambda: site.gate.delete(SYSTEM, "order", [id], version=2)) == [
        ("stale-version", "")
    ]
    audits = len(site.rows("fw_audit"))
    change = site.update("order", id, subject=" a ", lines=lines)
    assert "unchanged" in change.notes
    assert site.read("order", id).version == 3
    assert len(site.rows("fw_audit")) == audits


def test_audit(site: SmallSite) -> None:
    """The audit holds before and after of record and lines; nobody asked for any effect."""
    id = order(site, subject="first")
    site.update("order", id, subject="second", lines=[{"price": 3}])
    last = site.rows("fw_audit")[-1]
    data = json.loads(last["data"])
    assert (last["object"], last["record"], last["action"], last["version"]) == (
        "order", id, "update", 2,
    )  # fmt: skip
    assert data["fields"]["subject"] == ["first", "second"]
    assert data["fields"]["total"] == ["200.00", "3.00"]
    new, gone = sorted(data["lines"]["lines"], key=lambda line: line["action"])
    assert (new["action"], new["fields"]["price"]) == ("create", [None, "3.00"])
    assert (gone["action"], gone["fields"]["price"]) == ("delete", ["100.00", None])
    assert site.rows("fw_outbox") == []


def test_delete_and_restore(site: SmallSite) -> None:
    """A deleted record is gone for everyone, with its lines; restored, all is as before."""
    id = order(site, lines=[{"price": 1}, {"price": 2}])
    before = site.read("order", id).values["lines"]
    site.clock.turn(minutes=1)
    site.update("order", id, lines=[{"id": before[0].id}])
    site.clock.turn(minutes=1)
    site.delete("order", id)
    assert codes(lambda: site.read("order", id)) == [("not-found", "")]
    assert codes(lambda: site.update("order", id, subject="x")) == [("not-found", "")]
    assert codes(lambda: site.delete("order", id)) == [("not-found", "")]
    assert site.ids("order_line", filters={"order": id}) == []
    assert site.read("order", id, deleted=True).values["deleted_on"] == site.clock.now
    site.clock.turn(minutes=1)
    site.restore("order", id)
    (line,) = site.read("order", id).values["lines"]
    assert line.id == before[0].id
    assert site.values("order", id, "total", "deleted_on", "version") == [1, None, 4]
    assert codes(lambda: site.restore("order", id)) == [("not-deleted", "")]
    assert codes(lambda: site.restore("order", 99999)) == [("not-found", "")]


def test_lines_take_no_changes_of_their_own(site: SmallSite) -> None:
    """A line is written through its record only."""
    id = order(site)
    (line,) = site.read("order", id).values["lines"]
    assert codes(lambda: site.update("order_line", line.id, price=1)) == [("not-found", "")]
    assert codes(lambda: site.create("order_line", order=id, price=1)) == [("not-found", "")]
    assert codes(lambda: site.delete("order_line", line.id)) == [("not-found", "")]
    assert codes(lambda: site.create("nonsense")) == [("not-found", "")]


def test_restored_links_must_lead_somewhere(site: SmallSite) -> None:
    """A record cannot come back to a target that has gone meanwhile."""
    saw = product(site)
    id = order(site, main=saw)
    assert codes(lambda: site.delete("product", saw)) == [("still-used", "")]
    site.delete("order", id)
    site.delete("product", saw)
    assert codes(lambda: site.restore("order", id)) == [("link-not-found", "main")]
    site.restore("product", saw)
    site.restore("order", id)
    assert site.values("order", id, "main") == [saw]


def test_links_by_word(site: SmallSite) -> None:
    """A link is named by id, by unique text, or by title, whatever its case."""
    saw = product(site, code="S-1", name="Big Saw")
    other = product(site, name="Twin")
    product(site, name="TWIN")
    for word in (saw, str(saw), {"id": saw}, {"id": saw, "title": "x"}, "s-1", "Ｓ-1", "big saw"):
        assert site.values("order", order(site, main=word), "main") == [saw]
    assert codes(lambda: order(site, main="twin")) == [("link-ambiguous", "main")]
    given = [{"lines": [{"price": 1}], "main": word} for word in ("S-1", "s-1")]
    assert [c.row["main"] for c in site.gate.create(SYSTEM, "order", given)] == [saw, saw]
    site.delete("product", other)
    assert codes(lambda: order(site, main=other)) == [("link-not-found", "main")]
    assert site.values("order", order(site, main="twin"), "main") != [other]


def test_link_condition(site: SmallSite) -> None:
    """A target must fulfil the link's condition when it is chosen, not for ever after."""
    saw = product(site, active=False)
    assert codes(lambda: order(site, main=saw)) == [("link-unsuitable", "main")]
    site.update("product", saw, active=True)
    id = order(site, main=saw)
    site.update("product", saw, active=False)
    site.update("order", id, main=saw, subject="kept")
    assert site.values("order", id, "main") == [saw]


def test_fields_of_roles(site: SmallSite) -> None:
    """Hidden fields do not exist, readable ones take no input; the same holds for lines."""
    id = order(site)
    update = site.update
    assert codes(lambda: update("order", id, CLERK, secret="x")) == [("unknown-field", "secret")]
    assert codes(lambda: update("order", id, CLERK, subject="x")) == [
        ("forbidden-field", "subject")
    ]
    assert codes(lambda: update("order", id, CLERK, owner=1)) == [("forbidden-field", "owner")] or (
        "owner" not in site.gate.catalog.objects["order"].fields
    )
    line = site.read("order", id).values["lines"][0].id
    given = [{"id": line, "price": 1}]
    assert codes(lambda: update("order", id, CLERK, lines=given)) == [
        ("forbidden-field", "lines[0].price")
    ]
    update("order", id, CLERK, lines=[{"id": line, "quantity": 4}])
    assert site.values("order", id, "total") == [400]
    nobody = actor(None, "nobody")
    assert codes(lambda: update("order", id, nobody, kind="goods")) == [("forbidden", "")]
    assert codes(lambda: site.create("order", nobody)) == [("forbidden", "")]
    assert codes(lambda: site.read("order", id, nobody)) == [("not-found", "")]


def test_restricted_links(site: SmallSite) -> None:
    """A target that cannot be seen reads as restricted, and comes back unchanged."""
    hidden = product(site)
    id = order(site, main=hidden)
    site.update("product", hidden, active=False)
    seen = site.read("order", id, CLERK).values["main"]
    assert (seen.id, seen.title, seen.restricted) == (None, None, True)
    site.update("order", id, CLERK, main={"id": None, "title": None, "restricted": True})
    assert site.values("order", id, "main") == [hidden]
    assert codes(lambda: site.update("order", order(site), CLERK, main=hidden)) == [
        ("link-not-found", "main")
    ]
    site.update("order", id, CLERK, main=None)
    assert site.values("order", id, "main") == [None]


def test_lenient_batches_part_with_bad_changes(site: SmallSite) -> None:
    """An import goes on without the rows that are wrong."""
    with site.gate.transaction(SYSTEM) as tx:
        changes = [Change(given=g) for g in ({"name": "a"}, {"name": ""}, {"name": "c", "x": 1})]
        batch = site.gate.pass_steps(tx, "product", "create", changes, lenient=True)
    assert [c.given["name"] for c in batch.changes] == ["a"]
    assert [[p.code for p in c.problems] for c in batch.rejected] == [
        ["required"], ["unknown-field"],
    ]  # fmt: skip
