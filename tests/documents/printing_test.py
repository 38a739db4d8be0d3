"""The shipped documents: what goes in, and what comes out on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from documents.printing import Documents, Printed
from documents.rendering import Renderer
from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.query import Query
from support.sites import CONFIG, Company, make_company

BY_CODE = Query(sort=("code",))
NAME = "上海浦东新区张江高科技园区精密机械制造与自动化装备研究开发有限责任公司第三分公司"[:40]

PACKER = """\
role: packer
label: {en: Packer, zh: 包装员}
grants:
  quotation:
    read: all
    fields: {number: read, customer: read, lines: read, tax_included: read, valid_until: read}
  quotation_line:
    fields: {description: read, quantity: read}
"""
ONLY_FINANCE = """\
document: order_confirmation
roles: [finance]
header: {logo: logo.svg, text: "电话 021-5555 0000"}
footer: {en: "Bank: {number}", zh: "开户行：{number}"}
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="40" height="20"/></svg>'


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(size=1)
    yield made
    made.close()


@pytest.fixture
def company(database_url: str, tmp_path: Path) -> Iterator[Company]:
    """The company on each database, with a client's layer over the shipped one."""
    yield from with_layer(database_url, tmp_path)


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Company]:
    """The same where it does not matter which database there is."""
    yield from with_layer(sqlite_url, tmp_path)


def with_layer(url: str, folder: Path) -> Iterator[Company]:
    for file, text in {
        "roles/packer.yaml": PACKER,
        "reports/order_confirmation.yaml": ONLY_FINANCE,
        "assets/logo.svg": LOGO,
        "templates/documents/letter.html": "<p>{{ title }} own {{ totals[-1].text }}</p>",
    }.items():
        path = folder / "layer" / file
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    made = make_company(url, [CONFIG, folder / "layer"])
    yield made
    made.databases.dispose()


@pytest.fixture
def documents(request: pytest.FixtureRequest, renderer: Renderer, tmp_path: Path) -> Documents:
    """The documents of whichever company the test asks for."""
    name = "shop" if "shop" in request.fixturenames else "company"
    company: Company = request.getfixturevalue(name)
    return Documents(company.reader, renderer, [CONFIG, tmp_path / "layer"])


def quotation(company: Company, lines: int, **values: Any) -> int:
    """A quotation of wang's with so many lines, of three products."""
    wang = company.actor("wang")
    address = {"address": {"city": "上海市", "street": "张江路 1688 号"}}
    found = company.reader.page(SYSTEM, "customer").items
    if found:
        customer = found[0].id
    else:
        customer = company.create(
            wang, "customer", name=NAME, tax_number="91310115MA1H8X2K3L",
            addresses=[{"kind": "delivery", "address": "仓库"}, {"kind": "office", **address}],
        )  # fmt: skip
        for code, name, price, rate in (
            ("A", "加工中心", "1280000.00", "vat_13"),
            ("B", "Tool set", "86.50", "vat_13"),
            ("C", "培训", "3200.00", "vat_6"),
        ):
            company.create(
                SYSTEM, "product", code=code, name=name, list_price=price, cost="77.77",
                tax_rate=rate, specification=f"spec {code}",
            )  # fmt: skip
    products = [one.id for one in company.reader.page(SYSTEM, "product", BY_CODE).items]
    made = [{"product": products[n % 3], "quantity": "2"} for n in range(lines)]
    return company.create(wang, "quotation", customer=customer, lines=made, **values)


def pages(printed: Printed) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(printed.data)).pages]


