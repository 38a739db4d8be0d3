"""Unique values, deletion rules, numbers and history mode, also under contention."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.definition.numbering import NumberPattern
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.records.changes import Change
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, codes, refusal, small_site

SITE = f"""
{PEOPLE}
---
object: company
owned: false
fields:
  name: {{type: text}}
  code: {{type: text, unique: true}}
  country: {{type: text}}
  tax: {{type: text}}
unique: [[country, tax]]
---
object: note
owned: false
fields:
  name: {{type: text}}
  kept: {{type: link, to: company}}
  loose: {{type: link, to: company, on_delete: clear}}
  bound: {{type: link, to: company, on_delete: cascade}}
  above: {{type: link, to: note}}
  entries: {{type: lines, of: entry}}
  entries_with: {{type: integer, rollup: count(e for e in entries if e.loose is not empty)}}
---
object: entry
owned: false
fields:
  note: {{type: link, to: note}}
  text: {{type: text}}
  kept: {{type: link, to: company}}
  loose: {{type: link, to: company, on_delete: clear}}
  bound: {{type: link, to: company, on_delete: cascade}}
---
object: paper
number: "P-{{year}}-{{seq:03}}"
title: number
fields:
  name: {{type: text}}
---
object: invoice
owned: false
number: "R{{seq}}"
gapless: true
title: number
fields:
  name: {{type: text, required: true}}
---
role: importer
historical_import: true
grants:
  paper: {{create: true, read: all, update: all, fields: {{"*": write}}}}
  person: {{read: all, fields: {{name: read}}}}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("rest"), SITE) as made:
        yield made


