"""Records leave as files, and come back unchanged. On both databases."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest

from engine.definition.objects import Field
from engine.fieldtypes.choice import Choice, Choices, Option
from engine.permissions.actors import SYSTEM
from engine.problems import Text
from exchange import exporting
from exchange.exporting import labelled
from support.exchange_site import Exchange
from support.small import actor, refusal

HOSTILE = ["=1+1", "'=1+1", "''@x", "+86 21 5555", "-5", "@me", "'tis", 'a,b;"c"', "中文 名"]


def fill(it: Exchange) -> None:
    """Companies with every kind of value, contacts, and deals with lines."""
    parent = None
    for number, name in enumerate(HOSTILE):
        parent = it.site.create(
            "company",
            name=name,
            code=f"{number}",
            sector="medical",
            staff=number,
            revenue="12345678901234.5678" if number == 1 else "-0.5",
            founded="1850-01-31" if number else "2024-02-29",
            seen="2026-01-31T08:30:00.123456Z",
            active=False,
            tags=["=a", "b c"],
            phone="+86 21 5555",
            notes='first\nsecond, "third"\n=fourth',
            parent=parent,
        )
    wang = it.site.create("contact", name="=Wang", company=parent)
    for number in range(3):
        it.site.create(
            "deal",
            title=f"Deal {number}",
            company=parent,
            contact=wang,
            stage="open",
            amount="99.90",
            lines=[{"label": f"=line {n}", "quantity": n} for n in range(number)],
        )


@pytest.mark.parametrize("labels", ["", "en", "zh"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_what_comes_back_is_unchanged(it: Exchange, format: str, labels: str) -> None:
    """Whatever the texts hold, in both formats, headed by names or labels."""
    fill(it)
    for name, count in (("company", len(HOSTILE)), ("contact", 1), ("deal", 3)):
        path = it.file(it.take(name, format=format, labels=labels), f"out.{format}")
        report = it.bring(name, path)
        assert report.summary == f"created 0, updated 0, unchanged {count}, rejected 0"


@pytest.mark.parametrize(
    ("labels", "told"),
    [("", ("medical", "false")), ("en", ("Medical", "No")), ("zh", ("医疗", "否"))],
)
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_options_by_their_labels(
    it: Exchange, format: str, labels: str, told: tuple[str, str]
) -> None:
    """People read labels in their language; without labels it stays the names."""
    it.site.create("company", name="A", sector="medical", active=False)
    it.site.create("company", name="B")
    content = it.take("company", format=format, labels=labels)
    if format == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        empty = ""
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        empty = None
    sector = rows[0].index({"": "sector", "en": "Sector", "zh": "行业"}[labels])
    active = rows[0].index("Active" if labels else "active")
    expected = told if labels or format == "csv" else (told[0], False)
    assert (rows[1][sector], rows[1][active]) == expected
    assert rows[2][sector] == empty


def test_labels_that_stand_for_another_option() -> None:
    """A label that the import would read as something else is not written."""
    a, b = Option("a", Text({"en": "b", "zh": "甲"})), Option("b", Text({"en": "B, too"}))
    label = Text.of("f")
    field = Field(name="f", object="o", label=label, type=Choice(options=(a, b)))
    assert [labelled(field, "a", locale) for locale in ("en", "zh")] == ["a", "甲"]
    several = Field(name="f", object="o", label=label, type=Choices(options=(a, b)))
    assert labelled(several, ("b",), "en") == ("b",)
    assert labelled(several, ("a",), "zh") == "甲"


def test_csv(it: Exchange) -> None:
    """UTF-8 with a mark; formulas made harmless; links by what names their record."""
    fill(it)
    content = it.take("contact")
    assert content.startswith(b"\xef\xbb\xbfnumber,name,company,owner,owner.name,")
    assert b"P-001,'=Wang," in content
    (row, *_) = it.table("deal")
    assert (row["contact"], row["contact.name"], row["company"]) == ("P-001", "'=Wang", HOSTILE[-1])
    assert (row["amount"], row["stage"]) == ("99.90", "open")
    companies = it.table("company")
    assert [r["name"] for r in companies[:5]] == ["'=1+1", "''=1+1", "'''@x", "'+86 21 5555", "'-5"]
    assert companies[0]["revenue"] == "-0.5000"  # a number is no text
    assert companies[0]["tags"] == "'=a,b c"


def test_workbook(it: Exchange) -> None:
    """Strings are strings, numbers and dates typed, lines on a sheet of their own."""
    fill(it)
    book = openpyxl.load_workbook(io.BytesIO(it.take("deal", format="xlsx")))
    assert book.sheetnames == ["deal", "lines"]
    lines = list(book["lines"].iter_rows(values_only=True))
    assert lines[0] == ("deal", "id", "label", "quantity")
    numbers = [row["number"] for row in it.table("deal")]
    assert [(row[0], row[2], row[3]) for row in lines[1:]] == [
        (numbers[1], "=line 0", 0),
        (numbers[2], "=line 0", 0),
        (numbers[2], "=line 1", 1),
    ]
    cells = {c.value: c.data_type for c in book["lines"]["C"]}
    assert cells == {"label": "s", "=line 0": "s", "=line 1": "s"}


def test_workbook_limits(it: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worksheet cannot hold is refused, never cut off."""
    it.site.create("company", name="Long", notes="x" * 40_000)
    answer = refusal(lambda: it.take("company", format="xlsx"))
    assert "C-0001: notes has 40000 characters" in answer
    assert len(it.table("company")[0]["notes"]) == 40_000


