"""What changes without a change of tables: labels, rules, roles, what is no longer used."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from engine.schema import wording
from engine.schema.differences import Difference, Plain, differences
from engine.schema.steps import Step
from engine.schema.structure import Structure
from engine.schema.targets import Fill, Target

_COMPUTED = ("formula", "rollup", "stored")


class Notes:
    """The differences between definitions; gathers `fills` while it yields steps.

    `told` are the objects and fields (object, field or "") whose news other steps tell.
    """

    def __init__(
        self,
        connection: sa.Connection,
        target: Target,
        structure: Structure,
        before: Plain,
        told: Collection[tuple[str, str]],
    ) -> None:
        self.connection, self.target, self.structure = connection, target, structure
        self.before, self.told, self.tables = before, told, target.tables
        self.fills: list[Fill] = []

    def steps(self) -> Iterator[Step]:
        """One step per difference that no other step has told, and per list without an index."""
        after = self.target.definitions
        found = differences(self.before, after)
        changed = {d.name for d in found if d.kind == "object"}
        for difference in found:
            told = difference.kind == "object" and (difference.name, difference.field) in self.told
            if told and difference.change == "new":
                continue
            yield self.note(difference)
            self.recomputed(difference)
        for missing in self.tables.unserved:
            if missing.object in changed:
                yield Step(kind="unserved", text=wording.unserved(missing, self.tables.catalog))

    def note(self, difference: Difference) -> Step:
        kind = f"{difference.change}-{'field' if difference.field else difference.kind}"
        definition = self.tables.catalog.objects.get(difference.name)
        if difference.kind == "object" and difference.change == "gone":
            rows = self.kept(difference)
            what = wording.subject(difference, self.before, self.target.definitions)
            return Step(kind=kind, text=wording.parked(what, rows), loses=rows > 0)
        if definition and difference.field and difference.change == "new":
            field = definition.fields[difference.field]
            if field.stored:
                return Step(kind="returning-field", text=wording.returning_field(definition, field))
        text = wording.of_difference(difference, self.before, self.target.definitions)
        return Step(kind=kind, text=text)

    def kept(self, difference: Difference) -> int:
        """How many records hold something of what is no longer used."""
        keys = self.target.keys
        owner = keys.get(("object", "", difference.name))
        if owner is None or owner.key not in self.structure.tables:
            return 0
        query = sa.select(sa.func.count()).select_from(sa.table(owner.key))
        if difference.field:
            field = keys.get(("field", owner.key, difference.field))
            if field is None or field.key not in self.structure.tables[owner.key].columns:
                return 0
            query = query.where(sa.column(field.key).is_not(None))
        return self.connection.scalar(query) or 0

    def recomputed(self, difference: Difference) -> None:
        """A stored field that is computed in another way now has to be computed anew."""
        definition = self.tables.catalog.objects.get(difference.name)
        if not (definition and difference.field and difference.change != "gone"):
            return
        field = definition.fields.get(difference.field)
        keys = {key for key, _, _ in difference.keys}
        if field and field.stored and field.derived and keys & set(_COMPUTED):
            self.fills.append(Fill(definition.name, field.name, field.column))
