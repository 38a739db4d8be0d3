"""Connecting objects: links find their targets, expressions are compiled, meaning is checked.

1. Structure: system fields are added, stages take their workflow's options, collections find
   the link that makes them, line objects learn their parent.
2. Formulas, on demand: an expression that meets a formula has it compiled first, so formulas
   may build on each other in any order; one that meets itself is a cycle.
3. All other expressions, and the checks of names (title, search, views, sections).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.definition import messages as say
from engine.definition.building import build_object
from engine.definition.catalog import Catalog, as_member
from engine.definition.checking import check_object
from engine.definition.copying import IN_STEP
from engine.definition.currencies import check_result, companion_formula
from engine.definition.defaulting import default_order
from engine.definition.duplicates import connected_rules
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.layouts_checking import connected_layouts, connected_shape
from engine.definition.objects import Check, Field, ListView, Object, Rollup
from engine.definition.ordering import computing_order
from engine.definition.paths import Aggregate, aggregate, has_aggregate, paths
from engine.definition.storing import what_moves
from engine.definition.structure import with_structure
from engine.definition.tree import Node
from engine.definition.viewing_connecting import connect_views
from engine.definition.wholes import sharing_conditions
from engine.expressions import Expression, compile_expression
from engine.expressions.trees import uses_tree
from engine.expressions.types import Kind, Member, Type
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.qr import Qr
from engine.problems import Place, Refusal

BOOLEAN = Type(Kind.BOOLEAN)
_NO_VARIABLES: Mapping[str, Type] = {}
_RULES = frozenset(
    ("required_when", "when", "visible_when", "read_only_when", "default_from", "suggest", "where",
     "options", "default_for_existing")
)  # fmt: skip
"""The keys of a field that hold its rules."""
ROLLUPS = ("sum", "count", "min", "max", "avg")


def connect_objects(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with connected objects; everything wrong is added to `problems`."""
    structured = with_structure(catalog, problems)
    return _Connector(structured, problems).connected()


