"""Telling: from a notice that was asked for to what each recipient reads of it.

1. Recipients are the people and the members of the roles, each once, without whoever did it.
2. Who cannot sign in, or may not read the record, is told nothing.
3. Each gets title and text in the own language; what somebody may not read shows as a dash.
4. All rows, and a mail for each who wants one, are written in the transaction that ends the
   effect: once, whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.texts.formatting import Formats
from engine.texts.phrases import Phrase
from jobs.handlers import Claimed, Handler, Running
from jobs.outbox import Effect, put
from jobs.tables import DEFAULT
from notices.directory import Directory
from notices.sights import Eye, Sights
from notices.tables import NOTICE_TABLE
from notices.telling import NOTICE, Notice, notice_of
from notices.templates import compiled
from notices.wording import as_text, as_title, said

MAIL = "mail"
"""The kind of effect that sends a notice by mail; its payload names the notice by id."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one person reads, and whether by mail, too."""

    person: int
    title: str
    text: str
    mail: bool


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Tells people. `by_mail` says whether a mail server is there."""

    directory: Directory
    by_mail: bool = False

    def handler(self) -> Handler:
        """What carries out the effect `notice`."""
        return Handler(kind=NOTICE, run=self.run, timeout=60.0)

    def run(self, running: Running) -> None:
        """Tells everybody concerned, once."""
        gate, effect = running.gate, running.effect
        notice = notice_of(effect.payload)
        told = self.prepare(gate, notice, effect.object, effect.record)
        with gate.transaction(SYSTEM) as tx:
            running.finish(tx)
            write(tx, notice, effect, told)

    def prepare(
        self, gate: Gate, notice: Notice, object: str, record: int | None
    ) -> Sequence[Told]:
        """What each recipient is told.

        Raises Refusal where the templates do not fit the definitions.
        """
        people = self._recipients(gate, notice)
        if not people or (object and object not in gate.catalog.objects):
            return ()
        title = compiled(gate, notice.title, object)
        text = compiled(gate, notice.text, object) if notice.text else None
        actors = self.directory.actors_of(gate, people)
        sights = Sights(gate, [actors[person] for person in people if person in actors])
        eyes = sights.eyes if record is None else sights.readers(object, record)
        by_mail = self._by_mail(gate, notice, eyes)
        return [
            self._told(gate, notice, eye, object, record, (title, text), by_mail) for eye in eyes
        ]

    def _recipients(self, gate: Gate, notice: Notice) -> list[int]:
        people = dict.fromkeys(notice.to)
        for role in notice.roles:
            people |= dict.fromkeys(self.directory.people_of(gate, role))
        people.pop(notice.by or 0, None)
        return list(people)

    def _by_mail(self, gate: Gate, notice: Notice, eyes: Sequence[Eye]) -> set[int]:
        """Those of the people who get a mail, and can."""
        if not (notice.mail and self.by_mail):
            return set()
        people = [eye.actor.person for eye in eyes if eye.actor.person is not None]
        wanting = self.directory.wants_mail(gate, people)
        return wanting & addresses(gate, sorted(wanting)).keys()

    def _told(
        self,
        gate: Gate,
        notice: Notice,
        eye: Eye,
        object: str,
        record: int | None,
        templates: tuple[Phrase, Phrase | None],
        by_mail: set[int],
    ) -> Told:
        person = eye.actor.person or 0
        site = gate.catalog.site
        locale = self.directory.locale_of(gate, person)
        formats = Formats(locale, site.zone, site.currency)
        seen = eye.see(object, record) if record is not None else None
        title, text = (
            "" if one is None else said(one, seen, eye, notice.by, formats) for one in templates
        )
        return Told(person, as_title(title), as_text(text), person in by_mail)


def write(
    tx: Transaction,
    notice: Notice,
    effect: Claimed,
    told: Sequence[Told],
) -> None:
    """Writes what people are told, and asks for the mails.

    A notice is from when there was something to tell, however late it is carried out.
    """
    table = tx.tables.system(NOTICE_TABLE)
    definition = tx.catalog.objects.get(effect.object)
    ids = tx.take_ids(table, len(told))
    tx.insert(
        table,
        [
            {
                "id": id,
                "at": effect.at,
                "person": one.person,
                "object": definition.table if definition else None,
                "record": effect.record,
                "title": one.title,
                "text": one.text or None,
                "of": notice.of or None,
                "by": notice.by,
                "token": effect.token,
            }
            for id, one in zip(ids, told, strict=True)
        ],
    )
    mails = [
        Effect(
            kind=MAIL,
            object=effect.object,
            record=effect.record,
            payload={"notice": id, "documents": list(notice.documents)},
            queue=DEFAULT,
        )
        for id, one in zip(ids, told, strict=True)
        if one.mail
    ]
    put(tx, mails)


def addresses(gate: Gate, people: Sequence[int]) -> Mapping[int, str]:
    """The mail addresses of those of the people who have one, by id."""
    site = gate.catalog.site
    if not site.person_email or not people:
        return {}
    sights = Sights(gate, ())
    sights.read(site.person, people)
    found = {person: sights.record(site.person, person) for person in people}
    read = {p: str(r.values.get(site.person_email) or "") for p, r in found.items() if r}
    return {person: address for person, address in read.items() if address}
