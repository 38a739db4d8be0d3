"""The chain over the audit: rows are sealed and guarded, and all tampering is found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine.permissions.actors import SYSTEM
from engine.records.auditing import digests, earlier_digest
from engine.records.chain_verifying import anchored, verify_audit
from engine.records.chaining import last_seals, seal_rows
from engine.records.erasing import erase_data
from engine.schema.guards import GUARDED, guards_of
from support.small import SmallSite, small_site

SITE = """
object: thing
owned: false
fields:
  name: {type: text}
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """Six things in three seals, two each; what tests spoil they mend again."""
    with small_site(request.param, tmp_path_factory.mktemp("chain"), SITE) as made:
        while seal_rows(made.gate):
            pass
        for name in ("a", "b", "c"):
            made.create("thing", name=name)
            made.create("thing", name=name * 2)
            seal_rows(made.gate)
        yield made


def faults(site: SmallSite) -> list[tuple[str, int]]:
    return [(found.what, found.number) for found in verify_audit(site.gate)]


def rows(site: SmallSite) -> list[sa.Row[tuple[object, ...]]]:
    """The audit of the six things."""
    table = site.application.tables.system("fw_audit")
    wanted = sa.select(table).where(table.c.object == "thing").order_by(table.c.id).limit(6)
    with site.databases.reading() as connection:
        return list(connection.execute(wanted).all())


def tampered(site: SmallSite, *statements: str) -> list[tuple[str, int]]:
    """What is found when these are executed with the triggers dropped; then all is put back."""
    tables = site.application.tables
    dialect = site.databases.dialect
    found: list[tuple[str, int]] = []
    kept = {}
    with site.databases.writing() as connection:
        for name in GUARDED:
            table = tables.system(name)
            kept[name] = [dict(r) for r in connection.execute(sa.select(table)).mappings()]
            for guard in guards_of(table, dialect):
                on = f" ON {name}" if dialect == "postgresql" else ""
                connection.exec_driver_sql(f"DROP TRIGGER {guard}{on}")
        for sql in statements:
            connection.exec_driver_sql(sql)
    found = faults(site)
    with site.databases.writing() as connection:
        for name in GUARDED:
            table = tables.system(name)
            connection.execute(sa.delete(table))
            if kept[name]:
                connection.execute(sa.insert(table), kept[name])
            for made in guards_of(table, dialect).values():
                for sql in made:
                    connection.exec_driver_sql(sql)
    assert not faults(site)
    return found


def test_sealed(site: SmallSite) -> None:
    """Every row has a seal, and nothing is wrong."""
    assert all(row.seal for row in rows(site))
    assert faults(site) == []
    assert seal_rows(site.gate) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fw_audit SET via = 'x'",
        "UPDATE fw_audit SET digest = 'x'",
        "UPDATE fw_audit SET seal = 99",
        "UPDATE fw_audit SET seal = NULL",
        "UPDATE fw_audit SET data = '{}'",
        "UPDATE fw_audit SET data_digest = 'x'",
        "DELETE FROM fw_audit",
        "UPDATE fw_seal SET hash = 'x'",
        "DELETE FROM fw_seal",
    ],
)
def test_guarded(site: SmallSite, statement: str) -> None:
    """The database itself refuses to change or delete rows."""
    with pytest.raises(DBAPIError, match="append-only"), site.databases.writing() as connection:
        connection.exec_driver_sql(statement)


def test_not_emptied(site: SmallSite) -> None:
    """TRUNCATE is refused as well."""
    if site.databases.dialect == "postgresql":
        with pytest.raises(DBAPIError, match="append-only"), site.databases.writing() as one:
            one.exec_driver_sql("TRUNCATE fw_audit")


@pytest.mark.parametrize(
    "change",
    [
        "via = 'import'",
        "actor = 77",
        "cause = 'nothing'",
        "batch = 5",
        "object = 'other'",
        "record = 900",
        "action = 'delete'",
        "version = 9",
        "data = '{\"fields\": {}}'",
        "digest = 'abc'",
        "data_digest = 'abc'",
        "at = '2020-01-01T00:00:00.000000Z'",
    ],
)
def test_altered(site: SmallSite, change: str) -> None:
    """Any column of a row, changed: the row is named."""
    row = rows(site)[2]
    found = tampered(site, f"UPDATE fw_audit SET {change} WHERE id = {row.id}")
    assert {number for _, number in found} == {row.id}


def test_emptied(site: SmallSite) -> None:
    """Data that are gone without having been erased."""
    row = rows(site)[2]
    found = tampered(site, f"UPDATE fw_audit SET data = NULL WHERE id = {row.id}")
    assert found == [("emptied", row.id)]


def test_rewritten(site: SmallSite) -> None:
    """A row whose digests were computed anew no longer fits its seal."""
    row = rows(site)[3]
    forged = dict(row._mapping) | {"data": '{"fields":{}}'}
    new = digests(forged)
    found = tampered(
        site,
        f"UPDATE fw_audit SET data = '{forged['data']}', digest = '{new['digest']}',"
        f" data_digest = '{new['data_digest']}' WHERE id = {row.id}",
    )
    assert found == [("replaced", row.id)]


