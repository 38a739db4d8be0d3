"""Export as long work: the file ends up in the store. An interrupted one begins anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.definition.catalog import Catalog
from engine.problems import Refusal, did_you_mean
from engine.records.reading import Reader
from engine.schema.since import Since
from exchange import messages as say
from exchange.bulk_work import renamed_choice
from exchange.exporting import ExportOrder, chosen, export_records
from exchange.said import reasons
from exchange.scope import exchanged
from exchange.writers import FORMATS
from jobs.work import Work
from jobs.work_ongoing import Ongoing
from jobs.work_running import WorkKind

EXPORT = "export"
TITLE = {"en": "Export {object} as {format}", "zh": "导出{object}（{format}）"}


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """An export as it is asked for: as `exchange.exporting.ExportOrder`, in `locale`."""

    object: str
    where: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    fields: Sequence[str] = ()
    format: str = "csv"
    labels: bool = False
    locale: str = "en"
    reason: str = ""


def export_work(catalog: Catalog, request: ExportRequest) -> Work:
    """The long work that the request stands for. Raises Refusal for unknown objects and formats."""
    definition = exchanged(catalog, request.object)
    if request.format not in FORMATS:
        best = did_you_mean(request.format, FORMATS)
        raise Refusal(say.BAD_FORMAT(found=request.format, best=best))
    title = {
        locale: template.format(object=definition.plural.in_(locale), format=request.format.upper())
        for locale, template in TITLE.items()
    }
    return Work(kind=EXPORT, title=title, object=request.object, params=asdict(request))


def _run(ongoing: Ongoing) -> None:
    request = ExportRequest(**ongoing.row.params)
    reader = Reader(ongoing.gate)
    order = ExportOrder(
        object=request.object,
        where=request.where,
        filters=request.filters,
        words=request.words,
        fields=request.fields,
        format=request.format,
        labels=request.locale if request.labels else "",
        reason=request.reason,
    )
    count = reader.page(ongoing.actor, order.object, chosen(order, limit=1, count="exact")).count
    ongoing.total = count.value if count else None

    def watch(done: int) -> None:
        ongoing.done = done
        ongoing.counts = {"exported": done}
        ongoing.heed()

    with ongoing.files.writing() as draft:
        exported = export_records(reader, ongoing.actor, order, draft.stream, watch)
    label = {"en": "Export", "zh": "导出文件"}
    ongoing.attach(f"{order.object}.{order.format}", label, draft.stored)
    if exported.notices:
        said = {k: reasons(exported.notices, k) for k in ("en", "zh")}
        with ongoing.chunk() as tx:
            ongoing.save(tx, rows=[("notice", said)])


def _renamed(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    definition, found = since.definition(params["object"]), renamed_choice(params, since)
    if definition is not None:
        found["fields"] = [since.field(definition, name) for name in params["fields"]]
    return found


EXPORT_KIND = WorkKind(EXPORT, _run, resumable=False, renamed=_renamed)
