"""Carrying out a plan, as a journal of expand, publish and contract (rules 3 and 4).

1. *Expand* adds what is missing; the running revision does not see it. PostgreSQL: each table in
   a short transaction of its own that waits for locks at most `LOCK_MILLISECONDS` and tries
   again, because readers queue up behind a waiting ALTER; indexes on existing tables are built
   concurrently. Columns of large tables are computed beside everybody's work (`backfilling`).
   What was done stays done: after a failure the next apply of the plan goes on there.
2. *Publish* is one transaction under the exclusive fence: what is left to compute, keys, whatever
   the rooms above have to do (roles, seeds), the revision.
3. *Contract* drops indexes that nothing asks for any more, and what the backfill needed.

SQLite does all three in one transaction, unless large tables have columns to compute. Before
anything is done, and again before publishing, the plan is made anew: if the database is no longer
as it was shown, nothing is carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from engine.problems import Message, Refusal, Text
from engine.schema.backfilling import (
    RUNNING,
    Ahead,
    Backfill,
    Journal,
    begin_journal,
    end_journal,
    is_large,
    publish_journal,
    read_journal,
    tidy,
)
from engine.schema.converting import PENDING
from engine.schema.differences import digest_of
from engine.schema.engines import Databases
from engine.schema.fence import current_revision, exclusive
from engine.schema.findings import Severity
from engine.schema.locking import alone, briefly_locking, retried
from engine.schema.planning import Plan
from engine.schema.publishing import Publishing, Replan
from engine.schema.running import index_of, indexes_in, no_duplicates, run_outside
from engine.schema.state import (
    Keys,
    has_state,
    keep_state,
    read_keys,
    write_keys,
    write_revision,
)
from engine.schema.steps import Phase, Step
from engine.schema.structure import Structure, read_structure

DRIFTED = Message(
    "plan-drifted",
    en="the database or the definitions have changed since this plan was made",
    zh="自生成此计划以来，数据库或定义已发生变化",
    hint_en="make the plan again and look at it",
    hint_zh="请重新生成计划并确认",
)
LOSES = Message(
    "plan-loses",
    en="this would hide data that people see now: {what}",
    zh="这将隐藏用户当前可见的数据：{what}",
    hint_en="if something was renamed, write `was: old_name`; otherwise add --allow-loss",
    hint_zh="如为改名，请写 `was: 旧名称`；否则请加上 --allow-loss",
)
ASKS = Message(
    "plan-asks",
    en="{what}",
    zh="{what}",
    hint_en="write `was:` as the plan shows; if it is something else, add --allow-loss",
    hint_zh="请按计划所示写 `was:`；如确为不同的东西，请加上 --allow-loss",
)


def apply_plan(
    databases: Databases,
    shown: Plan,
    replan: Replan,
    publishing: Publishing,
    *,
    allow_loss: bool = False,
    answered: bool = False,
) -> int | None:
    """Carries out the plan that was shown; returns the new revision, None if nothing was to do.

    `replan(connection)` makes the plan for the same target anew. Raises Refusal when the plan
    has problems, hides data without `allow_loss`, asks something that nobody has `answered`
    (nor allowed), or no longer fits the database.
    """
    if shown.problems:
        raise Refusal(*shown.problems)
    asking = [] if answered else [f.text for f in shown.findings if f.severity == Severity.ASKS]
    if asking and not allow_loss:
        raise Refusal(*(ASKS(what=text) for text in asking))
    if shown.loses and not allow_loss:
        losses = [step.text for step in shown.steps if step.loses]
        losses += [found.text for found in shown.findings if found.severity == Severity.LOSES]
        joined = {lang: "; ".join(t.in_(lang) for t in losses) for lang in ("en", "zh")}
        raise Refusal(LOSES(what=Text(joined)))
    way = _Apply(databases, replan, publishing)
    if databases.dialect == "sqlite":
        return way.on_sqlite(shown)
    with alone(databases) as holder:
        return way.on_postgresql(shown, holder)


def _still(plan: Plan, shown: Plan) -> bool:
    """Whether the plan is still the one that was shown; not when it was carried out meanwhile."""
    if plan.digest == shown.digest:
        return not plan.empty
    if plan.empty:
        return False
    raise Refusal(DRIFTED())


@dataclass(frozen=True)
class _Apply:
    """One plan being carried out."""

    databases: Databases
    replan: Replan
    publishing: Publishing

    def on_sqlite(self, shown: Plan) -> int | None:
        """In one transaction, unless something is computed before."""
        self.tidied()
        with self.databases.reading() as connection:
            plan = self.replan(connection)
            if not _still(plan, shown):
                return None
            ahead = self.ahead(connection, plan)
        if ahead is None:
            return self.at_once(shown)
        self.expanded(plan, ahead)
        self.computed(plan, ahead)
        with self.databases.reading() as connection:
            keys = self.unchanged(connection, plan, but=(Phase.INDEX,))
        late = plan.of(Phase.INDEX, Phase.DROP)
        self.settled(ahead)
        with self.databases.writing() as connection:
            self.still_unchanged(connection, plan, keys)
            self.hooks(connection, plan)
            layers = plan.target.layers(connection)
            revision = self.publish(connection, plan, ahead, layers, late)
        self.tidied()
        return revision

    def at_once(self, shown: Plan) -> int | None:
        """Everything in one transaction (SQLite)."""
        with self.databases.writing() as connection:
            plan = self.replan(connection)
            if not _still(plan, shown):
                return None
            for step in plan.of(Phase.CREATE, Phase.ALTER):
                step.run(connection)
            _keep_state(connection, plan, read_keys(connection))
            layers, late = plan.target.layers(connection), plan.of(Phase.INDEX, Phase.DROP)
            revision = self.publish(connection, plan, None, layers, late)
            self.hooks(connection, plan)
            return revision

    def on_postgresql(self, shown: Plan, holder: sa.Connection) -> int | None:
        """In many short steps, so that nobody waits for long."""
        self.tidied()
        with holder.begin():
            plan = self.replan(holder)
            if not _still(plan, shown):
                return None
            ahead = self.ahead(holder, plan)
        if plan.published:  # an apply was killed after it had published
            self.contracted(plan)
            return None
        self.expanded(plan, ahead)
        if ahead is not None:
            self.computed(plan, ahead)
        with holder.begin():
            invalid, known = indexes_in(read_structure(holder))
        for step in plan.of(Phase.INDEX):
            if index_of(step) in invalid or index_of(step) not in known:
                with no_duplicates(step.text):
                    run_outside(self.databases, step)
        with holder.begin():
            keys = self.unchanged(holder, plan)
            layers = plan.target.layers(holder)
        self.settled(ahead)

        def publish() -> int:
            with briefly_locking(self.databases) as connection:
                self.hooks(connection, plan)  # while others still may write
                exclusive(connection)
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                self.still_unchanged(connection, plan, keys)
                return self.publish(connection, plan, ahead, layers)

        revision = retried(publish)
        self.contracted(plan)
        self.tidied()
        return revision

    def contracted(self, plan: Plan) -> None:
        """Drops what nothing asks for any more (PostgreSQL)."""
        for step in plan.of(Phase.DROP):
            retried(partial(run_outside, self.databases, step), step.text)

    def tidied(self) -> None:
        """Completes what an apply has left to do that has published already."""
        tidy(self.databases, self.publishing.fill.tell)

    def ahead(self, connection: sa.Connection, plan: Plan) -> Ahead | None:
        """What is computed before publishing: everything that can be, if a table is large."""
        target = plan.target
        found = self.publishing.fill.ahead(target.tables, plan.fills, plan.fixes, plan.fresh)
        if found is None or not found.passes:
            return None
        journal = read_journal(connection)
        begun = journal is not None and journal.target == plan.way and journal.passes
        done = {(one.object, name) for one in found.passes for name in one.fields}
        moved = {(fix.object, fix.field) for fix in plan.fixes if fix.source is not None}
        assert moved <= done, "a column that nothing would fill"
        if begun or moved:
            return found
        known = read_structure(connection).tables.keys()
        tables = sorted(set(found.read()) & known)
        large = any(is_large(connection, table, plan.online_from) for table in tables)
        return found if large else None

    def expanded(self, plan: Plan, ahead: Ahead | None) -> None:
        """Adds tables and columns, the journal before them."""
        creating = plan.of(Phase.CREATE)
        begun = Journal(plan.way, RUNNING, plan.fresh, tuple(ahead.passes) if ahead else ())
        with self.databases.reading() as connection:
            before = read_keys(connection)
            late = plan.applied is not None and not has_state(connection)

        def create() -> None:
            with briefly_locking(self.databases) as connection:
                for step in creating:
                    step.run(connection)
                if not late:
                    _keep_state(connection, plan, before)
                # with the tables, so that after a failure we still know them as ours; what has a
                # key keeps it until publishing, for the revision that runs
                write_keys(connection, {**plan.target.keys, **read_keys(connection)})
                if plan.fresh:
                    begin_journal(connection, begun, self.publishing.now)

        retried(create, creating[0].text if creating else None)
        structure = self.structure()
        for step in plan.of(Phase.ALTER):
            if not step.columns or not structure.tables[step.table].columns >= set(step.columns):
                retried(partial(_alter, self.databases, step), step.text)
        if late:  # the database is of a version that kept no states
            with self.databases.writing() as connection:
                _keep_state(connection, plan, before)

    def structure(self) -> Structure:
        """What stands in the database now."""
        with self.databases.reading() as connection:
            return read_structure(connection)

    def computed(self, plan: Plan, ahead: Ahead) -> None:
        """Computes the columns of large tables, beside everybody's work."""
        backfill = self.backfill(ahead)
        backfill.watch(self.structure().without(plan.fresh))
        backfill.run()

    def settled(self, ahead: Ahead | None) -> None:
        """Leaves as little as can be to compute while nobody may write."""
        if ahead is not None:
            backfill = self.backfill(ahead)
            backfill.sweep()
            backfill.settle()

    def backfill(self, ahead: Ahead) -> Backfill:
        """What computes columns before publishing."""
        return Backfill(self.databases, ahead, self.publishing.tell, self.publishing.now)

    def unchanged(self, connection: sa.Connection, plan: Plan, but: Sequence[Phase] = ()) -> Keys:
        """The keys as they stand. Raises Refusal unless all is as the plan left it."""
        now = self.replan(connection, findings=False, begun=plan)
        same = (
            now.target.keys == plan.target.keys
            and (now.applied and now.applied.id) == (plan.applied and plan.applied.id)
            and digest_of(now.target.definitions) == digest_of(plan.target.definitions)
        )
        missing = {Phase.CREATE, Phase.ALTER, Phase.INDEX} - set(but)
        if not same or now.of(*missing):
            raise Refusal(DRIFTED())
        return read_keys(connection)

    def still_unchanged(self, connection: sa.Connection, plan: Plan, keys: Keys) -> None:
        """The same, when nobody can change anything any more: only what is quick to see."""
        applied = plan.applied.id if plan.applied else None
        if current_revision(connection) != applied or read_keys(connection) != keys:
            raise Refusal(DRIFTED())

    def hooks(self, connection: sa.Connection, plan: Plan) -> None:
        """What the rooms above do, in the same transaction."""
        for hook in self.publishing.hooks:
            hook(connection, plan)

    def publish(
        self,
        connection: sa.Connection,
        plan: Plan,
        ahead: Ahead | None,
        layers: str,
        late: Sequence[Step] = (),
    ) -> int:
        """What publishing is, inside its transaction; `late` are steps that belong to it."""
        publishing, target = self.publishing, plan.target
        with no_duplicates(Text({"en": "computing columns", "zh": "计算字段值"})):
            if ahead is not None:
                backfill = self.backfill(ahead)
                if not backfill.is_whole(connection):
                    raise Refusal(DRIFTED())
                backfill.catch_up(connection)
            done = ahead.passes if ahead is not None else ()
            batch = publishing.fill(connection, target.tables, plan.fills, plan.fixes, done)
        for step in late:
            with no_duplicates(step.text):
                step.run(connection)
        revision = _write(connection, plan, publishing, batch, layers)
        if ahead is not None:
            publish_journal(connection, batch, publishing.now)
        else:
            end_journal(connection)
        return revision


def _keep_state(connection: sa.Connection, plan: Plan, keys: Keys) -> None:
    if plan.applied is not None:
        keep_state(connection, plan.applied.id, keys)


def _write(
    connection: sa.Connection, plan: Plan, publishing: Publishing, batch: int | None, layers: str
) -> int:
    keys = {name: key for name, key in plan.target.keys.items() if PENDING not in name[2]}
    write_keys(connection, keys)
    return write_revision(
        connection,
        definitions=plan.target.stored,
        digest=digest_of(plan.target.definitions),
        by=publishing.by,
        now=publishing.now,
        keys=keys,
        message=publishing.message,
        batch=batch,
        layers=layers,
        rehearsed=publishing.rehearsed,
    )


def _alter(databases: Databases, step: Step) -> None:
    with briefly_locking(databases) as connection:
        step.run(connection)
