"""Keys and files in operation: settings, keys made once, rotation that resumes, the sweep."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.application import build_application
from assembly.file_work import ask_to_sweep
from assembly.keeping import KEY_FILE, file_limits, vault_of
from assembly.rotating import ROTATE_KIND, rotate_work
from assembly.settings import read_settings
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.revealing import reveal
from engine.records.sweeping import anything_to_sweep, sweep
from engine.records.uploading import FileLimits, take_file
from engine.vault import Bound, Vault, new_key, read_key
from jobs.work_here import do_here
from support.small import SmallSite, actor, codes, small_site

SITE = """
object: firm
title: name
owned: false
fields:
  name: {type: text, required: true}
  account: {type: secret}
  paper: {type: file}
---
role: clerk
grants:
  firm: {read: all, create: true, update: all, fields: {"*": write}}
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """The site with one key."""
    folder = tmp_path_factory.mktemp("keeping")
    with small_site(request.param, folder, SITE, vault=Vault.of([new_key("one")])) as made:
        yield made


def settings_codes(folder: Path, **values: str) -> list[str]:
    """The problems of settings."""
    given = {f"FORMWRIGHT_{name}": value for name, value in values.items()}
    return [c for c, _ in codes(lambda: read_settings(given, folder, check_layers=False))]


def test_settings_of_keys_and_files(tmp_path: Path) -> None:
    """One sentence each for what is no key and no number."""
    assert settings_codes(tmp_path, ENCRYPTION_KEYS="one:abc") == ["encryption-key"]
    key = new_key("one")
    assert settings_codes(tmp_path, ENCRYPTION_KEYS=f"{key},{key}") == ["encryption-key-twice"]
    assert settings_codes(tmp_path, FILES_MAX_MB="0", FILES_QUOTA_MB="x") == ["setting-number"] * 2
    given = {
        "FORMWRIGHT_FILES_MAX_MB": "7",
        "FORMWRIGHT_ENCRYPTION_KEYS": f"{new_key('two')}, {key}",
    }
    chosen = read_settings(given, tmp_path, check_layers=False)
    assert file_limits(chosen) == FileLimits(max_mb=7)
    assert [k.id for k in vault_of(chosen).keys] == ["two", "one"]
    assert key.partition(":")[2] not in repr(vault_of(chosen).keys) + repr(chosen)


def test_a_key_is_made_beside_sqlite_once_it_is_needed(tmp_path: Path) -> None:
    """Nothing is written by looking; two processes agree; a server database needs the setting."""
    chosen = read_settings({}, tmp_path, check_layers=False)
    one, other = vault_of(chosen), vault_of(chosen)
    assert one.ready and not (tmp_path / KEY_FILE).exists()
    bound = Bound("firm", "account", 1)
    assert other.open(one.seal("secret", bound), bound) == "secret"
    path = tmp_path / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600 and read_key(path.read_text().strip())
    server = replace(chosen, database_url="postgresql://db")
    assert not vault_of(server).ready
    path.write_text("rubbish")
    assert [c for c, _ in codes(lambda: vault_of(chosen))] == ["encryption-key"]


def test_rotation_seals_everything_anew(site: SmallSite, tmp_path: Path) -> None:
    """Old values under the new key, found by it; what cannot be opened is counted and stays."""
    ids = [site.create("firm", name=f"f{n}", account=f"account-{n:05}") for n in range(3)]
    site.delete("firm", ids[2])  # the recycle bin too
    broken = site.create("firm", name="broken", account="broken-value")
    table = site.application.tables.table("firm")
    with site.databases.writing() as connection:
        connection.execute(sa.update(table).where(table.c.id == broken).values(account="one:AAAA"))
    newer = Vault((*Vault.of([new_key("two")]).keys, *site.databases.vault.keys))
    databases = replace(site.databases, vault=newer)
    gate = build_application(databases, site.clock).gate
    files = Files("files", tmp_path)
    for expected in ({"updated": 3, "rejected": 1}, {"unchanged": 3, "rejected": 1}):
        ended = do_here(
            gate, SYSTEM, rotate_work(gate, SYSTEM), ROTATE_KIND, files, lambda *_: None, ""
        )
        assert ended.problem is None
        assert {k: v for k, v in ended.counts.items() if v} == expected
    only_new = replace(databases, vault=Vault(newer.keys[:1]))
    last = SmallSite(build_application(only_new, site.clock), only_new, site.clock)
    assert reveal(last.gate, SYSTEM, "firm", ids[0], "account") == "account-00000"
    assert last.ids("firm", filters={"account": "ACCOUNT-00001"}) == [ids[1]]
    assert last.read("firm", ids[0]).version == 1
    bare = build_application(replace(databases, vault=Vault()), site.clock).gate
    with pytest.raises(Refusal):
        rotate_work(bare, SYSTEM)
    assert codes(lambda: rotate_work(gate, actor(None, "clerk"))) == [("right-missing", "")]


def test_the_sweep_removes_what_nobody_needs(site: SmallSite, tmp_path: Path) -> None:
    """Waiting files after a day, files of purged records, contents without a row; nothing else."""
    store = Files("files", tmp_path)
    field = site.application.catalog.objects["firm"].fields["paper"]

    def put(content: bytes) -> int:
        return take_file(
            site.gate, SYSTEM, store, FileLimits(), field, "a.txt", io.BytesIO(content)
        ).id

    kept = site.create("firm", name="kept", paper=put(b"kept"))
    binned = site.create("firm", name="binned", paper=put(b"binned"))
    purged = site.create("firm", name="purged", paper=put(b"purged"))
    put(b"forgotten")
    site.delete("firm", binned)
    assert not anything_to_sweep(site.gate)
    site.clock.turn(days=1, minutes=1)
    waiting = put(b"waiting")
    table = site.application.tables.table("firm")
    with site.databases.writing() as connection:
        connection.execute(sa.delete(table).where(table.c.id == purged))
    assert anything_to_sweep(site.gate) and ask_to_sweep(site.gate) == 0
    assert [e["kind"] for e in site.rows("fw_outbox")][-1] == "file.sweep"
    assert sweep(site.gate, store, dt.datetime.now(dt.UTC)) == 2
    assert not anything_to_sweep(site.gate)
    names = {r["record"] for r in site.rows("fw_file") if r["state"] == "attached"}
    assert names >= {kept, binned} and purged not in names
    assert waiting in {r["id"] for r in site.rows("fw_file")}
    area = store.area("files")
    assert len(list(area.everything())) == 5  # contents written today are left alone
    sweep(site.gate, store, dt.datetime.now(dt.UTC) + dt.timedelta(days=2))
    assert len(list(area.everything())) == 3
    site.clock.turn(days=2)
    sweep(site.gate, store, dt.datetime.now(dt.UTC) + dt.timedelta(days=2))
    last = site.rows("fw_file")[-1]
    assert (last["id"], last["digest"]) == (waiting, "")  # for the sake of its id
