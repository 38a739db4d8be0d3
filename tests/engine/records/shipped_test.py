"""The shipped configuration through the gate: from the customer to the order, with its roles."""

from __future__ import annotations

from decimal import Decimal

from support.sites import make_company
from support.small import codes


def test_from_customer_to_order(database_url: str) -> None:
    """A representative sells, the manager sees it, colleagues do not, nor the seller the cost."""
    company = make_company(database_url)
    try:
        wang, li, chen = (company.actor(name) for name in ("wang", "li", "chen"))
        manager = company.actor("chen", "sales_manager")
        customer = company.create(wang, "customer", name="北方机械有限公司")
        product = company.create(
            company.actor("zhao", "administrator"), "product",
            code="GX-1", name="数控车床", list_price="1000", cost="600", tax_rate="vat_13",
        )  # fmt: skip
        opportunity = company.create(
            wang, "opportunity", name="车床", customer=customer, amount="900"
        )
        order = company.create(
            wang, "order", customer=customer, opportunity=opportunity, discount="0.1",
            lines=[{"product": product, "quantity": 2}],
        )  # fmt: skip
        record = company.reader.one(wang, "order", order)
        totals = [record.values[n] for n in ("net_total", "tax_total", "gross_total", "line_count")]
        assert totals == [Decimal("1592.92"), Decimal("207.08"), Decimal("1800.00"), 1]
        assert "cost_total" not in record.values and "cost" not in record.values["lines"][0].values
        company.gate.update(wang, "order", order, {"tax_included": False})
        record = company.reader.one(manager, "order", order)
        assert record.values["gross_total"] == Decimal("2034.00")
        for other in (li, chen):
            assert codes(lambda o=other: company.reader.one(o, "order", order)) == [
                ("not-found", "")
            ]
        assert codes(lambda: company.gate.delete(wang, "customer", [customer])) == [
            ("forbidden", "")
        ]
        found = codes(lambda: company.gate.perform(li, "opportunity", opportunity, "propose"))
        assert found == [("not-found", "")]
    finally:
        company.databases.dispose()
