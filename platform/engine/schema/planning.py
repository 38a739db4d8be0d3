"""The plan: what leads from what stands in the database to what is defined.

1. Tables, columns and indexes that are missing are added; nothing that holds data is dropped.
2. Definitions are compared with those of the revision in force, for what changes without any
   change of tables: labels, rules, roles, fields that are no longer used.
3. Indexes that nothing asks for any more are dropped at the end.

A plan is data. Its digest covers both sides, so that it is carried out as it was shown, or not
at all. When everything is as defined, it is empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from engine.problems import Problem
from engine.schema.backfilling import ONLINE_FROM
from engine.schema.comparing import Comparison
from engine.schema.costs import Cost, beforehand_cost, cost_of, publishing_cost, rows_of
from engine.schema.differences import Plain, digest_of
from engine.schema.findings import Finding, Severity, seal_of
from engine.schema.noting import Notes
from engine.schema.respelling import respelled
from engine.schema.state import Applied
from engine.schema.steps import Phase, Step
from engine.schema.structure import Structure
from engine.schema.targets import Fill, Fix, Target


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What applying would do.

    `fills` are the columns of existing records to compute, `fixes` the values to write anew.
    `findings` say what it means for the records that exist, and what they offer as a remedy.
    `rows` tells about how many records the tables have that it touches. `ahead` are the fields
    (object, field) that are computed before publishing, beside everybody's work; tables with
    `online_from` rows or more are large for that. `few` are those that publishing writes in fewer
    records than that.
    """

    target: Target
    applied: Applied | None
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]
    fills: tuple[Fill, ...]
    digest: str
    fixes: tuple[Fix, ...] = ()
    findings: tuple[Finding, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    ahead: frozenset[tuple[str, str]] = frozenset()
    few: frozenset[tuple[str, str]] = frozenset()
    online_from: int = ONLINE_FROM

    @property
    def empty(self) -> bool:
        """Whether everything is as defined already."""
        return not self.steps and not self.problems and not self.definitions_differ

    @property
    def definitions_differ(self) -> bool:
        """Whether a new revision has to be written."""
        return self.applied is None or self.applied.digest != digest_of(self.target.definitions)

    @property
    def published(self) -> bool:
        """Whether its revision is in force already, and only what comes after is left to do."""
        left = all(step.phase == Phase.DROP for step in self.steps)
        return bool(left and self.steps and not self.definitions_differ and not self.fills)

    @property
    def way(self) -> str:
        """Says from which revision to which definitions it leads, for what is begun on the way."""
        before = self.applied.id if self.applied else 0
        back = "back" if self.target.compared is not None else ""
        sides = f"{before} {back} {digest_of(self.target.definitions)}"
        return hashlib.sha256(sides.encode()).hexdigest()

    @property
    def fresh(self) -> tuple[tuple[str, str], ...]:
        """The columns (table, column) that it adds to tables that are there."""
        return tuple((step.table, name) for step in self.steps for name in step.columns)

    @property
    def loses(self) -> bool:
        """Whether something that people see now would be hidden."""
        return any(step.loses for step in self.steps) or any(
            finding.severity == Severity.LOSES for finding in self.findings
        )

    @property
    def asks(self) -> bool:
        """Whether somebody has to say that something is meant as it is written."""
        return any(finding.severity == Severity.ASKS for finding in self.findings)

    def found(self, findings: Sequence[Finding], fixes: Sequence[Fix]) -> Plan:
        """The plan with what was found out about the records; the digest covers it (rule 3)."""
        losing = {(f.object, f.field) for f in findings if f.severity == Severity.LOSES}
        stopping = [f.problem() for f in findings if f.severity == Severity.STOPS]
        sealed = hashlib.sha256(f"{self.digest}\n{seal_of(findings)}".encode()).hexdigest()
        return replace(
            self,
            findings=tuple(findings),
            fixes=tuple(replace(f, strict=(f.object, f.field) not in losing) for f in fixes),
            problems=(*self.problems, *stopping),
            digest=sealed if findings else self.digest,
        )

    def cost(self, step: Step, dialect: str) -> Cost:
        """How long a step takes, and who waits meanwhile."""
        return cost_of(step, dialect, self.rows)

    def publishing(self, dialect: str) -> Cost:
        """What writing anew and computing existing records costs while nobody else writes."""
        return publishing_cost(self._written(ahead=False), dialect, self.rows)

    def beforehand(self, dialect: str) -> Cost:
        """What computing existing records before publishing costs."""
        return beforehand_cost(self._written(ahead=True), dialect, self.rows)

    def _written(self, *, ahead: bool) -> list[str]:
        """The tables whose records are written, once for each field."""
        objects = self.target.tables.catalog.objects
        written = [(fill.object, fill.field) for fill in self.fills]
        fixed = [(fix.object, fix.field) for fix in self.fixes]
        written += [key for key in fixed if key not in self.few]
        return [
            objects[object].table
            for object, field in written
            if object in objects and ((object, field) in self.ahead) == ahead
        ]

    def of(self, *phases: Phase) -> tuple[Step, ...]:
        """The steps of these phases."""
        return tuple(step for step in self.steps if step.phase in phases)


def plan(
    connection: sa.Connection,
    target: Target,
    structure: Structure,
    applied: Applied | None,
    before: Plain,
    problems: Sequence[Problem] = (),
) -> Plan:
    """The plan for `target`.

    `structure` and `applied` are the database's, `before` the applied definitions without
    places; `problems` are those already found on the way here.
    """
    tables = Comparison(connection, target, structure)
    steps = list(tables.steps())
    notes = Notes(connection, target, structure, before, tables.told)
    steps += notes.steps()
    phones, respelling = respelled(connection, target, structure)
    steps += phones
    objects = target.tables.catalog.objects.values()
    touched = {step.table for step in steps} | {o.table for o in objects}
    return Plan(
        target=target,
        rows=rows_of(connection, touched & structure.tables.keys()) if steps else {},
        applied=applied,
        steps=tuple(sorted(steps, key=lambda step: step.phase)),
        problems=tuple(problems),
        fills=(*tables.fills, *notes.fills, *respelling),
        digest=_digest(target, structure, applied),
    )


def _digest(target: Target, structure: Structure, applied: Applied | None) -> str:
    ours = [*target.tables.standing(), *(k.key for n, k in target.keys.items() if not n[1])]
    others = [name for metadata in target.extra for name in metadata.tables]
    sides = (
        f"{applied.id} {applied.digest}" if applied else "",
        structure.digest({*ours, *others}),
        digest_of(target.definitions),
        repr(sorted(target.keys.items(), key=lambda item: item[0])),
    )
    return hashlib.sha256("\n".join(sides).encode()).hexdigest()
