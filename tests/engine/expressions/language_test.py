"""Compiling: what is refused and where, hostile input, reads, shared joins, and what is bound."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from expression_world import (
    MONEY,
    STAGES,
    TEXT,
    World,
    connect,
    example_context,
    example_rows,
    load,
    make_world,
)

from engine.expressions import (
    DEFINITION_LIMITS,
    WHERE_LIMITS,
    Context,
    Expression,
    JoinSet,
    Kind,
    Limits,
    Type,
    compile_expression,
    evaluate,
    fold,
    to_sql,
)
from engine.problems import Place, Refusal
from support.patience import cpu_seconds

HOSTILE = {
    "brackets": "(" * 100_000,
    "few brackets": "(" * 900,
    "signs": "-" * 900 + "1",
    "negations": "not " * 240 + "urgent",
    "dots": "parent" + ".parent" * 130,
    "digits": "1" * 950,
    "powers": "9**9**9**9",
    "ifs": "1 if urgent else " * 55 + "1",
    "terms": "+".join(["amount"] * 130),
    "NUL": "amount\0",
    "surrogate": "'\ud800'",
    "escaped surrogate": "name == '\\ud800'",
    "chains": "urgent" + " == urgent" * 90,
    "doubling": "(" * 19 + "urgent" + " == urgent == urgent)" * 19,
    "doubling in a text": "replace('a' if "
    + "(" * 36
    + "urgent"
    + " == urgent == urgent)" * 36
    + " else 'b', 'a', 'bb')",
    "growing text": "replace(" * 9 + "name" + ', "a", "aaaaaaaaaaaaaaaa")' * 9,
    "builtins": "__import__('os').system('x')",
    "classes": "name.__class__.__mro__",
}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def refused(world: World, source: str, **options: object) -> list[str]:
    """The codes of the problems of `source`."""
    with pytest.raises(Refusal) as caught:
        compile_expression(source, "deal", world, **options)  # type: ignore[arg-type]
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("limits", [DEFINITION_LIMITS, WHERE_LIMITS], ids=["long", "short"])
def test_hostile_sources_are_refused_quickly(world: World, name: str, limits: Limits) -> None:
    """Whatever is sent in is a problem within a moment, or a small expression."""

    def tell() -> None:
        try:
            found = compile_expression(HOSTILE[name], "deal", world, limits=limits)
            assert found.tree.weight <= 10_000
        except Refusal as refusal:
            assert refusal.problems
            assert str(refusal)
            assert all(problem.line("zh") for problem in refusal.problems)

    assert cpu_seconds(tell) < 1


def test_all_problems_are_told_at_their_places(world: World) -> None:
    """Each at its own column, counted in characters, from where the expression begins."""
    with pytest.raises(Refusal) as caught:
        compile_expression('"客户" == amuont or lenght(name) > 1 or stage == "wno"', "deal", world,
                           place=Place("deal.yaml", 7, 11))  # fmt: skip
    assert [problem.line() for problem in caught.value.problems] == [
        "deal.yaml:7:19: unknown-name 'deal' has no member 'amuont' (did you mean 'amount'?)",
        "deal.yaml:7:29: unknown-function there is no function 'lenght' (did you mean 'length'?)",
        "deal.yaml:7:58: unknown-option 'wno' is not one of the options new, offer, won, lost"
        " (did you mean 'won'?)",
    ]


def test_a_second_line_has_its_own_columns(world: World) -> None:
    """A problem on the second line of a source is placed there."""
    with pytest.raises(Refusal) as caught:
        compile_expression("amount +\n  cots", "deal", world, place=Place("x.yaml", 3, 9))
    assert str(caught.value.problems[0].place) == "x.yaml:4:3"


def test_chinese(world: World) -> None:
    """The same problem for a Chinese reader."""
    with pytest.raises(Refusal) as caught:
        compile_expression('amount + "x"', "deal", world)
    assert caught.value.problems[0].line("zh") == (
        "operand-types 金额与文本不能相加 (text(…) 可将值转换为文本)"
    )


def test_stored_values_use_neither_clock_nor_user(world: World) -> None:
    """Not directly, and not through a virtual formula (rule 20)."""
    assert refused(world, "today() > closed", allow_clock=False) == ["no-clock"]
    assert refused(world, "late", allow_clock=False) == ["no-clock"]
    assert refused(world, "owner == user", allow_user=False) == ["no-user"]
    assert compile_expression("late", "deal", world).uses_clock
    assert compile_expression("owner == user", "deal", world).uses_user


def test_expected_types(world: World) -> None:
    """What an expression gives must be what its place holds; texts become options there."""
    stage = Type(Kind.CHOICE, options=STAGES)
    assert compile_expression('"won" if urgent else "lost"', "deal", world, expected=stage)
    assert compile_expression("0", "deal", world, expected=MONEY)
    assert compile_expression("empty", "deal", world, expected=MONEY)
    assert refused(world, '"wno"', expected=stage) == ["unknown-option"]
    assert refused(world, "quantity", expected=MONEY) == ["wrong-result"]
    assert refused(world, "stage", expected=TEXT) == ["wrong-result"]
    assert refused(world, "signed", expected=Type(Kind.DATE)) == ["wrong-result"]


def test_reads(world: World) -> None:
    """Through links, loops and virtual formulas."""
    source = "net + sum(line.price for line in lines if line.helper == owner.manager)"
    assert compile_expression(source, "deal", world).reads == {
        ("deal", "net"), ("deal", "amount"), ("deal", "discount"), ("deal", "lines"),
        ("line", "deal"), ("line", "price"), ("line", "helper"), ("deal", "owner"),
        ("person", "manager"),
    }  # fmt: skip


def test_variables(world: World) -> None:
    """Names that the place of the expression supplies."""
    expression = compile_expression(
        "amount > limit and old.amount < amount", "deal", world,
        variables={"limit": MONEY, "old": Type(Kind.RECORD, object="deal")},
    )  # fmt: skip
    rows = example_rows(world)
    context = example_context(rows)
    deal = rows.row("deal", 1)
    given = Context(context.now, context.zone, variables={"limit": Decimal(100), "old": None})
    assert evaluate(expression, deal, given) is False  # type: ignore[arg-type]


def test_too_many_digits(world: World) -> None:
    """A number that outgrows 18 digits is a problem, not a wrong number."""
    rows = example_rows(world)
    expression = compile_expression("amount * 9999999999999999", "deal", world)
    with pytest.raises(Refusal, match="too-many-digits"):
        evaluate(expression, rows.row("deal", 1), example_context(rows))  # type: ignore[arg-type]


def test_folding() -> None:
    """Case, width and compatibility forms no longer differ, and folding twice changes nothing."""
    assert fold("ＡＢ Straße ﬁ") == "ab strasse fi"
    assert fold(fold("İΣς")) == fold("İΣς")


@pytest.fixture
def connection(world: World, database_url: str) -> Iterator[sa.Connection]:
    engine = connect(database_url)
    with engine.connect() as connection:
        load(connection, example_rows(world))
        yield connection
    engine.dispose()


def test_expressions_share_joins(world: World, connection: sa.Connection) -> None:
    """One join for each distinct link path, however many expressions follow it."""
    deal, joins = world.source("deal"), JoinSet()
    sources = ("owner.name", "owner.budget > 1", "owner.manager.name", "parent.owner.name")
    compiled = [
        to_sql(_expression(world, source), world, deal, connection.dialect.name, joins)
        for source in sources
    ]
    assert len(joins.joins) == 4
    statement = sa.select(*(one.value for one in compiled)).select_from(joins.applied(deal))
    assert connection.execute(statement).one() == ("Li Wei", True, "Zhang Min", None)


def test_atoms_stay_bare_in_a_positive_where(world: World) -> None:
    """An index can serve them; only negated ones are wrapped (rule 19)."""
    deal = world.source("deal")

    def where(source: str) -> str:
        compiled = to_sql(_expression(world, source), world, deal, "postgresql")
        return str(compiled.condition)

    assert where('amount > 5 and stage == "won"') == (
        "deal_1.c_amount > :param_1 AND deal_1.c_stage = :param_2"
    )
    assert where("not (amount > 5 and urgent)") == (
        "(deal_1.c_amount > :param_1) IS NOT true OR deal_1.c_urgent IS NOT true"
    )


def test_one_statement_serves_every_user(world: World) -> None:
    """Clock and user are bound, so the statement's text and its cache key stay the same."""
    compiled = to_sql(
        _expression(world, "under(owner, user) and due < today()"),
        world,
        world.source("deal"),
        "sqlite",
    )
    assert {bind.name for bind in compiled.binds} == {"under_user", "clock_today"}


def _expression(world: World, source: str) -> Expression:
    return compile_expression(source, "deal", world)
