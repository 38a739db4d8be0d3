"""Searching for duplicates before a record is created: the same rules, asked with what is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.definition.objects import Object
from engine.matching import messages as say
from engine.matching.finding import Asked, Candidate, Finder
from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal
from engine.records.contexts import reading_context
from engine.records.gate import Gate
from engine.records.rights import forbidden


def search_duplicates(
    gate: Gate,
    actor: Actor,
    definition: Object,
    values: Mapping[str, Any],
    id: int | None = None,
    *,
    patient: bool = False,
) -> list[Candidate]:
    """The records that one with these values, as they are typed, may be a duplicate of.

    `id` is the record that is being changed. Values of fields that the actor may not read are not
    looked for. Raises Refusal where the object has no rules, where the actor may neither create nor
    change its records, and for values that cannot be read; a `patient` search passes over those.
    """
    lens = gate.lenses.lens(definition.name, None if actor.is_system else actor.roles)
    if not (lens.may("create") or lens.may("update")):
        raise Refusal(forbidden(lens, "create", actor.roles))
    if not definition.duplicates:
        raise Refusal(say.NO_RULES(object=definition.label))
    known = {name: value for name, value in values.items() if lens.may_read(name)}
    row = _read(definition, known, patient)
    found: dict[tuple[str, int], Candidate] = {}
    with gate.databases.reading() as connection:
        finder = Finder(gate, connection, actor, reading_context(gate, connection, actor))
        for rule in definition.duplicates:
            for candidate in finder.find(rule, [Asked(row, id)]).get(0, ()):
                found.setdefault((candidate.object, candidate.record), candidate)
    return sorted(found.values(), key=lambda one: -one.similarity)


def _read(definition: Object, values: Mapping[str, Any], patient: bool) -> dict[str, Any]:
    """The values in the form in which records hold them, of the fields that rules match."""
    matched = {name for rule in definition.duplicates for name in rule.fields}
    row: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in matched & values.keys():
        try:
            row[name] = definition.fields[name].type.read(values[name])
        except Refusal as refusal:
            problems += [problem.on(name) for problem in refusal.problems]
    if problems and not patient:
        raise Refusal(*problems)
    return row
