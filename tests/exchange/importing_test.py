"""Rows become records: matching, corrections, rejected rows, modes. On both databases."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy.exc import IntegrityError

from engine.permissions.actors import SYSTEM
from exchange import importing
from exchange.mapping import load_mapping
from exchange.report import Report
from support.exchange_site import Exchange
from support.small import actor, refusal


def told(report: Report) -> list[tuple[int, list[str]]]:
    return [(line, [p.code for p in problems]) for line, problems in report.examples]


def test_columns_named_like_fields(it: Exchange) -> None:
    """Names and labels in any language; every kind of value; defaults where no column is."""
    report = it.bring(
        "company",
        "name,编码,Sector,staff,revenue,founded,seen,tags\n"
        'Acme,A1,科技,"1,200",1.5,2001/2/3,2026-01-31 08:30,"a, b"\n'
        "Beta,,medical,,,,,\n",
    )
    assert report.summary == "created 2, updated 0, unchanged 0, rejected 0"
    names = ("name", "code", "sector", "staff", "revenue", "founded", "seen", "tags", "active")
    acme, beta = it.rows("company", *names)
    seen = dt.datetime(2026, 1, 31, 0, 30, tzinfo=dt.UTC)  # the company is in Shanghai
    day = dt.date(2001, 2, 3)
    revenue = Decimal("1.5000")
    assert acme == ("Acme", "A1", "technology", 1200, revenue, day, seen, ("a", "b"), True)
    assert beta == ("Beta", None, "medical", None, None, None, None, None, True)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("name,nmae", "import-unknown-column"),
        ("name,Name", "mapping-field-twice"),
        ("name,parent.nobody", "import-unknown-column"),
    ],
)
def test_columns_that_mean_nothing(it: Exchange, header: str, code: str) -> None:
    """Nothing is imported."""
    assert code in refusal(lambda: it.bring("company", f"{header}\na,b\n"))


def test_columns_against_the_mapping(it: Exchange) -> None:
    """A column that the mapping does not name, and one that the file does not have."""
    answer = refusal(lambda: it.bring("company", "a,b\n1,2\n", "columns: {a: name, c: code}\n"))
    assert "nothing is said about the column 'b'" in answer
    assert "no column 'c', which the mapping reads (the file has: a, b)" in answer


def test_one_bad_row_never_stops_the_rest(it: Exchange) -> None:
    """Each with all its reasons, by line, in the reader's language; the file of rejects too."""
    rejects = it.folder / "rejects.csv"
    report = it.bring(
        "company",
        "name,sector,staff,founded,parent\n"
        "Good,technology,5,2000-01-01,\n"
        ",software,-1,1700-01-01,Nobody\n"
        "Old,,,1700-01-01,\n"
        "Good,,,,\n"
        "Short\n"
        "\n"
        "=1+1,,x,,\n"
        "Fine,,1,,Good\n",
        rejects=rejects,
        locale="zh",
    )
    assert report.summary == "created 2, updated 0, unchanged 0, rejected 5"
    assert told(report) == [
        (3, ["link-not-found", "not-an-option", "out-of-range", "required"]),
        (4, ["check-failed"]),
        (5, ["not-unique"]),
        (6, ["import-row-width"]),
        (8, ["value-not-readable"]),
    ]
    lines = rejects.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "_line,_problems,name,sector,staff,founded,parent"
    by_line = dict(it.problems(rejects))
    assert by_line["4"] == "founded: 没有这么老的公司。"
    assert "'=1+1" in next(line for line in lines if line.startswith("8,"))
    fixed = rejects.read_text(encoding="utf-8-sig").replace(",x,", ",7,")
    again = it.bring("company", fixed)
    assert (again.created, again.rejected) == (1, 4)
    assert ("=1+1", 7) in it.rows("company", "name", "staff")


