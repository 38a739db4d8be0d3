"""Carrying out what happens in a step, through the doors that everybody uses."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.permissions.actors import Actor
from engine.problems import Place, Refusal
from exchange.importing import Order, run_import
from exchange.mapping import ImportMapping, find_mapping
from notices.comments import add_comment
from scenarios import messages as say
from scenarios import verdicts
from scenarios.clock import company_time, moment
from scenarios.converting import convert
from scenarios.definitions import EMPTY, Step
from scenarios.mapping import mapping_of
from scenarios.seeing import Done, Seeing
from scenarios.stage import Named, Stage
from scenarios.values import Giving
from workflow.approvals.service import Approvals
from workflow.approvals.states import ApprovalState, TaskState
from workflow.approvals.tables import RUNNING, WAITING


class Acting:
    """Carries out steps on a stage. Everything may raise Refusal."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.giving = Giving(stage.gate.catalog, stage.id_of)
        self.acts: Mapping[str, Callable[[Step, Actor], Done]] = {
            "": lambda step, actor: Done(),
            "create": self.create,
            "update": self.update,
            "perform": self.perform,
            "convert": self.convert,
            "approve": self.decide,
            "reject": self.decide,
            "withdraw": self.withdraw,
            "delete": self.delete,
            "restore": self.restore,
            "comment_on": self.comment,
            "import": self.import_,
            "pass": self.pass_,
            "until": self.until,
            **Seeing(stage).acts,
        }

    def act(self, step: Step) -> Done:
        """Carries out one step, as whoever acts in it."""
        return self.acts[step.act](step, self.stage.actor(step.actor))

    def named(self, step: Step) -> Named:
        """The record that the step is about."""
        return self.stage.names[step.subject]

    def values(self, step: Step, object: str) -> dict[str, Any]:
        """The input that the step gives."""
        return self.giving.values(object, (step.node.get("fields") or EMPTY).to_plain())

    def create(self, step: Step, actor: Actor) -> Done:
        gate = self.stage.gate
        (change,) = gate.create(actor, step.target, [self.values(step, step.target)])
        assert change.id is not None
        subject = Named(step.target, change.id)
        if step.word("named"):
            self.stage.names[step.word("named")] = subject
        return Done(subject=subject)

    def update(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        values = self.values(step, subject.object)
        version = step.node.plain("version")
        self.stage.gate.update(actor, subject.object, subject.id, values, version)
        return Done(subject=subject)

    def perform(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        values = self.values(step, subject.object)
        version = step.node.plain("version")
        gate = self.stage.gate
        gate.perform(actor, subject.object, subject.id, step.target, values, version)
        return Done(subject=subject)

    def convert(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        convert(self.stage, self.giving, step, actor, subject)
        return Done(subject=subject)

    def decide(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        approvals = Approvals(self.stage.gate)
        task = _task(approvals.of(actor, subject.object, subject.id))
        if task is None:
            raise Refusal(self._nothing_waits(step))
        approvals.decide(actor, task.id, step.act, step.word("comment") or None)
        return Done(subject=subject)

    def withdraw(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        approvals = Approvals(self.stage.gate)
        states = sorted(
            approvals.of(actor, subject.object, subject.id), key=lambda one: one.state != RUNNING
        )
        if not states:
            raise Refusal(self._nothing_waits(step))
        approvals.withdraw(actor, states[0].id, step.word("comment") or None)
        return Done(subject=subject)

    def _nothing_waits(self, step: Step) -> Any:
        return verdicts.NOTHING_WAITS(record=step.target, person=step.actor or "system")

    def delete(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        version = step.node.plain("version")
        self.stage.gate.delete(actor, subject.object, [subject.id], version)
        return Done(subject=subject)

    def restore(self, step: Step, actor: Actor) -> Done:
        subject = self.named(step)
        self.stage.gate.restore(actor, subject.object, [subject.id])
        return Done(subject=subject)

    def comment(self, step: Step, actor: Actor) -> Done:
        subject, stage = self.named(step), self.stage
        text = step.word("comment")
        add_comment(stage.gate, stage.reader, actor, subject.object, subject.id, text)
        return Done(subject=subject)

    def import_(self, step: Step, actor: Actor) -> Done:
        gate = self.stage.gate
        with tempfile.TemporaryDirectory(dir=self.stage.folder) as folder:
            path = _rows_file(Path(folder), step) or _beside(step)
            order = Order(
                object=step.target,
                path=path,
                mapping=self._mapping(step),
                match=step.words("match"),
            )
            return Done(report=run_import(gate, actor, order))

    def _mapping(self, step: Step) -> ImportMapping | None:
        catalog, columns = self.stage.gate.catalog, step.node.get("columns")
        if columns is not None:
            return mapping_of(columns, step.target, catalog, [])
        name = step.word("mapping")
        return find_mapping(name, catalog) if name else None

    def pass_(self, step: Step, actor: Actor) -> Done:
        node = step.node.get("pass") or EMPTY
        try:
            to = self.stage.clock.now + dt.timedelta(**node.to_plain())
        except OverflowError:  # nobody waits until the year 10000
            found = ", ".join(f"{number} {unit}" for unit, number in node.to_plain().items())
            raise Refusal(say.BAD_TIME(node.place, found=found)) from None
        return self._turn(to, node.place)

    def until(self, step: Step, actor: Actor) -> Done:
        node = step.node.get("until") or EMPTY
        return self._turn(moment(str(node.value), self.stage.gate.zone), node.place)

    def _turn(self, to: dt.datetime, place: Place) -> Done:
        stage = self.stage
        if to < stage.clock.now:
            zone = stage.gate.zone
            found, now = company_time(to, zone), company_time(stage.clock.now, zone)
            raise Refusal(say.TOO_EARLY(place, found=found, now=now))
        stage.afterwards.turn(to)
        return Done()


def _task(states: Sequence[ApprovalState]) -> TaskState | None:
    """The task to decide: the actor's own, else the one that waits, else the last one.

    The others are tried so that the gate says why they cannot be decided.
    """
    tasks = [task for state in states for task in state.tasks]
    for wanted in (
        lambda task: task.mine,
        lambda task: task.state == WAITING and task.opened is not None,
        lambda task: True,
    ):
        for task in tasks:
            if wanted(task):
                return task
    return None


def _beside(step: Step) -> Path:
    """The file beside the scenario that the step imports."""
    node = step.node.get("file") or EMPTY
    return Path(node.place.file).parent / str(node.value)


def _rows_file(folder: Path, step: Step) -> Path | None:
    """The step's rows as a CSV file; None where it names a file."""
    rows: list[dict[str, Any]] = step.node.plain("rows")
    if not rows:
        return None
    columns = list(dict.fromkeys(column for row in rows for column in row))
    path = folder / f"{step.target}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return path


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
