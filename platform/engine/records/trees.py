"""Trees: each record's path is kept beside its link to the record above.

1. Whoever moves a record holds the tree alone until the transaction ends, and whoever hangs a
   new record somewhere holds it together with others: two moves at once, each of them harmless,
   could otherwise close a circle, or a new record take a path that is just being rewritten.
2. No record may come to stand below itself, however many of a batch move together: the chains
   above all of them are read with one statement and followed as they will be.
3. A new record's path is that of the record above and its own id. Where a record moves, the
   paths of its whole branch are rewritten by one statement, the uppermost record first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from engine.expressions.trees import MOST_LEVELS, WIDTH, last_below, piece
from engine.problems import Refusal
from engine.records import messages as say
from engine.records.shapes import Row, Shape
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.changes import Batch, Change
    from engine.records.rows import RowView
    from engine.records.transaction import Transaction

CHUNK = 5_000


# Circles


def check_circles(batch: Batch) -> None:
    """Refuses, by the names of those in it, every move that would close a circle."""
    tx = batch.tx
    link = tx.gate.hierarchy.link(batch.name)
    if not link:
        return
    hanging = [c for c in batch.changes if c.row.get(link) is not None and _moves(c, link)]
    if not hanging:
        return
    moving = [change for change in hanging if change.id is not None]
    _hold(tx, batch.name, alone=bool(moving))
    above = _chains(tx, batch.name, link, [change.row[link] for change in hanging])
    above |= {c.id: c.row.get(link) for c in batch.changes if c.id is not None}
    for change in hanging:
        chain = _chain(change, change.row[link], above)
        if len(chain) > MOST_LEVELS:
            field = batch.definition.fields[link].label
            change.refuse(say.TREE_TOO_DEEP(field=field, most=MOST_LEVELS), link)
        elif chain and chain[-1] == change.id:
            _refuse_circle(batch, change, link, chain)


def _moves(change: Change, link: str) -> bool:
    return change.before is None or change.before.get(link) != change.row.get(link)


def _hold(tx: Transaction, object: str, alone: bool) -> None:
    """Holds the tree until the transaction ends. SQLite has one writer at a time anyway."""
    if tx.dialect == "sqlite":
        return
    lock = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
    table = tx.tables.table(object).name
    tx.connection.execute(sa.select(lock(_LOCKS, zlib.crc32(table.encode()) - 2**31)))


_LOCKS = 0x74726565
"""The first half of the locks of trees."""


def _chains(
    tx: Transaction, object: str, link: str, starts: Iterable[int]
) -> dict[int | None, int | None]:
    """Who stands directly above whom, for `starts` and everyone above them, as it is now."""
    table = tx.tables.table(object)
    column = tx.catalog.objects[object].fields[link].column
    found: dict[int | None, int | None] = {}
    wanted = sorted(set(starts))
    for at in range(0, len(wanted), CHUNK):
        chunk = wanted[at : at + CHUNK]
        up = sa.select(table.c.id, table.c[column].label("above")).where(table.c.id.in_(chunk))
        tree = up.cte(recursive=True)
        higher = table.alias()
        tree = tree.union(
            sa.select(higher.c.id, higher.c[column]).where(higher.c.id == tree.c.above)
        )
        found.update((id, above) for id, above in tx.connection.execute(sa.select(tree)))
    return found


def _chain(change: Change, start: int, above: Mapping[int | None, int | None]) -> list[int]:
    """The ids from `start` upwards, up to the change's own or the top."""
    chain: list[int] = []
    at: int | None = start
    while at is not None and at not in chain and len(chain) <= MOST_LEVELS:
        chain.append(at)
        if at == change.id:
            break
        at = above.get(at)
    return chain


def _refuse_circle(batch: Batch, change: Change, link: str, chain: Sequence[int]) -> None:
    names = [_name(batch, id) for id in (change.id, *chain) if id is not None]
    label = batch.definition.fields[link].label
    change.refuse(say.HIERARCHY_CYCLE(field=label, found=" → ".join(names)), link)


def _name(batch: Batch, id: int) -> str:
    """What people may be told of a record: its title where they may read it, else its id."""
    own = next((change.row for change in batch.changes if change.id == id), None)
    title = batch.definition.title
    if own is None or not batch.lens.may_read(title):
        return f"#{id}"
    return str(own.get(title) or f"#{id}")


# Paths


def keep_new(tx: Transaction, shape: Shape, rows: Sequence[Row]) -> None:
    """Gives new records, just inserted, their paths."""
    link = shape.definition.tree
    if not link:
        return
    known = _paths(tx, shape, {row[link] for row in rows if row.get(link) is not None})
    _write(tx, shape, {r["id"]: known.get(r.get(link), "") + piece(r["id"]) for r in rows})
    tx.forget_branches()


def keep_moved(tx: Transaction, shape: Shape, pairs: Sequence[tuple[Row, Row]]) -> None:
    """Rewrites the paths of records that were given another record above, and below them."""
    link = shape.definition.tree
    if not link:
        return
    to = {new["id"]: new.get(link) for old, new in pairs if old.get(link) != new.get(link)}
    if not to:
        return
    for id in _uppermost_first(to):
        found = _paths(tx, shape, {id, to[id]} - {None})
        old, above = found.get(id), found.get(to[id], "")
        new = above + piece(id)
        if old is None:  # its path is still to be filled in
            _write(tx, shape, {id: new})
        elif old != new:
            _rewrite(tx, shape, old, new)
    tx.forget_branches()


