"""What every stored derived field reads, and by which way a change finds the records that read it.

1. The typed tree of a formula or rollup is walked once. Each member that it asks for is a *read*:
   the path of steps (links, collections) that leads from the record to another one, and the
   member of that one. Formulas that are computed when read are walked in place.
2. The reads make a graph of fields. It has no circle: one is refused when definitions are
   connected (`formula-cycle`), with the fields on it.
3. From the graph follow, per object: the *edges* by which a change of its records moves fields
   of others, the links whose targets must be held while something is computed through them, and
   the objects that a change may end up writing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.expressions import Expression, Kind
from engine.expressions.nodes import Aggregate, Get, Given, Node, Variable

DELETED = "deleted_on"
LATE = frozenset(("id", "number", "version", "changed_on", "changed_by"))
"""What the gate fills in only after formulas were computed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a record of `object` to records of `target`, by its member.

    A link has neither `via` nor `join`. Of a collection `via` is the target's member that leads
    back; `join` is the join table where many links are in play.
    """

    object: str
    member: str
    target: str
    via: str = ""
    join: str = ""

    @property
    def is_link(self) -> bool:
        """Whether it leads to one record, which this one names."""
        return not (self.via or self.join)


Path = tuple[Step, ...]
Key = tuple[str, str]
"""An object and one of its fields."""


@dataclass(frozen=True, slots=True)
class Read:
    """A field of `object` that is read at the end of a path."""

    path: Path
    object: str
    field: str


@dataclass(frozen=True, eq=False)
class Kept:
    """A stored formula or rollup, with everything that it reads.

    `own` are fields of the record itself; `lines` those of them that hold lines. It is `far`
    where it reads other records than the record, its lines and its record above; `aggregated`
    where it goes through collections, so that SQL computes it for many records at once.
    """

    object: Object
    field: Field
    reads: frozenset[Read]
    own: frozenset[str]
    lines: frozenset[str]
    far: bool
    aggregated: bool

    @property
    def key(self) -> Key:
        """Its object and name."""
        return (self.object.name, self.field.name)

    @property
    def expression(self) -> Expression:
        """What gives its value."""
        found = self.field.rollup.expression if self.field.rollup else self.field.formula
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Edge:
    """A change of one of `fields`, at the end of `path`, moves the field `moves` of `object`."""

    path: Path
    fields: frozenset[str]
    object: str
    moves: str


@dataclass(frozen=True, eq=False)
class Dependencies:
    """The graph of a catalog. `order` has every kept field after those that it reads."""

    kept: Mapping[Key, Kept]
    order: tuple[Key, ...]
    edges: Mapping[str, tuple[Edge, ...]]
    held: Mapping[str, tuple[tuple[str, ...], ...]]
    moved: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, object: str) -> list[Kept]:
        """The kept fields of an object, each after those of them that it reads."""
        return [self.kept[key] for key in self.order if key[0] == object]

    def following(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """These kept fields and all that depend on them, in order."""
        found = set(keys)
        for key in self.order:
            if any((read.object, read.field) in found for read in self.kept[key].reads):
                found.add(key)
        return tuple(key for key in self.order if key in found)


def dependencies(catalog: Catalog) -> Dependencies:
    """The graph of the stored formulas and rollups of a connected catalog."""
    kept = {}
    for definition in catalog.objects.values():
        for found in definition.fields.values():
            if found.rollup is not None or (found.formula is not None and found.stored):
                one = _kept(definition, found)
                kept[one.key] = one
    edges: dict[str, list[Edge]] = defaultdict(list)
    held: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in kept.values():
        for edge, source in _edges(one):
            edges[source].append(edge)
        for object, names in _held(catalog, one):
            held[object].add(names)
    return Dependencies(
        kept=kept,
        order=_ordered(kept),
        edges={object: tuple(found) for object, found in edges.items()},
        held={object: tuple(sorted(names, key=_by_length)) for object, names in held.items()},
        moved=_moved(kept),
    )


def _by_length(names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return (len(names), names)


# Reading trees


def reads_of(expression: Expression) -> frozenset[Read]:
    """Everything that an expression reads, of the record that it is about and beyond."""
    found: set[Read] = set()
    _visit(expression.tree, {1: {()}}, found)
    return frozenset(found)


Scope = dict[int, set[Path]]
"""The paths to the records in scope, by slot."""


def _visit(node: Node, scope: Scope, found: set[Read]) -> None:
    if isinstance(node, Get):
        if node.type.kind in (Kind.RECORD, Kind.RECORDS):
            _records(node, scope, found)
            return
        bases = _records(node.base, scope, found)
        if node.member.formula is not None:
            _visit(node.member.formula.tree, {1: bases}, found)
        else:
            found.update(Read(p, node.base.type.object, node.member.name) for p in bases)
    elif isinstance(node, Aggregate):
        inner = {**scope, node.slot: _collection(node, scope, found)}
        for part in (node.condition, node.element):
            if part is not None:
                _visit(part, inner, found)
    else:
        for part in node.parts():
            _visit(part, scope, found)


def _records(node: Node, scope: Scope, found: set[Read]) -> set[Path]:
    """The paths to the records that the node stands for; what it reads on the way is noted."""
    if isinstance(node, Variable):
        return scope.get(node.slot, set())
    if isinstance(node, Given):
        return set()
    if isinstance(node, Get):
        bases = _records(node.base, scope, found)
        if node.member.formula is not None:
            return _records(node.member.formula.tree, {1: bases}, found)
        object, member = node.base.type.object, node.member
        found.update(Read(path, object, member.name) for path in bases)
        step = Step(object, member.name, node.type.object, member.via, member.join)
        return {(*path, step) for path in bases}
    _visit_parts(node, scope, found)
    several = [p for p in node.parts() if p.type.kind in (Kind.RECORD, Kind.RECORDS)]
    return {path for part in several for path in _records(part, scope, found)}


def _visit_parts(node: Node, scope: Scope, found: set[Read]) -> None:
    for part in node.parts():
        _visit(part, scope, found)


def _collection(node: Aggregate, scope: Scope, found: set[Read]) -> set[Path]:
    """The paths to the records that a form goes through: they count while they are live."""
    paths = _records(node.records, scope, found)
    joined = {
        (*path[:-1], Step(s.object, s.member, s.target, s.via, s.join or node.via.join))
        for path in paths
        for s in path[-1:]
    }
    for path in joined:
        found.add(Read(path, path[-1].target, DELETED))
        if path[-1].via:
            found.add(Read(path, path[-1].target, path[-1].via))
    return joined


# The graph


def _kept(definition: Object, found: Field) -> Kept:
    expression = found.rollup.expression if found.rollup else found.formula
    assert expression is not None
    reads = reads_of(expression)
    lines = {f.name for f in definition.lines}
    firsts = {read.path[0].member for read in reads if read.path}
    aggregated = any(not step.is_link for read in reads for step in read.path)
    far = any(not _is_near(definition, read.path, lines) for read in reads)
    return Kept(
        object=definition,
        field=found,
        reads=reads,
        own=frozenset(read.field for read in reads if not read.path),
        lines=frozenset(firsts & lines),
        far=far,
        aggregated=aggregated,
    )


def _is_near(definition: Object, path: Path, lines: set[str]) -> bool:
    """Whether a path leads no further than what is written in one piece with the record."""
    return not path or (
        len(path) == 1 and (path[0].member == definition.parent or path[0].member in lines)
    )


def _edges(kept: Kept) -> Iterator[tuple[Edge, str]]:
    """The ways by which changes of other records move this field, each with their object.

    What the gate computes while a record is written needs no way: its own fields, those of the
    record above a line, and what a rollup takes from its children by the difference.
    """
    by_source: dict[tuple[Path, str], set[str]] = defaultdict(set)
    for read in kept.reads:
        if not read.path:
            if kept.field.rollup is None and (kept.aggregated or read.field in LATE):
                by_source[(), read.object].add(read.field)
        elif len(read.path) == 1 and read.path[0].member == kept.object.parent:
            continue
        elif not (kept.field.rollup and len(read.path) == 1):
            by_source[read.path, read.object].add(read.field)
    for (path, object), fields in by_source.items():
        yield Edge(path, frozenset(fields), *kept.key), object


def _held(catalog: Catalog, kept: Kept) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The runs of links that values are read through, by the object that they start from.

    A run that starts with a line's record above is that record's own.
    """
    for path in {read.path for read in kept.reads}:
        for index, step in enumerate(path):
            names = [s.member for s in takewhile(lambda s: s.is_link, path[index:])]
            rest = path[index + len(names) :]
            if rest and rest[0].join and not rest[0].via:  # many links are links, too
                names.append(rest[0].member)
            object = catalog.objects[step.object]
            if names and names[0] == object.parent:
                object, names = catalog.objects[object.parent_object], names[1:]
            if names:
                yield object.name, tuple(names)


def _ordered(kept: Mapping[Key, Kept]) -> tuple[Key, ...]:
    """Every kept field after those that it reads (depth first)."""
    order: list[Key] = []
    done: set[Key] = set()

    def visit(key: Key) -> None:
        if key in done:
            return
        done.add(key)
        for needed in sorted({(r.object, r.field) for r in kept[key].reads}):
            if needed in kept:
                visit(needed)
        order.append(key)

    for key in kept:
        visit(key)
    return tuple(order)


def _moved(kept: Mapping[Key, Kept]) -> dict[str, frozenset[str]]:
    """By object, those whose records may be written because one of its records was."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in kept.values():
        for read in one.reads:
            found[read.object].add(one.object.name)
    more = True
    while more:
        more = False
        for reached in found.values():
            wider = reached.union(*(found.get(object, ()) for object in reached))
            if wider != reached:
                reached |= wider
                more = True
    return {object: frozenset(reached) for object, reached in found.items()}
