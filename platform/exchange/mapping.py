"""Mappings: what the columns of a file become.

One mapping reads one object from one kind of file. What a file says about several objects (people
who are named only in the rows of others) comes in by several mappings over the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as setting
from pathlib import Path
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.loading.reading import read_file
from engine.loading.validating import validate
from engine.problems import Place, Problem, Refusal, did_you_mean
from engine.schema.since import Since
from exchange import mapping_checks
from exchange import messages as say

KIND, FOLDER, SCHEMA = "mapping", "mappings", "mapping.schema.json"


@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column of a file becomes.

    The cell is put right by `corrections` (reported row by row), then translated by `values`, and
    goes into `field` and the fields of `also`. With `find`, `field` is a link, and its record is
    the one whose field `find` holds the cell's value. Without a `field` the column is left out.
    """

    name: str
    field: str = ""
    find: str = ""
    values: Mapping[str, Any] = setting(default_factory=dict)
    corrections: Mapping[str, Any] = setting(default_factory=dict)
    also: tuple[str, ...] = ()
    source: Node | None = setting(default=None, compare=False, repr=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that it sets."""
        return (self.field, *self.also) if self.field else ()


@dataclass(frozen=True, kw_only=True)
class ImportMapping:
    """How a file becomes records of `object`.

    A row changes the record that has the same values in the fields `match`, and is new where
    there is none. A field of `match` that takes no input (`id`, mostly `number`) only tells which
    record is meant. `historical` keeps creators, dates, numbers, owners and stages. `notices` say
    what a mapping that was worked out from column names leaves out.
    """

    name: str
    object: str
    columns: Mapping[str, Column]
    constants: Mapping[str, Any] = setting(default_factory=dict)
    match: tuple[str, ...] = ()
    historical: bool = False
    notices: tuple[Problem, ...] = ()
    source: Node | None = setting(default=None, compare=False, repr=False)

    def place(self, *path: str | int) -> Place | None:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else None

    @property
    def fields(self) -> frozenset[str]:
        """Every field that a row sets."""
        named = (name for column in self.columns.values() for name in column.fields)
        return frozenset((*named, *self.constants))


def build_mapping(name: str, node: Node, problems: Problems) -> ImportMapping | None:
    """The mapping from its file."""
    columns = node.get("columns")
    return ImportMapping(
        name=name,
        object=node.plain("object", ""),
        columns={key: _column(key, child) for key, child in (columns.items() if columns else ())},
        constants=node.plain("constants", {}),
        match=tuple(node.plain("match", ())),
        historical=node.plain("historical", False),
        source=node,
    )


def _column(name: str, node: Node) -> Column:
    plain = node.to_plain()
    settings: dict[str, Any] = plain if isinstance(plain, dict) else {"field": plain or ""}
    return Column(
        name=name,
        field=settings["field"],
        find=settings.get("find", ""),
        values=settings.get("values", {}),
        corrections=settings.get("corrections", {}),
        also=tuple(settings.get("also", ())),
        source=node,
    )


def connect_mappings(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog, its mappings checked against the objects that they fill."""
    for mapping in catalog.of(KIND).values():
        mapping_checks.check(mapping, catalog, problems)
    return catalog


MAPPING_KIND = DefinitionKind(KIND, FOLDER, SCHEMA, build_mapping, connect_mappings)


def find_mapping(name: str, catalog: Catalog, *, applied: bool = False) -> ImportMapping:
    """The mapping in the file `name`, or the applied mapping of that name; the latter only where
    it is `applied`, since the name does not come from whoever may read files here.

    Raises Refusal with everything that is wrong with it.
    """
    path = Path(name)
    if not applied and path.is_file():
        return load_mapping(path, catalog)
    known: Mapping[str, ImportMapping] = catalog.of(KIND)
    if name not in known:
        raise Refusal(say.NO_MAPPING(name=name, best=did_you_mean(name, known)))
    return known[name]


def load_mapping(path: Path, catalog: Catalog) -> ImportMapping:
    """The mapping in one file, checked against the catalog. Raises Refusal with its problems."""
    reading = read_file(path, path.parent)
    return _checked(path.stem, reading.node, catalog, list(reading.problems))


def mapping_from(plain: Mapping[str, Any], catalog: Catalog) -> ImportMapping:
    """The mapping in plain data, as a screen makes it. Raises Refusal with its problems."""
    name = str(plain.get("mapping", ""))
    return _checked(name, _node(plain, Place(name or KIND)), catalog, [])


def renamed_mapping(plain: Mapping[str, Any], since: Since) -> dict[str, Any]:
    """A mapping in plain data, made under an earlier revision, with the names of today."""
    definition = since.definition(str(plain.get("object", "")))
    if definition is None:
        return dict(plain)
    found = {**plain, "object": definition.name}
    found["columns"] = {
        name: _renamed_column(column, definition, since)
        for name, column in plain["columns"].items()
    }
    if "constants" in plain:
        found["constants"] = since.values(definition, plain["constants"])
    if "match" in plain:
        found["match"] = [since.field(definition, name) for name in plain["match"]]
    return found


def _renamed_column(column: Any, definition: Object, since: Since) -> Any:
    if not isinstance(column, Mapping):
        return since.field(definition, column) if isinstance(column, str) else column
    found = dict(column)
    found["field"] = since.field(definition, column["field"])
    field = definition.fields.get(found["field"])
    for key in ("values", "corrections"):
        if key in column:
            values = column[key].items()
            found[key] = {cell: since.value(definition, field, value) for cell, value in values}
    if "also" in column:
        found["also"] = [since.field(definition, name) for name in column["also"]]
    if column.get("find") and field is not None and isinstance(field.type, Link | Links):
        target = since.catalog.objects[field.type.to]
        found["find"] = since.field(target, column["find"])
    return found


def _checked(
    name: str, node: Node | None, catalog: Catalog, problems: list[Problem]
) -> ImportMapping:
    usable = validate(node, SCHEMA, problems) if node else None
    mapping = build_mapping(name, usable, problems) if usable else None
    if mapping is not None:
        mapping_checks.check(mapping, catalog, problems)
    if problems or mapping is None:
        raise Refusal(*problems)
    return mapping


def _node(value: Any, place: Place) -> Node:
    if isinstance(value, Mapping):
        return Node({str(key): _node(child, place) for key, child in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node(tuple(_node(child, place) for child in value), place)
    return Node(value, place)
