"""What names of an earlier revision are called now, by the permanent keys (rule 1).

What was queued before a revision was published names things as they were called then: long work,
the settings of an import. It goes on with the names of today. What is gone keeps its name, so
that whoever carries it out says that there is no such thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Choice, Stage
from engine.schema.converting import PARKED, PENDING
from engine.schema.keying import FORMER, OPTION
from engine.schema.state import Keys, read_keys, state_of_revision

Renamed = Mapping[tuple[str, str], Mapping[str, str]]
"""By kind and owner: names of before with the present ones, those alone that have changed."""


@dataclass(frozen=True)
class Since:
    """What has been renamed since a revision; `catalog` is the present one."""

    catalog: Catalog
    renamed: Renamed = field(default_factory=dict)

    def object(self, name: str) -> str:
        """The present name of an object."""
        return self._of("object", "", name)

    def definition(self, name: str) -> Object | None:
        """The object that had the name then; None where it is gone."""
        return self.catalog.objects.get(self.object(name))

    def field(self, definition: Object, name: str) -> str:
        """The present name of a field."""
        return self._of("field", definition.table, name)

    def value(self, definition: Object, field: Field | None, value: Any) -> Any:
        """A value with its option by its present name; of several values each."""
        if isinstance(value, list | tuple):
            return [self.value(definition, field, one) for one in value]
        if field is None or not isinstance(field.type, Choice) or not isinstance(value, str):
            return value
        return self._of(OPTION, self._owner(definition, field), value)

    def values(self, definition: Object, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by field, with fields and options by their present names."""
        found = {}
        for name, value in values.items():
            present = self.field(definition, name)
            found[present] = self.value(definition, definition.fields.get(present), value)
        return found

    def _owner(self, definition: Object, field: Field) -> str:
        if isinstance(field.type, Stage):
            workflow = self.catalog.of("workflow").get(field.type.workflow)
            return f"workflow:{getattr(workflow, 'key', field.type.workflow)}"
        return f"{definition.table}.{field.column}"

    def _of(self, kind: str, owner: str, name: str) -> str:
        return self.renamed.get((kind, owner), {}).get(name, name)


def since(connection: sa.Connection, revision: int | None, catalog: Catalog) -> Since:
    """What has been renamed since `revision`; nothing where that is not known."""
    then = state_of_revision(connection, revision) if revision is not None else None
    return Since(catalog, renamed(then, read_keys(connection)) if then else {})


def renamed(then: Keys, now: Keys) -> Renamed:
    """What is called otherwise now."""
    present = {
        (n[0], n[1], key.key): n[2]
        for n, key in now.items()
        if n[0] != FORMER and PARKED not in n[2] and PENDING not in n[2]
    }
    owners = _owners(then, now)
    found: dict[tuple[str, str], dict[str, str]] = {}
    for (kind, before, name), key in then.items():
        owner = owners.get(before, before)
        today = present.get((kind, owner, key.key), name)
        if kind != FORMER and today != name:
            found.setdefault((kind, owner), {})[name] = today
    return found


def _owners(then: Keys, now: Keys) -> dict[str, str]:
    """What options belong to now, of the fields that have gone to another column since."""
    return {
        f"{name[1]}.{key.key}": f"{name[1]}.{now[name].key}"
        for name, key in then.items()
        if name[0] == "field" and name in now and now[name] != key
    }
