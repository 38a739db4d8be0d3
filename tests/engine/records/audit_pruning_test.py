"""Old rows leave the audit by one door, and what is left still verifies, from where it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.definition.retention import Span
from engine.permissions.actors import Actor
from engine.records.chain_verifying import anchored, verify_audit
from engine.records.chaining import last_seals, seal_rows
from engine.records.pruning_audit import cuts, prune_audit
from support.small import KINDS_OF_DATABASE, SmallSite, loaded, small_site

SITE = """
site: Small
audit: {keep: 90 days, keep_access: 30 days}
---
object: thing
owned: false
audit: {opened: true}
fields:
  name: {type: text}
---
role: reader
grants:
  thing: {read: all, fields: {name: read}}
"""


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallSite]:
    """Four months with a change, an access and a seal on the first day of each."""
    with small_site(request.param, tmp_path, SITE) as made:
        for _ in range(4):
            id = made.create("thing", name="a")
            made.read("thing", id, Actor(person=7, roles=frozenset(("reader",))))
            made.databases.accesses.flush()
            while seal_rows(made.gate):
                pass
            made.clock.turn(days=30)
        yield made


def faults(site: SmallSite) -> list[tuple[str, str, int]]:
    return [(found.log, found.what, found.number) for found in verify_audit(site.gate)]


def counts(site: SmallSite) -> tuple[int, int]:
    things = [row for row in site.rows("fw_audit") if row["object"] == "thing"]
    return len(things), len(site.rows("fw_access"))


def test_the_whole_way(site: SmallSite) -> None:
    """Each log keeps its own time; the rest verifies before and after the event is sealed."""
    anchors = [hash for *_, hash in last_seals(site.gate)]
    assert counts(site) == (4, 4) and prune_audit(site.gate)
    while prune_audit(site.gate):
        pass
    assert counts(site) == (3, 1)
    assert {cut.log for cut in cuts(site.gate)} == {"fw_audit", "fw_access"}
    assert faults(site) == []
    while seal_rows(site.gate):
        pass
    assert faults(site) == [] and all(anchored(site.gate, hash) for hash in anchors)
    site.clock.turn(hours=20)
    assert prune_audit(site.gate) == 0  # less than a day's worth
    site.clock.turn(days=400)
    while prune_audit(site.gate):
        pass
    assert len(site.rows("fw_access")) == 1 and faults(site) == []  # the latest seal stays
    site.create("thing", name="later")
    while seal_rows(site.gate):
        pass
    assert faults(site) == []


def test_a_cut_by_another_hand_is_found(site: SmallSite) -> None:
    """Nothing is deleted that no cut covers; a cut that no event names is a fault."""
    for table in ("fw_audit", "fw_access", "fw_seal"):
        with pytest.raises(DBAPIError), site.databases.writing() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table}")
    while prune_audit(site.gate):
        pass
    seals, cut = (site.application.tables.system(n) for n in ("fw_seal", "fw_cut"))
    mine = seals.c.log == "fw_audit"
    with site.databases.writing() as connection:
        row = connection.execute(sa.select(seals).where(mine).order_by(seals.c.number)).first()
        assert row is not None
        forged = sa.update(cut).where(cut.c.log == "fw_audit")
        connection.execute(forged.values(number=row.number, hash=row.hash))
        connection.exec_driver_sql(f"DELETE FROM fw_audit WHERE seal <= {row.number}")
        connection.execute(sa.delete(seals).where(mine, seals.c.number <= row.number))
    assert faults(site) == [("fw_audit", "cut not noted", row.number)]


def test_without_a_time_everything_stays(tmp_path: Path) -> None:
    """Nothing is removed where the site does not say for how long it is kept."""
    with small_site("sqlite", tmp_path, SITE.replace("audit: {keep", "# audit: {keep")) as site:
        site.create("thing", name="a")
        seal_rows(site.gate)
        site.clock.turn(days=4_000)
        assert prune_audit(site.gate) == 0


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(1, "months"), "2024-02-29"),
        (Span(1, "years"), "2023-03-31"),
        (Span(31, "days"), "2024-02-29"),
    ],
)
def test_spans(span: Span, expected: str) -> None:
    """Months and years are those of the calendar."""
    moment = dt.datetime(2024, 3, 31, 12, tzinfo=dt.UTC)
    assert span.before(moment).date().isoformat() == expected


def test_accesses_do_not_outlive_changes(tmp_path: Path) -> None:
    """It is a problem where they would, and so are times that mean nothing."""
    for audit, code in (
        ("{keep: 90 days, keep_access: 1 years}", "audit-keep-access"), ("{keep: 1 days}", ""),
        ("{keep: 7 Jahre}", ""),
    ):  # fmt: skip
        text = f"site: Small\naudit: {audit}\n"
        found = [problem.code for problem in loaded(tmp_path, text).problems]
        assert found and (not code or found == [code]), audit
