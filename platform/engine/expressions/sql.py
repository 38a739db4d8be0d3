"""The SQL reading: a typed tree becomes a SQLAlchemy expression.

A value is NULL where it is empty. A condition is written in one of three ways (rule 19):

- in a positive WHERE its atoms stay bare: NULL counts as false there, and indexes are used;
- as a value each atom is wrapped: `atom IS true`;
- negated, the negation moves inwards to the atoms: `atom IS NOT true`.

Whatever is a path from `user` or a given variable, and the clock, are bound values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import Grouping

from engine.expressions import aggregating_sql
from engine.expressions.binding import (
    Bind,
    null,
    option_keys,
    path_name,
    read_bound,
    sql_type,
)
from engine.expressions.comparing_sql import compared, translated
from engine.expressions.functions.arithmetic import fitted
from engine.expressions.functions.numbers import rescale_on_sqlite
from engine.expressions.functions.people import UNDER, below
from engine.expressions.functions.table import Writing
from engine.expressions.functions.texts import MATCHES, TEXT
from engine.expressions.joins import Join, JoinSet
from engine.expressions.nodes import (
    Aggregate,
    Call,
    Choose,
    Compare,
    Get,
    Has,
    IsEmpty,
    Literal,
    Logic,
    Node,
    Not,
    OneOf,
    OptionAttribute,
    Rescale,
    Sealed,
    Variable,
    is_bound,
    is_strict,
)
from engine.expressions.sqltypes import Ids, Number, String
from engine.expressions.trees import link_column
from engine.expressions.types import Kind, View

if TYPE_CHECKING:
    from engine.expressions.evaluation import Context
    from engine.expressions.language import Expression

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
Frame = Mapping[int, sa.FromClause]
_NO_KEYS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Compiled:
    """The SQL of an expression.

    `value` is for a column of a SELECT, `condition` for a positive WHERE. `joins` are the LEFT
    JOINs that the statement's FROM needs; with a shared `JoinSet` they are those of all its
    expressions. A CHOICE value is its stored key; `keys` maps option names to those.
    """

    value: Column
    condition: Condition
    join_set: JoinSet
    binds: tuple[Bind, ...]
    keys: Mapping[str, str]

    @property
    def joins(self) -> tuple[Join, ...]:
        """The joins in the order in which they are to be applied."""
        return tuple(self.join_set.joins)

    def parameters(self, context: Context) -> dict[str, Any]:
        """The values of the bound parameters for one execution."""
        return {bind.name: bind.read(context) for bind in self.binds}


def to_sql(
    expression: Expression,
    view: View,
    source: sa.FromClause,
    dialect_name: str,
    joins: JoinSet | None = None,
    *,
    prefix: str = "",
) -> Compiled:
    """The SQL of `expression` about the rows of `source`, as `view` sees them.

    `dialect_name` is "sqlite" or "postgresql". Expressions of one statement share `joins`.
    `prefix` stands before the names of what is bound, where one statement asks for several people.
    """
    shared = joins if joins is not None else JoinSet()
    translator = Translator(view, dialect_name == "sqlite", prefix=prefix)
    translator.owners[id(source)] = shared
    frame = {1: source}
    tree = expression.tree
    value = translator.value(tree, frame)
    is_condition = tree.type.kind is Kind.BOOLEAN
    condition = translator.truth(tree, frame) if is_condition else value.is_not(None)
    return Compiled(
        value=value,
        condition=condition,
        join_set=shared,
        binds=tuple(translator.binds.values()),
        keys=option_keys(tree),
    )


@dataclass
class Translator:
    """One translation: the binds it needs, and which FROM each table belongs to."""

    view: View
    sqlite: bool
    binds: dict[str, Bind] = field(default_factory=dict)
    owners: dict[int, JoinSet] = field(default_factory=dict)
    prefix: str = ""

    # Values

    def value(self, node: Node, frame: Frame) -> Column:
        """`node` as a value: never a bare condition."""
        if is_bound(node) and node.type.kind is not Kind.RECORDS:
            return self._bound(node)
        match node:
            case Literal():
                return self.literal(node, _NO_KEYS)
            case Get():
                return self._get(node, frame)
            case Variable():
                return frame[node.slot].c.id
            case OptionAttribute():
                return self._option_attribute(node, frame)
            case Call() if node.type.kind is not Kind.BOOLEAN or node.function.lenient:
                return self._call(node, frame)
            case Rescale():
                return self.rescaled(self.value(node.part, frame), node.part, node)
            case Choose():
                return self._choose(node, frame)
            case Aggregate() if node.type.kind is not Kind.BOOLEAN:
                return aggregating_sql.scalar(self, node, frame)
            case _:
                return sa.type_coerce(self.truth(node, frame, wrap=True), sql_type(node.type))

    def spelled(self, node: Node, frame: Frame, keys: Mapping[str, str]) -> Column:
        """A CHOICE as a value, its options spelled by `keys`; any other value as it is."""
        if node.type.kind is not Kind.CHOICE:
            return self.value(node, frame)
        if isinstance(node, Literal):
            return self.literal(node, keys)
        return translated(self.value(node, frame), node.type.options, option_keys(node), keys)

    def literal(self, node: Literal, keys: Mapping[str, str]) -> Column:
        """A constant as a bound parameter."""
        value, type = node.value, sql_type(node.type)
        if value is None:
            return null(node.type)
        if node.type.kind is Kind.CHOICE:
            value = keys.get(value, value)
        if node.type.kind is Kind.CHOICES:
            value = tuple(keys.get(option, option) for option in value)
        return sa.literal(value, type)

    def rescaled(self, value: Column, have: Node, want: Node) -> Column:
        """A number at the scale of `want`."""
        if have.type.scale == want.type.scale:
            return value
        if self.sqlite:
            return rescale_on_sqlite(value, have.type.scale, want.type.scale)
        return fitted(value, want.type)

    def source(self, node: Node, frame: Frame) -> sa.FromClause:
        """The table whose row a record-valued path stands for."""
        if isinstance(node, Variable):
            return frame[node.slot]
        assert isinstance(node, Get)
        parent = self.source(node.base, frame)
        owner = self.owners[id(parent)]
        linked = owner.link(self.view, node.base.type.object, node.member, parent)
        self.owners[id(linked)] = owner
        return linked

    def _get(self, node: Get, frame: Frame) -> Column:
        source = self.source(node.base, frame)
        formula, type = node.member.formula, sql_type(node.type)
        if formula is not None:
            system = replace(self, view=self.view.inside_formula())
            inner = system.value(formula.tree, {1: source})
            if node.type.kind is Kind.NUMBER:
                inner = self.rescaled(inner, formula.tree, node)
            inner = self._present(node, source, inner)
            return self.view.formula(node.base.type.object, node.member, inner, source)
        if node.type.kind is Kind.RECORD and self._hides(node.type.object):
            return self.source(node, frame).c.id
        column = link_column(self.view, node.base.type.object, node.member, source)
        return sa.type_coerce(column, type)

    def _present(self, node: Get, source: sa.FromClause, inner: Column) -> Column:
        """A formula about no record is empty, even where it is a constant or a condition."""
        if isinstance(node.base, Variable):
            return inner
        return sa.type_coerce(sa.case((source.c.id.is_not(None), inner)), sql_type(node.type))

    def _hides(self, object: str) -> bool:
        return self.view.visible(object, self.view.source(object)) is not None

    def _option_attribute(self, node: OptionAttribute, frame: Frame) -> Column:
        keys, base = option_keys(node.base), self.value(node.base, frame)
        whens = [
            (
                sa.literal(keys.get(option, option), base.type),
                self.literal(Literal(type=node.type, value=value), _NO_KEYS),
            )
            for option, value in node.values.items()
            if value is not None
        ]
        nothing = self.literal(Literal(type=node.type, value=None), _NO_KEYS)
        if not whens:
            return nothing
        return sa.case(*((base == key, value) for key, value in whens), else_=nothing)

    def _call(self, node: Call, frame: Frame) -> Column:
        function = node.function
        args: tuple[Column, ...]
        if function is UNDER:
            args = (self.value(node.args[0], frame), self._below(node.args[1]))
        elif function is MATCHES:
            args = (self._folded(node.args[0], frame),)
        elif function is TEXT:
            args = (self.spelled(node.args[0], frame, _NO_KEYS),)
        else:
            keys = option_keys(node)
            args = tuple(self.spelled(arg, frame, keys) for arg in node.args)
        writing = Writing(node, args, self.bind)
        if not self.sqlite:
            return function.postgresql(writing)
        if function.sqlite is not None:
            return function.sqlite(writing)
        name = f"fw_{function.name}"
        return sa.func.__getattr__(name)(*args, type_=sql_type(node.type))

    def _choose(self, node: Choose, frame: Frame) -> Column:
        keys = option_keys(node)
        yes, no = (self.spelled(branch, frame, keys) for branch in (node.yes, node.no))
        condition = self.truth(node.condition, frame)
        return sa.type_coerce(sa.case((condition, yes), else_=no), sql_type(node.type))

    def _folded(self, node: Node, frame: Frame) -> Column:
        assert isinstance(node, Get)
        if is_bound(node):
            return self._bound(node, folded=True)
        member = replace(node.member, column=node.member.folded, folded="")
        return self.view.column(node.base.type.object, member, self.source(node.base, frame))

    # Bound values

    def bind(self, name: str, type: Any, read: Any) -> Column:
        """A named parameter that `read` supplies from the context of each execution."""
        name = self.prefix + name
        self.binds.setdefault(name, Bind(name, read))
        # In brackets, because SQLAlchemy would retype a bare parameter where it is coerced.
        bound: Column = Grouping(sa.bindparam(name, type_=type))
        # PostgreSQL must know the type of an empty number too.
        return bound if self.sqlite or not isinstance(type, Number) else sa.cast(bound, type)

    def _bound(self, node: Node, folded: bool = False) -> Column:
        name = path_name(node) + ("_FOLDED" if folded else "")
        return self.bind(name, sql_type(node.type), read_bound(node, folded))

    def _below(self, top: Node) -> Column:
        read, object = read_bound(top, whole=True), top.type.object
        name = f"under_{path_name(top)}"
        return self.bind(name, Ids(), lambda context: below(object, context, read(context)))

    # Conditions

    def truth(
        self, node: Node, frame: Frame, *, negate: bool = False, wrap: bool = False
    ) -> Condition:
        """`node` as a condition, bare unless negated or wrapped."""
        match node:
            case Logic():
                parts = [
                    self.truth(part, frame, negate=negate, wrap=wrap) for part in node.conditions
                ]
                return sa.and_(*parts) if (node.operator == "and") is not negate else sa.or_(*parts)
            case Not():
                return self.truth(node.part, frame, negate=not negate, wrap=wrap)
            case IsEmpty():
                return self._is_empty(node.part, frame, negate)
            case Aggregate():
                found = aggregating_sql.exists(self, node, frame)
                return sa.not_(found) if negate is (node.name != "all") else found
            case Get() if node.member.formula is not None and isinstance(node.base, Variable):
                inner = {1: frame[node.base.slot]}
                return self.truth(node.member.formula.tree, inner, negate=negate, wrap=wrap)
            case Literal() if node.value is not None:
                return sa.false() if negate is bool(node.value) else sa.true()
        atom = self._atom(node, frame)
        if negate:
            return atom.is_not(sa.true())
        bare = isinstance(node, Compare | OneOf | Has | Sealed | Call) and not wrap
        return atom if bare else atom.is_(sa.true())

    def _atom(self, node: Node, frame: Frame) -> Condition:
        match node:
            case Compare():
                return compared(self, node.operator, node.left, node.right, frame)
            case OneOf():
                return self._one_of(node, frame)
            case Has():
                return self._has(node, frame)
            case Sealed():
                return self._sealed(node, frame)
            case Call():
                return self._call(node, frame)
        return self.value(node, frame)

    def _is_empty(self, node: Node, frame: Frame, negate: bool) -> Condition:
        if is_strict(node):
            return sa.true() if negate else sa.false()
        value = self.value(node, frame)
        return value.is_not(None) if negate else value.is_(None)

    def _one_of(self, node: OneOf, frame: Frame) -> Condition:
        if not node.items:
            return sa.false()
        item, literals = node.item, [o for o in node.items if isinstance(o, Literal)]
        alike = all(literal.type.scale == item.type.scale for literal in literals)
        if len(literals) < len(node.items) or not alike or isinstance(item, Literal):
            pairs = [compared(self, "==", item, other, frame) for other in node.items]
            return sa.or_(sa.false(), *pairs)
        keys, value = option_keys(item), self.value(item, frame)
        type = sql_type(item.type)
        spelled = (
            [keys.get(o.value, o.value) for o in literals] if keys else [o.value for o in literals]
        )
        return value.in_([sa.literal(option, type) for option in spelled])

    def _has(self, node: Has, frame: Frame) -> Condition:
        keys = option_keys(node.choices)
        choices, item = self.value(node.choices, frame), self.spelled(node.item, frame, keys)
        if not self.sqlite:
            return item == sa.any_(sa.type_coerce(choices, sa.ARRAY(sa.Text())))
        names: sa.Select[Any] = sa.select(sa.column("value")).select_from(
            sa.func.json_each(sa.type_coerce(choices, sa.Text()))
        )
        return item.in_(names)

    def _sealed(self, node: Sealed, frame: Frame) -> Condition:
        member, source = node.item.member, self.source(node.item.base, frame)
        assert member.sought is not None
        if not node.digests:
            return sa.false()
        found = source.c[member.folded].in_([sa.literal(one, String()) for one in node.digests])
        rows = member.sought.rows(source)
        return found if rows is None else sa.and_(found, rows)