def test_no_rejects_no_file(it: Exchange) -> None:
    """The file of rejects is there only when there are some; it never is the source."""
    rejects = it.file("from the last time", "rejects.csv")
    it.bring("company", "name\nA\n", rejects=rejects)
    assert not rejects.exists()
    source = it.file("name\nA\n")
    answer = refusal(lambda: it.bring("company", source, rejects=source))
    assert "import-same-file" in answer and source.read_text() == "name\nA\n"
    lost = it.folder / "none" / "r.csv"
    assert "exchange-unwritable" in refusal(lambda: it.bring("company", source, rejects=lost))


MATCHED = "match: [code]\ncolumns: {code: code, name: name, staff: staff}\n"


def test_matching(it: Exchange) -> None:
    """New, changed, unchanged; also in one batch, and with the key in other letters."""
    first = it.bring("company", "code,name,staff\nA,Acme,1\nB,Beta,2\n", MATCHED)
    assert first.summary == "created 2, updated 0, unchanged 0, rejected 0"
    content = "code,name,staff\na,Acme,3\nB,Beta,2\nC,Cetus,\nC,Cetus,\nC,Cetus,4\nc,Cetus,4\n"
    second = it.bring("company", content, MATCHED)
    # the other spelling of A and c is itself a change
    assert second.summary == "created 1, updated 3, unchanged 2, rejected 0"
    assert it.rows("company", "code", "staff") == [("a", 3), ("B", 2), ("c", 4)]
    assert it.bring("company", "code,name,staff\nB,Beta,\n", MATCHED).updated == 1
    assert it.rows("company", "staff")[1] == (None,)


def test_rows_that_cannot_be_recognised(it: Exchange) -> None:
    """Nothing in the field to match; two records with the same value; a rejected first row."""
    for _ in range(2):
        it.site.create("company", name=f"N{_}", staff=7)
    mapping = "match: [staff]\ncolumns: {name: name, staff: staff}\n"
    report = it.bring("company", "name,staff\nA,\nB,7\n,8\n,8\nC,8\nD,x\n", mapping)
    assert (report.created, report.rejected) == (1, 5)
    assert dict(told(report)) == {
        2: ["import-no-match-value"],
        3: ["import-several-match"],
        4: ["required"],
        5: ["required"],
        7: ["value-not-readable"],
    }


def test_match_on_several_fields(it: Exchange) -> None:
    """A link and a text, either of which may be empty."""
    acme = it.site.create("company", name="Acme")
    it.site.create("contact", name="Wang", company=acme)
    mapping = "match: [company, name]\ncolumns: {c: {field: company, find: name}, n: name}\n"
    content = "c,n\nAcme,Wang\nAcme,Li\n,Wang\n,Wang\n"
    report = it.bring("contact", content, mapping)
    assert report.summary == "created 2, updated 0, unchanged 2, rejected 0"
    assert it.bring("contact", content, mapping).unchanged == 4


def test_match_by_number_or_id(it: Exchange) -> None:
    """They tell which record is meant; unknown ones are refused, empty ones are new records."""
    first = it.site.create("company", name="Acme")
    content = "number,name,staff\nC-0001,Acme,5\nC-0999,Lost,1\n,New,2\n"
    report = it.bring("company", content)
    assert report.summary == "created 1, updated 1, unchanged 0, rejected 1"
    assert told(report) == [(3, ["import-nobody-matches"])]
    report = it.bring("company", f"id,name,staff\n{first},Acme,5\nx,Bad,1\n")
    assert report.summary == "created 0, updated 0, unchanged 1, rejected 1"
    report = it.bring("company", "name,staff\nAcme,6\n", match=("name",))
    assert report.updated == 1
    assert "unknown-field" in refusal(lambda: it.bring("company", "name\nA\n", match=("nmae",)))


