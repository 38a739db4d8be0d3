"""Permanent physical keys: names can change, keys never do (rule 1).

When something is applied for the first time it receives a key, which is its name unless that is
taken: by something parked, by a table of another program, or by a column of our own. Renaming
(`was: old_name`) gives the new name the old one's key, and touches no table. Something that was
parked and comes back finds its key, so its values, again; with another type it gets a new one.

A change of type is a new column: the old one is parked under `name~column`, and until the change
is published the new one is known as `name+type`, so that a plan made again finds it. A field whose
values are written anew beside everybody's work gets a new column in the same way.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.choice import Choice, Choices, Option, Stage
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import NumberType
from engine.problems import Message
from engine.schema.converting import PARKED, PENDING, convertible
from engine.schema.naming import OWN_PREFIXES
from engine.schema.state import Key, Keys, Name
from engine.schema.structure import Structure
from engine.schema.system import RESERVED_PREFIXES
from engine.schema.tables import DELETED, GRAMS, POSITION

TYPE_CHANGED = Message(
    "type-changed",
    en="{object}.{field} holds {before}, it cannot become {after}",
    zh="{object}.{field} 的数据类型为 {before}，不能改为 {after}",
    hint_en="keep the type, say with `convert:` what becomes of the values, or add another field",
    hint_zh="请保留原类型，用 `convert:` 说明如何转换，或另外新增字段",
)

OPTION = "option"
FORMER = "former"
"""The kind under which `fw_key` keeps the names that objects and fields had before."""
_OUR_COLUMNS = frozenset((GRAMS, POSITION, DELETED))
_OUR_COLUMN_ENDS = ("__f", "__s", "__p")
_OUR_TABLE_ENDS = ("_pkey", "_seq")


def allotted(
    catalog: Catalog,
    stored: Keys,
    structure: Structure,
    applied: Collection[Name],
    problems: Problems,
    before: Catalog | None = None,
    anew: Collection[tuple[str, str]] = (),
) -> dict[Name, Key]:
    """The keys of all names in `catalog`, besides the `stored` ones of what is parked.

    `applied` are the names of the revision in force and `before` its catalog. A field of it whose
    type has changed gets a new key where its values can be converted; else it is a problem. So do
    the fields (object, field) whose values are written `anew`.
    """
    keys = dict(stored)
    _Allotting(catalog, keys, structure, applied, problems, before, frozenset(anew)).run()
    present = {(*n[:2], keys[n].key): n for n in _names(catalog, keys)}
    kept = {
        name: key
        for name, key in keys.items()
        # what was renamed leaves its old name; what is coming keeps its second one
        if present.get((*name[:2], key.key), name) == name or PENDING in name[2]
    }
    return _with_formers(kept, keys)


def _with_formers(kept: dict[Name, Key], keys: Keys) -> dict[Name, Key]:
    """The keys with the names that objects and fields had before; the audit knows them by those."""
    renamed = {
        (FORMER, name[1], name[2]): Key(key.key, name[0])
        for name, key in keys.items()
        if name not in kept and name[0] in ("object", "field") and PARKED not in name[2]
    }
    return {**kept, **renamed}


def names(catalog: Catalog, keys: Keys) -> frozenset[Name]:
    """The names in `catalog` that have keys."""
    return frozenset(_names(catalog, keys))


def keyed(catalog: Catalog, keys: Keys) -> Catalog:
    """The catalog with the stored keys on its objects, fields, options and other definitions.

    It must not be connected yet: connected expressions have taken over the columns' names.
    Definitions of the rooms above, frozen dataclasses as well, take their key in a field `key`
    and those of their stages in the `Option`s of a field `options`, where they have such fields.
    """
    formers = _formers(keys)
    objects = {name: _keyed_object(o, keys, formers) for name, o in catalog.objects.items()}
    catalog = catalog.with_objects(objects)
    for kind, definitions in catalog.others.items():
        catalog = catalog.with_others(
            kind, {name: _keyed_other(kind, name, d, keys) for name, d in definitions.items()}
        )
    return catalog


def column_kind(field: Field, object_key: Callable[[str], str]) -> str:
    """What the field's column holds, such that values of one kind never mean another thing."""
    type_: FieldType = field.type
    if isinstance(type_, Link):
        return f"link:{object_key(type_.to)}"
    if isinstance(type_, Links):
        return f"links:{object_key(type_.to)}"
    if isinstance(type_, NumberType):
        return f"number:{type_.scale}"
    if isinstance(type_, Choices):
        return "choices"
    if isinstance(type_, Choice):
        return "choice"
    return type_.holds


