"""What stored fields read, by which way, and what cannot be: circles, and what moves by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.definition.catalog import Catalog
from engine.definition.dependencies import Dependencies, dependencies
from support.small import loaded

SITE = """
object: customer
owned: false
fields:
  name: {type: text}
  factor: {type: number}
  late: {type: boolean, formula: today() > date("2026-01-01")}
  big: {type: boolean, stored: false, formula: 'factor > 3 and factor < 100'}
  orders: {type: related, of: order}
  revenue: {type: money, rollup: sum(o.total for o in orders)}
---
object: order
owned: false
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  other: {type: link, to: customer}
  lines: {type: lines, of: line}
  total: {type: money, rollup: sum(l.amount for l in lines)}
---
object: line
owned: false
fields:
  order: {type: link, to: order}
  amount: {type: money}
"""
SITE = SITE.replace("of: order}", "of: order, by: customer}")


def graph(folder: Path, field: str, object: str = "order") -> Dependencies:
    """The graph of the site with one more field."""
    found = loaded(folder, added(field, object))
    assert isinstance(found.catalog, Catalog), found.problems
    return dependencies(found.catalog)


def added(field: str, object: str = "order") -> str:
    parts = SITE.split("---")
    index = ["customer", "order", "line"].index(object)
    parts[index] = f"{parts[index].rstrip()}\n  x: {field}\n"
    return "---".join(parts)


def ways(found: Dependencies, source: str) -> set[tuple[str, frozenset[str], str]]:
    """The edges of one object, each path as words."""
    return {
        (".".join(step.member for step in edge.path), edge.fields, f"{edge.object}.{edge.moves}")
        for edge in found.edges.get(source, ())
    }


def test_through_a_link(tmp_path: Path) -> None:
    """The target's field moves it; the link's target is held; the order comes first."""
    found = graph(tmp_path, "{type: number, stored: true, formula: customer.factor * 2}")
    assert ways(found, "customer") == {("customer", frozenset({"factor"}), "order.x")}
    assert found.held == {"order": (("customer",),)}
    assert found.kept["order", "x"].far
    assert not found.kept["order", "total"].far


def test_read_in_place(tmp_path: Path) -> None:
    """A formula that is computed when read is walked: its own fields count."""
    found = graph(tmp_path, "{type: boolean, stored: true, formula: customer.big}")
    assert ways(found, "customer") == {("customer", frozenset({"factor"}), "order.x")}


def test_nested_collections(tmp_path: Path) -> None:
    """Each collection on the way moves it: by its link back, and by what comes and goes."""
    formula = "any(any(l.amount > 3 for l in o.lines) for o in orders)"
    found = graph(tmp_path, f"{{type: boolean, stored: true, formula: {formula}}}", "customer")
    assert found.kept["customer", "x"].aggregated
    (line,) = ways(found, "line")
    assert line == ("orders.lines", frozenset({"amount", "order", "deleted_on"}), "customer.x")
    (order,) = ways(found, "order")
    assert order[1] == {"customer", "deleted_on", "lines"}


def test_rollup_through_a_link_of_its_children(tmp_path: Path) -> None:
    """The child counts by the difference; what stands behind its link needs a way."""
    field = "{type: money, rollup: sum(o.total * o.other.factor for o in orders)}"
    found = graph(tmp_path, field, "customer")
    assert ways(found, "customer") == {("orders.other", frozenset({"factor"}), "customer.x")}
    assert ways(found, "order") == set()
    assert found.held == {"order": (("other",),)}
    assert found.order.index(("order", "total")) < found.order.index(("customer", "x"))
    assert found.moved["line"] == {"order", "customer"}


def test_own_line_reads_its_record(tmp_path: Path) -> None:
    """A line's formula over its record is computed with that one, and needs no way."""
    found = graph(tmp_path, "{type: percent, formula: amount / order.total}", "line")
    assert ways(found, "order") == set()
    far = graph(tmp_path, "{type: text, stored: true, formula: order.customer.name}", "line")
    assert ways(far, "order") == set()
    assert ways(far, "customer") == {("order.customer", frozenset({"name"}), "line.x")}
    assert far.held == {"order": (("customer",),)}


@pytest.mark.parametrize(
    ("field", "object", "told"),
    [
        (
            "{type: money, stored: true, formula: order.customer.revenue * 2}\n"
            "  amount2: {type: money, formula: x}",
            "line",
            "",
        ),
        ("{type: boolean, stored: true, formula: customer.late}", "order",
         "the clock (by way of customer.late)"),
        ("{type: boolean, stored: true, formula: any(o.customer.late for o in orders)}", "customer",
         "the clock (by way of customer.late)"),
        ("{type: integer, rollup: count(o for o in orders if o.customer.late)}", "customer",
         "the clock (by way of customer.late)"),
    ],
)  # fmt: skip
def test_what_moves_by_itself(field: str, object: str, told: str, tmp_path: Path) -> None:
    """A stored field that reads the clock by way of another one is told which; others are fine."""
    found = loaded(tmp_path, added(field, object)).problems
    codes = {problem.code for problem in found}
    assert codes == ({"cannot-store", "rollup-clock"} & codes if told else set())
    assert len(found) == bool(told)
    assert all(told in problem.sentence("en") for problem in found)


def test_circle_over_objects(tmp_path: Path) -> None:
    """The whole way is told, at the place of the formula that closes it."""
    text = SITE
    for plain, formula in (
        ("factor: {type: number}", "factor: {type: money, stored: true, formula: revenue / 100}"),
        ("amount: {type: money}", "amount: {type: money, stored: true, formula: order.of}"),
        ("other: {type: link, to: customer}", "of: {copy: customer.factor, keep: in_step}"),
    ):
        text = text.replace(plain, formula)
    (problem,) = loaded(tmp_path, text).problems
    assert problem.code == "formula-cycle"
    assert problem.sentence("en").endswith(
        "customer.factor → customer.revenue → order.total → line.amount → "
        "order.of → customer.factor"
    )
    assert problem.place is not None
    assert problem.place.file.endswith("customer.yaml")
