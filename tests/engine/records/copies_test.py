"""Copies of fields of linked records: taken once, or kept in step."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Link
from engine.records.verifying import verify
from support.small import KINDS_OF_DATABASE, SmallSite, codes, loaded, small_site

SITE = """
object: region
owned: false
fields:
  name: {type: text}
---
object: customer
owned: false
fields:
  name: {type: text}
  region: {type: link, to: region, on_delete: clear}
  grade: {type: choice, label: {en: Grade, zh: 等级}, options: {a: A, b: B}}
  discount: {type: percent, scale: 3}
---
object: order
owned: false
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  region: {copy: customer.region, keep: in_step}
  region_name: {copy: region.name, keep: in_step}
  grade: {copy: customer.grade}
  discount: {copy: customer.discount, keep: once, label: Terms}
  lines: {type: lines, of: line}
---
object: line
owned: false
fields:
  order: {type: link, to: order}
  discount: {copy: order.customer.discount}
  grade: {copy: order.grade, keep: in_step}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("copies"), SITE) as made:
        yield made


def test_type_and_settings_come_from_the_source(site: SmallSite) -> None:
    """Options, scale, target and label are those of the field that is copied."""
    fields = site.gate.catalog.objects["order"].fields
    grade, region, discount = (fields[name] for name in ("grade", "region", "discount"))
    assert isinstance(grade.type, Choice)
    assert [option.name for option in grade.type.options] == ["a", "b"]
    assert str(grade.label.in_("zh")) == "等级"
    assert isinstance(region.type, Link)
    assert (region.type.to, region.derived) == ("region", True)
    assert (getattr(discount.type, "scale", 0), discount.label.in_("en")) == (3, "Terms")
    assert not discount.derived


def test_taken_once(site: SmallSite) -> None:
    """Taken when the link is set or changed, unless given; afterwards an ordinary value."""
    one = site.create("customer", grade="a", discount="0.1")
    two = site.create("customer", grade="b", discount="0.2")
    order = site.create("order", customer=one, lines=[{}, {"discount": "0.5"}])
    assert site.values("order", order, "grade", "discount") == ["a", Decimal("0.1")]
    lines = site.read("order", order).values["lines"]
    assert [str(line.values["discount"]) for line in lines] == ["0.100", "0.500"]
    site.update("customer", one, grade="b")
    assert site.values("order", order, "grade") == ["a"]
    assert [line.values["grade"] for line in site.read("order", order).values["lines"]] == ["a"] * 2
    site.update("order", order, grade=None)
    assert site.values("order", order, "grade") == [None]
    site.update("order", order, customer=two, discount="0.9")
    assert site.values("order", order, "grade", "discount") == ["b", Decimal("0.9")]
    assert [line.values["grade"] for line in site.read("order", order).values["lines"]] == ["b"] * 2
    site.update("order", order, customer=None)
    assert site.values("order", order, "grade") == ["b"]
    given = site.create("order", customer=one, grade="a")
    assert site.values("order", given, "grade") == ["a"]
    assert list(verify(site.gate)) == []


def test_kept_in_step(site: SmallSite) -> None:
    """It follows the source through every link, takes no input, and holds nobody back."""
    north, south = (site.create("region", name=name) for name in ("North", "South"))
    customer = site.create("customer", region=north)
    order = site.create("order", customer=customer)
    assert site.values("order", order, "region", "region_name") == [north, "North"]
    site.update("customer", customer, region=south)
    assert site.values("order", order, "region", "region_name") == [south, "South"]
    site.update("region", south, name="Sud")
    assert site.values("order", order, "region_name") == ["Sud"]
    found = codes(lambda: site.update("order", order, region=north))
    assert found == [("computed-field", "region")]
    site.delete("region", south)
    assert site.values("order", order, "region", "region_name") == [None, None]
    assert list(verify(site.gate)) == []


BASE = """
object: thing
owned: false
fields:
  name: {type: text}
  late: {type: boolean, formula: today() > date("2026-01-01")}
  secret: {type: secret}
  others: {type: related, of: part}
---
object: part
owned: false
fields:
  name: {type: text}
  thing: {type: link, to: thing}
"""


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("{copy: thing.name, type: text}", "copy-and-type"),
        ("{copy: name.thing}", "copy-path"),
        ("{copy: thing.nmae}", "copy-unknown"),
        ("{copy: thing.others}", "copy-without-value"),
        ("{type: text, keep: once}", "keep-without-copy"),
        ("{copy: thing.late, keep: in_step}", "cannot-store"),
        ("{copy: thing}", "wrong-value"),
        ("{label: X}", "missing-key"),
        ("{copy: thing.name, keep: always}", "not-in-list"),
    ],
)
def test_problems(field: str, problem: str, tmp_path: Path) -> None:
    """A copy that cannot be is told at its place."""
    found = loaded(tmp_path, BASE + f"  copied: {field}\n").problems
    assert [p.code for p in found] == [problem]
    assert found[0].place is not None
    assert found[0].place.line == 6
