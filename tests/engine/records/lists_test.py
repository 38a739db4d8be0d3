"""Lists: order, pages, filters, conditions and words, against a plain sort and scan in Python."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.query import Cursor
from engine.records.shapes import sort_key
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, small_site

SITE = f"""
{PEOPLE}
---
object: maker
owned: false
title: label
search: [name, nick]
fields:
  name: {{type: text, required: true}}
  nick: {{type: text}}
  label: {{type: text, formula: name}}
---
object: item
number: "I-{{seq:03}}"
title: name
search: [name, notes, maker.name, number]
fields:
  name: {{type: text}}
  notes: {{type: text, multiline: true}}
  plain: {{type: text}}
  whole: {{type: integer}}
  amount: {{type: money}}
  share: {{type: percent}}
  flag: {{type: boolean}}
  day: {{type: date}}
  at: {{type: moment}}
  size: {{type: choice, options: {{small: S, medium: M, large: L}}}}
  marks: {{type: choices, options: {{red: R, green: G, blue: B}}}}
  tags: {{type: tags}}
  maker: {{type: link, to: maker}}
  above: {{type: link, to: item}}
  double: {{type: money, formula: amount * 2}}
  late: {{type: integer, formula: "days_between(day, today())"}}
  found: {{type: boolean, formula: 'matches(name, "a")', stored: false}}
  below: {{type: related, of: item, by: above}}
---
role: everyone
grants:
  item: {{read: all, fields: {{"*": write}}}}
  maker: {{read: all, fields: {{"*": read}}}}
