"""Secrets through the gate: sealed, masked, found by value, unique, revealed to few."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from assembly.application import build_application
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.auditing import digests
from engine.records.guarded import without_secrets
from engine.records.reading import Reader
from engine.records.revealing import reveal
from engine.records.sealing import require_keys
from engine.vault import Vault, new_key
from support.small import PEOPLE, SmallSite, actor, codes, small_site

ACCOUNT = "6222 0202 0001 1234 567"
SITE = (
    PEOPLE
    + """
---
object: firm
title: name
fields:
  name: {type: text, required: true}
  account: {type: secret, unique: true}
  pin: {type: secret, shown: none, required_when: account is not empty}
  drawers: {type: lines, of: drawer}
---
object: drawer
fields:
  firm: {type: link, to: firm}
  code: {type: secret}
---
role: looker
grants:
  firm: {read: all, create: true, update: all, fields: {"*": read}}
---
role: writer
grants:
  firm: {read: all, create: true, update: all, import: true, fields: {"*": write}}
---
role: teller
grants:
  firm: {read: own, fields: {name: read, account: read}, reveal: [account]}
"""
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """The site with one key; its tests make records of their own."""
    folder = tmp_path_factory.mktemp("secrets")
    with small_site(request.param, folder, SITE, vault=Vault.of([new_key("one")])) as made:
        yield made


def test_a_secret_is_sealed_in_the_database_and_masked_for_everybody(site: SmallSite) -> None:
    """Neither row nor audit hold the account; readers get its last four characters."""
    id = site.create("firm", name="sealed", account=ACCOUNT, pin="9876")
    record = site.read("firm", id)
    assert str(record.values["account"]) == "••••4567"
    assert str(record.values["pin"]) == "••••"
    row = raw(site, "firm", id)
    assert row["account"].startswith("one:") and ACCOUNT not in str(row)
    audits = [r for r in site.rows("fw_audit") if r["record"] == id and r["object"] == "firm"]
    assert json.loads(audits[0]["data"])["fields"]["account"] == [None, "••••"]
    assert "0001" not in str(audits)
    site.delete("firm", id)


def test_the_same_value_or_its_mask_changes_nothing_another_one_does(site: SmallSite) -> None:
    """A form that sends back what it showed raises no version."""
    id = site.create("firm", name="same", account="A-12345678", pin="1")
    for same in ("••••5678", "A-12345678"):
        site.update("firm", id, account=same)
    assert site.values("firm", id, "version") == [1]
    site.update("firm", id, account="B-12345678")
    assert site.values("firm", id, "version") == [2]
    site.update("firm", id, account=None, pin=None)
    assert site.values("firm", id, "account") == [None]


def test_ciphertext_does_not_open_in_another_place(site: SmallSite) -> None:
    """Bound to record and column: what is moved in the database cannot be revealed."""
    one = site.create("firm", name="one", account="11112222", pin="one-pin-1234")
    two = site.create("firm", name="two", account="33334444", pin="two-pin-1234")
    table = site.application.tables.table("firm")
    stolen = raw(site, "firm", one)["account"]
    with site.databases.writing() as connection:
        connection.execute(sa.update(table).where(table.c.id == two).values(pin=stolen))
    assert site.read("firm", two).values["pin"].text == "••••"
    refused = codes(lambda: reveal(site.gate, SYSTEM, "firm", two, "pin"))
    assert refused == [("secret-cannot-be-opened", "")]
    site.update("firm", two, name="still changes")


def test_unique_and_filter_go_by_the_normalised_value(site: SmallSite) -> None:
    """Blanks, case and width do not make two accounts of one."""
    id = site.create("firm", name="first", account="de 89 3704 0044", pin="1")
    again = codes(lambda: site.create("firm", name="x", account="DE８９37040044", pin="1"))
    assert again == [("not-unique", "account")]
    assert site.ids("firm", filters={"account": "DE8937040044"}) == [id]
    assert site.ids("firm", filters={"account": "DE8937040045"}) == []
    assert id not in site.ids("firm", filters={"account": None})
    assert codes(lambda: site.ids("firm", sort=("account",))) == [("bad-query", "sort")]


def test_a_role_needs_reveal_to_see_or_to_look_for_the_value(site: SmallSite) -> None:
    """Reading shows the mask; only a grant with `reveal` opens it, on its own rows; audited."""
    person = site.create("person", name="Teller")
    teller, looker = actor(person, "teller"), actor(person, "looker")
    id = site.create("firm", name="shown", account="99990000", pin="1", owner=person)
    other = site.create("firm", name="other", account="99990001", pin="1")
    assert reveal(site.gate, teller, "firm", id, "account") == "99990000"
    seen = [r for r in site.rows("fw_audit") if r["action"] == "reveal"][-1]
    assert (seen["record"], seen["actor"], json.loads(seen["data"])) == (
        id, person, {"reveal": "account"},
    )  # fmt: skip
    assert digests(seen)["digest"] == seen["digest"]
    assert codes(lambda: reveal(site.gate, looker, "firm", id, "account")) == [
        ("may-not-reveal", "")
    ]
    assert codes(lambda: reveal(site.gate, teller, "firm", other, "account")) == [("not-found", "")]
    both = actor(person, "teller", "looker")
    refused = codes(lambda: reveal(site.gate, both, "firm", other, "account"))
    assert refused == [("may-not-reveal", "")]
    assert site.ids("firm", teller, filters={"account": "99990000"}) == [id]
    assert site.ids("firm", both, filters={"account": "99990001"}) == []
    for where, found in (
        ('account == "9999 0000"', [id]), ('account in ["99990000", "99990001"]', [id]),
        ('account == "99990001"', []), ('"99990000" == account and id > 0', [id]),
        (f'account not in ["99990000"] and id in [{id}, {other}]', []),
        (f'account != "99990001" and id in [{id}, {other}]', [id]),
        ('account in []', []),
    ):  # fmt: skip
        assert site.ids("firm", teller, where=where) == found, where
    assert site.ids("firm", both, where='account == "99990001"') == []
    assert site.ids("firm", where='account == "99990001"') == [other]
    for who, where in (
        (looker, 'account == "9"'), (looker, 'account in ["9"]'), (teller, 'account > "9"'),
        (teller, "account == name"),
    ):  # fmt: skip
        asked = partial(site.ids, "firm", who, where=where)
        assert codes(asked) == [("only-whether-empty", "")], where
    denied = codes(lambda: site.ids("firm", looker, filters={"account": "99990000"}))
    assert denied == [("may-not-reveal", "account")]


def test_lines_keep_secrets_too(site: SmallSite) -> None:
    """A line's secret is bound to the line."""
    id = site.create("firm", name="lined", drawers=[{"code": "12345678"}, {"code": "x"}])
    lines = site.read("firm", id).values["drawers"]
    assert [line.values["code"].text for line in lines] == ["••••5678", "••••"]
    assert reveal(site.gate, SYSTEM, "drawer", lines[0].id, "code") == "12345678"