def test_content(company: Company, documents: Documents) -> None:
    """What the template gets: texts in one language, sums and groups, nothing else."""
    record = quotation(company, 3, notes="第一行\n第二行", discount="0.1")
    content = documents.content(company.actor("wang"), "quotation", record, "zh")
    assert (content["title"], content["company"]) == ("报价单", "本公司")
    assert content["number"] == "QT-2026-00001"
    (party,) = content["parties"]
    assert party["title"] == NAME
    assert [(row["label"], row["text"]) for row in party["rows"]] == [
        ("地址", "上海市张江路 1688 号"),
    ]
    assert [(row["label"], row["text"]) for row in content["meta"]] == [
        ("报价日期", "2026年3月16日"),
        ("有效期至", "2026年4月15日"),
        ("业务联系人", "Wang"),
    ]
    heads = [column["label"] for column in content["lines"]["columns"]]
    assert heads == ["名称及说明", "数量", "单位", "单价", "税率", "不含税金额", "价税合计"]
    assert content["lines"]["rows"][0][0] == {"text": "加工中心", "picture": "", "detail": "spec A"}
    assert [cell["text"] for cell in content["lines"]["rows"][0][1:]] == [
        "2", "件", "1,280,000.00", "13%", "2,038,938.05", "2,304,000.00",
    ]  # fmt: skip
    assert content["taxes"]["rows"] == [
        ["13%", "2,039,075.84", "265,079.86", "2,304,155.70"],
        ["6%", "5,433.96", "326.04", "5,760.00"],
    ]
    assert [(row["label"], row["text"], row["mark"]) for row in content["totals"]] == [
        ("整单折扣率", "10%", ""),
        ("不含税合计", "2,044,509.80", "¥"),
        ("税额合计", "265,405.90", "¥"),
        ("价税合计", "2,309,915.70", "¥"),
    ]
    assert content["words"]["text"] == "人民币贰佰叁拾万玖仟玖佰壹拾伍元柒角整"
    assert ("备注", "第一行\n第二行") in [(r["label"], r["text"]) for r in content["terms"]]
    assert content["watermark"] == "草稿"


def test_english(shop: Company, documents: Documents) -> None:
    """The same record in English; the site's first language where none is named."""
    record = quotation(shop, 1)
    content = documents.content(SYSTEM, "quotation", str(record), "en")
    assert (content["title"], content["company"], content["locale"]) == (
        "Quotation", "Our Company", "en",
    )  # fmt: skip
    assert content["meta"][0]["text"] == "March 16, 2026"
    assert content["totals"][-1]["mark"] == "CNY"
    assert content["words"]["text"] == "Two million five hundred sixty thousand Chinese yuan only"
    assert content["terms"][0]["text"] == "Unit prices include value-added tax."
    assert documents.content(SYSTEM, "quotation", "QT-2026-00001")["title"] == "报价单"


def test_what_may_not_be_read_is_blank(company: Company, documents: Documents) -> None:
    """Fields, linked records and what is computed from them; not even zeros show through."""
    record = quotation(company, 2)
    packer = company.actor("zhao", "packer")
    content = documents.content(packer, "quotation", record, "zh")
    assert (content["parties"], content["totals"], content["words"]) == ([], [], None)
    assert [[cell["text"] for cell in row] for row in content["lines"]["rows"]] == [
        ["加工中心", "2", "", "", "", "", ""],
        ["Tool set", "2", "", "", "", "", ""],
    ]
    assert [cell["detail"] for row in content["lines"]["rows"] for cell in row] == [""] * 14
    assert content["taxes"] is None
    assert content["meta"] == [] or [row["name"] for row in content["meta"]] == ["valid_until"]
    assert content["watermark"] == ""  # the status is hidden too
    (text,) = pages(documents.pdf(packer, "quotation", record, "zh"))
    assert "加工中心" in text and ".00" not in text and NAME not in text
    everything = str(documents.content(company.actor("wang"), "quotation", record, "zh"))
    assert NAME in everything and "77.77" not in everything
    assert NAME not in str(content)


