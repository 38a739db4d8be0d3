"""What of a plan's fills and fixes is computed before publishing.

What goes ahead is what is written to fresh columns only, and reads nothing that publishing itself
writes anew. The rest is left to publishing. Where it cannot be told which records a change of
another one moves, it is left as well: conversions that look records up, and settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assembly.filling_order import Coming, is_phone, is_tree, passes, wanted, with_mended
from engine.definition.dependencies import Key, Path, Read, dependencies, reads_of
from engine.definition.objects import Field, Object
from engine.expressions import Expression
from engine.fieldtypes.choice import Stage
from engine.fieldtypes.link import Link
from engine.impact.conversions import Conversion
from engine.schema.backfilling import ONLINE_FROM, Pass
from engine.schema.tables import GRAMS, Tables
from engine.schema.targets import Fill, Fix

COMPUTE, BESIDE, DEFAULT, CONVERT = "compute", "beside", "default", "convert"


@dataclass(frozen=True)
class Way:
    """Something that is computed, and what it reads."""

    one: Pass
    reads: frozenset[Read]
    fix: Fix | None = None
    conversion: Conversion | None = None


def beforehand(
    tables: Tables,
    fills: Sequence[Fill],
    fixes: Sequence[Fix],
    fresh: Collection[tuple[str, str]],
    rows: Mapping[str, int],
) -> frozenset[Key]:
    """The fields (object, field) that are computed before publishing, if a table that is read
    for it is large; without a field, what the object is searched by. `rows` are those of tables.
    """
    if not fresh or max(rows.values(), default=0) < ONLINE_FROM:
        return frozenset()
    found = chosen(_Graph(tables), fills, fixes, fresh)
    objects = tables.catalog.objects
    read = {way.one.object for way in found}
    read |= {s.target for way in found for one in way.reads for s in one.path}
    if all(rows.get(objects[name].table, 0) < ONLINE_FROM for name in read):
        return frozenset()
    fields = {(way.one.object, name) for way in found for name in way.one.fields}
    return frozenset(fields | {(way.one.object, "") for way in found if way.one.kind == BESIDE})


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
        own = [fix for fix in fixes if fix.field and fix.object in self.objects]
        late: set[Key] = {(f.object, f.field) for f in fills if not f.column}
        late |= {
            (f.object, f.field)
            for f in fills
            if is_tree(f, self.coming) or is_phone(f, self.coming)
        }
        for fix in own:
            way = self._fixed(fix, late)
            if way is None:
                late.add((fix.object, fix.field))
            else:
                yield way
        mended = [(fix.object, fix.field) for fix in own]
        computed, beside = wanted(with_mended(fills, mended), self.coming)
        ahead: list[Key] = []
        for key in self.coming.dependencies.following(computed):
            kept = self.coming.dependencies.kept[key]
            if self._fits(kept.object, kept.field, kept.expression, kept.reads, late):
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

    def _fixed(self, fix: Fix, late: Collection[Key]) -> Way | None:
        if fix.kind not in (DEFAULT, CONVERT):
            return None
        definition = self.objects[fix.object]
        field, conversion = definition.fields[fix.field], None
        expression = field.existing_from
        if fix.kind == CONVERT:
            if fix.former is None:
                return None
            conversion = Conversion(self.coming.tables, fix.former, field)
            expression = conversion.expression
            if conversion.by:
                return None
        reads = reads_of(expression) if expression is not None else frozenset[Read]()
        if isinstance(field.type, Stage) or not self._fits(
            definition, field, expression, reads, late
        ):
            return None
        return Way(Pass(fix.kind, fix.object, (fix.field,)), reads, fix, conversion)

    def _fits(
        self,
        definition: Object,
        field: Field,
        expression: Expression | None,
        reads: Collection[Read],
        late: Collection[Key],
    ) -> bool:
        fresh = self._fresh[definition.table]
        searched = field.name in definition.search and GRAMS not in fresh
        if field.column not in fresh or searched or field.name == definition.tree:
            return False
        if expression is not None and (expression.uses_settings or expression.uses_user):
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