class _Allotting:
    """One walk through the catalog that completes `keys`."""

    def __init__(
        self,
        catalog: Catalog,
        keys: dict[Name, Key],
        structure: Structure,
        applied: Collection[Name],
        problems: Problems,
        before: Catalog | None = None,
        anew: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self.catalog, self.keys, self.structure = catalog, keys, structure
        self.applied, self.problems, self.anew = applied, problems, anew
        self.before = {o.table: o for o in before.objects.values()} if before else {}
        self.given: dict[tuple[str, str], set[str]] = defaultdict(set)
        for name, key in keys.items():
            self.given[name[:2]].add(key.key)

    def run(self) -> None:
        objects = self.catalog.objects
        occupied = {*self.structure.tables, *self.structure.other}
        for name, definition in objects.items():
            self.allot(("object", "", name), definition.source, objects, occupied, _table_name)
        for definition in objects.values():
            owner = self.key("object", "", definition.name)
            self.fields(definition, owner)
        for kind, definitions in self.catalog.others.items():
            for name, other in definitions.items():
                self.allot((kind, "", name), getattr(other, "source", None), definitions)
                owner = self.key(kind, "", name)
                self.options(f"{kind}:{owner}", getattr(other, "options", ()))

    def fields(self, definition: Object, owner: str) -> None:
        """The keys of an object's own fields and of their options."""
        kept = () if definition.is_view else (*definition.stored_fields, *definition.many)
        declared = {f.name: f for f in kept if not f.system}
        table = self.structure.tables.get(owner)
        occupied = {f.column for f in definition.fields.values() if f.system}
        occupied |= table.columns if table else set()
        occupied |= {k.key for n, k in self.keys.items() if n[1] == owner and _is_joined(k)}
        for field in declared.values():
            kind = column_kind(field, lambda target: self.key("object", "", target))
            name = ("field", owner, field.name)
            self.type_changes(definition, field, name, kind, occupied)
            self.allot(name, field.source, declared, occupied, _column_name, kind)
            if isinstance(field.type, Choice) and not isinstance(field.type, Stage):
                self.options(f"{owner}.{self.keys[name].key}", field.type.options)

    def type_changes(
        self, definition: Object, field: Field, name: Name, kind: str, occupied: Collection[str]
    ) -> None:
        """A changed type moves what is in force to a new column; what was parked begins anew."""
        known = self.keys.get(name) or self.keys.get((*name[:2], _was(field.source)))
        if known is not None and (definition.name, field.name) in self.anew:
            self.convert(name, known, kind, occupied)
            self.keep_options(name[1], known.key, self.keys[name].key)
            return
        if known is None or not known.type or known.type == kind:
            return
        if name in self.applied or name not in self.keys:
            owner = self.before.get(name[1])
            columns = {f.column: f for f in owner.fields.values()} if owner else {}
            former = columns.get(known.key)
            if former is not None and convertible(former, field):
                self.convert(name, known, kind, occupied)
                return
            self.problems.append(
                TYPE_CHANGED(
                    field.place("type"),
                    object=definition.name,
                    field=field.name,
                    before=known.type,
                    after=kind,
                )
            )
        else:
            self.convert(name, known, kind, occupied)

    def convert(self, name: Name, known: Key, kind: str, occupied: Collection[str]) -> None:
        """Parks the column that the field had, and gives it one for the other type."""
        if name in self.keys:
            self.keys[*name[:2], f"{name[2]}{PARKED}{known.key}"] = known
        pending = (*name[:2], f"{name[2]}{PENDING}{kind}")
        if pending not in self.keys:
            key = self.free(_column_name(name[2]), self.given[name[:2]], occupied)
            self.keys[pending] = Key(key, kind)
        self.keys[name] = self.keys[pending]
        for former, one in list(self.keys.items()):
            if former[:2] == (FORMER, name[1]) and one.key == known.key:
                self.keys[former] = Key(self.keys[name].key, one.type)

    def keep_options(self, table: str, before: str, after: str) -> None:
        """Gives the options of a column's values the same keys in another one."""
        for (kind, owner, option), key in list(self.keys.items()):
            if kind == OPTION and owner == f"{table}.{before}":
                self.keys.setdefault((OPTION, f"{table}.{after}", option), key)

    def options(self, owner: str, options: Iterable[Option]) -> None:
        by_name = {option.name: option for option in options}
        for option in by_name.values():
            self.allot((OPTION, owner, option.name), option.was, by_name)

    def allot(
        self,
        name: Name,
        source: Node | str | None,
        siblings: Collection[str],
        occupied: Collection[str] = (),
        shape: Callable[[str], str] = str,
        type_: str = "",
    ) -> None:
        """Gives `name` its key if it has none."""
        if name in self.keys:
            return
        was = (*name[:2], source if isinstance(source, str) else _was(source))
        if was in self.keys and was[2] not in siblings:
            self.keys[name] = self.keys[was]
            return
        self.keys[name] = Key(self.free(shape(name[2]), self.given[name[:2]], occupied), type_)

    def free(self, wanted: str, taken: set[str], occupied: Collection[str]) -> str:
        """The first free key; it is taken from now on."""
        key, number = wanted, 1
        while key in taken or key in occupied:
            number += 1
            key = f"{wanted}_{number}"
        taken.add(key)
        return key

    def key(self, kind: str, owner: str, name: str) -> str:
        return self.keys[kind, owner, name].key


def _is_joined(key: Key) -> bool:
    """Whether the key names a join table, which keeps what it holds when its field is parked."""
    return key.type.startswith("links:")


def _was(source: Node | None) -> str:
    return str(source.plain("was", "")) if source else ""


def _table_name(name: str) -> str:
    if name.startswith((*RESERVED_PREFIXES, *OWN_PREFIXES)):
        return f"o_{name}"
    single = re.sub("__+", "_", name)  # two underscores separate our own suffixes
    return f"{single}_2" if single.endswith(_OUR_TABLE_ENDS) else single


def _column_name(name: str) -> str:
    return f"{name}_2" if name in _OUR_COLUMNS or name.endswith(_OUR_COLUMN_ENDS) else name


def _names(catalog: Catalog, keys: Keys) -> Iterable[Name]:
    for object, definition in catalog.objects.items():
        yield "object", "", object
        owner = keys["object", "", object].key
        if definition.is_view:  # whose columns stand in no database
            continue
        for field in (*definition.stored_fields, *definition.many):
            if not field.system:
                key = keys["field", owner, field.name].key
                yield "field", owner, field.name
                if isinstance(field.type, Choice) and not isinstance(field.type, Stage):
                    yield from _options(f"{owner}.{key}", field.type.options)
    for kind, others in catalog.others.items():
        for name, other in others.items():
            yield kind, "", name
            owner = keys[kind, "", name].key
            yield from _options(f"{kind}:{owner}", getattr(other, "options", ()))


def _options(owner: str, options: Iterable[Option]) -> Iterable[Name]:
    for option in options:
        yield OPTION, owner, option.name


def _formers(keys: Keys) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The former names by owner and key; a name that something else has now tells nothing."""
    taken = {(FORMER, *n[1:]) for n in keys if n[0] in ("object", "field")}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, key in keys.items():
        if name[0] == FORMER and name not in taken:
            place = (name[1], key.key)
            found[place] = (*found.get(place, ()), name[2])
    return found


def _keyed_object(
    definition: Object, keys: Keys, formers: Mapping[tuple[str, str], tuple[str, ...]]
) -> Object:
    owner = _key(keys, "object", "", definition.name)
    fields = {name: _keyed_field(f, owner, keys) for name, f in definition.fields.items()}
    fields = {
        name: replace(f, formers=formers[owner, f.column]) if (owner, f.column) in formers else f
        for name, f in fields.items()
    }
    return replace(definition, key=owner, fields=fields, formers=formers.get(("", owner), ()))


def _keyed_field(field: Field, owner: str, keys: Keys) -> Field:
    key = _key(keys, "field", owner, field.name)
    type_ = field.type
    if isinstance(type_, Choice) and type_.options:
        type_ = replace(type_, options=_keyed_options(type_.options, f"{owner}.{key}", keys))
    elif field.column == key:
        return field
    return replace(field, key=key, type=type_)


def _keyed_other(kind: str, name: str, definition: Any, keys: Keys) -> Any:
    key = _key(keys, kind, "", name)
    changes: dict[str, Any] = {}
    if hasattr(definition, "key"):
        changes["key"] = key
    if hasattr(definition, "options"):
        changes["options"] = _keyed_options(definition.options, f"{kind}:{key}", keys)
    return replace(definition, **changes) if changes else definition


def _keyed_options(options: Iterable[Option], owner: str, keys: Keys) -> tuple[Option, ...]:
    return tuple(replace(o, key=_key(keys, OPTION, owner, o.name)) for o in options)


def _key(keys: Mapping[Name, Key], kind: str, owner: str, name: str) -> str:
    found = keys.get((kind, owner, name))
    return found.key if found else name