def test_translations_and_corrections(it: Exchange) -> None:
    """Values are translated in silence, corrections counted and listed row by row."""
    corrections = it.folder / "corrections.csv"
    report = it.bring(
        "company",
        "name,kind\nA,tech\nB,technolgy\nC,technolgy\nD,\nE, medical \n",
        "columns:\n  name: name\n  kind: {field: sector, values: {tech: technology},"
        ' corrections: {technolgy: tech, "": medical}}\n',
        corrections=corrections,
    )
    assert report.summary == "created 5, updated 0, unchanged 0, rejected 0, corrected 3"
    assert [s for (s,) in it.rows("company", "sector")] == [
        "technology", "technology", "technology", "medical", "medical",
    ]  # fmt: skip
    counted = {key: group.count for key, group in report.corrections.items()}
    assert counted == {("kind", "technolgy", "tech"): 2, ("kind", "", "medical"): 1}
    assert corrections.read_text(encoding="utf-8-sig").splitlines() == [
        "_line,column,found,became",
        "3,kind,technolgy,tech",
        "4,kind,technolgy,tech",
        "5,kind,,medical",
    ]


def test_finding_links(it: Exchange) -> None:
    """By any stored field; missing and ambiguous ones are refused; digits may be a name."""
    it.site.create("company", name="360", staff=1)
    it.site.create("company", name="Other", staff=2)
    third = it.site.create("company", name="Third", staff=2)
    by = "columns: {n: name, c: {field: company, find: %s}}\n"
    report = it.bring("contact", "n,c\nA,360\nB,OTHER\nC,\n", by % "name")
    assert report.created == 3
    assert [c for (c,) in it.rows("contact", "company")] == ["360", "Other", None]
    content = f"n,c\nD,1\nE,2\nF,3\nG,x\nH,#{third}\nI,#999999\n"
    report = it.bring("contact", content, by % "staff")
    assert (report.created, it.rows("contact", "company")[-1]) == (2, ("Third",))
    assert dict(told(report)) == {
        3: ["link-ambiguous"],
        4: ["link-not-found"],
        5: ["value-not-readable"],
        7: ["link-not-found"],
    }


def test_parents_further_down(it: Exchange) -> None:
    """A parent may stand below, in any number of steps; what never comes is refused."""
    mapping = "match: [name]\ncolumns: {name: name, parent: {field: parent, find: name}}\n"
    content = "name,parent\nC,B\nB,A\nD,Nobody\nA,\nE,D\n"
    report = it.bring("company", content, mapping)
    assert report.summary == "created 3, updated 0, unchanged 0, rejected 2"
    assert sorted(told(report)) == [(4, ["link-not-found"]), (6, ["link-not-found"])]
    parents = dict(it.rows("company", "name", "parent"))
    assert parents == {"A": None, "B": "A", "C": "B"}
    again = it.bring("company", content, mapping)
    assert again.summary == "created 0, updated 0, unchanged 3, rejected 2"
    dry = it.bring("company", content.replace("A", "X"), mapping, dry_run=True)
    assert (dry.created, dry.updated, dry.rejected) == (1, 1, 2)


def test_dry_run(it: Exchange) -> None:
    """Says what would happen, and nothing has."""
    it.bring("company", "code,name,staff\nA,Acme,1\n", MATCHED)
    before = it.site.rows("fw_audit")
    content = "code,name,staff\nA,Acme,2\nB,Beta,1\nC,,1\n"
    report = it.bring("company", content, MATCHED, dry_run=True)
    assert report.summary == "created 1, updated 1, unchanged 0, rejected 1"
    assert (report.written, report.batch) == (False, None)
    assert it.rows("company", "name", "staff") == [("Acme", 1)]
    assert it.site.rows("fw_audit") == before
    assert len(it.site.rows("fw_batch")) == 1


def test_all_or_nothing(it: Exchange) -> None:
    """One rejected row and nothing is written; none, and everything is."""
    content = "name,staff\nA,1\nB,x\n"
    report = it.bring("company", content, all_or_nothing=True)
    assert (report.created, report.rejected, report.written) == (1, 1, False)
    assert it.rows("company", "name") == [] == it.site.rows("fw_batch")
    report = it.bring("company", "name,staff\nA,1\nB,2\n", all_or_nothing=True)
    assert (report.created, report.written) == (2, True)
    audit = it.site.rows("fw_audit")
    assert [r["batch"] for r in audit if r["action"] == "create"] == [report.batch] * 2


