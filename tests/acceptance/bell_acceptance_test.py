"""The bell in a real browser, on a server that tells people by itself."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from engine.permissions.actors import SYSTEM
from jobs.outbox import put
from notices.telling import Notice, telling


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (375, "dark")])
def test_the_bell(office: Any, enter: Any, width: int, theme: str) -> None:
    """What is asked for elsewhere shows in the bell; a click leads to the record and reads it."""
    gate = office.world.site.current.gate
    record = office.made.ids["customer"][0]
    notice = Notice(
        to=(office.world.people["boss"],),
        title={"en": f"Look at {{this}} <b>{width}", "zh": f"请看 {{this}} <b>{width}"},
    )
    page = enter("boss", width=width, theme=theme)
    page.goto("/")
    gate.write(SYSTEM, lambda tx: put(tx, [telling(notice, "customer", record)]))
    line = page.locator("[data-panel] .notice.is-unread", has_text=f"<b>{width}")
    for _ in range(50):  # opening it fetches what is new
        page.locator("[data-bell] summary").click()
        page.wait_for_timeout(200)
        if line.count():
            break
        page.keyboard.press("Escape")
    expect(line).to_have_count(1)
    assert int(page.locator(".bell-count").inner_text()) >= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    line.click()
    page.wait_for_url(f"**/o/customer/{record}")
    page.goto("/notices")
    read = page.locator(".notice:not(.is-unread)", has_text=f"<b>{width}")
    expect(read).to_have_count(1)
    page.locator("[data-bell] summary").click()
    page.locator("[data-read-all] button").click()
    expect(page.locator(".bell-count")).to_have_text("")
    expect(page.locator(".is-unread")).to_have_count(0)
