"""Conditions taken apart: what each `and` and `or` part says of one record, and from which values.

1. A condition is split where its source says `and`, `or` and `not`; every part is compiled on its
   own, so its text, place and reads are its own.
2. Whether a part holds is asked of the database, by the very reading that lists use.
3. A part is told only where the asking person may read all that it reads; whatever contains one
   that is not told is told only as far as the others settle it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.expressions import DEFINITION_LIMITS, Expression, JoinSet, compile_expression, to_sql
from engine.expressions.nodes import Aggregate, Get, Node, Setting, User, Variable, walk
from engine.expressions.syntax import parse
from engine.expressions.types import Kind, Names, Type
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.problems import Refusal, Text
from engine.records.contexts import reading_context, record_view
from engine.records.rows import RowView
from engine.records.shapes import Row
from engine.records.why.findings import Finding, every, pair, some
from engine.records.why.sight import Sight, source_of

BOOLEAN = Type(Kind.BOOLEAN)
_EMPTY = pair("empty", "空")
_HIDDEN = pair("(not shown)", "（不显示）")
_PERSON = pair("this person", "此人")
_NEITHER = pair("no person", "无对应人员")
_OPERATORS = {
    "and": pair("all of these", "同时满足"),
    "or": pair("one of these", "满足其一"),
    "not": pair("not", "不满足"),
}
_UNKNOWN = object()
"""A value that is not worked out for people: it would take more than one record."""


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, or a part of one; with an operator it consists of `parts`."""

    expression: Expression
    operator: str = ""
    parts: tuple[Part, ...] = ()

    def leaves(self) -> Iterator[Part]:
        """The parts that are not taken apart any further."""
        if not self.operator:
            yield self
        for part in self.parts:
            yield from part.leaves()


def taken_apart(expression: Expression, names: Names) -> Part:
    """The condition with its `and`, `or` and `not` parts."""
    syntax = parse(expression.source, expression.place, DEFINITION_LIMITS)

    def part(tree: ast.expr, whole: Expression) -> Part:
        operator, inner = "", list[ast.expr]()
        if isinstance(tree, ast.BoolOp):
            operator, inner = ("and" if isinstance(tree.op, ast.And) else "or"), tree.values
        elif isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            operator, inner = "not", [tree.operand]
        try:
            return Part(whole, operator, tuple(part(one, compiled(one)) for one in inner))
        except Refusal:  # a part that makes sense only within the whole
            return Part(whole)

    def compiled(tree: ast.expr) -> Expression:
        return compile_expression(
            syntax.text(tree), expression.object, names, expected=BOOLEAN, place=syntax.at(tree)
        )

    return part(syntax.tree, expression)


