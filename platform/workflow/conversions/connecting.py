"""Connecting conversions: every name is checked and every expression held against its field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions import Expression, compile_expression
from engine.expressions.types import Kind, Type
from engine.fieldtypes.link import Lines, Link
from engine.problems import Place, Refusal, did_you_mean
from workflow.approvals.definitions import reserved
from workflow.connecting import UNKNOWN_ROLE
from workflow.conversions import connecting_messages as say
from workflow.conversions.names import MADE, MADE_TYPE, ConversionNames

if TYPE_CHECKING:
    from workflow.conversions.definitions import Conversion, LineMap, Part

BOOLEAN = Type(Kind.BOOLEAN)


def connect_conversions(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with connected conversions."""
    connected = {
        name: _Connector(conversion, catalog, problems).connected()
        for name, conversion in catalog.of("conversion").items()
    }
    return catalog.with_others("conversion", connected)


class _Connector:
    """One conversion on its way through the checks."""

    def __init__(self, conversion: Conversion, catalog: Catalog, problems: Problems) -> None:
        self.conversion = conversion
        self.catalog = catalog
        self.problems = problems
        self.parts: dict[str, str] = {}

    def connected(self) -> Conversion:
        conversion = self.conversion
        node = conversion.source
        assert node is not None
        source = self.object(conversion.object, conversion.place("object"))
        if source is None:
            return conversion
        self.roles()
        self.transition(source)
        self.asked(conversion.asks, node, source)
        when = self.compiled(node, "when", source.name, BOOLEAN)
        parts = {name: self.part(part, source) for name, part in conversion.parts.items()}
        updates = self.sets(node.get("updates"), source, source.name)
        return replace(conversion, when=when, parts=parts, updates=updates)

    def object(self, name: str, place: Place) -> Object | None:
        """An object with records of its own."""
        found = self.catalog.objects.get(name)
        if found is None:
            best = did_you_mean(name, self.catalog.objects)
            self.problems.append(UNKNOWN_OBJECT(place, name=name, best=best))
        elif found.parent or found.kind != "ordinary":
            self.problems.append(say.NO_OWN_RECORD(place, object=name))
            return None
        return found

    def roles(self) -> None:
        known = list(self.catalog.of("role"))
        for index, name in enumerate(self.conversion.roles):
            if name not in known:
                place = self.conversion.place("roles", index)
                self.problems.append(UNKNOWN_ROLE(place, name=name, best=did_you_mean(name, known)))

    def transition(self, source: Object) -> None:
        """The transition of the source that the conversion performs."""
        name = self.conversion.then
        if not name:
            return
        known = {
            transition
            for workflow in self.catalog.of("workflow").values()
            if workflow.object == source.name
            for transition in workflow.transitions
        }
        place = self.conversion.place("then")
        if name not in known:
            best = did_you_mean(name, known)
            problem = say.UNKNOWN_TRANSITION(place, object=source.name, name=name, best=best)
            self.problems.append(problem)
        elif name in reserved(self.catalog, source.name):
            self.problems.append(say.BY_APPROVAL(place, name=name))

    def part(self, part: Part, source: Object) -> Part:
        node = part.source
        assert node is not None
        place = part.place("object") if node.get("object") else node.key_place or node.place
        if part.name == source.name:
            self.problems.append(say.PART_IS_SOURCE(node.key_place or node.place, name=part.name))
        target = self.object(part.object, place)
        if target is None:
            return part
        record = Type(Kind.RECORD, object=target.name)
        self.asked(part.asks, node, target)
        self.back(part.back, node, target, source)
        sets = self.sets(node.get("set"), target, source.name)
        self.carried(node)
        connected = replace(
            part,
            when=self.compiled(node, "when", source.name, BOOLEAN),
            use=self.compiled(node, "use", source.name, record),
            sets=sets,
            lines={
                name: found
                for name, lines in part.lines.items()
                if (found := self.line_map(lines, target, source)) is not None
            },
        )
        self.parts[part.name] = target.name
        return connected

    def line_map(self, lines: LineMap, target: Object, source: Object) -> LineMap | None:
        node = lines.source
        assert node is not None
        child = self.lines_of(target, lines.field, node.key_place or node.place)
        origin = self.lines_of(source, lines.origin, node.at("from"))
        if child is None or origin is None:
            return None
        self.back(lines.back, node, child, origin)
        sets = self.sets(node.get("set"), child, origin.name)
        self.carried(node)
        return replace(
            lines,
            where=self.compiled(node, "where", origin.name, BOOLEAN),
            sets=sets,
            quantity=self.compiled(node, "quantity", origin.name, Type(Kind.NUMBER)),
        )

    def lines_of(self, owner: Object, name: str, place: Place) -> Object | None:
        """The object of the lines that a field holds."""
        field = self.field(owner, name, place)
        if field is None:
            return None
        if not isinstance(field.type, Lines):
            possible = ", ".join(f.name for f in owner.lines)
            self.problems.append(
                say.NOT_LINES(place, object=owner.name, field=name, possible=possible)
            )
            return None
        return self.catalog.objects.get(field.type.of)

    def back(self, name: str, node: Node, target: Object, source: Object) -> None:
        """A link of the target to the source."""
        field = self.field(target, name, node.at("back")) if name else None
        if field is None:
            return
        possible = [f.name for f in target.links if _points_to(f, source) and f.writable]
        if name not in possible:
            self.problems.append(
                say.NOT_BACK(
                    node.at("back"), object=target.name, field=name, target=source.name,
                    possible=", ".join(possible),
                )
            )  # fmt: skip

    def asked(self, names: Iterable[str], node: Node, owner: Object) -> None:
        for index, name in enumerate(names):
            field = self.field(owner, name, node.at("asks", index))
            if field is not None:
                self.settable(field, node.at("asks", index))

    def carried(self, node: Node) -> None:
        """The fields that take their value as the system are among those that are set."""
        given = node.plain("set") or {}
        for index, name in enumerate(node.plain("as_system") or ()):
            if name not in given:
                best = did_you_mean(name, given)
                self.problems.append(say.NOT_SET(node.at("as_system", index), name=name, best=best))

    def sets(self, node: Node | None, target: Object, about: str) -> dict[str, Expression]:
        """The expressions about `about` that give values to fields of `target`."""
        found: dict[str, Expression] = {}
        for name, child in node.items() if node else ():
            place = child.key_place or child.place
            field = self.field(target, name, place)
            if field is None or not self.settable(field, place):
                continue
            if isinstance(field.type, Lines):
                self.problems.append(say.USE_LINES(place, object=target.name, field=name))
                continue
            compiled = self.compiled(node, name, about, field.type.expression_type())
            if compiled is not None:
                found[name] = compiled
        return found

    def field(self, owner: Object, name: str, place: Place) -> Field | None:
        found = owner.fields.get(name)
        if found is None:
            best = did_you_mean(name, owner.fields)
            self.problems.append(UNKNOWN_FIELD(place, object=owner.name, name=name, best=best))
        return found

    def settable(self, field: Field, place: Place) -> bool:
        if field.writable or field.name == "owner":
            return True
        self.problems.append(say.NOT_SETTABLE(place, object=field.object, field=field.name))
        return False

    def compiled(
        self, above: Node | None, key: str, about: str, expected: Type
    ) -> Expression | None:
        """An expression about `about` that also knows what was made before it."""
        node = above.get(key) if above else None
        if node is None or node.value is None:
            return None
        names = ConversionNames(self.catalog, dict(self.parts))
        try:
            return compile_expression(
                str(node.value), about, names, expected=expected, place=node.place,
                variables={MADE: MADE_TYPE},
            )  # fmt: skip
        except Refusal as refusal:
            self.problems.extend(refusal.problems)
            return None


def _points_to(field: Field, target: Object) -> bool:
    return isinstance(field.type, Link) and field.type.to == target.name
