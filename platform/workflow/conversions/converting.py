"""Carrying out a conversion in one transaction: everything is made, or nothing.

1. The source is locked and read as the actor; whether it may be converted now is asked.
2. Each part is made in order through the gate, as the actor: its defaults, suggestions and
   checks run as for anybody. Later parts know the earlier ones as `made.<part>`.
3. The source takes what is written back, by its transition where the conversion names one.
4. Provenance is noted for every record and line.

A part that is refused does not end the run: what else is wrong is found too, and everything is
refused together. Problems stand at `<part>.<field>`, those of the source at `<object>.<field>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.definition.duplicates import CONFIRM
from engine.definition.objects import Object
from engine.expressions import evaluate
from engine.permissions.roles import Role
from engine.problems import Problem, Refusal, Text
from engine.records import messages as records
from engine.records.changes import CREATE, UPDATE, Change
from engine.records.reading import Reader
from engine.records.rights import forbidden, joined, not_found, role_names
from engine.records.rows import RowView
from engine.records.transaction import Transaction
from workflow.conversions import messages as say
from workflow.conversions.definitions import Conversion, Part
from workflow.conversions.provenance import LineOrigin, Origin, living, note
from workflow.conversions.steps import carrying
from workflow.conversions.trying import try_steps
from workflow.conversions.values import Source, Taken, taken

Values = Mapping[str, Mapping[str, Any]]
"""Input by part and field; that of the source stands under its object's name."""


@dataclass
class Made:
    """What became of a part: a record that was made (`new`) or linked to."""

    part: Part
    id: int | None
    new: bool
    taken: Taken = field(default_factory=Taken)
    change: Change | None = None


@dataclass
class Outcome:
    """What a conversion has made, what spoke against it, and the number of the run."""

    made: dict[str, Made]
    problems: list[Problem]
    run: int = 0


