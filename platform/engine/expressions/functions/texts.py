"""Functions of texts. The empty text is empty: what would give "" gives nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.describing import describe
from engine.expressions.folding import fold
from engine.expressions.functions.arithmetic import cannot
from engine.expressions.functions.table import (
    Column,
    Function,
    Param,
    Writing,
    always,
    constant,
    example,
    text,
)
from engine.expressions.nodes import BOOLEAN, Call, Get, Literal, Node
from engine.expressions.sqltypes import Flag, Number, String
from engine.expressions.types import Kind, Type
from engine.expressions.typing_rules import number
from engine.problems import Refusal

BLANKS = " \t\r\n\u00a0\u3000"
"""What trim() removes: blanks, tabs, line breaks, the fixed and the Chinese blank."""

MOST_GROWTH = 1_000
"""How many times longer nested replacements may make a text."""

_TEXT = Type(Kind.TEXT)
_T = Param("text", Kind.TEXT)
_PART = Param("part", Kind.TEXT)
_COUNT = Param("count", Kind.NUMBER, whole=True)
_HUGE = constant("2147483647")
_NONE = constant("0")


def written(value: Column) -> Column:
    """SQL: a text result, compared by code point; the empty text is NULL."""
    nothing = constant("''", sa.Text())
    return sa.type_coerce(sa.func.nullif(value, nothing), String())


def _join(a: str | None, b: str | None) -> str | None:
    return (a or "") + (b or "") or None


def _join_typed(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    if any(arg.type.kind is not Kind.TEXT for arg in args):
        left, right = args[0].type, args[1].type
        raise cannot(
            "+", left, right, "text(…) turns values into texts", "text(…) 可将值转换为文本"
        )
    return _TEXT, args


def _joined(writing: Writing) -> Column:
    nothing = constant("''", sa.Text())
    a, b = (sa.func.coalesce(arg, nothing, type_=sa.Text()) for arg in writing.args)
    return written(a.op("||", return_type=sa.Text())(b))


def _clamped(count: Column) -> Column:
    limited = sa.func.least(sa.func.greatest(sa.type_coerce(count, sa.Numeric()), _NONE), _HUGE)
    return sa.cast(limited, sa.Integer())


def _left(value: str, count: Decimal) -> str | None:
    return value[: int(count)] or None if count > 0 else None


def _right(value: str, count: Decimal) -> str | None:
    return value[-int(count) :] or None if count > 0 else None


def _replace(value: str, old: str | None, new: str | None) -> str | None:
    return value if old is None else value.replace(old, new or "") or None


def _replacing(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    nodes = tuple(REPLACE.accept(p, arg) for p, arg in zip(REPLACE.takes, args, strict=True))
    times = _growth(Call(type=_TEXT, function=REPLACE, args=nodes))
    if times > MOST_GROWTH:
        raise Refusal(messages.TEXT_GROWS(times=times))
    return _TEXT, nodes


def _growth(node: Node) -> int:
    inner = max((_growth(part) for part in node.parts()), default=1)
    if not (isinstance(node, Call) and node.function is REPLACE):
        return inner
    old, new = (len(str(arg.value or "")) for arg in node.args[1:] if isinstance(arg, Literal))
    return inner * max(1, -(-new // old)) if old else inner


def _replaced_on_postgresql(writing: Writing) -> Column:
    _, old, new = (arg.value if isinstance(arg, Literal) else None for arg in writing.call.args)
    if old is None:
        return writing.args[0]
    # A literal "" is empty in the language, and means here: remove.
    return written(sa.func.replace(writing.args[0], old, new or ""))


def _text_typed(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    if args[0].type.kind not in (Kind.NUMBER, Kind.CHOICE, Kind.DATE, Kind.TEXT):
        raise Refusal(
            messages.ARGUMENT_TYPE(
                name="text",
                argument="x",
                found=describe(args[0].type),
                expected=text("a number, a choice or a date", "数字、选项或日期"),
                form="text(x)",
            )
        )
    return _TEXT, args


def _text(call: Call) -> Callable[[Any], str]:
    kind, scale = call.args[0].type.kind, call.args[0].type.scale
    if kind is Kind.NUMBER:
        return lambda value: f"{value:.{scale}f}" if value else f"{0:.{scale}f}"
    return dt.date.isoformat if kind is Kind.DATE else str


def _text_on_postgresql(writing: Writing) -> Column:
    kind = writing.call.args[0].type.kind
    value = writing.args[0]
    if kind is Kind.DATE:
        value = sa.func.to_char(value, constant("'YYYY-MM-DD'"))
    elif kind is Kind.NUMBER:
        value = sa.cast(sa.cast(value, Number(writing.call.args[0].type.scale)), sa.Text())
    return sa.type_coerce(sa.collate(value, "C"), String())


def _text_on_sqlite(writing: Writing) -> Column:
    type = writing.call.args[0].type
    if type.kind is not Kind.NUMBER:
        return sa.type_coerce(writing.args[0], String())
    scale = constant(str(type.scale))
    return sa.func.fw_number_text(writing.args[0], scale, type_=String())


def _matching(args: tuple[Node, ...]) -> tuple[Type, tuple[Node, ...]]:
    member, words = (
        MATCHES.accept(MATCHES.takes[0], args[0]),
        MATCHES.accept(MATCHES.takes[1], args[1]),
    )
    if not isinstance(member, Get) or not member.member.folded:
        raise Refusal(messages.NOT_FOLDED(name="matches"))
    return BOOLEAN, (member, words)


def _matches(call: Call) -> Callable[[str, str], bool]:
    words = folded_words(call)
    return lambda value, _: bool(words) and all(word in fold(value) for word in words)


def folded_words(call: Call) -> list[str]:
    """The words that a matches() call looks for."""
    words = call.args[1]
    return fold(str(words.value or "")).split() if isinstance(words, Literal) else []


def _matched(find: str) -> Callable[[Writing], Column]:
    """The first argument arrives as the folded column."""

    def write(writing: Writing) -> Column:
        tests = [
            sa.func.__getattr__(find)(
                writing.args[0], sa.literal(word, String()), type_=sa.Integer()
            )
            > _NONE
            for word in folded_words(writing.call)
        ]
        return sa.and_(*tests) if tests else sa.false()

    return write


def _flag(value: Column) -> Column:
    return sa.type_coerce(value, Flag())


LENGTH = Function(
    name="length",
    takes=(_T,),
    gives=number(),
    python=always(lambda value: Decimal(len(value))),
    postgresql=lambda w: sa.cast(sa.func.char_length(w.args[0]), Number(0)),
    sqlite=lambda w: sa.func.length(w.args[0], type_=Number(0)),
    form="length(text)",
    does=text("the number of characters", "字符数"),
    examples=(example('length("客户")', "2"),),
)
TRIM = Function(
    name="trim",
    takes=(_T,),
    gives=_TEXT,
    python=always(lambda value: value.strip(BLANKS) or None),
    postgresql=lambda w: written(sa.func.btrim(w.args[0], sa.literal(BLANKS, String()))),
    sqlite=lambda w: written(sa.func.trim(w.args[0], sa.literal(BLANKS, String()))),
    form="trim(text)",
    does=text("the text without blanks and line breaks at both ends", "去掉两端空白与换行后的文本"),
    examples=(example('trim("  Acme ")', '"Acme"'), example('trim("  ")', "empty")),
)
CONTAINS = Function(
    name="contains",
    takes=(_T, _PART),
    gives=BOOLEAN,
    python=always(lambda value, part: part in value),
    postgresql=lambda w: sa.func.strpos(w.args[0], w.args[1], type_=sa.Integer()) > _NONE,
    sqlite=lambda w: sa.func.instr(w.args[0], w.args[1], type_=sa.Integer()) > _NONE,
    form="contains(text, part)",
    does=text("whether `part` occurs in the text, exactly as written", "文本中是否原样含有 `part`"),
    examples=(example('contains(name, "cme")', "true"), example('contains(name, "CME")', "false")),
)
STARTS_WITH = Function(
    name="starts_with",
    takes=(_T, _PART),
    gives=BOOLEAN,
    python=always(str.startswith),
    postgresql=lambda w: sa.func.starts_with(w.args[0], w.args[1], type_=Flag()),
    form="starts_with(text, part)",
    does=text("whether the text begins with `part`", "文本是否以 `part` 开头"),
    examples=(example('starts_with(name, "Acme")', "true"),),
)
ENDS_WITH = Function(
    name="ends_with",
    takes=(_T, _PART),
    gives=BOOLEAN,
    python=always(str.endswith),
    # Reversed, because each argument may stand in the SQL only once.
    postgresql=lambda w: sa.func.starts_with(
        sa.func.reverse(w.args[0]), sa.func.reverse(w.args[1]), type_=Flag()
    ),
    form="ends_with(text, part)",
    does=text("whether the text ends with `part`", "文本是否以 `part` 结尾"),
    examples=(example('ends_with(name, "Ltd")', "true"),),
)
LEFT = Function(
    name="left",
    takes=(_T, _COUNT),
    gives=_TEXT,
    python=always(_left),
    postgresql=lambda w: written(sa.func.left(w.args[0], _clamped(w.args[1]))),
    form="left(text, count)",
    does=text("the first so many characters", "最左边的若干字符"),
    examples=(example('left("Acme", 2)', '"Ac"'), example('left("Acme", 0)', "empty")),
)
RIGHT = Function(
    name="right",
    takes=(_T, _COUNT),
    gives=_TEXT,
    python=always(_right),
    postgresql=lambda w: written(sa.func.right(w.args[0], _clamped(w.args[1]))),
    form="right(text, count)",
    does=text("the last so many characters", "最右边的若干字符"),
    examples=(example('right("Acme", 2)', '"me"'),),
)
REPLACE = Function(
    name="replace",
    takes=(_T, Param("old", Kind.TEXT, literal=True), Param("new", Kind.TEXT, literal=True)),
    typed=_replacing,
    python=always(lambda value, old, new: None if value is None else _replace(value, old, new)),
    lenient=True,
    postgresql=_replaced_on_postgresql,
    sqlite=_replaced_on_postgresql,
    form='replace(text, "old", "new")',
    does=text(
        'the text with every "old" replaced; "" as the new text removes',
        '将文本中的 "old" 全部替换；新文本为 "" 时删除',
    ),
    examples=(example('replace("1-2-3", "-", "")', '"123"'),),
)
TEXT = Function(
    name="text",
    takes=(Param("x", Kind.NUMBER),),
    typed=_text_typed,
    python=_text,
    postgresql=_text_on_postgresql,
    sqlite=_text_on_sqlite,
    form="text(x)",
    does=text(
        "a number with all its decimals, a choice's stable name or a date as text",
        "数字（含全部小数位）、选项的稳定名称或日期的文本形式",
    ),
    examples=(example("text(amount)", '"120.50"'), example("text(stage)", '"won"')),
)
MATCHES = Function(
    name="matches",
    takes=(Param("member", Kind.TEXT), Param("words", Kind.TEXT, literal=True)),
    typed=_matching,
    python=_matches,
    postgresql=_matched("strpos"),
    sqlite=_matched("instr"),
    form='matches(member, "words")',
    does=text(
        "whether every word occurs in the member, whatever the case and width",
        "成员中是否含有每个词，不区分大小写与全半角",
    ),
    examples=(
        example('matches(name, "ltd ACME")', "true"),
        example('matches(name, "inc")', "false"),
    ),
)
JOIN = Function(
    name="join",
    takes=(_T, _T),
    typed=_join_typed,
    python=always(_join),
    lenient=True,
    postgresql=_joined,
    sqlite=_joined,
)

TEXT_FUNCTIONS = (
    LENGTH, TRIM, CONTAINS, STARTS_WITH, ENDS_WITH, LEFT, RIGHT, REPLACE, TEXT, MATCHES,
)  # fmt: skip