def test_json(it: Exchange) -> None:
    """As the REST interface gives records, with their lines."""
    fill(it)
    records = json.loads(it.take("deal", format="json"))
    assert [len(record["lines"]) for record in records] == [0, 1, 2]
    assert records[2]["lines"][1]["label"] == "=line 1"
    assert records[0]["amount"] == {"amount": "99.90", "currency": "CNY"}
    assert json.loads(it.take("deal", format="json", where='title == "none"')) == []


def test_where_and_pages(it: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what fulfils the expression; pages of two make the same file as one."""
    fill(it)
    whole = it.take("deal", format="json")
    monkeypatch.setattr(exporting, "PAGE", 2)
    assert it.take("deal", format="json") == whole
    assert [row["code"] for row in it.table("company", where="staff > 5")] == ["6", "7", "8"]
    assert "staf" in refusal(lambda: it.take("company", where="staf > 5"))


def test_permissions(it: Exchange) -> None:
    """Only rows that may be exported, only fields that may be read."""
    me, other = it.site.create("person", name="Me"), it.site.create("person", name="Other")
    acme = it.site.create("company", name="Acme", revenue=5, staff=3)
    lines = [{"label": "x"}]
    it.site.create("deal", title="Mine", owner=me, company=acme, lines=lines)
    it.site.create("deal", title="Theirs", owner=other, lines=lines)
    clerk = actor(me, "clerk")
    deals = json.loads(it.take("deal", clerk, format="json"))
    assert [(d["title"], len(d["lines"])) for d in deals] == [("Mine", 1)]
    (company,) = it.table("company", actor=clerk)
    assert "revenue" not in company and company["staff"] == "3"
    for roles in ("archivist", "onlooker"):
        answer = refusal(lambda roles=roles: it.take("deal", actor(me, roles)))
        assert "forbidden" in answer
    report = it.bring("company", it.file(it.take("company", clerk)), actor=clerk)
    assert (report.unchanged, report.rejected) == (1, 0)


def test_what_may_not_be_seen_comes_back(it: Exchange) -> None:
    """A link to a hidden record is marked as such, and stays when the file comes back."""
    me = it.site.create("person", name="Me")
    contact = it.site.create("contact", name="Hidden")  # a clerk has no grant on contacts
    id = it.site.create("deal", title="Mine", owner=me, contact=contact)
    clerk = actor(me, "clerk")
    (row,) = it.table("deal", actor=clerk)
    assert (row["contact"], row.get("contact.name")) == ("#restricted", None)
    changed = it.take("deal", clerk).replace(b"Mine", b"Changed")
    report = it.bring("deal", it.file(changed), actor=clerk)
    assert (report.updated, report.rejected) == (1, 0)
    assert it.site.values("deal", id, "title", "contact") == ["Changed", contact]


def test_nothing_to_export(it: Exchange) -> None:
    """A header alone, an empty list."""
    assert it.take("company").decode("utf-8-sig").startswith("number,name,code")
    assert json.loads(it.take("company", format="json")) == []


@pytest.mark.parametrize(
    ("object", "order", "code"),
    [
        ("compny", {}, "unknown-object"),
        ("deal_line", {}, "import-part"),
        ("deal", {"format": "pdf"}, "export-format"),
        ("deal", {"where": "1 +"}, "expression-syntax"),
    ],
)
def test_what_cannot_be_exported(
    it: Exchange, object: str, order: dict[str, Any], code: str
) -> None:
    """Refused before a byte is written."""
    out = io.BytesIO()
    asked = exporting.ExportOrder(object=object, **order)
    assert code in refusal(lambda: exporting.export_records(it.site.reader, SYSTEM, asked, out))
    assert out.getvalue() == b""