def test_missing(site: SmallSite) -> None:
    """A row that was deleted; all rows of a seal; the seal with them."""
    found = rows(site)
    one = found[1]
    assert tampered(site, f"DELETE FROM fw_audit WHERE id = {one.id}") == [("missing", one.id)]
    both = [r.id for r in found if r.seal == one.seal]
    sql = f"DELETE FROM fw_audit WHERE seal = {one.seal}"
    assert tampered(site, sql) == [("missing", id) for id in both]
    gone = f"DELETE FROM fw_seal WHERE log = 'fw_audit' AND number = {one.seal}"
    assert tampered(site, sql, gone) == [("seal missing", one.seal)]
    assert tampered(site, gone) == [
        ("seal missing", one.seal), *(("no such seal", id) for id in both),
    ]  # fmt: skip


def test_inserted(site: SmallSite) -> None:
    """A copy of a row that claims a seal; one that claims a seal to come."""
    row = rows(site)[4]
    columns = ", ".join(f'"{name}"' for name in row._mapping if name not in ("id", "seal"))
    copy = (
        f"INSERT INTO fw_audit (id, seal, {columns}) SELECT 5000, {{}}, {columns}"
        f" FROM fw_audit WHERE id = {row.id}"
    )
    assert tampered(site, copy.format(row.seal)) == [("inserted", 5000)]
    assert tampered(site, copy.format(900)) == [("no such seal", 5000)]


def test_reordered(site: SmallSite) -> None:
    """Two rows that changed places: within a seal, and across two."""
    found = rows(site)
    for one, other in ((found[0].id, found[1].id), (found[0].id, found[4].id)):
        swapped = (
            f"UPDATE fw_audit SET id = -1 WHERE id = {one}",
            f"UPDATE fw_audit SET id = {one} WHERE id = {other}",
            f"UPDATE fw_audit SET id = {other} WHERE id = -1",
        )
        told = tampered(site, *swapped)
        assert {number for _, number in told} >= {one, other}


@pytest.mark.parametrize("change", ["count = 7", "first = 0", "at = '2020-01-01T00:00:00.000000Z'"])
def test_seal_changed(site: SmallSite, change: str) -> None:
    """Any column of a seal, changed."""
    number = rows(site)[2].seal
    change = change.replace("first", '"first"').replace("count", '"count"')
    where = f"WHERE log = 'fw_audit' AND number = {number}"
    assert tampered(site, f"UPDATE fw_seal SET {change} {where}") == [("seal changed", number)]


def test_chain_broken(site: SmallSite) -> None:
    """A seal that was made anew is not the one that the next seal follows."""
    number = rows(site)[2].seal
    where = f"WHERE log = 'fw_audit' AND number = {number}"
    found = tampered(site, f"UPDATE fw_seal SET hash = 'f00' {where}")
    assert found == [("seal changed", number), ("chain broken", number + 1)]


def test_end_cut_off(site: SmallSite) -> None:
    """Whoever cuts off the end is found by a hash that was kept elsewhere."""
    ((_, number, _, hash),) = last_seals(site.gate)
    assert anchored(site.gate, hash)
    assert not anchored(site.gate, "0" * 64)
    found = tampered(
        site,
        f"DELETE FROM fw_audit WHERE seal = {number}",
        f"DELETE FROM fw_seal WHERE number = {number}",
    )
    assert found == []


def test_late_row(site: SmallSite) -> None:
    """A row that commits with a smaller id than sealed ones is part of a later seal."""
    row = rows(site)[0]
    with site.databases.writing() as connection:
        late = {k: v for k, v in row._mapping.items() if k not in ("seal",)} | {"id": -7}
        connection.execute(sa.insert(site.application.tables.system("fw_audit")), [late])
    assert seal_rows(site.gate) == 1
    assert faults(site) == []


def test_erased(site: SmallSite) -> None:
    """What the audit says of a record can be erased, and the chain still verifies."""
    id = site.create("thing", name="secret")
    seal_rows(site.gate)
    with site.gate.transaction(SYSTEM) as tx:
        assert erase_data(tx, "thing", id, "asked for") == 1
    seal_rows(site.gate)
    assert faults(site) == []


def test_before_there_were_seals(site: SmallSite) -> None:
    """Rows from before have the digest of then; they are sealed as they are, and erased too."""
    table = site.application.tables.system("fw_audit")
    row = dict(rows(site)[0]._mapping) | {
        "id": None, "record": 4711, "data_digest": None, "seal": None, "data": '{"old":1}',
    }  # fmt: skip
    del row["id"]
    row["digest"] = earlier_digest(row, hashlib.sha256(b'{"old":1}').hexdigest())
    with site.databases.writing() as connection:
        connection.execute(sa.insert(table), [row])
    seal_rows(site.gate)
    assert faults(site) == []
    with site.gate.transaction(SYSTEM) as tx:
        assert erase_data(tx, "thing", 4711, "asked for") == 1
    assert faults(site) == []