def test_who_may_print(company: Company, documents: Documents) -> None:
    """A record out of sight does not exist; a layout may be for some roles only."""
    record = quotation(company, 1)
    zhao, wang = company.actor("zhao"), company.actor("wang")
    with pytest.raises(Refusal) as refused:
        documents.content(zhao, "quotation", record)
    assert refused.value.problems[0].code == "not-found"
    with pytest.raises(Refusal) as refused:
        documents.content(wang, "order_confirmation", 1)
    assert str(refused.value) == (
        "document-not-for-role you may not print Order confirmation (ask a Finance)"
    )
    with pytest.raises(Refusal) as refused:
        documents.content(wang, "quotations", 1)
    assert refused.value.problems[0].line() == (
        "unknown-document there is no document 'quotations' (did you mean 'quotation'?)"
    )
    assert [one.name for one in documents.available(wang, "quotation")] == ["quotation"]
    assert documents.available(wang, "order") == []
    assert [one.name for one in documents.available(SYSTEM, "order")] == ["order_confirmation"]


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_on_paper(shop: Company, documents: Documents, locale: str) -> None:
    """Pages with number, repeated heads, every line once, sums together, fonts embedded."""
    head, page, total = {
        "zh": ("名称及说明", "第 {n} 页，共 {of} 页", "价税合计"),
        "en": ("Description", "Page {n} of {of}", "In words"),
    }[locale]
    for lines, count in ((1, 1), (25, 2), (80, 5)):
        printed = documents.pdf(SYSTEM, "quotation", quotation(shop, lines), locale)
        found = pages(printed)
        assert len(found) == count
        for number, text in enumerate(found, 1):
            assert page.format(n=number, of=count) in " ".join(text.split())
            assert (head in text) == bool(text.count("spec "))
        assert "\n".join(found).count("spec ") == lines
        assert total in found[-1] + found[-2 if count > 1 else -1]
        assert all(font["embedded"] for font in fonts(printed))
    information = PdfReader(io.BytesIO(printed.data)).metadata
    assert information and str(information.title).endswith(" QT-2026-00003")
    assert printed.file_name.endswith(" QT-2026-00003.pdf")


def fonts(printed: Printed) -> list[dict[str, Any]]:
    """The fonts of the document, each with whether its file is inside."""
    found = []
    for page in PdfReader(io.BytesIO(printed.data)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descendant = font["/DescendantFonts"][0]
            descriptor = descendant["/FontDescriptor"]
            embedded = bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor))
            found.append({"name": font["/BaseFont"], "embedded": embedded})
    assert found
    return found


def test_client_layer(shop: Company, documents: Documents) -> None:
    """A logo, a letterhead and a footer that a higher layer adds."""
    quotation(shop, 1)
    order = shop.create(shop.actor("wang"), "order", customer=1, lines=[])
    (text,) = pages(documents.pdf(SYSTEM, "order_confirmation", order, "zh"))
    assert "电话 021-5555 0000" in text
    assert "开户行：SO-2026-00001" in text
    (documents.layers[-1] / "assets/logo.svg").unlink()
    with pytest.raises(Refusal) as refused:
        documents.pdf(SYSTEM, "order_confirmation", order, "zh")
    assert refused.value.problems[0].code == "unknown-asset"


def test_own_template(shop: Company, documents: Documents) -> None:
    """A layer's template counts before the platform's; one that is missing is named."""
    quotation(shop, 1)
    letter = documents.layers[-1] / "templates/documents/letter.html"
    letter.rename(letter.with_name("standard.html"))
    (text,) = pages(documents.pdf(SYSTEM, "quotation", 1, "en"))
    assert text == "Quotation own 2,560,000.00"


def test_statements(shop: Company, documents: Documents) -> None:
    """Links of all lines are followed together: 80 lines cost as many queries as two."""
    counts = []
    for lines in (2, 80):
        record = quotation(shop, lines)
        statements: list[str] = []
        listener = lambda *args, to=statements: to.append(args[2])  # noqa: E731
        sa.event.listen(shop.databases.reads, "before_cursor_execute", listener)
        documents.content(shop.actor("wang"), "quotation", record)
        sa.event.remove(shop.databases.reads, "before_cursor_execute", listener)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 15


def test_very_many_lines(shop: Company, documents: Documents) -> None:
    """More lines than the reader gives at once are all there, in their order."""
    wang = shop.actor("wang")
    customer = shop.create(wang, "customer", name="A")
    lines = [{"description": f"line {n}", "price": "1", "tax_rate": "vat_0"} for n in range(1005)]
    record = shop.create(wang, "quotation", customer=customer, lines=lines)
    rows = documents.content(wang, "quotation", record)["lines"]["rows"]
    assert [row[0]["text"] for row in rows] == [f"line {n}" for n in range(1005)]
