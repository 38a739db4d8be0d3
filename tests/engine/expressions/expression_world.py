"""A small world for the expression language: three objects, their tables and their rows.

`deal` has every kind of member, `line` belongs to a deal, `person` is who uses the system. Records
marked as deleted exist in the tables and nowhere else: no view shows them.
"""

# ruff: noqa: E501 (records in rows)

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.expressions import (
    Attribute,
    Compiled,
    Context,
    Expression,
    Kind,
    Member,
    Type,
    compile_expression,
    fold,
    prepare_sqlite,
)
from engine.expressions.binding import sql_type
from engine.expressions.sqltypes import Flag, Id, String

MONEY = Type(Kind.NUMBER, scale=2, unit="money")
PERCENT = Type(Kind.NUMBER, scale=4, unit="percent")
TEXT = Type(Kind.TEXT)
STAGES = ("new", "offer", "won", "lost")
TAGS = ("hot", "cold", "vip")


def _choice(
    name: str, options: tuple[str, ...], prefix: str, kind: Kind = Kind.CHOICE, **more: Any
) -> Member:
    keys = {option: f"{prefix}{index}" for index, option in enumerate(options)}
    return Member(name, Type(kind, options=options), f"c_{name}", keys=keys, **more)


def _plain(name: str, type: Type, **more: Any) -> Member:
    return Member(name, type, f"c_{name}", **more)


def _link(name: str, object: str) -> Member:
    return _plain(name, Type(Kind.RECORD, object=object))


def _records(name: str, object: str, via: str) -> Member:
    return Member(name, Type(Kind.RECORDS, object=object), via=via)


_PROBABILITY = Attribute(
    PERCENT, {"new": Decimal("0.1"), "offer": Decimal("0.5"), "won": Decimal(1), "lost": None}
)


def _by_name(*members: Member) -> dict[str, Member]:
    return {member.name: member for member in members}


@dataclass(repr=False)
class World:
    """The objects: what `Names` and `View` say of them, and their tables."""

    objects: dict[str, dict[str, Member]]
    user_object: str = "person"
    tables: dict[str, sa.Table] = field(default_factory=dict)
    metadata: sa.MetaData = field(default_factory=sa.MetaData)

    def member(self, object: str, name: str) -> Member | None:
        return self.objects[object].get(name)

    def members(self, object: str) -> Iterable[str]:
        return self.objects[object]

    def tree(self, object: str) -> str:
        return "manager" if object == "person" else ""

    def source(self, object: str) -> sa.FromClause:
        return self.tables[object].alias()

    def visible(self, object: str, source: sa.FromClause) -> sa.ColumnElement[bool] | None:
        return source.c.deleted.is_(sa.false()) if object == "person" else None

    def column(self, object: str, member: Member, source: sa.FromClause) -> sa.ColumnElement[Any]:
        return source.c[member.column]

    def formula(
        self, object: str, member: Member, value: sa.ColumnElement[Any], source: sa.FromClause
    ) -> sa.ColumnElement[Any]:
        return value

    def inside_formula(self) -> World:
        return self

    def stored(self, object: str) -> list[Member]:
        """The members that have a column."""
        return [member for member in self.objects[object].values() if member.column]

    def add_formula(self, object: str, name: str, source: str, type: Type) -> None:
        """A virtual formula."""
        formula = compile_expression(source, object, self, expected=type)
        self.objects[object][name] = Member(name, type, formula=formula)


