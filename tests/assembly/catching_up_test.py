"""A database of an earlier version: it is told of, and caught up with, definitions as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from assembly.application import build_application
from assembly.browser_layer import applied_sources, browser_files
from assembly.catching_up import behind, catch_up
from cli.behind import problem_of
from engine.records.chain_verifying import verify_audit
from engine.records.chaining import seal_rows
from engine.schema.guards import GUARDED, guards_of
from engine.schema.state import current
from support.small import KINDS_OF_DATABASE, SmallSite, small_site

SITE = """
object: thing
owned: false
sharing: true
duplicates:
  - {name: same_name, match: {name: company}}
fields:
  name: {type: text}
"""
LATER = ("fw_seal", "fw_access", "fw_share", "fw_match", "fw_layer_file")


def age(site: SmallSite, kind: str) -> None:
    """Takes away what the version before the seals did not have."""
    tables = site.application.tables
    guards = {n: guards_of(tables.system(n), kind) for n in GUARDED}
    with site.databases.writing() as connection:
        for name, own in guards.items():
            for guard in own:
                on = f" ON {name}" if kind == "postgresql" else ""
                connection.exec_driver_sql(f"DROP TRIGGER {guard}{on}")
        for name in LATER:
            connection.exec_driver_sql(f"DROP TABLE {name}")
        connection.exec_driver_sql("DROP INDEX ix_fw_audit_seal")
        connection.exec_driver_sql("ALTER TABLE fw_audit DROP COLUMN seal")
        connection.exec_driver_sql("ALTER TABLE fw_audit DROP COLUMN data_digest")
        connection.exec_driver_sql("ALTER TABLE fw_revision DROP COLUMN layers")
        connection.exec_driver_sql("ALTER TABLE fw_work DROP COLUMN revision")


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_catching_up(kind: str, tmp_path: Path) -> None:
    """What is missing is said in one sentence; it is added once, and everything works on."""
    with small_site(kind, tmp_path, SITE) as site:
        site.create("thing", name="before")
        age(site, kind)
        with pytest.raises(DBAPIError) as caught:
            site.create("thing", name="not written")
        problem = problem_of(caught.value)
        assert problem is not None and problem.code == "database-behind"
        with site.databases.reading() as connection:
            applied = current(connection)
            assert applied is not None and behind(connection)
            assert browser_files(connection) == ()
            assert [layer.name for layer in applied_sources(connection)] == ["applied"]
        assert catch_up(site.databases, applied, tuple, by="serve", clock=site.clock)
        with site.databases.reading() as connection:
            now = current(connection)
            assert now is not None and now.digest == applied.digest and not behind(connection)
        assert not catch_up(site.databases, now, tuple, by="serve", clock=site.clock)
        gate = build_application(site.databases, site.clock).gate
        while seal_rows(gate):
            pass
        assert list(verify_audit(gate)) == []


def test_other_errors_are_none_of_it() -> None:
    """What does not say that something of the platform is missing is left as it is."""
    assert problem_of(ValueError("no such table: fw_audit")) is None
    other = DBAPIError("SELECT", {}, Exception("no such table: customer"))
    assert problem_of(other) is None