def both(*actions: Callable[[], Any]) -> list[Any]:
    """Runs the actions at the same moment; what each returned or was refused with."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return action()
        except Refusal as refusal:
            return [problem.code for problem in refusal.problems]

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_unique_among_the_living(site: SmallSite) -> None:
    """Whatever the case or width; the deleted hold nothing, nor come back to what is taken."""
    first = site.create("company", name="One", code="Ab-1")
    for code in ("ab-1", "AB-1", "Ａｂ－１", " ab-1 "):
        text = refusal(lambda c=code: site.create("company", code=c))
        assert text.startswith("not-unique") and text.endswith("is already used by One")
    site.update("company", first, code="AB-1")
    site.delete("company", first)
    second = site.create("company", name="Two", code="ab-1")
    assert refusal(lambda: site.restore("company", first)).endswith("is already used by Two")
    site.update("company", second, code=None)
    site.restore("company", first)
    assert codes(lambda: site.update("company", second, code="aB-1")) == [("not-unique", "code")]
    given = [{"code": "x1"}, {"code": "X1"}]
    assert codes(lambda: site.gate.create(SYSTEM, "company", given)) == [("not-unique", "[1].code")]


def test_unique_together(site: SmallSite) -> None:
    """A group is unique as a whole; where a part is empty it is not compared."""
    site.create("company", name="A", country="DE", tax="1")
    site.create("company", country="FR", tax="1")
    site.create("company", country="DE")
    site.create("company", country="DE")
    found = codes(lambda: site.create("company", country="DE", tax="1"))
    assert found == [("not-unique", "country")]


def test_two_at_once(site: SmallSite) -> None:
    """Of two that create the same unique value one wins, the other is refused by name."""
    for number in range(4):
        found = both(*[lambda n=number: site.create("company", code=f"race{n}")] * 2)
        assert [one for one in found if isinstance(one, list)] == [["not-unique"]]
    many = [[{"code": f"bulk{n}"} for n in range(60)] for _ in range(2)]  # enough for COPY
    found = both(*[lambda m=m: len(site.gate.create(SYSTEM, "company", m)) for m in many])
    assert sorted(map(str, found))[0] == "60" and isinstance(
        next(one for one in found if one != 60), list
    )


def test_refuse_clear_cascade(site: SmallSite) -> None:
    """What happens to links, of records and of lines, when their target is deleted."""
    company = site.create("company", name="Target")
    kept = site.create("note", kept=company)
    assert refusal(lambda: site.delete("company", company)) == (
        "still-used 1 note still refer to it (change or delete those first)"
    )
    site.delete("note", kept)
    loose = site.create("note", loose=company, entries=[{"loose": company}, {"bound": company}])
    bound = site.create("note", bound=company)
    line = site.create("note", entries=[{"kept": company}])
    assert codes(lambda: site.delete("company", company)) == [("still-used", "")]
    site.update("note", line, entries=[])
    site.delete("company", company)
    assert site.values("note", loose, "loose", "version", "entries_with") == [None, 4, 0]
    (entry,) = site.read("note", loose).values["entries"]
    assert entry.values["loose"] is None
    assert codes(lambda: site.read("note", bound)) == [("not-found", "")]


def test_deleting_together(site: SmallSite) -> None:
    """Records that only refer to one another can go together."""
    above = site.create("note")
    below = site.create("note", above=above)
    assert codes(lambda: site.delete("note", above)) == [("still-used", "")]
    site.delete("note", above, below)
    assert codes(lambda: site.restore("note", below)) == [("link-not-found", "above")]
    site.restore("note", above)
    site.restore("note", below)


def test_restored_without_what_was_to_be_cleared(site: SmallSite) -> None:
    """A link that would have been cleared comes back empty."""
    company = site.create("company")
    note = site.create("note", loose=company, entries=[{"loose": company}])
    site.clock.turn(seconds=1)
    site.delete("note", note)
    site.delete("company", company)
    site.restore("note", note)
    assert site.values("note", note, "loose") == [None]
    assert site.read("note", note).values["entries"][0].values["loose"] is None


def test_deleting_and_linking_at_once(site: SmallSite) -> None:
    """Either the deletion sees the new link, or the link sees the deletion."""
    for _ in range(6):
        company = site.create("company")
        found = both(
            lambda c=company: site.create("note", kept=c),
            lambda c=company: site.delete("company", c),
        )
        assert sorted(type(one).__name__ for one in found) in (
            ["int", "list"],
            ["NoneType", "list"],
        )
        alive = bool(site.ids("company", filters={"id": company}))
        linked = bool(site.ids("note", filters={"kept": company}))
        assert alive is linked


def numbers(site: SmallSite, object: str, count: int = 1) -> list[str]:
    changes = site.gate.create(SYSTEM, object, [{"name": "x"}] * count)
    return [change.row["number"] for change in changes]


def test_numbers_count_and_the_year_is_the_companys(site: SmallSite) -> None:
    """A sequence runs per year, which begins when it does where the company is."""
    first = int(numbers(site, "paper")[0][-3:])
    assert numbers(site, "paper", 2) == [f"P-2026-{first + 1:03}", f"P-2026-{first + 2:03}"]
    now = site.clock.now
    site.clock.now = dt.datetime(2026, 12, 31, 15, 59, tzinfo=dt.UTC)
    assert numbers(site, "paper") == [f"P-2026-{first + 3:03}"]
    site.clock.now = dt.datetime(2026, 12, 31, 16, 0, tzinfo=dt.UTC)  # midnight in Shanghai
    assert numbers(site, "paper") == ["P-2027-001"]
    site.clock.now = now


def imported(site: SmallSite, *given: dict[str, Any]) -> list[str]:
    importer = Actor(roles=frozenset({"importer"}))
    with site.gate.transaction(importer, historical=True) as tx:
        changes = [Change(given=one) for one in given]
        site.gate.pass_steps(tx, "paper", "create", changes)
    return [change.row["number"] for change in changes]


def test_imported_numbers_move_the_counter(site: SmallSite) -> None:
    """They are kept, and those that follow are higher; mixed with new ones in one transaction."""
    assert imported(site, {"number": "P-2026-500"}, {"name": "new"}) == ["P-2026-500", "P-2026-501"]
    assert imported(site, {"number": "OLD/7"}, {"number": "P-2019-009"}) == ["OLD/7", "P-2019-009"]
    assert int(numbers(site, "paper")[0][-3:]) > 501
    assert codes(lambda: imported(site, {"number": "123"})) == [("number-shape", "number")]
    assert codes(lambda: imported(site, {"number": "p-2026-500"})) == [("not-unique", "number")]
    text = refusal(lambda: imported(site, {"number": "P-2026-9"}, {"number": "P-2026-9"}))
    assert text.startswith("not-unique")


def test_an_imported_number_inside_anothers_block(site: SmallSite) -> None:
    """Another process that still holds the number in its block steps over it."""
    (last,) = numbers(site, "paper")
    following = [f"P-2026-{int(last[7:]) + n:03}" for n in (1, 2)]
    blocks = dict(site.gate.numbering._blocks)
    assert imported(site, *({"number": number} for number in following)) == following
    site.gate.numbering._blocks.update(blocks)  # as if the import had run elsewhere
    assert numbers(site, "paper")[0] > following[1]


def test_gapless(site: SmallSite) -> None:
    """Refused and failed records leave no gap."""
    start = int(numbers(site, "invoice")[0][1:])
    for _ in range(3):
        assert codes(lambda: site.create("invoice")) == [("required", "name")]
    with pytest.raises(ZeroDivisionError), site.gate.transaction(SYSTEM) as tx:
        site.gate.pass_steps(tx, "invoice", "create", [Change(given={"name": "x"})])
        raise ZeroDivisionError
    assert numbers(site, "invoice") == [f"R{start + 1}"]


def test_numbers_under_contention(site: SmallSite) -> None:
    """Many writers at once: every number once, and of a gapless kind without gaps."""
    work = [lambda o=o: numbers(site, o, 2) for o in ("paper", "invoice") * 4 for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        found = [number for some in pool.map(lambda f: f(), work) for number in some]
    assert len(set(found)) == 48
    gapless = sorted(int(number[1:]) for number in found if number.startswith("R"))
    assert gapless == list(range(gapless[0], gapless[0] + 24))


@pytest.mark.parametrize(
    ("pattern", "number", "period", "value"),
    [
        ("A{seq:03}", "A007", "A{seq}", 7),
        ("A{seq:03}", "A1234", "A{seq}", 1234),
        ("{year}-{year}-{seq}", "2026-2026-5", "2026-2026-{seq}", 5),
        ("{year}.{month}.{day}/{seq}", "2026.01.31/9", "2026.01.31/{seq}", 9),
    ],
)
def test_numbers_are_read_back(pattern: str, number: str, period: str, value: int) -> None:
    """A number tells the sequence that it belongs to, and its place there."""
    assert NumberPattern(pattern).sequence_of(number) == (period, value)
    assert NumberPattern(pattern).sequence_of(number + "x") is None
    assert NumberPattern(pattern).sequence_of("١٢٣") is None


def test_history_keeps_who_and_when(site: SmallSite) -> None:
    """A historical import sets what the system else sets, and leaves open what was never known."""
    person = site.create("person", name="Past")
    given = {
        "name": None, "owner": person, "created_by": person, "changed_by": person,
        "created_on": "2019-01-01T00:00:00Z", "changed_on": "2019-02-01T00:00:00Z",
    }  # fmt: skip
    imported(site, given)
    record = site.page("paper", sort=("-id",), limit=1).items[0]
    assert record.values["created_on"] == dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
    assert record.values["changed_on"] == dt.datetime(2019, 2, 1, tzinfo=dt.UTC)
    links = [record.values[name].id for name in ("owner", "created_by", "changed_by")]
    assert links == [person] * 3
    assert codes(lambda: site.create("paper", created_by=person)) == [
        ("system-field", "created_by")
    ]