def make_world() -> World:
    """The three objects with two virtual formulas."""
    person = _by_name(
        _plain("name", TEXT, folded="c_name_folded"),
        _link("manager", "person"),
        _plain("budget", MONEY),
        _plain("active", Type(Kind.BOOLEAN)),
        _choice("stage", STAGES, "p"),
        _choice("tags", TAGS, "q", Kind.CHOICES),
        _records("deals", "deal", "owner"),
        _records("team", "person", "manager"),
    )
    deal = _by_name(
        _plain("name", TEXT, folded="c_name_folded"),
        _plain("code", TEXT),
        _plain("amount", MONEY),
        _plain("cost", MONEY),
        _plain("discount", PERCENT),
        _plain("quantity", Type(Kind.NUMBER)),
        _plain("weight", Type(Kind.NUMBER, scale=6)),
        _plain("closed", Type(Kind.DATE)),
        _plain("due", Type(Kind.DATE)),
        _plain("signed", Type(Kind.MOMENT)),
        _plain("seen", Type(Kind.MOMENT)),
        _plain("urgent", Type(Kind.BOOLEAN)),
        _choice("stage", STAGES, "s", attributes={"probability": _PROBABILITY}),
        _choice("before", STAGES, "b"),
        _choice("tags", TAGS, "t", Kind.CHOICES),
        _link("owner", "person"),
        _link("parent", "deal"),
        _records("lines", "line", "deal"),
        _records("children", "deal", "parent"),
    )
    line = _by_name(
        _link("deal", "deal"),
        _plain("label", TEXT),
        _plain("price", MONEY),
        _plain("pieces", Type(Kind.NUMBER, scale=3)),
        _plain("shipped", Type(Kind.DATE)),
        _plain("gift", Type(Kind.BOOLEAN)),
        _choice("stage", STAGES, "l"),
        _link("helper", "person"),
    )
    world = World({"person": person, "deal": deal, "line": line})
    world.add_formula("deal", "net", "amount * (1 - discount)", MONEY)
    world.add_formula("deal", "late", 'due < today() and stage != "won"', Type(Kind.BOOLEAN))
    for object in world.objects:
        columns = [sa.Column(m.column, sql_type(m.type)) for m in world.stored(object)]
        folded = [sa.Column(m.folded, String()) for m in world.objects[object].values() if m.folded]
        world.tables[object] = sa.Table(
            object,
            world.metadata,
            sa.Column("id", Id(), primary_key=True, autoincrement=False),
            sa.Column("deleted", Flag()),
            *columns,
            *folded,
            *([sa.Column("c_manager__p", String())] if object == "person" else []),
            sqlite_strict=True,
        )
    return world


@dataclass(repr=False)
class Rows:
    """All rows: values by object and id. A link's value is an id here."""

    world: World
    values: dict[str, dict[int, dict[str, Any]]]

    def row(self, object: str, id: int | None) -> Record | None:
        """The record, unless it does not exist or is deleted."""
        values = self.values[object].get(id) if id is not None else None
        return None if values is None or values.get("deleted") else Record(self, object, id or 0)

    def all(self, object: str) -> list[Record]:
        """Every record that a statement over the table would meet, deleted ones too."""
        return [Record(self, object, id) for id in sorted(self.values[object])]

    def below(self, object: str, id: int) -> frozenset[int]:
        """Whose chain of managers leads to `id`."""
        link = {"person": "manager", "deal": "parent"}[object]
        found, new = {id}, {id}
        while new:
            new = {i for i, v in self.values[object].items() if v.get(link) in new} - found
            found |= new
        return frozenset(found)

    def path(self, object: str, id: int) -> str:
        """The ids from the top of the tree down to the record."""
        chain: list[int] = []
        at: int | None = id
        while at is not None and at in self.values[object] and at not in chain:
            chain.append(at)
            at = self.values[object][at].get("manager")
        return "".join(f"{each:012}" for each in reversed(chain))


