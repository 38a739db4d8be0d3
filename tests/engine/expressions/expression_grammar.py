"""Random well-typed expressions about a deal of the expression world, as source texts.

Each function draws one expression of a kind. `scope` are the records in reach, as (how it is
written, its object); `depth` is how much nesting is left.
"""

# ruff: noqa: E501 (drawn as tables)

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

Scope = tuple[tuple[str, str], ...]
Make = Callable[[DrawFn, Scope, int], str]
ROOT: Scope = (("", "deal"), ("user", "person"))

LINKS = {
    "deal": {"owner": "person", "parent": "deal"},
    "person": {"manager": "person"},
    "line": {"deal": "deal", "helper": "person"},
}
RELATED = {
    "deal": {"lines": "line", "children": "deal"},
    "person": {"deals": "deal", "team": "person"},
    "line": {},
}
MEMBERS = {
    "money": {"deal": ["amount", "cost", "net"], "person": ["budget"], "line": ["price"]},
    "plain": {"deal": ["quantity", "weight"], "line": ["pieces"]},
    "percent": {"deal": ["discount", "stage.probability"]},
    "text": {"deal": ["name", "code"], "person": ["name"], "line": ["label"]},
    "date": {"deal": ["closed", "due"], "line": ["shipped"]},
    "moment": {"deal": ["signed", "seen"]},
    "boolean": {"deal": ["urgent", "late"], "person": ["active"], "line": ["gift"]},
    "choice": {"deal": ["stage", "before"], "person": ["stage"], "line": ["stage"]},
    "choices": {"deal": ["tags"], "person": ["tags"]},
}
OPTIONS = ('"new"', '"offer"', '"won"', '"lost"')
TEXTS = ('"a"', '"A"', '"客户"', '"é"', '"é"', '"😀"', '" x "', '"Straße"', '"ＡＢ"', '"z0"')
NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "0.5",
    "0.25",
    "1.005",
    "100",
    "12.345678",
    "7",
    "0.000001",
    "99999999",
    "1000000000000",
)
DATES = (
    'date("2024-02-29")',
    'date("2026-01-31")',
    'date("0001-01-01")',
    'date("9999-12-31")',
    "today()",
)
SMALL = ("0", "1", "2", "-1", "12", "31", "400", "-25")


def pick(draw: DrawFn, *options: str) -> str:
    return draw(st.sampled_from(options))


def one_of(draw: DrawFn, scope: Scope, depth: int, simple: list[Make], nested: list[Make]) -> str:
    makes = simple if depth <= 0 else simple + nested
    return draw(st.sampled_from(makes))(draw, scope, depth - 1)


def path(draw: DrawFn, scope: Scope, wanted: dict[str, list[str]]) -> str:
    """A member, perhaps behind links."""
    written, object = draw(st.sampled_from(scope))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 1, 2)))):
        link = pick(draw, *LINKS[object])
        written, object = f"{written}.{link}".lstrip("."), LINKS[object][link]
    names = wanted.get(object)
    if not names:
        return path(draw, (("", "deal"),), wanted)
    return f"{written}.{pick(draw, *names)}".lstrip(".")


def member(kind: str) -> Make:
    return lambda draw, scope, depth: path(draw, scope, MEMBERS[kind])


def literal(*options: str) -> Make:
    return lambda draw, scope, depth: pick(draw, *options)


def shape(template: str, **parts: Make) -> Make:
    """A template whose `{name}` are filled by drawing each part."""

    def make(draw: DrawFn, scope: Scope, depth: int) -> str:
        return template.format(**{key: part(draw, scope, depth) for key, part in parts.items()})

    return make


def either(part: Make) -> Make:
    return shape("({a} if {c} else {b})", a=part, b=part, c=boolean)


def loop(template: str, element: Make) -> Make:
    """A form over records: `{e}` the element, `{v}` the loop's name."""

    def make(draw: DrawFn, scope: Scope, depth: int) -> str:
        owner, object = draw(st.sampled_from([entry for entry in scope if RELATED[entry[1]]]))
        records = pick(draw, *RELATED[object])
        name = f"x{len(scope)}"
        inner = (*scope, (name, RELATED[object][records]))
        said = element(draw, (inner[-1], inner[0], inner[-1]), min(depth, 1))
        if draw(st.booleans()):
            condition = f" if {boolean(draw, inner[::-1], min(depth, 1))}"
        else:
            condition = ""
        listed = f"{owner}.{records}".lstrip(".")
        return template.format(e=said, v=name, r=f"for {name} in {listed}{condition}")

    return make