class Converting:
    """One conversion of one record on its way. A trial goes on where it can, to be rolled back."""

    def __init__(
        self,
        tx: Transaction,
        conversion: Conversion,
        id: int,
        values: Values,
        version: int | None = None,
        *,
        trial: bool = False,
    ) -> None:
        self.tx = tx
        self.conversion = conversion
        self.definition: Object = tx.catalog.objects[conversion.object]
        self.id = id
        self.values = values
        self.version = version
        self.trial = trial
        self.problems: list[Problem] = []
        self.made: dict[str, Made] = {}
        self.views: dict[str, RowView | None] = {}

    def run(self) -> Outcome:
        """Everything in order. Raises Refusal with all problems, unless it is a trial."""
        source = self._source()
        self._allowed(source)
        self._check_values()
        for part in self.conversion.parts.values():
            self._part(source, part)
        self._write_back(source)
        if self.problems and not self.trial:
            raise Refusal(*self.problems)
        outcome = Outcome(self.made, self.problems)
        if not self.trial:
            outcome.run = note(self.tx, self.conversion.name, self._origins())
        return outcome

    def _source(self) -> Source:
        tx, name = self.tx, self.definition.name
        statement = tx.gate.statements.by_ids(tx.shape(name), lock=True)
        rows = statement.rows(tx.connection, {"ids": [self.id]})
        record = Reader(tx.gate).within(tx.connection, tx.actor, name, self.id) if rows else None
        if record is None:
            raise Refusal(not_found(tx.lens(name), self.id))
        row = tx.shape(name).row(rows[0])
        if self.version is not None and row.get("version") != self.version:
            raise Refusal(
                records.STALE(
                    current=row["version"], expected=self.version, fields=Text.of("–")
                )
            )  # fmt: skip
        tx.remember(name, row)
        view = RowView(tx, self.definition, row)
        return Source(tx, self.definition, view, record, self.views)

    def _allowed(self, source: Source) -> None:
        """Raises Refusal where the record may not be converted, now or by this actor."""
        conversion, tx = self.conversion, self.tx
        if conversion.roles and not tx.actor.is_system:
            if not tx.actor.roles & set(conversion.roles):
                known: Mapping[str, Role] = tx.catalog.of("role")
                allowed = joined([known[r].label for r in conversion.roles if r in known])
                roles = role_names(tx.lens(self.definition.name), tx.actor.roles)
                label = conversion.label
                raise Refusal(say.NOT_YOURS(conversion=label, allowed=allowed, roles=roles))
        if conversion.when is not None and not source.value(conversion.when):
            if conversion.say is not None:
                raise Refusal(say.NOT_NOW(say=conversion.say))
            condition = conversion.when.source
            raise Refusal(say.NOT_NOW_UNSAID(conversion=conversion.label, condition=condition))
        if conversion.once and living(tx, conversion.name, self.definition, self.id):
            label = self.definition.label
            raise Refusal(say.ALREADY(conversion=conversion.label, object=label))

    def _check_values(self) -> None:
        """Refuses values of what the conversion does not know."""
        known = (*self.conversion.parts, self.definition.name)
        for name, given in self.values.items():
            if name not in known:
                label, possible = self.conversion.label, ", ".join(known)
                problem = say.UNKNOWN_PART(conversion=label, name=name, possible=possible)
                self.problems.append(problem.on(name))
            elif not isinstance(given, Mapping):
                self.problems.append(say.NO_VALUES(name=name).on(name))
        if self.problems:
            raise Refusal(*self.problems)

    def _part(self, source: Source, part: Part) -> None:
        given = self.values.get(part.name, {})
        if part.when is not None and not source.value(part.when):
            self.views[part.name] = None
            self._refuse_unasked(part, given)
            return
        existing = source.value(part.use) if part.use is not None else None
        if existing is not None:
            self.views[part.name] = existing
            self.made[part.name] = Made(part, existing.id, False)
            self._refuse_unasked(part, given)
            return
        lens = self.tx.lens(part.object)
        if not lens.may(CREATE):
            raise Refusal(forbidden(lens, CREATE, self.tx.actor.roles))

        def refuse(problem: Problem, name: str) -> None:
            self.problems.append(problem.on(f"{part.name}.{name}"))

        found = taken(source, part, given, refuse)
        change = self._pass(part.object, CREATE, lambda: _creating(part, found))
        self.made[part.name] = Made(part, change.id, True, found, change)
        self.views[part.name] = self.tx.linked(part.object, change.id) if change.id else None

    def _refuse_unasked(self, part: Part, given: Mapping[str, Any]) -> None:
        label = self.tx.catalog.objects[part.object].label
        for name in given.keys() - {CONFIRM}:
            self.problems.append(say.NOT_MADE(object=label).on(f"{part.name}.{name}"))

    def _pass(self, object: str, action: str, make: Callable[[], Change]) -> Change:
        """Takes a change through the gate.

        Once something is refused everything will be: the change is then tried out, so that
        what builds on it shows its own problems only.
        """
        if not (self.trial or self.problems):
            change = make()
            try:
                self.tx.gate.pass_steps(self.tx, object, action, [change])
            except Refusal as refusal:
                self.problems += refusal.problems
            else:
                return change
        change = make()
        found = try_steps(self.tx, object, action, change)
        self.problems += [problem for problem in found if problem not in self.problems]
        return change

    def _write_back(self, source: Source) -> None:
        """The values and the transition that the source takes."""
        conversion = self.conversion
        given = self.values.get(self.definition.name, {})
        if not (conversion.updates or conversion.then or given):
            return
        values: dict[str, Any] = {}
        for name, expression in conversion.updates.items():
            try:
                values[name] = evaluate(expression, source.view, source.context)
            except Refusal as refusal:
                self.problems += [p.on(f"{self.definition.name}.{name}") for p in refusal.problems]

        def make() -> Change:
            path = f"{self.definition.name}."
            change = Change(given=dict(given), id=self.id, path=path, transition=conversion.then)
            return carrying(change, values)

        self._pass(self.definition.name, UPDATE, make)

    def _origins(self) -> Sequence[Origin]:
        """What was made and linked to, with the lines."""
        found = []
        for made in self.made.values():
            assert made.id is not None
            origin = Origin(
                part=made.part.name,
                source_object=self.definition.name,
                source=self.id,
                target_object=made.part.object,
                target=made.id,
                made=made.new,
            )
            found.append(replace(origin, lines=self._lines(made)))
        return found

    def _lines(self, made: Made) -> list[LineOrigin]:
        found = []
        for name, rows in made.taken.lines.items():
            assert made.change is not None
            written = made.change.lines[name]
            child = made.part.lines[name]
            for line, change in zip(rows, written, strict=True):
                assert line.origin is not None and line.origin.id and change.id
                found.append(
                    LineOrigin(
                        source_object=self._lines_object(self.definition, child.origin),
                        source=line.origin.id,
                        target_object=self._lines_object(
                            self.tx.catalog.objects[made.part.object], name
                        ),
                        target=change.id,
                        quantity=line.quantity,
                    )
                )
        return found

    def _lines_object(self, owner: Object, name: str) -> str:
        return self.tx.gate.line_object(owner, name).name


def _creating(part: Part, found: Taken) -> Change:
    """The change that makes the record of a part."""
    given = dict(found.given)
    given |= {name: [dict(line.given) for line in rows] for name, rows in found.lines.items()}
    lines = {name: [line.carried for line in rows] for name, rows in found.lines.items()}
    return carrying(Change(given=given, path=f"{part.name}."), found.carried, lines)
