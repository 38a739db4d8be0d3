"""Exports are limited by roles: at once, by day, with a reason, whatever the door."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from engine.permissions.actors import SYSTEM, Actor
from engine.permissions.limits import FREE, ExportLimits, widest
from exchange.exporting import ExportOrder, export_records
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, small_site

SITE = f"""
{PEOPLE}
---
object: client
fields:
  name: {{type: text}}
  phone: {{type: text}}
---
role: seller
export_limits: {{rows: 4, rows_per_day: 6, reason_above: 2}}
grants: {{client: {{read: all, export: all, fields: {{name: read, phone: mask}}}}}}
---
role: reader
grants: {{client: {{read: all, fields: {{name: read}}}}}}
---
role: free
grants: {{client: {{read: all, export: own, fields: {{name: read}}}}}}
"""


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("limits"), SITE) as site:
        for number in range(5):
            site.create("client", name=f"c{number}", phone="13812345678")
        yield site


def exported(site: SmallSite, who: Actor, where: str = "", reason: str = "") -> str:
    out = io.BytesIO()
    order = ExportOrder(object="client", where=where, reason=reason)
    export_records(site.reader, who, order, out)
    return out.getvalue().decode()


def test_limits(site: SmallSite) -> None:
    """Too many at once, a reason for larger ones, and the day: counted per person."""
    ann, ben = (site.create("person", name=name, account=name) for name in ("ann", "ben"))
    who, other = actor(ann, "seller", "reader"), actor(ben, "seller")
    assert codes(lambda: exported(site, who)) == [("export-too-large", "")]
    assert codes(lambda: exported(site, who, "id > 2")) == [("export-reason", "reason")]
    text = exported(site, who, "id > 1", "a fair")
    assert text.count("••••5678") == 4 and "13812345678" not in text
    exported(site, who, "id == 1")
    assert codes(lambda: exported(site, who, "id < 3")) == [("export-day-limit", "")]
    exported(site, who, "id == 2")
    assert codes(lambda: exported(site, who, "id == 3")) == [("export-day-limit", "")]
    exported(site, other, "id > 3")
    assert [(r["person"], r["rows"]) for r in site.rows("fw_exported")] == [(ann, 6), (ben, 2)]
    site.clock.now = site.clock.now.replace(day=site.clock.now.day + 1)
    exported(site, who, "id == 3")
    assert codes(lambda: exported(site, actor(ann, "reader"))) == [("forbidden", "")]
    exported(site, SYSTEM)
    exported(site, actor(ann, "seller", "free"), "id < 5")
    audited = [row["data"] for row in site.rows("fw_audit") if row["action"] == "export"]
    assert any("a fair" in data for data in audited)


def test_the_most_generous_role_counts() -> None:
    """In each respect; a role without limits has none."""
    small, large = ExportLimits(10, 20, 5), ExportLimits(5, None, 8)
    assert widest([small, large]) == ExportLimits(10, None, 8)
    assert widest([small, FREE]) == widest([]) == FREE