"""
CHOICES = ("small", "medium", "large")
ORDERED = ("name", "plain", "whole", "amount", "share", "flag", "day", "at", "size", "maker")
SORTABLE = (*ORDERED, "double", "late", "number", "created_on", "version", "found", "above", "id")


def one(random: random.Random, makers: list[int]) -> dict[str, Any]:
    """A random item; every value is empty now and then, and many are equal."""
    values: dict[str, Any] = {
        "name": random.choice(["b", "B", "a", "ä", "中文", "张", "阿", "Zz", "a b"]),
        "plain": random.choice(["x", "X", "é", "日", "a"]),
        "whole": random.randint(-2, 2),
        "amount": str(Decimal(random.randint(-30, 30)) / 10),
        "share": random.choice(["0", "0.5", "1"]),
        "flag": random.random() < 0.5,
        "day": dt.date(2026, 1, random.randint(1, 3)),
        "at": dt.datetime(2026, 1, 1, random.randint(0, 3), tzinfo=dt.UTC),
        "size": random.choice(CHOICES),
        "marks": random.sample(["red", "green", "blue"], random.randint(0, 3)),
        "tags": random.sample(["x", "y", "中"], random.randint(0, 3)),
        "maker": random.choice(makers),
    }
    return {name: value for name, value in values.items() if random.random() < 0.8}


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("lists"), SITE) as made:
        rng = random.Random(7)
        makers = [made.create("maker", name=n) for n in ("Beta", "阿尔法", "beta", "Ω")]
        ids: list[int] = []
        for number in range(60):
            made.clock.turn(seconds=number % 2)
            values = one(rng, makers)
            if ids and rng.random() < 0.7:
                values["above"] = rng.choice(ids)
            ids.append(made.create("item", **values))
        yield made


def key_of(site: SmallSite, values: dict[str, Any], name: str) -> Any:
    """What a list is ordered by, worked out apart from the database."""
    value = values[name]
    if value is None or name == "id":
        return value
    if name == "name":
        return sort_key(value)
    if name == "number":
        return value.casefold()
    if name == "size":
        return CHOICES.index(value)
    if name == "maker":
        return sort_key(value.title)
    if name == "above":
        return None if value.title is None or value.title.startswith("#") else sort_key(value.title)
    return value


def expected(site: SmallSite, rows: list[dict[str, Any]], sort: tuple[str, ...]) -> list[int]:
    """The ids in order: stable sorts from the last key to the first, empties last."""
    down = (sort[-1] if sort else "-").startswith("-")
    found = sorted(rows, key=lambda row: row["id"], reverse=down)
    for key in reversed(sort):
        name = key.removeprefix("-")
        full = [row for row in found if key_of(site, row, name) is not None]
        full.sort(key=lambda row: key_of(site, row, name), reverse=False)
        if key.startswith("-"):  # stable in the other direction too
            groups = itertools.groupby(full, key=lambda row: key_of(site, row, name))
            full = [row for group in reversed([list(g) for _, g in groups]) for row in group]
        found = full + [row for row in found if key_of(site, row, name) is None]
    return [row["id"] for row in found]


def walk(site: SmallSite, sizes: Iterator[int], **query: Any) -> list[int]:
    """All pages of a list."""
    ids: list[int] = []
    after = ""
    while True:
        page = site.page("item", limit=next(sizes), after=after, **query)
        ids += [record.id for record in page.items]
        if page.next is None:
            return ids
        after = page.next


def everything(site: SmallSite) -> list[dict[str, Any]]:
    return [record.values for record in site.page("item", limit=1_000).items]


@pytest.mark.parametrize("name", SORTABLE)
@pytest.mark.parametrize("direction", ["", "-"])
def test_every_field_sorts(site: SmallSite, name: str, direction: str) -> None:
    """Pages of any size give each record once, in order, empties last."""
    sort = (direction + name,)
    ids = walk(site, itertools.cycle([1, 2, 7, 3]), sort=sort)
    assert ids == expected(site, everything(site), sort)


@settings(max_examples=40)
@given(data=st.data())
def test_several_keys(site: SmallSite, data: st.DataObject) -> None:
    """So it is with several keys in any directions, the id among them."""
    names = data.draw(st.lists(st.sampled_from(SORTABLE), min_size=1, max_size=3, unique=True))
    sort = tuple(data.draw(st.sampled_from(["", "-"])) + name for name in names)
    sizes = itertools.cycle(data.draw(st.lists(st.integers(1, 25), min_size=1, max_size=4)))
    ids = [name.removeprefix("-") for name in sort]
    asked = sort[: ids.index("id") + 1] if "id" in ids else sort
    assert walk(site, sizes, sort=sort) == expected(site, everything(site), asked)


def test_pages_while_others_write(site: SmallSite) -> None:
    """Records that come and go between two pages make no other appear twice or be missing."""
    before = set(site.ids("item"))
    for sort in (("whole",), ("-amount", "name"), ("maker",), ()):
        seen: list[int] = []
        added: list[int] = []
        after = ""
        while True:
            page = site.page("item", sort=sort, limit=9, after=after)
            seen += [record.id for record in page.items]
            if page.next is None:
                break
            after = page.next
            added.append(site.create("item", name="new", whole=0, amount=1))
        assert len(seen) == len(set(seen))
        assert before <= set(seen)
        site.delete("item", *added)


def cursor(site: SmallSite, sort: str) -> str:
    text = site.page("item", sort=(sort,), limit=1).next
    assert text is not None
    return text


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "x", "====", "é", "\ud800", packed(1), packed([]), packed([1, [], 1]), packed([3, ["a"],
            1]),
        packed([1, ["a"], "x"]), packed([1, ["a"], 2**70]), packed([1, ["a"], -1]),
        packed([1, ["a"], True]), packed([1, [{"d": "1"}], 1]), packed([1, [{"d": "NaN"}], 1]),
        packed([1, [{"z": "1"}], 1]), packed([1, [{}], 1]), packed([1, [[1]], 1]),
        packed([1, [1.5], 1]), packed([1, ["a\0"], 1]), packed([1, ["\ud800"], 1]),
        packed([1, "a", 1]), packed([1, [{"t": "2026-01-01"}], 1]), packed([1, [{"c": 5}], 1]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sort", ["name", "amount", "whole", "day", "at", "flag", "size", "maker"])
def test_tampered_cursors(site: SmallSite, text: str, sort: str) -> None:
    """Any other text than a cursor of this list is refused, or names a place in it."""
    try:
        site.page("item", sort=(sort,), after=text)
    except Exception as error:
        assert [p.code for p in getattr(error, "problems", ())] == ["bad-query"], error


def test_cursor_of_another_list(site: SmallSite) -> None:
    """A cursor of one order means nothing in another."""
    assert codes(lambda: site.page("item", sort=("day",), after=cursor(site, "name")))
    assert codes(lambda: site.page("item", sort=("day", "name"), after=cursor(site, "day")))
    huge = Cursor(1, (Decimal("1e30"),), 1).encode()
    assert codes(lambda: site.page("item", sort=("amount",), after=huge)) == [("bad-query", "")]


def test_counts(site: SmallSite) -> None:
    """Exact and capped counts of the same condition."""
    every = len(everything(site))
    assert site.page("item", count="none").count is None
    for kind in ("capped", "exact"):
        count = site.page("item", count=kind, limit=1).count
        assert count is not None and (count.value, count.exact) == (every, True)
    site.gate.create(actor(None, is_system=True), "maker", [{"name": "many"}] * 1_001)
    count = site.page("maker", count="capped", limit=1).count
    assert count is not None and (count.value, count.exact) == (1_000, False)
    count = site.page("maker", count="exact", limit=1).count
    assert count is not None and (count.value, count.exact) == (1_005, True)
    site.delete("maker", *site.ids("maker", filters={"name": "many"}, limit=1_000))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "a"), ("plain", "X"), ("whole", 1), ("whole", "1"), ("amount", "1.5"),
        ("amount", {"amount": "1.5"}), ("share", "50%"), ("flag", False), ("flag", "yes"),
        ("day", "2026-01-02"), ("at", "2026-01-01T02:00:00Z"), ("size", "small"), ("size", "M"),
        ("maker", 1), ("double", "3"), ("id", 3), ("version", 1), ("number", "I-003"),
    ],
)  # fmt: skip
def test_filters(site: SmallSite, name: str, value: Any) -> None:
    """A plain filter keeps the records with that value, in any form of input; or several."""
    type_ = site.gate.catalog.objects["item"].fields[name].type
    rows = everything(site)

    def has(row: dict[str, Any], wanted: Any) -> bool:
        return bool(getattr(row[name], "id", row[name]) == type_.read(wanted))

    wanted = [row["id"] for row in rows if row[name] is not None and has(row, value)]
    assert sorted(site.ids("item", filters={name: value})) == sorted(wanted)
    assert sorted(site.ids("item", filters={name: [value]})) == sorted(wanted)
    assert site.ids("item", filters={name: []}) == []
    empty = [row["id"] for row in rows if row[name] is None]
    assert sorted(site.ids("item", filters={name: None})) == sorted(empty)
    assert sorted(site.ids("item", filters={name: ""})) == sorted(empty)


def test_filters_on_several_values(site: SmallSite) -> None:
    """Choices and tags are filtered by what they contain, each time anew."""
    rows = everything(site)
    for name, values in (("marks", ["red", "blue", "B"]), ("tags", ["x", "中", "nowhere"])):
        for value in values:
            real = "blue" if value == "B" else value
            wanted = sorted(row["id"] for row in rows if real in (row[name] or ()))
            assert sorted(site.ids("item", filters={name: value})) == wanted
        both = sorted(row["id"] for row in rows if {values[0], values[1]} <= set(row[name] or ()))
        assert sorted(site.ids("item", filters={name: values[:2]})) == both
        empty = sorted(row["id"] for row in rows if not row[name])
        assert sorted(site.ids("item", filters={name: None})) == empty


@pytest.mark.parametrize(
    "query",
    [
        {"filters": {"nonsense": 1}}, {"filters": {"below": 1}}, {"filters": {"whole": "x"}},
        {"filters": {"size": "huge"}}, {"filters": {"maker": "Beta"}}, {"filters": {"id": 2**80}},
        {"filters": {"name": "\0"}}, {"filters": {"day": "2026-13-01"}}, {"filters": {"flag": 5}},
        {"sort": ("nonsense",)}, {"sort": ("",)}, {"sort": ("-",)}, {"sort": ("--name",)},
        {"sort": ("below",)}, {"sort": ("marks",)}, {"sort": ("tags",)}, {"sort": ("position",)},
        {"fields": ("nonsense",)}, {"limit": 0}, {"limit": 1_001}, {"count": "all"},
        {"where": "nonsense > 1"}, {"where": "name"}, {"where": "1 +"}, {"where": "maker == 1"},
        {"where": "(" * 500}, {"where": "whole in [nonsense]"}, {"words": "\0"},
            {"words": "\ud800"}, {"action": "fly"},
    ],
)  # fmt: skip
def test_unusable_queries(site: SmallSite, query: dict[str, Any]) -> None:
    """What a list cannot do is refused with a sentence."""
    everyone = actor(None, "everyone")
    assert codes(lambda: site.page("item", everyone, **query))


def test_where(site: SmallSite) -> None:
    """Conditions, also through links and over what links here."""
    rows = everything(site)
    by_id = {row["id"]: row for row in rows}
    found = site.ids("item", where='maker.name == "Beta" and whole >= 0')
    assert found == sorted(
        r["id"] for r in rows
        if r["maker"] and r["maker"].title == "Beta" and r["whole"] is not None and r["whole"] >= 0
    )  # fmt: skip
    found = site.ids("item", where="above.amount > amount")
    assert found == sorted(
        r["id"]
        for r in rows
        if r["above"]
        and None not in (r["amount"], by_id[r["above"].id]["amount"])
        and by_id[r["above"].id]["amount"] > r["amount"]
    )
    found = site.ids("item", where="count(i for i in below) > 1")
    above = [r["above"].id for r in rows if r["above"]]
    assert found == sorted(id for id in by_id if above.count(id) > 1)
    assert site.ids("item", where="late > 0") == sorted(
        r["id"] for r in rows if r["late"] is not None and r["late"] > 0
    )


def test_some_fields(site: SmallSite) -> None:
    """Only what is asked for is read; the id and the version are always there."""
    (record,) = site.page("item", fields=("name", "late"), limit=1).items
    assert set(record.values) == {"id", "version", "name", "late"}


@pytest.fixture(scope="module")
def library(site: SmallSite) -> dict[str, int]:
    """Items to search for, by a short name."""
    north = site.create("maker", name="北方机械有限公司")
    ids = {
        "saw": site.create("item", name="Saw MASTER 3000", notes="for oak\nand Straße"),
        "lathe": site.create("item", name="数控车床 CK6140", maker=north),
        "width": site.create("item", name="ＦＵＬＬ width", notes="中 文"),
        "punctuation": site.create("item", name="A-B_C 100%", notes="foo.bar@x"),
    }
    return {**ids, "north": north}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("master", {"saw"}), ("MASTER saw", {"saw"}), ("mast", {"saw"}), ("aster 300", {"saw"}),
        ("strasse", {"saw"}), ("OAK strasse", {"saw"}), ("master oak nowhere", set()),
        ("车床", {"lathe"}), ("车", {"lathe"}), ("控车床", {"lathe"}), ("床车", set()),
        ("ck6140", {"lathe"}), ("北方机械", {"lathe"}), ("机 车", {"lathe"}), ("full", {"width"}),
        ("ｆｕｌｌ", {"width"}), ("中 文", {"width"}), ("b_c", {"punctuation"}), ("100%",
            {"punctuation"}),
        ("foo.bar", {"punctuation"}), ("rab", set()), ("saw lathe", set()),
    ],
)  # fmt: skip
def test_words(site: SmallSite, library: dict[str, int], words: str, names: set[str]) -> None:
    """Every word must stand in some searched text, of the record or of a linked one."""
    mine = set(library.values())
    assert set(site.ids("item", words=words)) & mine == {library[name] for name in names}


def test_words_follow_changes(site: SmallSite) -> None:
    """What was renamed is found by its new words only, also through links; so is what is gone."""
    maker = site.create("maker", name="Quixotic")
    id = site.create("item", name="Zebra crossing", maker=maker)
    assert site.ids("item", words="zebra quixotic") == [id]
    site.update("item", id, name="Lynx")
    site.update("maker", maker, name="Rational")
    assert site.ids("item", words="zebra") == site.ids("item", words="quixotic") == []
    assert site.ids("item", words="lynx rational") == [id]
    site.delete("item", id)
    assert site.ids("item", words="lynx") == []
    assert site.ids("item", words="lynx", deleted=True) == [id]


def test_common_words_of_linked_records(site: SmallSite) -> None:
    """A word that many linked records share finds every record, not the first few hundred."""
    system = actor(None, is_system=True)
    makers = site.gate.create(system, "maker", [{"name": f"Common {n}"} for n in range(300)])
    items = [{"name": "x", "maker": change.id} for change in makers]
    ids = sorted(change.id or 0 for change in site.gate.create(system, "item", items))
    assert site.ids("item", words="common") == ids
    site.delete("item", *ids)