def test_what_the_audit_knows(it: Exchange) -> None:
    """Every audit row names the batch; the batch names file, mapping and counts."""
    report = it.bring("company", "code,name,staff\nA,Acme,1\nB,Beta,x\n", MATCHED)
    opened, row = it.site.rows("fw_audit")
    said = json.loads(opened["data"])
    assert (opened["action"], said["batch"]) == ("batch", report.batch)
    assert (row["batch"], row["via"], row["cause"]) == (report.batch, "import", "import in.csv")
    (batch,) = it.site.rows("fw_batch")
    data = json.loads(batch["data"])
    assert (data["object"], data["file"], data["mapping"]) == ("company", "in.csv", "m")
    assert (data["state"], data["created"], data["rejected"]) == ("finished", 1, 1)
    assert len(data["sha256"]) == 64


def test_permissions(it: Exchange) -> None:
    """The right to import, to create, to change, and the fields of each."""
    onlooker, clerk = actor(None, "onlooker"), actor(None, "clerk")
    assert "forbidden" in refusal(lambda: it.bring("company", "name\nA\n", actor=onlooker))
    report = it.bring("company", "name,staff\nA,5\n", actor=clerk)
    assert (report.created, [n.code for n in report.notices]) == (1, ["import-column-forbidden"])
    assert it.rows("company", "name", "staff") == [("A", None)]
    answer = refusal(lambda: it.bring("company", "name,revenue\nB,5\n", actor=clerk))
    assert "the column 'revenue' is no field of Company" in answer
    mapping = "columns: {name: name, staff: staff, revenue: revenue}\n"
    report = it.bring("company", "name,staff,revenue\nB,5,6\n", mapping, clerk)
    assert told(report) == [(2, ["forbidden-field", "unknown-field"])]


def test_others_records_are_neither_matched_nor_told(it: Exchange) -> None:
    """A clerk sees only their own deals: another's reference is just not available."""
    me, other = it.site.create("person", name="Me"), it.site.create("person", name="Other")
    it.site.create("deal", title="Secret", reference="R1", owner=other)
    mine = it.site.create("deal", title="Mine", reference="R2", owner=me)
    mapping = "match: [reference]\ncolumns: {r: reference, t: title}\n"
    report = it.bring("deal", "r,t\nR1,Taken\nR2,Changed\n", mapping, actor(me, "clerk"))
    assert report.summary == "created 0, updated 1, unchanged 0, rejected 1"
    assert told(report) == [(2, ["not-available"])]
    assert it.site.values("deal", mine, "title") == ["Changed"]


HISTORY = """historical: true
match: [reference]
columns:
  ref: {field: reference, also: [title]}
  stage: stage
  who: {field: owner, find: name}
  begun: created_on
  number: number
"""


def test_history_stays_as_it_was(it: Exchange) -> None:
    """Owner, dates, numbers and stages are kept; nothing is announced; again it is unchanged."""
    it.site.create("person", name="Wang")
    before = len(it.site.rows("fw_outbox"))
    content = "ref,stage,who,begun,number\nX,won,Wang,2016-10-20,OLD-7\nY,talks,,,\n"
    report = it.bring("deal", content, HISTORY)
    assert report.summary == "created 2, updated 0, unchanged 0, rejected 0"
    names = ("number", "stage", "owner", "created_on")
    begun = dt.datetime(2016, 10, 19, 16, tzinfo=dt.UTC)  # midnight in Shanghai
    old, new = it.rows("deal", *names)
    assert old == ("OLD-7", "won", "Wang", begun)
    assert (new[1:]) == ("talks", None, it.site.clock.now)
    assert len(it.site.rows("fw_outbox")) == before
    assert it.bring("deal", content, HISTORY).unchanged == 2


def test_history_needs_its_right(it: Exchange) -> None:
    """The right of a role; without it the stage must be reached by transitions."""
    it.site.create("person", name="Wang")
    content = "ref,stage,who,begun,number\nX,won,Wang,2016-10-20,OLD-7\n"
    clerk, archivist = actor(None, "clerk"), actor(None, "archivist")
    assert "right-missing" in refusal(lambda: it.bring("deal", content, HISTORY, clerk))
    assert it.bring("deal", content, HISTORY, archivist).created == 1
    report = it.bring("deal", "title,stage\nA,won\nB,open\n", actor=archivist)
    assert (report.created, report.rejected) == (1, 1)


