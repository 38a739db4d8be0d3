"""Trees in the language: `under(a, b)`, `level(a)`, `root(a)`, `ancestors(a)`, `descendants(a)`.

An object is a tree where `Names.tree` names its link to the record above. Such records have
members that nobody declares, named after that link: `parent@path`, the ids from the top of the
tree down to the record, each `WIDTH` digits wide (in the column `<column>__p`), `parent@root`,
`parent@ancestors` and `parent@descendants`. Whoever may read the link may read them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.expressions import messages
from engine.expressions.describing import describe
from engine.expressions.functions.table import Column, Function, Param, Writing, always, text
from engine.expressions.functions.trees import TREES
from engine.expressions.nodes import BOOLEAN, Call, Get, Given, Node, User, Variable, is_bound, walk
from engine.expressions.sqltypes import Flag, Id, Number, String
from engine.expressions.types import Kind, Member, Type, View

if TYPE_CHECKING:
    from engine.expressions.checking import Checker
    from engine.expressions.sql import Frame, Translator

WIDTH = 12
"""The digits of one id in a path."""
MOST_LEVELS = 64
"""How deep a tree may be."""
_STARTS = [1 + WIDTH * level for level in range(MOST_LEVELS)]
PATH, ROOT, ANCESTORS, DESCENDANTS = "@path", "@root", "@ancestors", "@descendants"
PATH_END = "__p"
"""How the column with the path ends; before it stands the link's own."""
_LAST = ":"
"""The character after the digits: every path below `p` lies from `p` to `p:`."""


def piece(id: int | None) -> str:
    """One record's part of a path; of one that is not written yet nothing but zeros."""
    return f"{id or 0:0{WIDTH}}"


def ids_on(path: str) -> list[int]:
    """The ids on a path, from the top down to the record itself."""
    return [int(path[at : at + WIDTH]) for at in range(0, len(path), WIDTH)]


def last_below(path: Any) -> Any:
    """The text that every path below `path`, and no other after it, stands before."""
    return path + _LAST


# Typing


def call(checker: Checker, tree: ast.Call, name: str) -> Node | None:
    """The node of a call about trees; None for `under` with a branch that is known before.

    Raises Failed once its problems are noted.
    """
    if name == "under":
        return _under(checker, tree)
    if len(tree.args) != 1:
        raise checker.fail(
            tree,
            messages.ARGUMENT_COUNT,
            name=name,
            expected=text("1 argument", "1 个参数"),
            found=len(tree.args),
            form=f"{name}({TREES[name].form})",
        )
    base = checker.node(tree.args[0])
    if name == "level":
        path = _member(checker, tree, name, base, PATH)
        return Call(type=Type(Kind.NUMBER), function=_LEVEL, args=(path,))
    return _member(checker, tree, name, base, f"@{name}")


def _under(checker: Checker, tree: ast.Call) -> Node | None:
    if len(tree.args) != 2:
        return None  # the function itself has words for that
    record, top = checker.all(tree.args)
    same = record.type.kind is top.type.kind is Kind.RECORD and (
        record.type.object == top.type.object
    )
    if is_bound(top) or not same:
        return None
    args = tuple(_member(checker, tree, "under", side, PATH) for side in (record, top))
    return Call(type=BOOLEAN, function=_WITHIN, args=args)


def _member(checker: Checker, tree: ast.Call, name: str, base: Node, which: str) -> Get:
    if base.type.kind is not Kind.RECORD or not isinstance(base, Variable | User | Given | Get):
        raise checker.fail(
            tree,
            messages.ARGUMENT_TYPE,
            name=name,
            argument="record",
            found=describe(base.type),
            expected=text("a record, or a path to one", "记录，或通向记录的路径"),
            form=f"{name}(…)",
        )
    object = base.type.object
    link = checker.names.tree(object)
    own = checker.names.member(object, link) if link else None
    if own is None:
        raise checker.fail(tree, messages.NO_TREE, name=name, object=object)
    checker.reads.add((object, link))
    column = f"{own.column}{PATH_END}"
    kinds = {PATH: Type(Kind.TEXT), ROOT: Type(Kind.RECORD, object=object)}
    type_ = kinds.get(which, Type(Kind.RECORDS, object=object))
    via = f"{link}{which}" if which not in kinds else ""
    member = Member(f"{link}{which}", type_, column, via=via)
    return Get(type=type_, base=base, member=member)


