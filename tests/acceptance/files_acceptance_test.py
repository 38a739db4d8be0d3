"""Files and secrets in a real browser: uploaded with the form and beside it, and revealed."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from engine.permissions.actors import SYSTEM
from engine.records.query import Query


def test_upload_attach_and_reveal(enter: Any, office: Any, picture: Any) -> None:
    """A picture with the product's form, attachments on the customer's page, an account number."""
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(out, "PNG")
    reader = office.world.site.current.reader
    product = reader.page(SYSTEM, "product", Query(limit=1)).items[0].id
    customer = reader.page(SYSTEM, "customer", Query(limit=1)).items[0].id
    page = enter("admin")
    page.goto(f"/o/product/{product}/edit")
    box = page.locator('[data-name="image"]')
    box.locator("input[type=file]").set_input_files(
        {"name": "notes.txt", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.get_by_text("is not accepted here")).to_be_visible()
    box.locator("input[type=file]").set_input_files(
        {"name": "pump.png", "mimeType": "image/png", "buffer": out.getvalue()}
    )
    expect(box.locator(".file a")).to_have_text("pump.png")
    expect(box.locator(".file img")).to_be_visible()
    page.click("[data-save]")
    page.wait_for_url(re.compile(r"/o/product/\d+$"))
    shown = page.locator(".file-picture img")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") > 0

    page = enter("clerk")
    page.goto(f"/o/customer/{customer}/edit")
    page.fill("#bank_account", "6222020200011234")
    page.click("[data-save]")
    page.wait_for_url(re.compile(r"/o/customer/\d+$"))
    page.locator("[data-attach] input[type=file]").set_input_files(
        [
            {"name": "minutes.txt", "mimeType": "text/plain", "buffer": b"what was said"},
            {"name": "site.png", "mimeType": "image/png", "buffer": out.getvalue()},
        ]
    )
    expect(page.locator(".attachment")).to_have_count(2)
    page.locator("[data-attach]").scroll_into_view_if_needed()
    picture(page, "attachments")
    page.locator(".attachment button").first.click()
    expect(page.locator(".attachment")).to_have_count(1)
    page.goto(f"/o/customer/{customer}?tab=company")
    secret = page.locator('[data-fact="bank_account"] .secret')
    expect(secret).to_contain_text("••••1234")
    secret.locator("button").click()
    expect(secret).to_contain_text("6222020200011234")
    secret.locator("button").click()
    expect(secret).to_contain_text("••••1234")
