"""Bulk standardising as long work: in chunks, one batch of the audit, refusals in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.files import Files
from engine.permissions.actors import Actor
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.since import Since
from exchange.bulk import BulkRequest, Named, count_chosen
from exchange.bulk_work import REFUSED, BulkRun, attach_refusals, renamed_choice
from exchange.standardising import StandardRequest, check_standard, standardise_records
from exchange.through import Tally
from jobs.work import Work
from jobs.work_here import Ended, do_here
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind

STANDARD = "standardise"
TITLE = {
    "en": "Standard spelling of {field}: {object}", "zh": "{object}：规范{field}写法",
}  # fmt: skip


def standard_work(gate: Gate, actor: Actor, request: StandardRequest) -> Work:
    """The long work that the request stands for. Raises Refusal as `check_standard` does."""
    field, _ = check_standard(gate, actor, request)
    definition = gate.catalog.objects[request.chosen.object]
    title = {
        k: text.format(field=field.label.in_(k), object=definition.plural.in_(k))
        for k, text in TITLE.items()
    }
    total = count_chosen(gate, actor, request.chosen)
    return Work(
        kind=STANDARD, title=title, object=definition.name, params=asdict(request), total=total
    )


def standardise_here(
    gate: Gate,
    actor: Actor,
    files: Files,
    request: StandardRequest,
    shown: Callable[[int, int | None], None],
) -> Ended:
    """Does it in this process, as work that others see. Raises Refusal as `check_standard` does."""
    work = standard_work(gate, actor, request)
    return do_here(gate, actor, work, STANDARD_KIND, files, shown, "rejected")


class _Run(BulkRun):
    """Bulk standardising on its way."""

    def __init__(self, ongoing: Ongoing, request: StandardRequest) -> None:
        super().__init__(ongoing, request.chosen)
        self.standard = request

    def act(self, tx: Transaction, records: Sequence[Named]) -> Tally:
        return standardise_records(tx, self.standard, records)

    def data(self, counts: Any) -> dict[str, Any]:
        return {
            "object": self.standard.chosen.object, "work": self.ongoing.row.id,
            "field": self.standard.field, "spelling": self.standard.spelling, **counts,
        }  # fmt: skip


def _run(ongoing: Ongoing) -> None:
    params = dict(ongoing.row.params)
    chosen = dict(params["chosen"])
    if chosen["ids"] is not None:
        chosen["ids"] = tuple(chosen["ids"])
    request = StandardRequest(**params | {"chosen": BulkRequest(**chosen)})
    check_standard(ongoing.gate, ongoing.actor, request)
    _Run(ongoing, request).run()
    name, locale = f"{request.chosen.object}-refused.csv", request.chosen.locale
    attach_refusals(ongoing, name, "rejected", REFUSED, locale)


def _renamed(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    chosen = params["chosen"]
    definition = since.definition(chosen["object"])
    field = since.field(definition, params["field"]) if definition else params["field"]
    return {**params, "chosen": renamed_choice(chosen, since), "field": field}


STANDARD_KIND = WorkKind(STANDARD, _run, renamed=_renamed)