def money(draw: DrawFn, scope: Scope, depth: int) -> str:
    factor, m = (plain, percent), money
    other = draw(st.sampled_from(factor))
    nested = [
        shape("({a} + {b})", a=m, b=m), shape("({a} - {b})", a=m, b=m),
        shape("{a} * {b}", a=simple_money, b=other), shape("{a} * {b}", a=other_simple(other), b=simple_money),
        shape("{a} / {b}", a=simple_money, b=other_simple(other)), shape("-{a}", a=simple_money),
        shape("abs({a})", a=m), shape("round({a}, {n})", a=m, n=literal("0", "1", "3")),
        shape("min({a}, {b})", a=m, b=m), shape("max({a}, {b}, 0)", a=m, b=m),
        shape("coalesce({a}, {b})", a=m, b=m), either(m), shape("({a} if {c} else empty)", a=m, c=boolean),
        loop("sum({e} {r})", m), loop("avg({e} {r})", m), loop("max({e} {r})", m), loop("min({e} {r})", m),
        shape("floor({a})", a=m), shape("ceil({a})", a=m),
    ]  # fmt: skip
    return one_of(draw, scope, depth, [member("money")], nested)


def simple_money(draw: DrawFn, scope: Scope, depth: int) -> str:
    return f"({money(draw, scope, depth)})"


def other_simple(make: Make) -> Make:
    return shape("({a})", a=make)


def percent(draw: DrawFn, scope: Scope, depth: int) -> str:
    nested = [
        shape("(1 - {a})", a=percent),
        shape("({a} + {b})", a=percent, b=percent),
        either(percent),
    ]
    return one_of(draw, scope, depth, [member("percent")], nested)


def plain(draw: DrawFn, scope: Scope, depth: int) -> str:
    p, number = plain, literal(*NUMBERS)
    nested = [
        shape("({a} + {b})", a=p, b=p), shape("({a} - {b})", a=p, b=p), shape("({a} * {b})", a=p, b=p),
        shape("({a} / {b})", a=p, b=p), shape("({a} / {b})", a=simple_money, b=simple_money),
        shape("abs({a})", a=p), shape("(-{a})", a=p), shape("round({a}, {n})", a=p, n=literal("0", "2", "8")),
        shape("floor({a})", a=p), shape("ceil({a})", a=p), shape("min({a}, {b})", a=p, b=p),
        shape("coalesce({a}, {b})", a=p, b=p), either(p), loop("sum({e} {r})", p), loop("count({v} {r})", p),
        loop("count({e} {r})", text), loop("avg({e} {r})", p), shape("length({t})", t=text),
        shape("year({d})", d=date), shape("weekday({d})", d=date), shape("quarter({d})", d=date),
        shape("workdays_between({a}, {b})", a=date, b=date), shape("fiscal_year({d})", d=date),
        shape("day({d})", d=moment), shape("days_between({a}, {b})", a=date, b=date), shape("({a} + {b})", a=p, b=percent),
    ]  # fmt: skip
    return one_of(draw, scope, depth, [member("plain"), number], nested)


def whole(draw: DrawFn, scope: Scope, depth: int) -> str:
    return one_of(
        draw, scope, depth, [literal(*SMALL)], [lambda *_: "quantity", shape("floor({a})", a=plain)]
    )


def text(draw: DrawFn, scope: Scope, depth: int) -> str:
    t = text
    nested = [
        shape("({a} + {b})", a=t, b=t), shape("trim({a})", a=t), shape("left({a}, {n})", a=t, n=whole),
        shape("right({a}, {n})", a=t, n=whole), shape('replace({a}, {x}, {y})', a=t, x=literal('"a"', '"é"', '""'), y=literal('""', '"bb"')),
        shape("text({a})", a=plain), shape("text({a})", a=money), shape("text({a})", a=date), shape("text({a})", a=choice),
        shape("coalesce({a}, {b})", a=t, b=t), either(t),
    ]  # fmt: skip
    return one_of(draw, scope, depth, [member("text"), literal(*TEXTS)], nested)


def date(draw: DrawFn, scope: Scope, depth: int) -> str:
    d = date
    nested = [
        shape("({a} + {u})", a=d, u=day_span), shape("({a} - {u})", a=d, u=day_span), shape("({u} + {a})", a=d, u=day_span),
        shape("add_workdays({a}, {n})", a=d, n=whole),
        shape("start_of_month({a})", a=d), shape("end_of_month({a})", a=d), shape("date_of({m})", m=moment),
        shape("min({a}, {b})", a=d, b=d), shape("coalesce({a}, {b})", a=d, b=d), either(d), loop("max({e} {r})", d),
    ]  # fmt: skip
    return one_of(draw, scope, depth, [member("date"), literal(*DATES)], nested)