def back(records: Get) -> Member | None:
    """What leads back from the members of a branch: their own path. None for any other."""
    name = records.member.name
    if not name.endswith((ANCESTORS, DESCENDANTS)):
        return None
    return Member(f"{name.partition('@')[0]}{PATH}", Type(Kind.TEXT), records.member.column)


def uses_tree(tree: Node) -> bool:
    """Whether it asks for a record's place in its tree, which changes when others move."""
    return any(isinstance(node, Get) and "@" in node.member.name for node in walk(tree))


# SQL


def link_column(view: View, object: str, member: Member, source: sa.FromClause) -> Column:
    """The column with the id that a link of `source` holds; of `root` it is cut from the path."""
    column = view.column(object, member, source)
    if not member.name.endswith(ROOT):
        return column
    return sa.cast(sa.func.substr(column, 1, WIDTH), Id())


def branch(
    translator: Translator, records: Get, via: Member, source: sa.FromClause, frame: Frame
) -> sa.ColumnElement[bool]:
    """Which rows of `source` stand above or below the record that `records` starts from."""
    member = Member(via.name, via.type, via.column)
    path = translator.value(Get(type=via.type, base=records.base, member=member), frame)
    if records.member.name.endswith(DESCENDANTS):
        own = translator.view.column(records.type.object, via, source)
        return sa.and_(own > path, own < _end(path))
    return _ancestor(translator, source, path)


def _ancestor(translator: Translator, source: sa.FromClause, path: Column) -> Column:
    """The ids on the path before its last, which an index on ids serves."""
    above = sa.func.substr(path, 1, sa.func.length(path) - WIDTH)
    if translator.sqlite:
        table = sa.func.json_each(sa.literal_column(f"'{_STARTS}'")).table_valued("value")
    else:
        series = sa.func.unnest(sa.literal_column(f"ARRAY{_STARTS}")).table_valued("value")
        table = series.render_derived()
    start = table.c.value
    cut = sa.cast(sa.func.substr(above, start, WIDTH), Id())
    ids = sa.select(cut).select_from(table).where(start <= sa.func.length(above))
    return source.c.id.in_(ids.correlate_except(table))


def _end(path: Column) -> Column:
    return sa.type_coerce(path.concat(sa.literal_column(f"'{_LAST}'")), String())


def _within_sql(writing: Writing) -> Column:
    record, top = writing.args
    return sa.type_coerce(sa.and_(record >= top, record < _end(top)), Flag())


def _level_sql(writing: Writing) -> Column:
    (path,) = writing.args
    level = sa.func.length(path) / sa.literal_column(str(WIDTH), sa.Integer())
    return sa.cast(level, Number(0))


def _level_on_sqlite(writing: Writing) -> Column:
    (path,) = writing.args
    return sa.type_coerce(sa.func.length(path).op("/")(sa.literal_column(str(WIDTH))), Number(0))


def _level(call: Call) -> Callable[[str], Any]:
    return lambda path: Decimal(len(path) // WIDTH)


_WITHIN = Function(
    name="within",
    takes=(Param("record", Kind.TEXT), Param("top", Kind.TEXT)),
    gives=BOOLEAN,
    python=always(str.startswith),
    postgresql=_within_sql,
    sqlite=_within_sql,
)
_LEVEL = Function(
    name="level",
    takes=(Param("path", Kind.TEXT),),
    gives=Type(Kind.NUMBER),
    python=_level,
    postgresql=_level_sql,
    sqlite=_level_on_sqlite,
)