def _uppermost_first(to: Mapping[int, int | None]) -> list[int]:
    """Moved records, each after those of them that it comes to stand under."""
    ordered: list[int] = []

    def place(id: int, open: tuple[int, ...]) -> None:
        if id in ordered:
            return
        if id in open:
            raise Refusal(say.TREE_CIRCLE(found=" → ".join(f"#{i}" for i in (*open, id))))
        if to[id] in to:
            place(to[id] or 0, (*open, id))
        ordered.append(id)

    for id in sorted(to):
        place(id, ())
    return ordered


def _column(shape: Shape) -> Any:
    return shape.table.c[shape.definition.path_column]


def _paths(tx: Transaction, shape: Shape, ids: Iterable[int | None]) -> dict[int | None, str]:
    table, wanted = shape.table, sorted(id for id in ids if id is not None)
    found: dict[int | None, str] = {}
    for at in range(0, len(wanted), CHUNK):
        query = sa.select(table.c.id, _column(shape)).where(
            table.c.id.in_(wanted[at : at + CHUNK]), _column(shape).is_not(None)
        )
        found.update((id, path) for id, path in tx.connection.execute(query))
    return found


def _write(tx: Transaction, shape: Shape, paths: Mapping[int, str]) -> None:
    if not paths:
        return
    table = shape.table
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id"))
        .values({_column(shape).name: sa.bindparam("path")})
    )
    tx.connection.execute(
        statement, [{"row_id": id, "path": path} for id, path in sorted(paths.items())]
    )


def _rewrite(tx: Transaction, shape: Shape, old: str, new: str) -> None:
    """Moves a whole branch: what its paths begin with is replaced."""
    column = _column(shape)
    below = sa.and_(column >= old, column < last_below(old))
    levels = (len(new) - len(old)) // WIDTH
    if levels > 0:
        deepest = tx.connection.scalar(sa.select(sa.func.max(sa.func.length(column))).where(below))
        if (deepest or 0) // WIDTH + levels > MOST_LEVELS:
            field = shape.definition.fields[shape.definition.tree].label
            raise Refusal(say.TREE_TOO_DEEP(field=field, most=MOST_LEVELS))
    changed = sa.literal(new).concat(sa.func.substr(column, len(old) + 1))
    tx.connection.execute(sa.update(shape.table).where(below).values({column.name: changed}))


def fill_paths(tx: Transaction, name: str) -> int:
    """Writes all paths of an object that are missing or wrong; returns how many those were.

    Records that hang from each other in a circle are taken as tops of their own.
    """
    shape, right = tx.shape(name), dict[int, str]()
    table, link = shape.table, shape.definition.fields[shape.definition.tree]
    query = sa.select(table.c.id, table.c[link.column], _column(shape))
    rows = list(tx.connection.execute(query))
    above = {id: parent for id, parent, _ in rows}
    for id in above:
        chain: list[int] = []
        at: int | None = id
        while at is not None and at not in right and at not in chain:
            chain.append(at)
            at = above.get(at)
        path = right.get(at, "") if at is not None else ""
        for each in reversed(chain):
            path = right[each] = path + piece(each)
    wrong = {id: right[id] for id, _, path in rows if path != right[id]}
    _write(tx, shape, wrong)
    return len(wrong)


# Reading


def below(
    connection: sa.Connection, table: sa.Table, column: sa.Column[str], id: int
) -> frozenset[int]:
    """The record itself and every live one below it, by the paths in `column`."""
    path = connection.scalar(sa.select(column).where(table.c.id == id))
    if path is None:
        return frozenset((id,))
    found = sa.select(table.c.id).where(
        column > path, column < last_below(path), table.c[DELETED].is_(None)
    )
    return frozenset(connection.scalars(found)) | {id}


def branch_rows(connection: sa.Connection, shape: Shape, id: int) -> list[Row]:
    """The live records below one, from the top down."""
    found = below(connection, shape.table, _column(shape), id) - {id}
    rows: list[Row] = []
    source, wanted = shape.table.alias(), sorted(found)
    for at in range(0, len(wanted), CHUNK):
        query = sa.select(*shape.select_columns(source)).where(
            source.c.id.in_(wanted[at : at + CHUNK])
        )
        rows += [shape.row(values) for values in connection.execute(query)]
    return rows


def tree_value(row: RowView, name: str) -> Any:
    """What the language asks of a record about its tree: `parent@path`, `parent@root`, …"""
    link, _, what = name.partition("@")
    if what == "descendants":
        return () if row.id is None else row.tx.branch(row.definition.name, row.id)
    chain = [row]
    seen = {row.id}
    while (higher := chain[-1].value(link)) is not None and higher.id not in seen:
        seen.add(higher.id)
        chain.append(higher)
    if what == "root":
        return chain[-1]
    if what == "ancestors":
        return [one for one in reversed(chain[1:]) if one.value(DELETED) is None]
    return "".join(piece(one.id) for one in reversed(chain))