class _Connector:
    """Compiles the expressions of all objects; also their `Names` while it does."""

    def __init__(self, catalog: Catalog, problems: Problems) -> None:
        self.catalog = catalog
        self.problems = problems
        self.fields: dict[tuple[str, str], Field] = {}
        self.open: list[tuple[str, str]] = []

    @property
    def user_object(self) -> str:
        return self.catalog.user_object

    def members(self, object: str) -> Iterable[str]:
        return self.catalog.members(object)

    def tree(self, object: str) -> str:
        return self.catalog.tree(object)

    def member(self, object: str, name: str) -> Member | None:
        found = self.catalog.member(object, name)
        if found is None or not object:
            return found
        return as_member(self.field(object, name))

    def field(self, object: str, name: str) -> Field:
        """The field with its formula compiled."""
        key = (object, name)
        if key not in self.fields:
            raw = self.catalog.objects[object].fields[name]
            if key in self.open:
                names = " → ".join(".".join(k) for k in [*self.open[self.open.index(key) :], key])
                self.problems.append(say.FORMULA_CYCLE(raw.place("formula"), circle=names))
                return raw
            self.open.append(key)
            built = self._with_formula(raw)
            self.open.pop()
            self.fields[key] = built
        return self.fields[key]

    def known_field(self, object: str, name: str) -> Field | None:
        """The field with its formula compiled, or None where there is no such field."""
        definition = self.catalog.objects.get(object)
        return self.field(object, name) if definition and name in definition.fields else None

    def connected(self) -> Catalog:
        self.catalog = connect_views(self.catalog, self, self.problems)
        objects = {name: self._object(o) for name, o in self.catalog.objects.items()}
        catalog = self.catalog.with_objects(objects)
        for definition in objects.values():
            check_object(definition, catalog, self.problems)
        return catalog

    def _object(self, definition: Object) -> Object:
        fields = {n: self._with_rules(self.field(definition.name, n)) for n in definition.fields}
        fields = sharing_conditions(fields)
        with_fields = replace(definition, fields=fields)
        return replace(
            with_fields,
            checks=tuple(self._check(definition, check) for check in definition.checks),
            views={n: self._view(definition, view) for n, view in definition.views.items()},
            layouts=connected_layouts(definition, self._condition),
            duplicates=connected_rules(with_fields, self.catalog, self._condition, self.problems),
            order=computing_order(with_fields, self.problems),
            defaults=default_order(with_fields, self.problems),
        )

    def _with_formula(self, field: Field) -> Field:
        expected = field.type.expression_type()
        if field.source is None:
            return field
        if field.beside:
            return self._beside(field)
        if field.source.get("rollup"):
            return replace(field, rollup=self._rollup(field))
        if field.source.get("copy"):
            return self._copied(field, field.source)
        if isinstance(field.type, Qr):
            text = self._compile(field.source, "of", field.object, expected)
            return replace(field, formula=text, virtual=text is not None)
        formula = self._compile(field.source, "formula", field.object, expected)
        if formula is None:
            return field
        check_result(field, formula, "formula", self.problems)
        stored = field.source.plain("stored")
        if stored is not True:
            virtual = stored is False or self._is_virtual(field, formula)
            return replace(field, formula=formula, virtual=virtual)
        return self._stored(field, formula, "formula")

    def _stored(self, field: Field, formula: Expression, key: str) -> Field:
        moving = what_moves(formula, self.known_field)
        if moving:
            name = f"{field.object}.{field.name}"
            self.problems.append(say.CANNOT_STORE(field.place(key), field=name, found=moving))
        return replace(field, formula=formula, virtual=bool(moving))

    def _copied(self, field: Field, source: Node) -> Field:
        copy = self._compile(source, "copy", field.object, field.type.expression_type())
        if copy is None:
            return field
        if source.plain("keep") == IN_STEP:
            return self._stored(field, copy, "copy")
        return replace(field, copy=copy)

    def _beside(self, field: Field) -> Field:
        """A field that stands beside another, with the formula that it has by itself."""
        formula = companion_formula(field, self.catalog, self)
        virtual = formula is not None and self._is_virtual(field, formula)
        return replace(field, formula=formula, virtual=virtual)

    def _is_virtual(self, field: Field, formula: Expression) -> bool:
        moving = formula.uses_clock or formula.uses_user or formula.uses_settings
        if moving or has_aggregate(formula.source) or uses_tree(formula.tree):
            return True
        definition = self.catalog.objects[field.object]
        for path in paths(formula.source):
            own = definition.fields.get(path[0])
            if own is None:
                continue
            through_link = isinstance(own.type, Link) and len(path) > 1
            if through_link and not (path[0] == definition.parent and len(path) == 2):
                return True
            if own.name != field.name and self.field(field.object, own.name).virtual:
                return True
        return False

    def _rollup(self, field: Field) -> Rollup | None:
        assert field.source is not None
        whole = self._compile(field.source, "rollup", field.object, field.type.expression_type())
        if whole is None:
            return None
        place = field.place("rollup")
        check_result(field, whole, "rollup", self.problems)
        parts = aggregate(whole.source)
        collection = (
            self.catalog.objects[field.object].fields.get(parts.collection[0]) if parts else None
        )
        if (
            parts is None
            or collection is None
            or len(parts.collection) != 1
            or parts.function not in ROLLUPS
            or not isinstance(collection.type, Collection)
            or self._joined(collection.type)
        ):
            self.problems.append(say.ROLLUP_SHAPE(place, field=field.name))
            return None
        moving = what_moves(whole, self.known_field)
        if moving:
            self.problems.append(say.ROLLUP_CLOCK(place, field=field.name, found=moving))
        return self._taken_apart(field, collection.type, parts, whole, place)

    def _joined(self, over: Collection) -> bool:
        """Whether many links make the collection, which count for several records each."""
        back = self.catalog.objects[over.of].fields.get(over.by)
        return isinstance(over, Links) or (back is not None and isinstance(back.type, Links))

    def _taken_apart(
        self, field: Field, over: Collection, parts: Aggregate, whole: Expression, place: Place
    ) -> Rollup | None:
        child = self.catalog.objects[over.of]
        variables = {parts.variable: Type(Kind.RECORD, object=child.name)}

        def part(text: str, expected: Type | None) -> Expression | None:
            try:
                return compile_expression(
                    text, child.name, self, expected=expected, variables=variables, place=place
                )
            except Refusal as refusal:
                self.problems.extend(refusal.problems)
                return None

        value = None if parts.function == "count" else part(parts.value, None)
        condition = part(parts.condition, BOOLEAN) if parts.condition else None
        return Rollup(
            function=parts.function,
            collection=parts.collection[0],
            child=child.name,
            via=over.by,
            variable=parts.variable,
            value=value,
            condition=condition,
            expression=whole,
        )

    def _with_rules(self, field: Field) -> Field:
        node = field.source
        if node is None or not isinstance(node.value, Mapping) or _RULES.isdisjoint(node.value):
            return field
        expected = field.type.expression_type()
        default = self._compile(node, "default_from", field.object, expected)
        suggest = self._compile(node, "suggest", field.object, expected, clock=False)
        for key, found in (("default_from", default), ("suggest", suggest)):
            if found is not None:
                check_result(field, found, key, self.problems)
        return replace(
            field,
            required_when=self._compile(node, "required_when", field.object, BOOLEAN),
            when=self._compile(node, "when", field.object, BOOLEAN),
            visible_when=self._compile(node, "visible_when", field.object, BOOLEAN),
            read_only_when=self._compile(node, "read_only_when", field.object, BOOLEAN),
            default_from=default,
            suggest=suggest,
            where=self._condition_on_target(field, node),
            existing_from=self._existing(field, node, expected),
            offered_when=self._conditions_on_options(field, node),
        )

    def _existing(self, field: Field, node: Node, expected: Type) -> Expression | None:
        """What records get that are there already, where an expression gives it."""
        given = node.get("default_for_existing")
        if given is None or not isinstance(given.value, Mapping):
            return None
        return self._compile(given, "from", field.object, expected)

    def _conditions_on_options(self, field: Field, node: Node) -> Mapping[str, Expression]:
        """When each option may be chosen, of those that say so."""
        options = node.get("options") if isinstance(field.type, Choice) else None
        found = {}
        for name, child in options.items() if options else ():
            condition = self._compile(child, "offered_when", field.object, BOOLEAN)
            if condition is not None:
                found[name] = condition
        return found

    def _condition_on_target(self, field: Field, node: Node) -> Expression | None:
        """What the record must fulfil that a link points to, about that record."""
        if not isinstance(field.type, Link | Links) or field.type.to not in self.catalog.objects:
            return None
        linking = {field.object: Type(Kind.RECORD, object=field.object)}
        found = self._compile(node, "where", field.type.to, BOOLEAN, variables=linking)
        for path in paths(found.source) if found is not None else ():
            if path[0] == field.object and len(path) != 2:
                place = field.place("where")
                self.problems.append(say.LINKING_RECORD(place, found=".".join(path)))
                return None
        return found

    def _check(self, definition: Object, check: Check) -> Check:
        assert check.source is not None
        return replace(check, that=self._compile(check.source, "that", definition.name, BOOLEAN))

    def _view(self, definition: Object, view: ListView) -> ListView:
        assert view.source is not None
        return replace(
            view,
            where=self._compile(view.source, "where", definition.name, BOOLEAN),
            shape=connected_shape(view.shape, definition.name, self._condition),
        )

    def _condition(self, node: Node, key: str, object: str) -> Expression | None:
        """The condition under a key, about a record of the object."""
        return self._compile(node, key, object, BOOLEAN)

    def _compile(
        self,
        node: Node,
        key: str,
        object: str,
        expected: Type,
        *,
        clock: bool = True,
        variables: Mapping[str, Type] = _NO_VARIABLES,
    ) -> Expression | None:
        child = node.get(key)
        if child is None or child.value is None:
            return None
        try:
            return compile_expression(
                str(child.value), object, self, expected=expected, place=child.place,
                allow_clock=clock, allow_user=clock, variables=variables,
            )  # fmt: skip
        except Refusal as refusal:
            self.problems.extend(refusal.problems)
            return None


OBJECT_KIND = DefinitionKind(
    "object", "objects", "object.schema.json", build_object, connect_objects
)