@dataclass(frozen=True, repr=False)
class Record:
    """A row as the Python reading sees it."""

    rows: Rows
    object: str
    id: int

    def value(self, name: str) -> Any:
        if "@" in name:
            return self._in_tree(name.partition("@")[2])
        member = self.rows.world.objects[self.object][name]
        if member.type.kind is Kind.RECORDS:
            others = self.rows.all(member.type.object)
            return [
                other
                for other in others
                if self.rows.values[other.object][other.id].get(member.via) == self.id
                and self.rows.row(other.object, other.id) is not None
            ]
        found = self.rows.values[self.object][self.id].get(name)
        if member.type.kind is Kind.RECORD:
            return self.rows.row(member.type.object, found)
        return found

    def _in_tree(self, what: str) -> Any:
        path = self.rows.path(self.object, self.id)
        if what == "path":
            return path
        if what == "root":
            return self.rows.row(self.object, int(path[:12]))
        paths = {id: self.rows.path(self.object, id) for id in self.rows.values[self.object]}
        found = [
            id
            for id, other in paths.items()
            if id != self.id
            and (path.startswith(other) if what == "ancestors" else other.startswith(path))
        ]
        return [row for id in found if (row := self.rows.row(self.object, id)) is not None]


def connect(url: str) -> sa.Engine:
    """An engine on which the SQL reading works."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda raw, _: prepare_sqlite(raw))
    return engine


def load(connection: sa.Connection, rows: Rows) -> None:
    """Creates the tables and fills them."""
    world = rows.world
    world.metadata.create_all(connection)
    for object, table in world.tables.items():
        prepared = [_stored(world, object, id, v) for id, v in rows.values[object].items()]
        if world.tree(object):
            for stored in prepared:
                stored["c_manager__p"] = rows.path(object, stored["id"])
        if prepared:
            connection.execute(sa.insert(table), prepared)
    connection.commit()


def _stored(world: World, object: str, id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = {"id": id, "deleted": bool(values.get("deleted"))}
    for member in world.stored(object):
        value = values.get(member.name)
        if value is not None and member.type.kind is Kind.CHOICE:
            value = member.keys[value]
        if value is not None and member.type.kind is Kind.CHOICES:
            value = tuple(member.keys[option] for option in value)
        stored[member.column] = value
        if member.folded:
            stored[member.folded] = None if value is None else fold(value)
    return stored


def read_back(expression: Expression, compiled: Compiled, value: Any) -> Any:
    """What a statement returned, as the Python reading gives it."""
    if expression.type.kind is Kind.CHOICE and value is not None:
        names = {key: name for name, key in compiled.keys.items()}
        return names.get(value, value)
    if expression.type.kind is Kind.CHOICES and value is not None:
        names = {key: name for name, key in compiled.keys.items()}
        return tuple(names.get(option, option) for option in value)
    return value


NOW = dt.datetime(2026, 3, 2, 3, 0, tzinfo=dt.UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def example_rows(world: World) -> Rows:
    """The record that the reference's examples are about (deal 1), and its surroundings."""
    utc = dt.UTC
    return Rows(
        world,
        {
            "person": {
                1: {"name": "Li Wei", "manager": 2, "stage": "won", "tags": ("hot", "vip"), "budget": Decimal("500.00"), "active": True},
                2: {"name": "Zhang Min", "active": True},
            },
            "deal": {
                1: {
                    "name": "Acme Ltd", "code": "A-1", "amount": Decimal("120.50"),
                    "cost": Decimal("100.00"), "quantity": Decimal(3), "weight": Decimal("1.250000"),
                    "closed": dt.date(2026, 2, 14), "due": dt.date(2026, 3, 31),
                    "signed": dt.datetime(2026, 3, 1, 16, 30, tzinfo=utc), "urgent": True,
                    "stage": "won", "before": "offer", "tags": ("hot", "vip"), "owner": 1,
                },
            },
            "line": {
                1: {"deal": 1, "label": "Pump", "price": Decimal("10.00"), "pieces": Decimal("2.000"), "stage": "won"},
                2: {"deal": 1, "label": "Pipe", "price": Decimal("20.00"), "pieces": Decimal("0.500"), "gift": True},
                3: {"deal": 1, "label": "Visit"},
            },
        },
    )  # fmt: skip


def example_context(rows: Rows, user: int = 1) -> Context:
    """11 in the morning of 2 March 2026 in Shanghai, Li Wei asking."""
    return Context(now=NOW, zone=SHANGHAI, user=rows.row("person", user), below=rows.below)