def day_span(draw: DrawFn, scope: Scope, depth: int) -> str:
    unit = pick(draw, "days", "weeks", "months", "years")
    return f"{unit}({whole(draw, scope, depth)})"


def moment(draw: DrawFn, scope: Scope, depth: int) -> str:
    m = moment
    span = shape("{u}({n})", u=literal("days", "months", "years", "hours", "minutes"), n=whole)
    nested = [
        shape("({a} + {s})", a=m, s=span), shape("({a} - {s})", a=m, s=span), shape("max({a}, {b})", a=m, b=m),
        shape("({a} + ({b} - {c}))", a=m, b=m, c=m), either(m),
    ]  # fmt: skip
    return one_of(draw, scope, depth, [member("moment"), literal("now()")], nested)


def choice(draw: DrawFn, scope: Scope, depth: int) -> str:
    nested = [
        shape("({a} if {c} else {o})", a=choice, c=boolean, o=literal(*OPTIONS)),
        either(choice),
        shape("coalesce({a}, {b})", a=choice, b=choice),
    ]
    return one_of(draw, scope, depth, [member("choice")], nested)


def record(draw: DrawFn, scope: Scope, depth: int) -> str:
    return path(draw, scope, {"deal": ["owner"], "person": ["manager"], "line": ["helper"]})


def boolean(draw: DrawFn, scope: Scope, depth: int) -> str:
    b = boolean
    order = literal("<", "<=", ">", ">=", "==", "!=")
    same = literal("==", "!=")
    simple = [
        member("boolean"), shape("{a} {o} {n}", a=member("money"), o=order, n=literal(*NUMBERS)),
        shape("{a} {o} {n}", a=member("choice"), o=same, n=literal(*OPTIONS)), shape("{a} {o} {n}", a=member("date"), o=order, n=literal(*DATES)),
        shape("{a} is {n}empty", a=member("text"), n=literal("", "not ")), shape("{o} {i} {t}", o=literal('"hot"', '"vip"'), i=literal("in", "not in"), t=member("choices")),
        shape("{a} {i} [{b}, {c}]", a=member("choice"), i=literal("in", "not in"), b=literal(*OPTIONS), c=literal(*OPTIONS)),
        shape("{a} {o} {b}", a=record, o=same, b=record), shape("{a} == user", a=record), shape("under({a}, {b})", a=record, b=literal("user", "user.manager")),
        shape("matches({a}, {w})", a=literal("name", "owner.name", "user.name"), w=literal('"A"', '"strasse"', '"ab"', '"客"')),
    ]  # fmt: skip
    nested = [
        shape("({a} and {b})", a=b, b=b), shape("({a} or {b})", a=b, b=b), shape("(not {a})", a=b), either(b),
        shape("({a} == {c})", a=other_simple(b), c=other_simple(b)), shape("({a} {o} {c})", a=money, o=order, c=money),
        shape("({a} {o} {c})", a=plain, o=order, c=plain), shape("({a} {o} {c})", a=text, o=order, c=text),
        shape("({a} {o} {c})", a=date, o=order, c=date), shape("({a} {o} {c})", a=date, o=order, c=moment),
        shape("({a} {o} {c})", a=choice, o=same, c=choice), shape("({a} < {b} <= {c})", a=plain, b=plain, c=plain),
        shape("(({a} - {c}) {o} days({n}))", a=date, c=date, o=order, n=whole), shape("(({a} - {c}) {o} days({n}))", a=moment, c=moment, o=order, n=whole),
        shape("{f}({a}, {c})", f=literal("contains", "starts_with", "ends_with"), a=text, c=text),
        shape("(({a}) is empty)", a=money), shape("(({a}) is not empty)", a=date), 
        shape("{r} is {n}empty", r=literal("lines", "children", "owner.deals", "user.team"), n=literal("", "not ")),
        shape("({a} in [{b}, {c}])", a=plain, b=plain, c=literal(*NUMBERS)), shape("({a} in [{b}, {c}])", a=text, b=literal(*TEXTS), c=literal(*TEXTS)),
        loop("any({e} {r})", b), loop("all({e} {r})", b), loop("exists({v} {r})", b),
        shape("({a} is {n}empty)", a=record, n=literal("", "not ")),
    ]  # fmt: skip
    return one_of(draw, scope, depth, simple, nested)


KINDS: tuple[Make, ...] = (money, plain, text, date, moment, choice, boolean)


def sources(make: Make, depth: int = 3) -> st.SearchStrategy[str]:
    """Sources of one kind."""
    return st.composite(lambda draw: make(draw, ROOT, depth))()


def values(depth: int = 3) -> st.SearchStrategy[str]:
    """Sources of any kind."""
    return st.one_of(*(sources(make, depth) for make in KINDS))