def test_old_keys_open_and_the_first_one_seals(site: SmallSite) -> None:
    """With a new first key old values are read, found, and still unique."""
    id = site.create("firm", name="older", account="old-account-1", pin="1")
    vault = Vault((*Vault.of([new_key("two")]).keys, *site.databases.vault.keys))
    databases = replace(site.databases, vault=vault)
    application = build_application(databases, site.clock)
    newer = SmallSite(application, databases, site.clock)
    assert Reader(application.gate).one(SYSTEM, "firm", id).values["account"].text == "••••nt-1"
    assert newer.ids("firm", filters={"account": "old-account-1"}) == [id]
    taken = codes(lambda: newer.create("firm", name="n", account="OLD-account-1", pin="1"))
    assert taken == [("not-unique", "account")]
    fresh = newer.create("firm", name="fresh", account="new-account-1", pin="1")
    assert raw(newer, "firm", fresh)["account"].startswith("two:")
    # a process that lacks the key shows dots, and can still change the rest
    bare = SmallSite(
        build_application(replace(databases, vault=Vault()), site.clock), databases, site.clock
    )
    assert bare.read("firm", fresh).values["account"].text == "••••"
    bare.update("firm", fresh, name="renamed")
    assert codes(lambda: bare.update("firm", fresh, pin="new")) == [("no-encryption-key", "")]


def test_definitions_with_secrets_need_a_key(site: SmallSite) -> None:
    """One clear sentence at start, and only there."""
    catalog = site.application.catalog
    require_keys(catalog, site.databases.vault)
    with pytest.raises(Refusal) as refused:
        require_keys(catalog, Vault())
    assert [p.code for p in refused.value.problems] == ["no-encryption-key"]


def raw(site: SmallSite, object: str, id: int) -> dict[str, object]:
    """The row as the database holds it."""
    table = site.application.tables.table(object)
    with site.databases.reading() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == id)).mappings().one()
        return dict(row)


def test_what_was_looked_for_is_not_written_down(site: SmallSite) -> None:
    """A condition that names a secret goes into the audit without its texts."""
    assert without_secrets(site.gate, 'name == "Sun"') == 'name == "Sun"'
    said = without_secrets(site.gate, 'name == "Sun" and account in ["6222", "6223"]')
    assert said == "name == '…' and account in ['…', '…']"
    assert without_secrets(site.gate, 'account == "6222') == "…"
