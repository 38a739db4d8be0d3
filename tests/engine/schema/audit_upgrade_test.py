"""A database from before there were seals, and one whose triggers somebody has dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.application import build_application
from assembly.establishing import establish
from engine.records.chain_verifying import verify_audit
from engine.records.chaining import seal_rows
from engine.schema.guards import GUARDED, guards_of, triggers_in
from support.small import KINDS_OF_DATABASE, small_site

SITE = """
object: thing
owned: false
fields:
  name: {type: text}
"""


EARLIER = {
    "sqlite": (
        "CREATE TRIGGER fw_audit_no_delete BEFORE DELETE ON fw_audit FOR EACH ROW"
        " BEGIN SELECT RAISE(ABORT, 'never'); END",
    ),
    "postgresql": (
        "CREATE TRIGGER fw_audit_no_delete BEFORE DELETE ON fw_audit FOR EACH ROW"
        " EXECUTE FUNCTION fw_append_only()",
    ),
}
"""The trigger of before there were cuts."""


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_upgrade(kind: str, tmp_path: Path) -> None:
    """Applying adds columns, tables and triggers; the rows that were there are sealed."""
    with small_site(kind, tmp_path, SITE) as site:
        site.create("thing", name="before")
        tables = site.application.tables
        guards = {n: guards_of(tables.system(n), kind) for n in GUARDED}
        with site.databases.writing() as connection:
            for name, own in guards.items():
                for guard in own:
                    on = f" ON {name}" if kind == "postgresql" else ""
                    connection.exec_driver_sql(f"DROP TRIGGER {guard}{on}")
            for earlier in EARLIER[kind]:
                connection.exec_driver_sql(earlier)
            connection.exec_driver_sql("DROP TABLE fw_cut")
            connection.exec_driver_sql("DROP TABLE fw_seal")
            connection.exec_driver_sql("DROP TABLE fw_access")
            connection.exec_driver_sql("DROP INDEX ix_fw_audit_seal")
            connection.exec_driver_sql("ALTER TABLE fw_audit DROP COLUMN seal")
            connection.exec_driver_sql("ALTER TABLE fw_audit DROP COLUMN data_digest")
        establish(site.databases, [tmp_path / "layer"], clock=site.clock)
        gate = build_application(site.databases, site.clock).gate
        with site.databases.reading() as connection:
            found = triggers_in(connection)
        assert {guard for own in guards.values() for guard in own} <= found
        assert "fw_audit_no_delete" not in found  # which let no cut be made
        while seal_rows(gate):
            pass
        # what is older has the digest of then; these rows have the new one over the old columns
        assert list(verify_audit(gate)) == []
