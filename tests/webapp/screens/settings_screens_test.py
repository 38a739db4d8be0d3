"""Company settings and amounts in other currencies, on the screens and through REST."""

from __future__ import annotations

from typing import Any

import pytest

from support.world import World


@pytest.mark.parametrize(("locale", "word"), [("en", "Company settings"), ("zh", "公司设置")])
def test_settings_open_as_their_record(visit: Any, locale: str, word: str) -> None:
    """The side bar leads to the one record, which has no way to add or delete any."""
    admin = visit("admin", locale)
    assert f'title="{word}"' in admin.text("/")
    response = admin.get("/o/company")
    assert response.status_code == 302
    address = response.headers["Location"]
    page = admin.text(address)
    assert word in page and f"{address}/edit" in page
    assert "/o/company/new" not in page and f"{address}/delete" not in page
    assert admin.text(f"{address}/edit")


def test_settings_through_rest(world: World) -> None:
    """Read and changed by id; a second one, deletion and import are refused by name."""
    admin, rep = world.client("admin"), world.client("rep")
    (one,) = admin.items("o/company")
    assert (
        admin.call("PATCH", f"o/company/{one['id']}", {"fiscal_year_start": 4}).status_code == 200
    )
    assert rep.get(f"o/company/{one['id']}").json["fiscal_year_start"] == 4
    for method, path in (("POST", "o/company"), ("DELETE", f"o/company/{one['id']}")):
        refused = admin.call(method, path, {} if method == "POST" else None)
        assert refused.status_code in (403, 422), refused.text
        assert "exactly one record" in refused.text
    assert len(admin.items("o/company")) == 1


def test_a_quotation_in_yen(visit: Any, world: World) -> None:
    """Amounts stand with their own sign; company amounts only where a section names them."""
    boss = world.client("boss")
    admin = world.client("admin")
    rate = {"currency": "JPY", "date": "2020-01-01", "rate": "0.05"}
    assert admin.call("POST", "o/currency_rate", rate).status_code == 201
    customer = boss.made("customer", name="東京ポンプ")
    lines = [{"description": "pump", "price": "120000", "tax_rate": "vat_0"}]
    made = boss.made("quotation", customer=customer["id"], currency="JPY", lines=lines)
    assert made["gross_total"] == {"amount": "120000", "currency": "JPY"}
    assert made["gross_total_company"] == {"amount": "6000.00", "currency": "CNY"}
    page = visit("boss").text(f"/o/quotation/{made['id']}")
    assert "<small>¥</small>120,000" in page and "120,000.00" not in page
    assert "6,000.00" in page and "Net total (company currency)" not in page
    assert "Net (company currency)" not in page
    assert "120,000" in visit("boss").text("/o/quotation")
    form = visit("boss").text(f"/o/quotation/{made['id']}/edit")
    assert "(company currency)" in form and "Gross (company currency)" not in form