class Conditions:
    """What conditions say of one record of `definition` to `subject`, as `sight` may know it."""

    def __init__(self, sight: Sight, subject: Actor, definition: Object, id: int) -> None:
        self.sight = sight
        self.gate = sight.gate
        self.subject = subject
        self.definition = definition
        self.id = id
        self.context = reading_context(self.gate, sight.connection, subject)
        self.record = record_view(self.gate, sight.connection, definition, id)
        if definition.is_view:  # whose rows stand in no table
            self.record = RowView(self.record.tx, definition, self._computed(), id=id)

    def finding(self, expression: Expression, text: Text | None = None) -> Finding:
        """The condition with its parts; `text` stands for its source."""
        found = self._made(taken_apart(expression, self.gate.catalog))
        whole = Text.of(expression.source)
        return Finding(
            found.kind, text or whole, found.holds, expression.place, found.parts, found.values
        )

    def truth(self, expressions: Sequence[Expression]) -> list[bool]:
        """Whether conditions hold; one statement, as the system sees the record."""
        binds, joins, gate = Binds(), JoinSet(), self.gate
        source = source_of(gate, self.definition, self.subject.roles, binds)
        columns = []
        for expression in expressions:
            compiled = to_sql(expression, gate.tables, source, gate.dialect, joins)
            binds.add(compiled)
            columns.append(sa.case((compiled.condition, 1), else_=0))
        joined = joins.applied(source)
        statement = sa.select(*columns).select_from(joined).where(source.c.id == self.id)
        values = binds.values(self.subject, self.context)
        row = self.sight.connection.execute(statement, values).first()
        return [bool(value) for value in row] if row else [False] * len(columns)

    def _computed(self) -> Row:
        """The row of a view's record, as the person's roles see what it is made from."""
        binds, shape = Binds(), self.gate.shapes[self.definition.name]
        source = source_of(self.gate, self.definition, self.subject.roles, binds)
        statement = sa.select(*shape.select_columns(source)).where(source.c.id == self.id)
        values = binds.values(self.subject, self.context)
        rows = self.gate.statements.prepared(statement).rows(self.sight.connection, values)
        return shape.row(rows[0]) if rows else {}

    def named(self, name: str) -> Text:
        """A field of the record with its value, as far as it is shown."""
        node_value = self._field(self.definition, self.record, name)
        return _with(self.definition.fields[name].label, node_value)

    def reads(self, *names: str) -> bool:
        """Whether the asking person may read these fields of the record."""
        return self.sight.fields(self.definition.name, self.id) >= set(names)

    def _made(self, part: Part) -> Finding:
        leaves = list(part.leaves())
        truth = self.truth([leaf.expression for leaf in leaves])
        holds = dict(zip(map(id, leaves), truth, strict=True))

        def made(part: Part) -> Finding:
            text = Text.of(" ".join(part.expression.source.split()))
            place = part.expression.place
            if not part.operator:
                told, values = self._values(part.expression)
                known = holds[id(part)] if told else None
                return Finding("condition", text, known, place, (), values)
            inner = tuple(made(one) for one in part.parts)
            answers = [one.holds for one in inner]
            result = every(answers) if part.operator == "and" else some(answers)
            if part.operator == "not":
                result = None if answers[0] is None else not answers[0]
            return Finding("condition", text, result, place, inner, _OPERATORS[part.operator])

        return made(part)

    def _values(self, expression: Expression) -> tuple[bool, Text | None]:
        """Whether the part may be told, and the values that it reads."""
        told, shown, known = True, list[Text](), set[str]()
        for node in _paths(expression.tree):
            readable, value = self._follow(node)
            told = told and readable
            text = self._shown(node, value) if readable else _with(self._label(node), _HIDDEN)
            if text is not None and text.in_("en") not in known:
                known.add(text.in_("en"))
                shown.append(text)
        if any(isinstance(node, Aggregate) for node in walk(expression.tree)):
            within = self.definition.name
            told = told and all(
                self.sight.reads_everywhere(object, name, within)
                for object, name in expression.reads
                if object != within
            )
        if not shown:
            return told, None
        joined = {
            "en": ", ".join(text.in_("en") for text in shown),
            "zh": "，".join(text.in_("zh") for text in shown),
        }
        return told, Text(joined)

    def _follow(self, node: Node) -> tuple[bool, Any]:
        """Whether a path may be read by the asking person to its end, and where it leads."""
        match node:
            case Variable():
                return True, self.record
            case User():
                return True, self.context.user
            case Setting():
                return True, self.context.settings(node.object)
        assert isinstance(node, Get)
        readable, base = self._follow(node.base)
        if not readable or base is None:
            return readable, None
        name = node.member.name.partition("@")[0]
        object = node.base.type.object
        if base.id is None or name not in self.sight.fields(object, base.id):
            return False, None
        formula = node.member.formula
        if node.type.kind in (Kind.RECORDS, Kind.FILE, Kind.SECRET):
            return True, _UNKNOWN
        if formula is None:
            return True, base.value(node.member.name)
        if any(isinstance(inner, Aggregate) for inner in walk(formula.tree)):
            return True, _UNKNOWN
        return True, formula.program(self.context, base)

    def _shown(self, node: Node, value: Any) -> Text | None:
        if isinstance(node, User):
            return _with(_PERSON, self._person())
        if not isinstance(node, Get) or value is _UNKNOWN:
            return None
        if "@" in node.member.name:  # its place in a tree
            return self._shown(node.base, self._follow(node.base)[1])
        definition = self.gate.catalog.objects[node.base.type.object]
        return _with(self._label(node), self._formatted(definition, node.member.name, value))

    def _label(self, node: Node) -> Text:
        """What people call a path: the labels of its fields, one after another."""
        if not isinstance(node, Get):
            return _PERSON if isinstance(node, User) else Text.of("")
        name = node.member.name.partition("@")[0]
        label = self.gate.catalog.objects[node.base.type.object].fields[name].label
        if isinstance(node.base, Variable | Setting):
            return label
        before = self._label(node.base)
        return pair(
            f"{before.in_('en')} › {label.in_('en')}", f"{before.in_('zh')} › {label.in_('zh')}"
        )

    def _field(self, definition: Object, view: RowView, name: str) -> Text:
        if view.id is None or name not in self.sight.fields(definition.name, view.id):
            return _HIDDEN
        return self._formatted(definition, name, view.value(name))

    def _formatted(self, definition: Object, name: str, value: Any) -> Text:
        if value is None or value == ():
            return _EMPTY
        if isinstance(value, RowView):
            title = self.sight.title(value.definition.name, value.id or 0)
            return _HIDDEN if title is None else Text.of(title)
        type_ = definition.fields[name].type
        return pair(type_.format(value, "en"), type_.format(value, "zh"))

    def _person(self) -> Text:
        """The name of the person that the question is about."""
        people, person = self.gate.catalog.user_object, self.subject.person
        if person is None or not people:
            return _NEITHER
        title = self.sight.title(people, person)
        own = self.sight.asker.person == person
        return Text.of(title or (self.subject.name if own else f"#{person}"))

    def person(self) -> Text:
        """The person with a word before it."""
        return _with(_PERSON, self._person())


def _paths(node: Node) -> Iterator[Node]:
    """The longest paths that a condition reads."""
    if isinstance(node, Get | User | Setting):
        base: Node = node
        while isinstance(base, Get):
            base = base.base
        if isinstance(base, User | Setting) or (isinstance(base, Variable) and base.slot == 1):
            yield node
            return
    parts = (node.base,) if isinstance(node, Get) else node.parts()
    for part in parts:
        yield from _paths(part)


def _with(label: Text, value: Text) -> Text:
    return pair(f"{label.in_('en')}: {value.in_('en')}", f"{label.in_('zh')}：{value.in_('zh')}")
