"""The one gate for writing: a list of named steps that every change passes, whoever asks.

One transaction does it all: permission, input, defaults, suggestions, formulas, rules, numbers,
the write, rollups and the audit. Higher rooms add their steps to the list (rule 9), so
that nobody can forget one. Reading goes through `reading.Reader`, with the same permissions.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError, OperationalError

from engine.definition.catalog import Catalog
from engine.definition.dependencies import dependencies
from engine.definition.objects import Object
from engine.permissions.actors import Actor
from engine.permissions.lens import Lenses
from engine.problems import Refusal
from engine.records import (
    any_links,
    auditing,
    computing,
    currencies,
    derived,
    filing,
    inputs,
    joining,
    lines,
    locks,
    numbers,
    propagating,
    removal,
    rights,
    rollups,
    rules,
    scoped,
    series,
    settings,
    standing,
    unique,
    viewing,
    writing,
)
from engine.records import messages as say
from engine.records.changes import CREATE, DELETE, RESTORE, UPDATE, Batch, Change, Step
from engine.records.conflicts import refusal_of
from engine.records.hierarchy import Hierarchy
from engine.records.joins import load_lists
from engine.records.rows import RowView
from engine.records.shapes import Row, make_shapes
from engine.records.statements import Statements
from engine.records.transaction import Transaction
from engine.schema.engines import Databases
from engine.schema.fence import enter_write
from engine.schema.tables import Tables

T = TypeVar("T")
Wake = Callable[[Mapping[str, Sequence[int]]], None]
"""Is told after each commit which effects it asked for: their ids by queue. Never raises."""

_SAVING = frozenset((CREATE, UPDATE))
_EXISTING = frozenset((UPDATE, DELETE, RESTORE))
_REMOVING = frozenset((DELETE, RESTORE))
_EVERY = _SAVING | _REMOVING
ATTEMPTS = 4
"""How often a transaction is tried that another one took a unique value from."""
LOCK_ATTEMPTS = 12
"""How often a transaction is tried that the database ended because of a deadlock."""
LONGEST_PAUSE = 1.0
"""Seconds before another attempt, at most."""


def _opening(batch: Batch) -> None:
    """What lines go through before anything is computed."""
    lines.start_lines(batch)
    load_lists(batch)
    inputs.read_input(batch)
    inputs.resolve_links(batch)
    filing.resolve_files(batch)
    joining.resolve(batch)
    inputs.fill_defaults(batch)


STEPS: tuple[Step, ...] = (
    Step("views", viewing.refuse_views, _EVERY),
    Step("kind", settings.keep_one, frozenset((CREATE, DELETE, RESTORE))),
    Step("permission", rights.authorise, _EVERY),
    Step("before", rights.load_before, _EXISTING),
    Step("principals", standing.note_principals, _EXISTING),
    Step("version", rights.check_version, frozenset((UPDATE, DELETE))),
    Step("new", rights.start_new, frozenset((CREATE,))),
    Step("joined", joining.load, _EVERY),
    Step("any links", any_links.name_objects),
    Step("input", inputs.read_input),
    Step("links", inputs.resolve_links),
    Step("files", filing.resolve_files),
    Step("join input", joining.resolve),
    Step("defaults", inputs.fill_defaults),
    Step("department", inputs.assign_department),
    Step("lines", lines.open_lines(_opening)),
    Step("currencies", currencies.adopt_currencies),
    Step("locks", locks.check_locks, frozenset((UPDATE,))),
    Step("members", scoped.guard_members, frozenset((UPDATE,))),
    Step("compute", computing.compute),
    Step("amounts", currencies.check_amounts),
    Step("rules", rules.check_rules),
    Step("join rules", lines.with_lines(joining.check)),
    Step("unique", unique.check_unique, _SAVING | {RESTORE}),
    Step("references", removal.check_references, _REMOVING),
    Step("number", numbers.number),
    Step("series", series.take_series),
    Step("parents", rollups.lock_parents, _EVERY),
    Step("file copies", filing.copy_files),
    Step("write", writing.write),
    Step("attach", filing.attach_files),
    Step("join", lines.with_lines(joining.write), _SAVING | {RESTORE}),
    Step("remove", removal.remove, _REMOVING),
    Step("follow", removal.follow_links, frozenset((DELETE,))),
    Step("rollups", propagating.carry_on, _EVERY),
    Step("audit", auditing.audit, _EVERY),
)
"""The steps in order. A step runs for its own actions only."""


def with_steps(steps: Sequence[Step], *additions: tuple[str, Step]) -> tuple[Step, ...]:
    """The steps with more of them: each addition stands right before the named step.

    Raises LookupError when there is no step of that name.
    """
    result = list(steps)
    for before, step in additions:
        names = [s.name for s in result]
        if before not in names:
            raise LookupError(f"there is no step {before!r} among {names}")
        result.insert(names.index(before), step)
    return tuple(result)


class Gate:
    """The gate of one revision of the application."""

    def __init__(
        self,
        catalog: Catalog,
        tables: Tables,
        databases: Databases,
        revision: int,
        clock: Callable[[], dt.datetime],
        steps: Sequence[Step] = STEPS,
        before_transaction: Callable[[], None] = lambda: None,
        wake: Wake = lambda due: None,
    ) -> None:
        self.catalog = catalog
        self.tables = tables
        self.databases = databases
        self.revision = revision
        self.clock = clock
        self.steps = tuple(steps)
        self.before_transaction = before_transaction
        self.wake = wake
        self.dialect = databases.dialect
        self.zone: ZoneInfo = catalog.site.zone
        self.lenses = Lenses(catalog, tables, self.dialect)
        self.shapes = make_shapes(catalog, tables, databases.vault)
        self.statements = Statements(databases.reads.dialect)
        self.hierarchy = Hierarchy(catalog, tables)
        self.keepers = rollups.keepers(catalog)
        self.dependencies = dependencies(catalog)
        self.numbering = numbers.Numbering(self)
        self.audit = auditing.Audit(tables)

    @contextmanager
    def transaction(
        self,
        actor: Actor,
        *,
        historical: bool = False,
        quiet: bool = False,
        batch: int | None = None,
        cause: str = "",
    ) -> Iterator[Transaction]:
        """One write transaction as `actor`; committed at the end, rolled back on any exception.

        Raises Refusal where the actor lacks the right to import history, and StaleRevision
        when the database has moved on to another revision (rule 4).
        """
        if historical:
            self.require_right(actor, "historical_import")
        self.before_transaction()
        with self.databases.writing() as connection:
            enter_write(connection, self.revision)
            tx = Transaction(
                self,
                connection,
                actor,
                historical=historical,
                quiet=quiet,
                batch=batch,
                cause=cause,
            )
            yield tx
        for work in tx.after_commit:
            work()

    def write(self, actor: Actor, work: Callable[[Transaction], T], **mode: Any) -> T:
        """Runs `work` in one transaction, from the beginning again when another one came first.

        That is so when the database chose it to end a deadlock, and when another transaction
        has just taken a unique value: the next attempt sees it and says so.
        Raises Refusal for everything that the rules refuse.
        """
        taken = locked = 0
        while True:
            try:
                with self.transaction(actor, **mode) as tx:
                    return work(tx)
            except IntegrityError as error:
                taken += 1
                if taken == ATTEMPTS:
                    raise refusal_of(error, self.catalog) from error
            except OperationalError as error:
                locked += 1
                if getattr(error.orig, "sqlstate", "") not in ("40P01", "40001"):
                    raise
                if locked == LOCK_ATTEMPTS:
                    raise
            if locked > 1:  # apart from the others who lost with us, ever further
                time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**locked)))

    def create(
        self, actor: Actor, object: str, values: Sequence[Mapping[str, Any]]
    ) -> list[Change]:
        """Creates records, all or none; each with its lines."""

        def work(tx: Transaction) -> list[Change]:
            changes = [Change(given=dict(given)) for given in values]
            if len(changes) > 1:
                for index, change in enumerate(changes):
                    change.path = f"[{index}]."
            return self.pass_steps(tx, object, CREATE, changes).changes

        return self.write(actor, work)

    def update(
        self,
        actor: Actor,
        object: str,
        id: int,
        values: Mapping[str, Any],
        version: int | None = None,
    ) -> Change:
        """Changes the given fields of one record; `version` is the one it was made from."""

        def work(tx: Transaction) -> Change:
            change = Change(given=dict(values), id=id, expected_version=version)
            self.pass_steps(tx, object, UPDATE, [change])
            return change

        return self.write(actor, work)

    def perform(
        self,
        actor: Actor,
        object: str,
        id: int,
        transition: str,
        values: Mapping[str, Any] | None = None,
        version: int | None = None,
    ) -> Change:
        """Performs a transition by name, with the fields that it asks for."""

        def work(tx: Transaction) -> Change:
            change = Change(
                given=dict(values or {}), id=id, expected_version=version, transition=transition
            )
            self.pass_steps(tx, object, UPDATE, [change])
            return change

        return self.write(actor, work)

    def delete(
        self, actor: Actor, object: str, ids: Sequence[int], version: int | None = None
    ) -> None:
        """Moves records to the recycle bin, with their lines."""
        self.write(
            actor,
            lambda tx: self.pass_steps(
                tx,
                object,
                DELETE,
                [Change(given={}, id=id, expected_version=version) for id in ids],
            ),
        )

    def restore(self, actor: Actor, object: str, ids: Sequence[int]) -> None:
        """Brings records back from the recycle bin, with the lines that went with them."""
        self.write(
            actor,
            lambda tx: self.pass_steps(
                tx, object, RESTORE, [Change(given={}, id=id) for id in ids]
            ),
        )

    def pass_steps(
        self,
        tx: Transaction,
        object: str,
        action: str,
        changes: list[Change],
        *,
        lenient: bool = False,
    ) -> Batch:
        """Takes changes of one object through all steps of an action.

        A lenient batch parts with changes that have problems and goes on; they end up in
        `Batch.rejected`. Raises Refusal with all problems of any other batch.
        """
        definition = self.catalog.objects.get(object)
        if definition is None or definition.parent:
            raise Refusal(say.NOT_FOUND(object=object, record=""))
        batch = Batch(tx, definition, action, changes, tx.lens(object), lenient=lenient)
        for step in self.steps:
            if action in step.actions and batch.changes:
                step.run(batch)
        return batch

    def view_of(self, tx: Transaction, definition: Object, change: Change) -> RowView:
        """The record as it will be, for expressions."""
        if change.view is None or change.view.row is not change.row:
            above = change.parent
            parent = None
            if above is not None:
                parent = self.view_of(tx, self.catalog.objects[definition.parent_object], above)
            change.view = RowView(tx, definition, change.row, parent=parent)
        if change.lines and change.view.lines is None:
            change.view.lines = {}  # the lines ask for this very view
            for name, found in change.lines.items():
                child = self.line_object(definition, name)
                change.view.lines[name] = [
                    self.view_of(tx, child, line) for line in found if line.action != DELETE
                ]
        return change.view

    def line_object(self, definition: Object, name: str) -> Object:
        """The object of the lines field `name`."""
        return self.catalog.objects[definition.fields[name].type.expression_type().object]

    def write_derived(
        self,
        tx: Transaction,
        definition: Object,
        before: Mapping[int, Row],
        after: dict[int, Row],
        moved: Collection[str] = (),
    ) -> None:
        """Writes rows of which something moved, and everything that follows from that."""
        derived.write_derived(tx, definition, before, after, moved)

    def require_right(self, actor: Actor, right: str) -> None:
        """Refuses an actor whose roles all lack the right (`historical_import`, `administer`)."""
        if rights.has_right(self, actor, right):
            return
        lens = self.lenses.lens(next(iter(self.catalog.objects)), actor.roles)
        roles = rights.role_names(lens, actor.roles)
        raise Refusal(say.RIGHT_MISSING(right=rights.RIGHTS[right], roles=roles))
