"""Records as many people see them, so that a notice to hundreds asks the database few questions.

1. A record's values are read once, as the system.
2. Who may see it, and which of its fields, is asked by the very predicate of every other reading
   (`engine.permissions.lens`): one statement for all people of whom it depends on who asks, and
   none for those whose roles settle it.
3. What somebody may not see is empty for them, and their `Eye` knows that something was hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.expressions import Context
from engine.fieldtypes.link import Link
from engine.fieldtypes.links import Links
from engine.fieldtypes.number import Identifier
from engine.permissions.actors import SYSTEM, Actor
from engine.permissions.lens import Lens
from engine.records.company_year import company_year
from engine.records.gate import Gate
from engine.records.query import MOST, Query
from engine.records.reading import Linked, Reader, Record
from engine.records.settings import one_id
from notices.seeing import People, Question, Rights, Rule, answers


class Sights:
    """Reads records as several actors. Each record is read, and asked about, once."""

    def __init__(self, gate: Gate, actors: Iterable[Actor]) -> None:
        self.gate = gate
        self.reader = Reader(gate)
        self.objects = gate.catalog.objects
        self.eyes = tuple(Eye(self, place, actor) for place, actor in enumerate(actors))
        people = (eye.actor.person for eye in self.eyes)
        self.people = People(gate, (person for person in people if person is not None))
        self._records: dict[tuple[str, int], Record | None] = {}
        self._rights: dict[tuple[str, int], Rights] = {}

    def readers(self, object: str, id: int) -> list[Eye]:
        """Those who may read the record."""
        rights = self.rights(object, id)
        return [eye for eye in self.eyes if eye.place in rights]

    def record(self, object: str, id: int) -> Record | None:
        """The record as the system sees it; None where there is none that lives."""
        self.read(object, (id,))
        return self._records[object, id]

    def read(self, object: str, ids: Iterable[int]) -> None:
        """Reads records together that are not known yet."""
        missing = sorted({id for id in ids if (object, id) not in self._records})
        for start in range(0, len(missing), MOST):
            chunk = missing[start : start + MOST]
            self._records |= {(object, id): None for id in chunk}
            page = self.reader.page(SYSTEM, object, Query(filters={"id": chunk}, limit=MOST))
            self._records |= {(object, record.id): record for record in page.items}

    def rights(self, object: str, id: int) -> Rights:
        """Who may see the record, and what of it."""
        key = (object, id)
        if key not in self._rights:
            everybody = [(eye, id) for eye in self.eyes]
            self._rights[key] = self._asked(object, everybody) if self.record(object, id) else {}
        return self._rights[key]

    @cached_property
    def own(self) -> Rights:
        """Who may see the own record among those of people, and what of it."""
        people = self.gate.catalog.user_object
        pairs = [(eye, eye.actor.person) for eye in self.eyes if eye.actor.person is not None]
        self.read(people, (id for _, id in pairs))
        return self._asked(people, pairs)

    def lens(self, object: str, actor: Actor) -> Lens:
        """The object as the actor sees it."""
        return self.gate.lenses.lens(object, None if actor.is_system else actor.roles)

    def _asked(self, object: str, pairs: Sequence[tuple[Eye, int]]) -> Rights:
        """Whether the eyes may see these records, each one record."""
        found: dict[int, frozenset[str]] = {}
        questions: dict[Any, Question] = {}
        with self.gate.databases.reading() as connection:
            for eye, id in pairs:
                lens = self.lens(object, eye.actor)
                if not lens.may("read") or self._records.get((object, id)) is None:
                    continue
                rule = Rule.of(self.gate, lens)
                if rule.free:
                    found[eye.place] = frozenset()
                    continue
                context = self.context_of(eye.actor)
                values = rule.binds.values(eye.actor, context)
                key = (rule, id, repr(sorted(values.items())))
                questions.setdefault(key, Question(rule, id, values, [])).places.append(eye.place)
            found |= answers(connection, list(questions.values()))
        return found

    def context_of(self, actor: Actor) -> Context:
        """What conditions of scopes are evaluated in, people being read together."""
        people, person = self.gate.catalog.user_object, actor.person
        user = None
        if people and person is not None:
            user = self.people.linked(people, person)
        return Context(
            now=self.gate.clock(), zone=self.gate.zone, user=user, below=self.people.below,
            company=company_year(self.gate),
        )  # fmt: skip


class Eye:
    """One actor's way of looking at records. `hidden` tells whether something was not shown."""

    def __init__(self, sights: Sights, place: int, actor: Actor) -> None:
        self.sights = sights
        self.place = place
        self.actor = actor
        self.hidden = False

    def see(self, object: str, id: int) -> Seen:
        """A record, whether it may be seen or not."""
        return Seen(self, object, id)

    def _setting(self, object: str) -> Seen | None:
        """The one record of a settings object, as the actor sees it."""
        gate = self.sights.gate
        with gate.databases.reading() as connection:
            id = one_id(gate, connection, object)
        if id is None:
            return None
        self.sights.read(object, (id,))
        return Seen(self, object, id)

    def context(self, by: int | None, variable: str) -> Context:
        """What templates are evaluated in; the person `by` stands under `variable`."""
        gate = self.sights.gate
        people, person = gate.catalog.user_object, self.actor.person
        user = Seen(self, people, person, own=True) if people and person is not None else None
        other = Seen(self, people, by) if people and by is not None else None
        return Context(
            now=gate.clock(),
            zone=gate.zone,
            user=user,
            below=self.sights.people.below,
            variables={variable: other},
            settings=self._setting,
            company=company_year(gate),
        )


class Seen:
    """A record as one actor sees it (`engine.expressions.types.Row`)."""

    __slots__ = ("_id", "eye", "object", "own")

    def __init__(self, eye: Eye, object: str, id: int, own: bool = False) -> None:
        self.eye = eye
        self.object = object
        self._id = id
        self.own = own

    @property
    def id(self) -> int | None:
        """The record's id."""
        return self._id

    def value(self, name: str) -> Any:
        """The member's value; None where the actor may not read it."""
        eye, sights = self.eye, self.eye.sights
        if not self._shows(name):
            eye.hidden = True
            return None
        record = sights.record(self.object, self._id)
        found = record.values.get(name) if record else None
        type_ = sights.objects[self.object].fields[name].type
        if isinstance(type_, Link):
            if not isinstance(found, Linked) or found.id is None:
                return None
            if eye.place in sights.rights(type_.to, found.id):
                return Seen(eye, type_.to, found.id)
            eye.hidden = True
            return None
        if isinstance(type_, Links):
            seen = [one.id for one in found or () if one.id is not None]
            open_ = [id for id in seen if eye.place in sights.rights(type_.to, id)]
            eye.hidden |= len(open_) < len(found or ())
            return tuple(Seen(eye, type_.to, id) for id in open_)
        if isinstance(type_, Identifier) and found is not None:
            return Decimal(found)
        return found

    def title(self) -> Any:
        """What names the record: its title field's value, or that of the record it links to."""
        name = self.eye.sights.objects[self.object].title
        found = self.value(name)
        return found.title() if isinstance(found, Seen) else found

    def _shows(self, name: str) -> bool:
        sights, actor = self.eye.sights, self.eye.actor
        rights = sights.own if self.own else sights.rights(self.object, self._id)
        hidden = rights.get(self.eye.place)
        return (
            hidden is not None
            and name not in hidden
            and sights.lens(self.object, actor).may_read(name)
        )
