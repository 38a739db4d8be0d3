"""What is expected under `then`: what is so after a step, and what was told because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.definition.tree import Node
from engine.expressions import compile_expression, evaluate
from engine.permissions.actors import SYSTEM
from engine.problems import Problem, Refusal, Text
from engine.records.query import MOST, Query
from engine.records.reading import Record
from scenarios import told
from scenarios import verdicts as say
from scenarios.checking_values import BOOLEAN, variables
from scenarios.definitions import Expectation
from scenarios.expecting import Looking
from scenarios.refusals import text_of
from scenarios.stage import Named, Stage
from scenarios.told import Mark
from workflow.approvals.service import Approvals
from workflow.approvals.states import ApprovalState
from workflow.approvals.tables import RUNNING, WAITING

NOTICE = Text({"en": "notice", "zh": "通知"})
MAIL = Text({"en": "mail", "zh": "邮件"})
WEBHOOK = Text({"en": "webhook call", "zh": "Webhook 调用"})
NOTHING = Text({"en": "none", "zh": "无"})
NONE = "none"


class Then:
    """Looks at the world after a step; `since` is where it stood before."""

    def __init__(self, stage: Stage, looking: Looking) -> None:
        self.stage, self.looking = stage, looking
        self.kinds: Mapping[str, Callable[[Node, Named, Mark], Iterator[Problem]]] = {
            "fields": self.fields,
            "that": self.condition,
            "approval": self.approval,
            "found": lambda node, subject, since: self.found(node),
            "notice": lambda node, subject, since: self.notice(node, since),
            "mail": lambda node, subject, since: self.mail(node, since),
            "webhook": lambda node, subject, since: self.webhook(node, since),
        }

    def problems(
        self, expectation: Expectation, subject: Named | None, since: Mark
    ) -> Iterator[Problem]:
        """Everything that is not as expected. Raises Refusal where it cannot be looked at."""
        about = self.stage.names[expectation.of] if expectation.of else subject
        return self.kinds[expectation.kind](expectation.value, about or Named("", 0), since)

    def record(self, named: Named) -> Record | None:
        """A record as the system reads it, also from the recycle bin; None where there is none."""
        reader = self.stage.reader
        for deleted in (False, True):
            try:
                return reader.one(SYSTEM, named.object, named.id, deleted=deleted)
            except Refusal:
                continue
        return None

    def fields(self, expected: Node, subject: Named, since: Mark) -> Iterator[Problem]:
        record = self.record(subject)
        called = self.stage.name_of(*subject)
        if record is None:
            yield say.GONE(expected.place, record=called)
        else:
            yield from self.looking.fields(expected, record, called)

    def condition(self, expected: Node, subject: Named, since: Mark) -> Iterator[Problem]:
        gate, names = self.stage.gate, self.stage.names
        objects = {name: named.object for name, named in names.items()}
        known = variables(gate.catalog, subject.object, objects)
        expression = compile_expression(
            str(expected.value),
            subject.object,
            gate.catalog,
            expected=BOOLEAN,
            place=expected.place,
            variables=known,
        )
        with gate.transaction(SYSTEM, quiet=True) as tx:
            values = {name: tx.linked(*names[name]) for name in known}
            context = replace(tx.context, variables=values)
            holds = evaluate(expression, tx.linked(*subject), context)
        if not holds:
            called = self.stage.name_of(*subject)
            yield say.CONDITION(expected.place, record=called, that=expected.value)

    def approval(self, expected: Node, subject: Named, since: Mark) -> Iterator[Problem]:
        states = Approvals(self.stage.gate).of(SYSTEM, subject.object, subject.id)
        found = states[0] if states else None
        called = self.stage.name_of(*subject)
        for key, node in expected.items():
            if key == "state":
                state = found.state if found else NONE
                if state != node.value:
                    yield say.APPROVAL_STATE(
                        node.place, record=called, expected=node.value, found=state
                    )
            elif key == "step":
                step = self._open_step(found)
                if step != node.value:
                    yield say.APPROVAL_STEP(
                        node.place, record=called, expected=node.value, found=step
                    )
            elif key == "asks":
                wanted = [str(entry.value) for entry in node.elements()]
                asked = self._asked(subject)
                if sorted(wanted) != sorted(asked):
                    yield say.ASKED(
                        node.place,
                        record=called,
                        expected=", ".join(wanted) or NONE,
                        found=", ".join(asked) or NONE,
                    )

    def _open_step(self, state: ApprovalState | None) -> str:
        """The name of the step that waits."""
        if state is None or state.state != RUNNING:
            return NONE
        labels = [task.step for task in state.tasks if task.state == WAITING and task.opened]
        definition = self.stage.gate.catalog.of("approval")[state.name]
        names = [name for name, step in definition.steps.items() if step.label in labels]
        return ", ".join(names) or NONE

    def _asked(self, subject: Named) -> list[str]:
        """The people who can decide now, by their names in the scenario."""
        approvals = Approvals(self.stage.gate)
        found = []
        for name, person in self.stage.cast.people.items():
            if person.roles:
                try:
                    states = approvals.of(self.stage.actor(name), *subject)
                except Refusal:  # who cannot read the record is not asked
                    continue
                if any(task.mine for state in states for task in state.tasks):
                    found.append(name)
        return found

    def found(self, expected: Node) -> Iterator[Problem]:
        object = str(expected.plain("object"))
        query = Query(where=str(expected.plain("where", "")), limit=MOST)
        records = self.stage.reader.page(SYSTEM, object, query).items
        wanted = expected.get("fields")
        if wanted is not None:
            records = [r for r in records if not any(self.looking.fields(wanted, r, ""))]
        count, name = expected.get("count"), expected.plain("named")
        if len(records) != (count.value if count else 1):
            place = (count or expected).place
            yield say.COUNT(place, expected=count.value if count else 1, found=len(records))
        elif name and records:
            self.stage.names[name] = Named(object, records[0].id)

    def notice(self, expected: Node, since: Mark) -> Iterator[Problem]:
        name = str(expected.plain("to"))
        person = self.stage.cast.ids[name]
        locale = self.stage.cast.locale_of(self.stage.gate, person)
        told_ = [one for one in told.notices(self.stage.gate, since) if one.person == person]
        texts = [f"{one.title}\n{one.text}" for one in told_]
        wanted = text_of(expected.get("says"), locale)
        matching = [text for text in texts if all(one in text for one in wanted)]
        yield from _counted(expected, NOTICE, name, wanted, len(matching), texts)

    def mail(self, expected: Node, since: Mark) -> Iterator[Problem]:
        to = str(expected.plain("to"))
        stage = self.stage
        named = to in stage.cast.ids
        locale = stage.cast.locale_of(stage.gate, stage.cast.ids[to]) if named else "en"
        address = stage.address_of(to) if named else to
        mails = [m for m in stage.afterwards.letters.mails[since.mail :] if address in m.to]
        subject, says = (text_of(expected.get(key), locale) for key in ("subject", "says"))
        files = tuple(map(str, expected.plain("attached") or ()))
        matching = [
            mail
            for mail in mails
            if all(text in mail.subject for text in subject)
            and all(text in mail.text for text in says)
            and all(any(text in name for name in mail.files) for text in files)
        ]
        texts = [" ".join((mail.subject, mail.text, *mail.files)) for mail in mails]
        yield from _counted(expected, MAIL, to, (*subject, *says, *files), len(matching), texts)

    def webhook(self, expected: Node, since: Mark) -> Iterator[Problem]:
        name, event = str(expected.plain("name")), expected.plain("event")
        of = expected.plain("of")
        calls = [one for one in told.webhooks(self.stage.gate, since) if one.webhook == name]
        matching = [
            call
            for call in calls
            if event in (None, call.event)
            and (of is None or self.stage.names[of] == (call.object, call.record))
        ]
        texts = [f"{c.event} {self.stage.name_of(c.object, c.record)}" for c in calls]
        wanted = tuple(filter(None, (event, of)))
        yield from _counted(expected, WEBHOOK, name, wanted, len(matching), texts)


def _counted(
    expected: Node, what: Text, to: str, wanted: Sequence[str], count: int, texts: Sequence[str]
) -> Iterator[Problem]:
    """Whether as many were told as expected; `texts` is everything that was."""
    saying = "".join(f" {text!r}" for text in wanted)
    found = "; ".join(repr(" ".join(text.split())) for text in texts) or NOTHING
    node = expected.get("count")
    if node is None:
        if not count:
            yield say.TOLD(expected.place, what=what, person=to, saying=saying, found=found)
    elif node.value != count:
        yield say.TOLD_COUNT(
            node.place,
            expected=node.value,
            what=what,
            person=to,
            saying=saying,
            count=count,
            found=found,
        )
