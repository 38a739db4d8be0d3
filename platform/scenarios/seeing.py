"""Looking at things as one person: lists, records, rights, what waits, papers and exports."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.permissions.actors import SYSTEM, Actor
from engine.records.query import MOST, Query
from engine.records.reading import Record
from engine.records.why.deciding import explain
from exchange.exporting import ExportOrder, export_records
from exchange.report import Report
from scenarios.definitions import EMPTY, Step
from scenarios.stage import Named, Stage
from scenarios.told import texts_of
from workflow.approvals.service import Approvals
from workflow.approvals.states import InboxQuery


@dataclass(kw_only=True)
class Done:
    """What came of a step; which parts are there depends on what it did.

    `subject` is the record that it is about, `seen` are the records that somebody sees, `record`
    the one that somebody reads, `text` what a paper or a file says, `count` its rows.
    """

    subject: Named | None = None
    seen: Sequence[Named] = ()
    record: Record | None = None
    text: str = ""
    count: int = 0
    report: Report | None = None
    rights: Mapping[str, bool] = field(default_factory=dict)


class Seeing:
    """Carries out the steps that change nothing. Everything may raise Refusal."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.acts: Mapping[str, Callable[[Step, Actor], Done]] = {
            "export": self.export,
            "document": self.document,
            "sees": self.sees,
            "reads": self.reads,
            "may": self.may,
            "inbox": self.inbox,
        }

    def export(self, step: Step, actor: Actor) -> Done:
        out = io.BytesIO()
        order = ExportOrder(object=step.target, where=step.word("where"))
        exported = export_records(self.stage.reader, actor, order, out)
        return Done(text=out.getvalue().decode("utf-8-sig"), count=exported.count)

    def document(self, step: Step, actor: Actor) -> Done:
        subject, locale = self.stage.names[step.subject], step.word("locale") or actor.locale
        if actor.is_system and not step.word("locale"):
            locale = ""
        content = self.stage.documents.content(actor, step.target, subject.id, locale)
        return Done(subject=subject, text="\n".join(texts_of(content)))

    def sees(self, step: Step, actor: Actor) -> Done:
        reader, view = self.stage.reader, step.word("view")
        conditions = [step.word("where")] if step.word("where") else []
        if view:
            where = reader.object(step.target).views[view].where
            conditions += [where.source] if where else []
        query = Query(
            where=" and ".join(f"({one})" for one in conditions),
            words=step.word("search"),
            fields=("id",),
            limit=MOST,
            count="exact",
        )
        page = reader.page(actor, step.target, query)
        seen = [Named(step.target, record.id) for record in page.items]
        return Done(seen=seen, count=page.count.value if page.count else len(seen))

    def reads(self, step: Step, actor: Actor) -> Done:
        subject = self.stage.names[step.subject]
        record = self.stage.reader.one(actor, subject.object, subject.id)
        return Done(subject=subject, record=record)

    def may(self, step: Step, actor: Actor) -> Done:
        on = step.word("on")
        named = self.stage.names.get(on)
        object, id = (named.object, named.id) if named else (on, None)
        wanted = (step.node.get("may") or EMPTY).to_plain()
        gate = self.stage.gate
        rights = {
            action: explain(gate, SYSTEM, actor, action, object, id).allowed for action in wanted
        }
        return Done(subject=named, rights=rights)

    def inbox(self, step: Step, actor: Actor) -> Done:
        found = Approvals(self.stage.gate).inbox(actor, InboxQuery(limit=MOST))
        return Done(seen=[Named(item.object, item.record) for item in found.items])
