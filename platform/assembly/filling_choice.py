"""What of a plan's fills and fixes is computed before publishing.

What goes ahead is what is written to fresh columns only, and reads nothing that publishing itself
writes anew. Where a large table is read for it, fields whose values are written anew get a fresh
column for that (`rewritten`). The rest is left to publishing. Where it cannot be told which records
a change of another one moves, it is left as well: conversions that look records up, and settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from assembly.filling_order import Coming, is_phone, is_tree, passes, wanted, with_mended
from assembly.renaming import KINDS as NAMES
from engine.definition.dependencies import Key, Path, Read, dependencies, reads_of
from engine.definition.objects import Field, Object
from engine.expressions import Expression
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.file import File
from engine.fieldtypes.link import Link
from engine.fieldtypes.secret import Secret
from engine.fieldtypes.series import Series
from engine.impact.conversions import Conversion
from engine.problems import Refusal
from engine.schema.backfilling import Pass
from engine.schema.tables import GRAMS, Tables
from engine.schema.targets import Fill, Fix

COMPUTE, VALUES, BESIDE = "compute", "values", "beside"
"""Walks that compute derived fields, write the values of others as fixes say, or what stands beside
texts."""
DEFAULT, REPLACE, CONVERT = "default", "replace", "convert"
_AHEAD = frozenset((DEFAULT, REPLACE, CONVERT))
_NEVER = (Stage, Secret, File, Series)
"""Types whose values stay where they are: much stands beside them, or depends on the place."""

Large = Callable[[Collection[str]], bool]
"""Whether one of these tables is a large one."""


@dataclass(frozen=True)
class Way:
    """Something that is computed, and what it reads.

    Of values: `fixes` in their order, and the field `before` where they stood, if they did.
    """

    one: Pass
    reads: frozenset[Read]
    fixes: tuple[Fix, ...] = ()
    conversion: Conversion | None = None
    before: Field | None = None


def beforehand(
    tables: Tables,
    fills: Sequence[Fill],
    fixes: Sequence[Fix],
    fresh: Collection[tuple[str, str]],
    large: Large,
) -> frozenset[Key]:
    """The fields (object, field) that are computed before publishing, if a table that is read
    for it is large; without a field, what the object is searched by.
    """
    if not fresh:
        return frozenset()
    found = chosen(_Graph(tables), fills, fixes, fresh)
    if not large(_read(tables, found)):
        return frozenset()
    fields = {(way.one.object, name) for way in found for name in way.one.fields}
    return frozenset(fields | {(way.one.object, "") for way in found if way.one.kind == BESIDE})


def rewritten(
    tables: Tables,
    fills: Sequence[Fill],
    fixes: Sequence[Fix],
    fresh: Collection[tuple[str, str]],
    large: Large,
    many: Callable[[Fix], bool],
) -> frozenset[Key]:
    """The fields (object, field) that get a new column to be computed before publishing, though
    they have one: if a table that is read for it is large.

    A value that not `many` records hold is written in place, unless others are computed from it.
    """
    if not fills and not fixes:
        return frozenset()
    graph, objects = _Graph(tables), tables.catalog.objects
    few = {
        key
        for key, group in _by_field([fix for fix in fixes if fix.kind in _AHEAD]).items()
        if not wanted([Fill(*key, "")], graph)[0] and not any(map(many, group))
    }
    mended = [(fix.object, fix.field) for fix in fixes if fix.kind not in NAMES]
    computed, _ = wanted(with_mended(fills, mended), graph)
    standing: dict[Key, tuple[str, str]] = {}
    for object, name in (*mended, *graph.dependencies.following(computed)):
        field = objects[object].fields.get(name)  # approvals' steps are fixed as well
        if field is not None and field.stored and not field.system:
            standing[object, name] = (objects[object].table, field.column)
    standing = {
        key: column for key, column in standing.items() if column not in fresh and key not in few
    }
    found = chosen(graph, fills, fixes, {*fresh, *standing.values()})
    if not large(_read(tables, found)):
        return frozenset()
    return frozenset(
        (way.one.object, name)
        for way in found
        for name in way.one.fields
        if way.one.kind != BESIDE and (way.one.object, name) in standing
    )


def _read(tables: Tables, found: Sequence[Way]) -> set[str]:
    """The tables that are walked over or read on the way."""
    names = {way.one.object for way in found}
    names |= {step.target for way in found for one in way.reads for step in one.path}
    return {tables.catalog.objects[name].table for name in names}


def _by_field(fixes: Sequence[Fix]) -> dict[Key, list[Fix]]:
    """The fixes of each field, in their order."""
    found: dict[Key, list[Fix]] = defaultdict(list)
    for fix in fixes:
        found[fix.object, fix.field].append(fix)
    return found


class _Graph:
    """A coming catalog without a gate."""

    def __init__(self, tables: Tables) -> None:
        self.tables, self.catalog = tables, tables.catalog
        self.dependencies = dependencies(tables.catalog)


def chosen(
    coming: Coming, fills: Sequence[Fill], fixes: Sequence[Fix], fresh: Collection[tuple[str, str]]
) -> tuple[Way, ...]:
    """What goes ahead, in the order in which it is computed; `fresh` are (table, column)."""
    return tuple(_Choosing(coming, fresh).ways(fills, fixes))


class _Choosing:
    """One choice for one plan."""

    def __init__(self, coming: Coming, fresh: Collection[tuple[str, str]]) -> None:
        self.coming, self.objects = coming, coming.catalog.objects
        self._fresh: dict[str, set[str]] = defaultdict(set)
        for table, column in fresh:
            self._fresh[table].add(column)

    def ways(self, fills: Sequence[Fill], fixes: Sequence[Fix]) -> Iterator[Way]:
        """What goes ahead, in the order in which it is computed."""
        own = [fix for fix in fixes if fix.kind not in NAMES and fix.object in self.objects]
        late: set[Key] = {
            (f.object, f.field)
            for f in fills
            if is_tree(f, self.coming) or is_phone(f, self.coming)
        }
        for (object, name), group in _by_field(own).items():
            way = self._values(object, name, group, late)
            if way is None:
                late.add((object, name))
            else:
                yield way
        mended = [(fix.object, fix.field) for fix in own]
        computed, beside = wanted(with_mended(fills, mended), self.coming)
        ahead: list[Key] = []
        for key in self.coming.dependencies.following(computed):
            kept = self.coming.dependencies.kept[key]
            if self._fits(kept.object, kept.field, (kept.expression,), kept.reads, late):
                ahead.append(key)
            else:
                late.add(key)
        for object, names in passes(ahead, self.coming):
            reads = (self.coming.dependencies.kept[object, name].reads for name in names)
            yield Way(Pass(COMPUTE, object, tuple(names)), frozenset().union(*reads))
        for object, texts in beside.items():
            table = self.objects[object].table
            columns = {f.column for f in fills if f.object == object and self._is_beside(f)}
            if columns <= self._fresh[table] and not late & {(object, text) for text in texts}:
                yield Way(Pass(BESIDE, object, tuple(sorted(texts))), frozenset())

    def _is_beside(self, fill: Fill) -> bool:
        return bool(fill.column) and (fill.object, fill.field) not in self.coming.dependencies.kept

    def _values(
        self, object: str, name: str, fixes: Sequence[Fix], late: Collection[Key]
    ) -> Way | None:
        definition = self.objects[object]
        field = definition.fields.get(name)
        kinds = {fix.kind for fix in fixes}
        if field is None or isinstance(field.type, _NEVER) or not kinds <= _AHEAD:
            return None
        before, conversion = fixes[0].source, None
        expressions = []
        for fix in fixes:
            if fix.kind == CONVERT:
                if fix.former is None:
                    return None
                before = fix.former
                try:
                    conversion = Conversion(self.coming.tables, before, field)
                except Refusal:  # a finding tells of it
                    return None
                if conversion.by:
                    return None
                expressions.append(conversion.expression)
            elif fix.kind == DEFAULT:
                expressions.append(field.existing_from)
        found = [one for one in expressions if one is not None]
        reads = frozenset(read for one in found for read in reads_of(one))
        if not self._fits(definition, field, found, reads, late):
            return None
        return Way(Pass(VALUES, object, (name,)), reads, tuple(fixes), conversion, before)

    def _fits(
        self,
        definition: Object,
        field: Field,
        expressions: Collection[Expression],
        reads: Collection[Read],
        late: Collection[Key],
    ) -> bool:
        fresh = self._fresh[definition.table]
        searched = field.name in definition.search and GRAMS not in fresh
        if field.column not in fresh or searched or field.name == definition.tree:
            return False
        if any(one.uses_settings or one.uses_user for one in expressions):
            return False
        return not any((r.object, r.field) in late or not self._followed(r.path) for r in reads)

    def _followed(self, path: Path) -> bool:
        """Whether a change at its end can be followed back to the record."""
        for step in path:
            source, target = self.objects[step.object], self.objects[step.target]
            if source.is_view or target.is_view:
                return False
            if step.is_link:
                link = source.fields.get(step.member)
                if link is None or not isinstance(link.type, Link):
                    return False
            elif not step.join:
                back = target.fields.get(step.via)
                if back is None or back.column in self._fresh[target.table]:
                    return False
        return True