def test_workbook(it: Exchange) -> None:
    """Typed cells: dates, numbers as text, a telephone number that became a number."""
    path = it.folder / "in.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["name", "staff", "founded", "phone", "revenue", "code", "active"])
    day = dt.datetime(2001, 2, 3)
    book.active.append(["Acme", 12.0, day, 13800001111, 0.1 + 0.2, 123, False])
    book.active.append(["Beta", "7", "2001-02-03", "+86 21 5555", "0.5", "#REF!", None])
    book.save(path)
    report = it.bring("company", path)
    assert (report.created, told(report)) == (1, [(3, ["import-error-cell"])])
    names = ("staff", "founded", "phone", "revenue", "code", "active")
    assert it.rows("company", *names) == [
        (12, day.date(), "+8613800001111", Decimal("0.3000"), "123", False)
    ]


def test_interrupted(it: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole batches stay and are told; running it again finishes the rest."""
    monkeypatch.setattr(importing, "BATCH", 2)
    content = "code,name,staff\n" + "".join(f"K{i},N{i},{i}\n" for i in range(7))
    seen = 0

    def watch(report: Report, source: object) -> None:
        nonlocal seen
        seen += 1
        if seen == 2:
            raise KeyboardInterrupt

    gate, path = it.site.gate, it.file(content)
    order = importing.Order(object="company", path=path, match=("code",))
    report = importing.run_import(gate, SYSTEM, order, watch)
    assert report.stopped is not None and not report.ok
    assert report.stopped.sentence() == "the import stopped after line 5: it was asked to end"
    assert (report.created, report.written) == (4, True)
    assert len(it.rows("company", "name")) == 4
    (batch,) = it.site.rows("fw_batch")
    assert json.loads(batch["data"])["state"] == "stopped"
    again = importing.run_import(gate, SYSTEM, order)
    assert again.summary == "created 3, updated 0, unchanged 4, rejected 0"


def test_a_race_rejects_one_row(it: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody takes a unique value between check and write: only that row is rejected."""
    process = importing.Batches.process

    def racing(self: object, tx: object, rows: list, patient: bool) -> object:
        if any("B" in row.cells for row in rows):
            raise IntegrityError("", None, Exception("UNIQUE constraint failed: company.name__f"))
        return process(self, tx, rows, patient)

    monkeypatch.setattr(importing.Batches, "process", racing)
    report = it.bring("company", "name\nA\nB\nC\nD\n")
    assert report.summary == "created 3, updated 0, unchanged 0, rejected 1"
    assert told(report) == [(3, ["not-available"])]


def test_all_or_nothing_interrupted(it: Exchange) -> None:
    """Nothing of it stays, and the report says so."""
    path = it.file("name\n" + "".join(f"N{i}\n" for i in range(3000)))

    def watch(report: Report, source: object) -> None:
        raise KeyboardInterrupt

    order = importing.Order(object="company", path=path, all_or_nothing=True)
    report = importing.run_import(it.site.gate, SYSTEM, order, watch)
    assert report.stopped is not None
    assert not report.written
    assert it.rows("company", "name") == []


def test_things_that_are_not_imported(it: Exchange) -> None:
    """Unknown objects, and lines, which live in their record."""
    assert "unknown-object" in refusal(lambda: it.bring("compny", "name\nA\n"))
    assert "is part of" in refusal(lambda: it.bring("deal_line", "label\nA\n"))
    mapping = "columns: {name: name}\n"
    path = it.file("name\nA\n")
    order = it.file(f"mapping: m\nobject: company\n{mapping}", "m.yaml")
    found = load_mapping(order, it.site.application.catalog)
    answer = refusal(lambda: it.bring("contact", path, mapping=found))
    assert "mapping-other-object" in answer
