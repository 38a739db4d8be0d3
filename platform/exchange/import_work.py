"""Import as long work: asked for by a person or a command, carried out by whoever has it."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy.exc import DBAPIError

from engine.definition.catalog import Catalog
from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.gate import Gate
from engine.schema.since import Since
from exchange.importing import VIA, Import, Order, Watch, prepared
from exchange.keeping import Unkept
from exchange.mapping import ImportMapping, find_mapping, mapping_from, renamed_mapping
from exchange.neutral import neutralised
from exchange.report import CORRECTIONS_HEADER, RejectsLayout, Report
from exchange.scope import exchanged
from exchange.sources import Source
from jobs.handlers import LeaseLost
from jobs.work import Work
from jobs.work_here import begin_here, end_here, halted_here
from jobs.work_ongoing import Asked, Halted, Ongoing
from jobs.work_running import WorkKind

IMPORT = "import"
REJECTED = {"en": "Rejected rows", "zh": "被拒绝的行"}
CORRECTED = {"en": "Corrections", "zh": "更正记录"}


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """An import as it is asked for: `source` is a file of the store, called `name`.

    `mapping` is the name of an applied one, or one itself as plain data; without it the columns
    are named like fields. `locale` is the language of the files about rows.
    """

    object: str
    source: str
    name: str
    mapping: str | Mapping[str, Any] | None = None
    match: tuple[str, ...] = ()
    dry_run: bool = False
    all_or_nothing: bool = False
    confirm_duplicates: bool = False
    locale: str = "en"


def request_from(params: Mapping[str, Any]) -> ImportRequest:
    """The request from the parameters of long work, which may say more."""
    known = {f.name: params[f.name] for f in fields(ImportRequest) if f.name in params}
    return ImportRequest(**{**known, "match": tuple(params["match"])})


def import_work(catalog: Catalog, request: ImportRequest) -> Work:
    """The long work that the request stands for. Raises Refusal for an unknown object."""
    definition = exchanged(catalog, request.object)
    title = {
        locale: template.format(object=definition.plural.in_(locale), name=request.name)
        for locale, template in (DRY_RUN if request.dry_run else TITLE).items()
    }
    return Work(kind=IMPORT, title=title, object=request.object, params=asdict(request))


TITLE = {"en": "Import {object} from {name}", "zh": "从 {name} 导入{object}"}
DRY_RUN = {"en": "Try importing {object} from {name}", "zh": "试导入{object}（{name}）"}


def preview_import(gate: Gate, actor: Actor, files: Files, request: ImportRequest) -> Report:
    """What would become of the file, found out by importing it and taking that back.

    Raises Refusal when nothing can be imported at all. On SQLite nobody else can write meanwhile.
    """
    request = replace(request, dry_run=True)
    with files.at_hand(request.source) as path:
        order = _order(gate.catalog, request, path)
        source, mapping = prepared(gate, actor, order)
        keeper = Unkept(gate, replace(actor, via=VIA))
        return Import(keeper, gate, order, source, mapping, _nobody).run()


def import_here(
    gate: Gate,
    actor: Actor,
    files: Files,
    order: Order,
    watch: Watch,
    begun: Callable[[int], None] = lambda id: None,
) -> Report:
    """Imports a file in this process, as work that others see; `begun` is told its number.

    Raises Refusal as `run_import` does, before there is any work.
    """
    source, mapping = prepared(gate, actor, order)
    request = request_of(files, order, source)
    actor = replace(actor, via=VIA)
    work = import_work(gate.catalog, request)
    ongoing = begin_here(gate, actor, work, files, lambda ongoing: None)
    begun(ongoing.row.id)
    steps = Import(ongoing, gate, order, source, mapping, watch)
    try:
        report = steps.run()
    except (Halted, Asked, LeaseLost) as halted:
        steps.report.stopped = halted_here(ongoing, halted)
        return steps.report
    try:
        _attach(ongoing, source, request)
    except Refusal as refusal:  # no room in the store; the rows themselves are in
        report.stopped = report.stopped or refusal.problems[0]
    except LeaseLost as lost:
        report.stopped = report.stopped or halted_here(ongoing, lost)
        return report
    except DBAPIError:
        pass  # the report says already what became of the database
    report.stopped = end_here(ongoing, report.stopped, asked=report.asked)
    return report


def request_of(files: Files, order: Order, source: Source) -> ImportRequest:
    """The request that an order of the command line stands for, its file put into the store."""
    with source.path.open("rb") as stream:
        stored = files.put(stream)
    return ImportRequest(
        object=order.object,
        source=stored.digest,
        name=source.label,
        mapping=_plain(order.mapping),
        match=order.match,
        dry_run=order.dry_run,
        all_or_nothing=order.all_or_nothing,
        confirm_duplicates=order.confirm_duplicates,
        locale=order.locale,
    )


def _run(ongoing: Ongoing) -> None:
    request = request_from(ongoing.row.params)
    gate = ongoing.gate
    with ongoing.files.at_hand(request.source) as path:
        order = _order(gate.catalog, request, path)
        source, mapping = prepared(gate, ongoing.actor, order)
        ongoing.actor = replace(ongoing.actor, via=VIA)
        Import(ongoing, gate, order, source, mapping, _nobody).carry_out()
    _attach(ongoing, source, request)


def renamed_import(params: Mapping[str, Any], since: Since) -> dict[str, Any]:
    """The parameters of an import with the names of today, those of its mapping as well."""
    definition = since.definition(params["object"])
    if definition is None:
        return dict(params)
    mapping = params.get("mapping")
    if isinstance(mapping, Mapping):
        mapping = renamed_mapping(mapping, since)
    match = [since.field(definition, name) for name in params["match"]]
    return {**params, "object": definition.name, "match": match, "mapping": mapping}


IMPORT_KIND = WorkKind(IMPORT, _run, renamed=renamed_import)


def _order(catalog: Catalog, request: ImportRequest, path: Path) -> Order:
    mapping: ImportMapping | None = None
    if isinstance(request.mapping, str):
        mapping = find_mapping(request.mapping, catalog, applied=True)
    elif request.mapping is not None:
        mapping = mapping_from(request.mapping, catalog)
    return Order(
        object=request.object,
        path=path,
        mapping=mapping,
        match=request.match,
        dry_run=request.dry_run,
        all_or_nothing=request.all_or_nothing,
        confirm_duplicates=request.confirm_duplicates,
        locale=request.locale,
        name=request.name,
    )


def _plain(mapping: ImportMapping | None) -> Mapping[str, Any] | None:
    """The mapping itself, since whoever goes on may not have its file."""
    if mapping is None or mapping.source is None:
        return None
    plain: Mapping[str, Any] = json.loads(json.dumps(mapping.source.to_plain(), default=str))
    return {"mapping": mapping.name, **plain}


def _attach(ongoing: Ongoing, source: Source, request: ImportRequest) -> None:
    """The files about single rows, from what every chunk said about its own."""
    stem = PurePath(request.name).stem
    layout = RejectsLayout(source.columns)
    rejected = (
        layout.row(row["line"], row[request.locale], row["cells"])
        for row in ongoing.rows("rejected")
    )
    attach_table(ongoing, f"{stem}-rejected.csv", REJECTED, layout.header, rejected)
    corrected = (
        [str(row["line"]), *(neutralised(row[k]) for k in ("column", "found", "became"))]
        for row in ongoing.rows("corrected")
    )
    attach_table(ongoing, f"{stem}-corrected.csv", CORRECTED, CORRECTIONS_HEADER, corrected)


def attach_table(
    ongoing: Ongoing,
    name: str,
    label: Mapping[str, str],
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
) -> None:
    """Adds a CSV file to the results; one without rows is left out."""
    found = _kept(ongoing, rows)
    first = next(found, None)
    if first is None:
        return
    with ongoing.files.writing() as draft:
        draft.write(codecs.BOM_UTF8)  # so that Excel takes it for UTF-8
        text = io.TextIOWrapper(draft.stream, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerow(first)
        writer.writerows(found)
        text.flush()
        text.detach()
        ongoing.keep()
    ongoing.attach(name, label, draft.stored)


def _kept(ongoing: Ongoing, rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    """The rows, the work being kept meanwhile: many of them take longer than its lease."""
    ongoing.keep()
    for row in rows:
        yield row
        ongoing.keep()


def _nobody(report: Report, source: Source) -> None:
    """Progress is told by the work's row."""
