"""What changes without a change of tables: labels, rules, roles, what is no longer used."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from engine.fieldtypes.choice import Stage
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.registry import FIELD_TYPES
from engine.schema import wording
from engine.schema.differences import Difference, Plain, differences
from engine.schema.joins import joined_records
from engine.schema.steps import Step
from engine.schema.structure import Structure
from engine.schema.targets import Fill, Target

_SHOWN = ("colour",)
"""What is said about a stage and read by nothing that is computed."""
_COMPUTED = ("formula", "rollup", "stored", "copy", "keep")


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
        self.after = target.definitions if target.compared is None else target.compared
        self.fills: list[Fill] = []

    def steps(self) -> Iterator[Step]:
        """One step per difference that no other step has told, and per list without an index."""
        found = differences(self.before, self.after)
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
            what = wording.subject(difference, self.before, self.after)
            return Step(kind=kind, text=wording.parked(what, rows), loses=rows > 0)
        if definition and difference.field and difference.change == "new":
            field = definition.fields[difference.field]
            if (field.stored or field in definition.many) and not definition.is_view:
                return Step(kind="returning-field", text=wording.returning_field(definition, field))
        text = wording.of_difference(difference, self.before, self.after)
        return Step(kind=kind, text=text)

    def kept(self, difference: Difference) -> int:
        """How many records hold something of what is no longer used."""
        keys = self.target.keys
        owner = keys.get(("object", "", difference.name))
        if owner is None or owner.key not in self.structure.tables:
            return 0
        query = sa.select(sa.func.count()).select_from(sa.table(owner.key))
        parts = self.parts(difference)
        if parts:
            found = [keys[name] for part in parts if (name := ("field", owner.key, part)) in keys]
            columns = self.structure.tables[owner.key].columns
            held = [sa.column(k.key).is_not(None) for k in found if k.key in columns]
            query = query.where(sa.or_(sa.false(), *held))
        elif difference.field:
            field = keys.get(("field", owner.key, difference.field))
            if field is None:
                return 0
            if field.type.startswith("links:"):
                return joined_records(self.connection, owner.key, field.key)
            if field.key not in self.structure.tables[owner.key].columns:
                return 0
            query = query.where(sa.column(field.key).is_not(None))
        return self.connection.scalar(query) or 0

    def parts(self, difference: Difference) -> list[str]:
        """The names of the parts of a composite field that goes away."""
        fields = self.before.get("object", {}).get(difference.name, {}).get("fields") or {}
        former = fields.get(difference.field) or {}
        type_ = FIELD_TYPES.get(former.get("type", ""))
        if type_ is None or not issubclass(type_, Composite):
            return []
        suffixes = type_.from_settings(dict(former)).parts()
        return [f"{difference.field}_{suffix}" for suffix in suffixes]

    def recomputed(self, difference: Difference) -> None:
        """What is computed in another way now, or of something that means more, is filled anew."""
        keys = {
            key
            for key, before, after in difference.keys
            if key != "stages" or not _same_stages(before, after)
        }
        if difference.kind == "workflow" and keys & {"stages", "attributes"}:
            self.fills += [
                Fill(definition.name, field.name, "")
                for definition in self.tables.catalog.objects.values()
                for field in definition.fields.values()
                if isinstance(field.type, Stage) and field.type.workflow == difference.name
            ]
        definition = self.tables.catalog.objects.get(difference.name)
        if not (definition and difference.kind == "object" and difference.change != "gone"):
            return
        field = definition.fields.get(difference.field)
        if field is None:
            return
        if field.derived and (difference.change == "new" or keys & set(_COMPUTED)):
            column = field.column if field.stored else ""
            self.fills.append(Fill(definition.name, field.name, column))
        elif keys & {"options", "attributes"}:
            self.fills.append(Fill(definition.name, field.name, ""))


def _same_stages(before: Any, after: Any) -> bool:
    """Whether two maps of stages tell the same of those that are in both.

    Then no record is computed anew for it: a stage in use can only go by being replaced, which has
    computed what follows from it, and no record stands in one that is new.
    """
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return False
    if any(isinstance(one, Mapping) and one.get("was") in before for one in after.values()):
        return False
    kept = before.keys() & after.keys()
    return bool(kept) and all(_said(before[name]) == _said(after[name]) for name in kept)


def _said(stage: Any) -> Any:
    if not isinstance(stage, Mapping):
        return stage
    return {key: value for key, value in stage.items() if key not in _SHOWN}
