"""A form that is open while the definitions change, in a real browser on a real server."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from assembly.application import build_application
from engine.permissions.actors import SYSTEM
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from support.live import publish
from support.serving import serving
from support.small import PEOPLE
from webapp.accounts import add_account

PASSWORD = "a long password"
DEALS = (
    PEOPLE
    + """
---
object: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  memo: {type: text, label: Remark}
---
role: seller
grants:
  deal: {create: true, read: all, update: all, fields: {"*": write}}
"""
)
RENAMED = DEALS.replace("amount: {type: integer}", "value: {type: integer, was: amount}")
WITHOUT = RENAMED.replace("  memo: {type: text, label: Remark}\n", "").replace(", was: amount", "")


def test_what_was_typed_stands(chromium: Browser, tmp_path: Path) -> None:
    """A rename: a quiet note, and the value is saved. A field less: the form comes anew with what
    was typed in the others, and says what it has lost."""
    url, layer = f"sqlite:///{tmp_path}/site.db", tmp_path / "layer"
    databases = open_databases(url, vault=scratch_vault())
    publish(databases, layer, DEALS)
    with databases.writing() as connection:
        add_account(connection, "seller", PASSWORD, ["seller"])
    with serving(url, tmp_path, 1) as (port, _):
        context = chromium.new_context(base_url=f"http://127.0.0.1:{port}", locale="en-US")
        page = context.new_page()
        page.goto("/login/")
        page.fill("#username", "seller")
        page.fill("#password", PASSWORD)
        page.click(".button.primary")
        page.wait_for_url("**/")
        page.goto("/o/deal/new")
        page.fill("#name", "First")
        page.fill("#amount", "12")
        publish(databases, layer, RENAMED)
        note = page.locator("[data-changed] .note")
        for _ in range(40):  # until the server has taken the revision, what asks is the old form's
            page.locator("#name").press_sequentially(".")
            page.wait_for_timeout(500)
            if note.count():
                break
        expect(note).to_contain_text("You can go on; what you typed is kept.")
        expect(page.locator("#amount")).to_have_value("12")
        page.click("[data-save]")
        page.wait_for_url(re.compile(r"/o/deal/\d+$"))
        page.goto("/o/deal/new")
        page.fill("#name", "Second")
        page.fill("#value", "7")
        page.fill("#memo", "call back")
        publish(databases, layer, WITHOUT)
        page.click("[data-save]")
        expect(note).to_contain_text("Remark is no longer part of the form. You had: call back")
        expect(page.locator("#name")).to_have_value("Second")
        expect(page.locator("#value")).to_have_value("7")
        page.click("[data-save]")
        page.wait_for_url(re.compile(r"/o/deal/\d+$"))
        context.close()
    reader = build_application(databases).reader
    values = [reader.one(SYSTEM, "deal", id).values for id in (1, 2)]
    names = [one["name"].strip(".") for one in values]
    assert list(zip(names, [one["value"] for one in values], strict=True)) == [
        ("First", 12), ("Second", 7),
    ]  # fmt: skip
    databases.dispose()
