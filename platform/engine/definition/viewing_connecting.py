"""Connecting views: their expressions are compiled, and the types of their fields follow.

Nothing else can name a field of a view, so this comes before all other expressions; formulas that
the values read are compiled on demand.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from engine.definition import viewing_messages as say
from engine.definition.catalog import Catalog
from engine.definition.copying import type_of_copy
from engine.definition.currencies import check_result
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_OBJECT
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.definition.viewing import AGGREGATES, Value, Viewing
from engine.expressions import Expression, compile_expression
from engine.expressions.describing import describe
from engine.expressions.functions import FORMS
from engine.expressions.functions.arithmetic import QUOTIENT_SCALE
from engine.expressions.nodes import Get
from engine.expressions.syntax import DEFINITION_LIMITS, parse
from engine.expressions.types import Kind, Names, Type
from engine.expressions.typing_rules import number
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.boolean import Boolean
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.duration import Duration
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Integer, Money, NumberType, Percent
from engine.fieldtypes.registry import FIELD_TYPES
from engine.fieldtypes.text import TextType
from engine.problems import Place, Refusal, Text, did_you_mean

BOOLEAN = Type(Kind.BOOLEAN)
_CALENDAR = "months"


def connect_views(catalog: Catalog, names: Names, problems: Problems) -> Catalog:
    """The catalog with its views connected."""
    views = {n: o for n, o in catalog.objects.items() if o.viewing is not None}
    if not views:
        return catalog
    connected = {n: _Views(catalog, names, problems, o).connected() for n, o in views.items()}
    return catalog.with_objects({**catalog.objects, **connected})


@dataclass
class _Views:
    """The connecting of one view."""

    catalog: Catalog
    names: Names
    problems: Problems
    definition: Object

    def connected(self) -> Object:
        definition, viewing, node = self.definition, self.definition.viewing, self.definition.source
        assert viewing is not None and node is not None
        if not self.known_source(viewing, node):
            known = {name: f for name, f in definition.fields.items() if f.system}
            return replace(definition, fields=known, title="id", views={}, layouts=(), sections=())
        groups = node.get("group")
        by = {
            name: found
            for name, child in (groups.items() if groups else ())
            if (found := self.compiled(str(child.value), child.place)) is not None
        }
        viewing = replace(viewing, groups=by, where=self.where(node))
        fields: dict[str, Field] = {}
        values: dict[str, Value] = {}
        for name, field in definition.fields.items():
            if field.system:
                fields[name] = field
                continue
            value = self.value(field, viewing, groups)
            typed = self.typed(field, value) if value is not None else None
            if value is not None and typed is not None:
                fields[name], values[name] = typed, value
        return replace(definition, fields=fields, viewing=replace(viewing, values=values))

    def known_source(self, viewing: Viewing, node: Node) -> bool:
        """Whether there is an object that the view can be made from."""
        objects, name = self.catalog.objects, self.definition.name
        found = objects.get(viewing.source)
        if not viewing.source:
            self.problems.append(say.VIEW_WITHOUT_SOURCE(node.at("kind"), object=name))
        elif found is None:
            best = did_you_mean(viewing.source, objects)
            self.problems.append(UNKNOWN_OBJECT(node.at("from"), name=viewing.source, best=best))
        elif found.viewing is not None:
            best = found.viewing.source
            place = node.at("from")
            self.problems.append(
                say.VIEW_OF_VIEW(place, object=name, name=viewing.source, best=best)
            )
        else:
            return True
        return False

    def where(self, node: Node) -> Expression | None:
        child = node.get("where")
        if child is None or child.value is None:
            return None
        return self.compiled(str(child.value), child.place, BOOLEAN)

    def compiled(
        self, text: str, place: Place | None, expected: Type | None = None
    ) -> Expression | None:
        """The expression about a record of the source."""
        assert self.definition.viewing is not None
        source = self.definition.viewing.source
        try:
            return compile_expression(text, source, self.names, expected=expected, place=place)
        except Refusal as refusal:
            self.problems.extend(refusal.problems)
            return None

    def value(self, field: Field, viewing: Viewing, groups: Node | None) -> Value | None:
        """What the field's column is."""
        child = field.source.get("value") if field.source else None
        text = str(child.value).strip() if child is not None else ""
        group = field.name if field.source is None else text
        if groups is not None and groups.get(group) is not None:
            found = viewing.groups.get(group)
            return Value(found.type, found, group=group) if found is not None else None
        if child is None:
            place = field.place()
            self.problems.append(
                say.FIELD_WITHOUT_VALUE(place, field=field.name, source=viewing.source)
            )
            return None
        if viewing.grouped:
            return self.aggregate(str(child.value), child.place, groups)
        found = self.compiled(str(child.value), child.place)
        return Value(found.type, found) if found is not None else None

    def aggregate(self, text: str, place: Place, groups: Node | None) -> Value | None:
        """An aggregate over the records of a group."""
        try:
            syntax = parse(text, place, DEFINITION_LIMITS)
        except Refusal as refusal:
            self.problems.extend(refusal.problems)
            return None
        call = syntax.tree
        if (
            not isinstance(call, ast.Call)
            or not isinstance(call.func, ast.Name)
            or call.func.id not in AGGREGATES
            or call.keywords
        ):
            known = [name for name, _ in groups.items()] if groups else []
            word = call.func.id if _is_call(call) else text.strip()  # type: ignore[attr-defined]
            best = did_you_mean(word, [*known, *AGGREGATES])
            found = text.strip()[:60]
            self.problems.append(
                say.GROUPED_VALUE(place, found=found, groups=", ".join(known) or "–", best=best)
            )
            return None
        function = call.func.id
        if function == "count" and not call.args:
            return Value(number(), None, function)
        if len(call.args) != 1:
            self.wrong(syntax.at(call), function, Text.of(str(len(call.args))))
            return None
        argument = call.args[0]
        inner = self.compiled(syntax.text(argument), syntax.at(argument))
        return self.aggregated(function, inner, syntax.at(argument)) if inner else None

    def aggregated(self, function: str, inner: Expression, place: Place | None) -> Value | None:
        kind, takes = inner.type.kind, FORMS[function].takes
        if (takes and kind not in takes) or inner.type.unit == _CALENDAR or kind in _NEVER:
            self.wrong(place, function, describe(inner.type))
            return None
        type_ = inner.type
        if function == "count":
            type_ = number()
        elif function == "avg":
            type_ = number(max(QUOTIENT_SCALE, type_.scale), type_.unit)
        return Value(type_, inner, function)

    def wrong(self, place: Place | None, function: str, found: Text | str) -> None:
        kinds = [describe(Type(kind)) for kind in FORMS[function].takes] or [_ANYTHING]
        wanted = Text(
            {
                "en": " or ".join(_in(kind, "en") for kind in kinds),
                "zh": "或".join(_in(kind, "zh") for kind in kinds),
            }
        )
        self.problems.append(
            say.VIEW_AGGREGATE(place, function=function, wanted=wanted, found=found)
        )

    def typed(self, field: Field, value: Value) -> Field | None:
        """The field with the type of its value, or the declared one where they agree."""
        declared = field.source.plain("type") if field.source else None
        inferred = self.inferred(value)
        if inferred is None:
            place, found = field.place("value"), describe(value.type)
            self.problems.append(say.VIEW_VALUE(place, field=field.name, found=found))
            return None
        type_ = self.declared(field, declared, value.type) if declared else inferred
        if type_ is None:
            place, found = field.place("type"), describe(value.type)
            self.problems.append(
                say.VIEW_TYPE(place, field=field.name, wanted=declared, found=found)
            )
            return None
        result = replace(field, type=type_)
        if value.expression is not None and value.function != "count":
            check_result(result, value.expression, "value", self.problems)
        return result

    def declared(self, field: Field, name: str, found: Type) -> FieldType | None:
        """The declared type, if values of `found` can stand in it."""
        cls = FIELD_TYPES.get(name)
        if cls is None or cls not in _DECLARED or field.source is None:
            return None
        type_ = cls.from_settings({key: child.to_plain() for key, child in field.source.items()})
        if isinstance(type_, Money):
            type_ = replace(type_, currency=self.catalog.site.currency)
        wanted = type_.expression_type()
        alike = wanted.kind is found.kind and (found.kind is not Kind.DURATION or wanted == found)
        return type_ if alike else None

    def inferred(self, value: Value) -> FieldType | None:
        """The type of the field that the value is taken from, else the one for its kind."""
        source = self.field(value)
        if source is not None and not isinstance(source.type, Money):
            copied = type_of_copy(source)
            if copied is not None:
                return copied
        if value.type.kind is Kind.RECORD:
            return Link(to=value.type.object, on_delete="clear")
        if value.type.unit == "money":
            return Money(scale=value.type.scale, currency=self.catalog.site.currency)
        make = _TYPES.get(value.type.kind)
        return make(value.type) if make else None

    def field(self, value: Value) -> Field | None:
        """The field that a value is, as it stands or as the least or greatest one."""
        tree = value.expression.tree if value.expression else None
        if not isinstance(tree, Get) or value.function not in ("", "min", "max"):
            return None
        definition = self.catalog.objects.get(tree.base.type.object)
        return definition.fields.get(tree.member.name) if definition else None


def _is_call(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)


def _in(text: Text | str, locale: str) -> str:
    return text if isinstance(text, str) else text.in_(locale)


def _numeric(type_: Type) -> FieldType:
    if type_.unit == "percent":
        return Percent(scale=type_.scale)
    return NumberType(scale=type_.scale) if type_.scale else Integer()


_ANYTHING = Text({"en": "value", "zh": "值"})
_NEVER = (Kind.RECORDS, Kind.LIST, Kind.EMPTY, Kind.SECRET, Kind.FILE)
_TYPES: Mapping[Kind, Callable[[Type], FieldType | None]] = {
    Kind.NUMBER: _numeric,
    Kind.TEXT: lambda _: TextType(),
    Kind.BOOLEAN: lambda _: Boolean(),
    Kind.DATE: lambda _: Date(),
    Kind.MOMENT: lambda _: MomentType(),
    Kind.DURATION: lambda found: Duration() if found.unit == "seconds" else None,
}
_DECLARED = frozenset(
    cls
    for cls in FIELD_TYPES.values()
    if cls.stored and not issubclass(cls, Choice | Link | Collection | Links)
)
