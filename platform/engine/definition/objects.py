"""Objects and fields: what a business thing is, as frozen values.

They are built from YAML (`building.py`) with their expressions still as text, and connected
(`connecting.py`) once everything is built.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.definition.access import ALWAYS
from engine.definition.duplicates import MatchRule
from engine.definition.layouts import Layout, Section, ViewShape
from engine.definition.numbering import NumberPattern
from engine.definition.sharing import Members, Sharing
from engine.definition.tree import Node
from engine.definition.viewing import Viewing
from engine.expressions import Expression
from engine.expressions.trees import PATH_END
from engine.expressions.types import Kind
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.composite import Composite
from engine.fieldtypes.link import Collection, Lines, Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.parent import Parent
from engine.problems import Place, Text

ID_FIELDS = ("id",)
OWNERSHIP_FIELDS = ("owner", "department")
STAMP_FIELDS = (
    "created_on", "created_by", "changed_on", "changed_by",
    "version", "deleted_on", "deleted_by",
)  # fmt: skip
SYSTEM_FIELDS = frozenset((*ID_FIELDS, "number", *OWNERSHIP_FIELDS, *STAMP_FIELDS))
"""The names that no field may take (rule 7)."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One aggregate over records that link here, kept in the row (rule 15).

    `function` is sum, count, min or max; `collection` the field of this object that is
    aggregated, `child` its object and `via` the child's link back. `value` and `condition` are
    about the child, which they name by the variable `variable`.
    """

    function: str
    collection: str
    child: str
    via: str
    variable: str
    value: Expression | None
    condition: Expression | None
    expression: Expression

    @property
    def nothing(self) -> Any:
        """The sum or count of no records, in the kind of value that it adds up."""
        durations = self.expression.type.kind is Kind.DURATION
        return dt.timedelta() if durations else Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of an object.

    `default` is in input form. Expressions are None until the field is connected, or absent.
    A `copy` is taken once, when its link is set; one that keeps in step is a formula.
    `virtual` fields are computed when read; `derived` ones take no input. Where `visible_when`
    does not hold the field takes no value; where `read_only_when` held it takes no other one.
    `where` is what a link's target must fulfil; it names the linking record by its object.
    `when` says when a number of a series is taken; without it, at once.
    `offered_when` are the conditions of options that may not always be chosen. `attached` marks
    the field that `attachments: true` brings. `part_of` names the
    composite that brought the field, `short` is its label beside the composite's other parts.
    `beside` names the field that brought this one: an amount in company currency, its amount.
    `mask` is what roles are shown that may see its mask only.
    `existing`, or `existing_from`, is what records get that are there already when the field
    comes; `convert` says how values of another type become its own, `replaced` which options and
    tags take the place of removed ones. `formers` are the names that it had before.
    """

    name: str
    object: str
    type: FieldType
    label: Text
    key: str = ""
    help: Text | None = None
    required: bool = False
    required_when: Expression | None = None
    when: Expression | None = None
    visible_when: Expression | None = None
    read_only_when: Expression | None = None
    set_once: bool = False
    where: Expression | None = None
    offered_when: Mapping[str, Expression] = field(default_factory=dict, hash=False)
    default: Any = None
    default_from: Expression | None = None
    existing: Any = None
    existing_from: Expression | None = None
    convert: Any = None
    replaced: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    suggest: Expression | None = None
    copy: Expression | None = None
    formula: Expression | None = None
    virtual: bool = False
    rollup: Rollup | None = None
    unique: bool = False
    read_only: bool = False
    restricted: bool = False
    searchable: bool = False
    personal: str = ""
    copied: bool = True
    mask: str = ""
    system: bool = False
    part_of: str = ""
    beside: str = ""
    attached: bool = False
    short: Text | None = None
    formers: tuple[str, ...] = ()
    source: Node | None = field(default=None, compare=False, repr=False)

    @property
    def column(self) -> str:
        """The physical column; names can change, keys never do (rule 1)."""
        return self.key or self.name

    @property
    def folded(self) -> str:
        """The column with the folded text or a secret's digest, or an empty string (rule 21)."""
        textual = self.type.textual and (self.searchable or self.unique)
        found = self.stored and (textual or self.type.blind)
        return f"{self.column}__f" if found else ""

    @property
    def stored(self) -> bool:
        """Whether the object's table has a column for it."""
        return self.type.stored and not self.virtual

    @property
    def derived(self) -> bool:
        """Whether its value follows from others, so that no input may set it."""
        return self.formula is not None or self.rollup is not None or self.virtual

    @property
    def writable(self) -> bool:
        """Whether input may set it at all."""
        return not (self.derived or self.system or self.read_only) and not (
            isinstance(self.type, Collection) and not isinstance(self.type, Lines | Links)
        )

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("", 1, 1)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition that every record must fulfil; what to say, and where, when it does not."""

    name: str
    that: Expression | None
    say: Text
    about: str = ""
    source: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class ListView:
    """A declared list: its filters, order and columns. Declared lists get their index."""

    name: str
    label: Text
    equal: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    where: Expression | None = None
    columns: tuple[str, ...] = ()
    shape: ViewShape = field(default_factory=ViewShape)
    source: Node | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Object:
    """A business thing: its fields and rules.

    `kind` is "ordinary", "settings" (exactly one record) or "view" (read-only, made by a query).
    `order` is the sequence in which stored formulas and suggestions are computed, `defaults` that
    of defaults which read other fields. `audit` are the accesses that are noted. `parent` is, for
    a line object, its link to the record that it is part of. `sharing` and `members` show single
    records to more people than roles do. `viewing` is the query of a view. `formers` are the
    names that it had before it was renamed.
    """

    name: str
    label: Text
    plural: Text
    fields: Mapping[str, Field]
    kind: str = "ordinary"
    key: str = ""
    icon: str = ""
    help: Text | None = None
    title: str = ""
    number: NumberPattern | None = None
    owned: bool = True
    search: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    views: Mapping[str, ListView] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    layouts: tuple[Layout, ...] = ()
    quick: tuple[str, ...] = ()
    duplicates: tuple[MatchRule, ...] = ()
    reveal: tuple[str, ...] = ()
    sharing: Sharing | None = None
    members: Members | None = None
    audit: frozenset[str] = ALWAYS
    parent: str = ""
    viewing: Viewing | None = None
    order: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    formers: tuple[str, ...] = ()
    source: Node | None = field(default=None, compare=False, repr=False)

    @property
    def table(self) -> str:
        """The physical table."""
        return self.key or self.name

    @property
    def names(self) -> tuple[str, ...]:
        """Its name with those that it had before: what the audit may know it by."""
        return (self.name, *self.formers)

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """The names that its fields had before, each with the present one."""
        return {former: f.name for f in self.fields.values() for former in f.formers}

    @property
    def is_settings(self) -> bool:
        """Whether it has exactly one record."""
        return self.kind == "settings"

    @property
    def is_view(self) -> bool:
        """Whether a query stands in the place of its table, so that nobody writes its records."""
        return self.viewing is not None

    @cached_property
    def stored_fields(self) -> tuple[Field, ...]:
        """The fields with a column, system fields included."""
        return tuple(f for f in self.fields.values() if f.stored)

    @cached_property
    def lines(self) -> tuple[Field, ...]:
        """The fields that hold lines."""
        return tuple(f for f in self.fields.values() if isinstance(f.type, Lines))

    @cached_property
    def links(self) -> tuple[Field, ...]:
        """The stored links, system fields included; those of views hold on to nothing."""
        stored = () if self.is_view else self.fields.values()
        return tuple(f for f in stored if isinstance(f.type, Link) and f.stored)

    @cached_property
    def many(self) -> tuple[Field, ...]:
        """The fields of many links, each with a join table of its own."""
        return tuple(f for f in self.fields.values() if isinstance(f.type, Links))

    @cached_property
    def wholes(self) -> Mapping[str, Mapping[str, str]]:
        """The composite fields, each with the names of its parts by suffix."""
        found: dict[str, dict[str, str]] = {
            name: {} for name, f in self.fields.items() if isinstance(f.type, Composite)
        }
        for name, f in self.fields.items():
            if f.part_of:
                found[f.part_of][name.removeprefix(f"{f.part_of}_")] = name
        return found

    @cached_property
    def tree(self) -> str:
        """The link that makes the object a tree, or an empty string."""
        return next((f.name for f in self.links if isinstance(f.type, Parent)), "")

    @property
    def path_column(self) -> str:
        """The column with each record's path in the tree, or an empty string."""
        return f"{self.fields[self.tree].column}{PATH_END}" if self.tree else ""

    def in_company_currency(self, name: str) -> str:
        """The field to add up across records: of an amount, that in the company's currency."""
        beside = f"{name}_company"
        found = self.fields.get(beside)
        return beside if found is not None and found.beside == name else name

    @property
    def parent_object(self) -> str:
        """The object that this line object is part of, or an empty string."""
        if not self.parent:
            return ""
        link = self.fields[self.parent].type
        return link.to if isinstance(link, Link) else ""

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("", 1, 1)
