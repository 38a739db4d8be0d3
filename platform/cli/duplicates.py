"""`formwright duplicates`: scans over what is there already, and the groups that they found."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import click

from assembly.application import build_application
from assembly.long_work import work_files
from cli.acting import acting
from cli.jobs_printing import counts_said, work_json, work_line
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json, print_problems
from cli.progress import ending_in_good_order, progress_bar
from engine.files import Files
from engine.matching.finding import Candidate
from engine.permissions.actors import Actor
from engine.records.gate import Gate
from exchange.scan_results import SCAN, Found, every_group, require_scan
from exchange.scan_work import ScanRequest, scan_here, scan_work
from jobs import work
from jobs.work import start_work
from jobs.work_rights import require_results
from jobs.work_rows import WorkRow

SHOWN = 20
"""Groups that are printed after a scan; the table has all of them."""
MORE = {
    "en": "more groups: formwright duplicates list {id}",
    "zh": "更多分组：formwright duplicates list {id}",
}
UNSEEN = {"en": "a record that may not be seen", "zh": "无权查看的记录"}
NONE = {"en": "no duplicates", "zh": "未发现重复"}
NO_SCANS = {"en": "there was no scan yet", "zh": "尚未进行查重"}
STATES = {
    "open": {"en": "", "zh": ""},
    "kept": {"en": " (kept)", "zh": "（已保留）"},
    "apart": {"en": " (no duplicates)", "zh": "（不是重复）"},
}
SETTLED = {"en": " (settled)", "zh": "（已处理）"}

_as = click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def duplicates() -> None:
    """Look for duplicates in what is there already, and list what scans found."""


@duplicates.command()
@click.argument("name", metavar="OBJECT")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the groups here (CSV).",
)  # fmt: skip
@click.option("--background", is_flag=True, help="Let workers do it; prints its number.")
@_as
@_json
@locale_option()
@click.pass_context
def scan(
    ctx: click.Context,
    name: str,
    output: Path | None,
    background: bool,
    user: str | None,
    as_json: bool,
    locale: str | None,
) -> None:
    """Look for duplicates among all records of OBJECT, by every match rule that it has.

    Prints the first groups; `formwright duplicates list` prints all of them, and the scan's
    page offers to merge them. Nothing is changed.
    """
    locale = locale or locale_of(os.environ)
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        request = ScanRequest(object=name, locale=locale)
        if background:
            wanted = scan_work(gate, actor, request)
            click.echo(gate.write(actor, lambda tx: start_work(tx, wanted)))
            return
        files = work_files(chosen)
        with ending_in_good_order(), progress_bar(name) as shown:
            ended = scan_here(gate, actor, files, request, shown)
        row = work.one(gate, actor, ended.id)
        if output is not None:
            _copy(files, row, output)
        groups: list[Found] = []
        if ended.problem is None:
            found = every_group(gate, actor, row.id, application.catalog.objects[name])
            groups = list(itertools.islice(found, SHOWN + 1))
    for said in ended.said:
        click.echo(said[locale], err=True)
    if ended.problem is not None:
        print_problems([ended.problem], locale, err=True)
    if as_json:
        print_json(
            {"work": row.id, **ended.counts, "groups": [_json_of(g, locale) for g in groups]}
        )
    else:
        for group in groups[:SHOWN]:
            _say(group, locale)
        if len(groups) > SHOWN:
            click.echo(MORE[locale].format(id=row.id), err=True)
        click.echo(counts_said(ended.counts, locale) if groups else NONE[locale])
    ctx.exit(1 if ended.problem is not None else 0)


@duplicates.command("list")
@click.argument("id", type=int, required=False)
@click.option("--open", "open_only", is_flag=True, help="Only what is still to be decided.")
@_as
@_json
@locale_option()
def list_(
    id: int | None, open_only: bool, user: str | None, as_json: bool, locale: str | None
) -> None:
    """List scans, the latest first; or, given the number of one, its groups."""
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        if id is None:
            _list_scans(gate, actor, as_json, locale)
            return
        row = work.one(gate, actor, id)
        require_scan(row)
        require_results(gate, actor, row)
        definition = application.catalog.objects[row.object]
        groups = (
            group
            for group in every_group(gate, actor, row.id, definition)
            if not (open_only and group.settled)
        )
        if as_json:
            print_json([_json_of(group, locale) for group in groups])
            return
        for group in groups:
            _say(group, locale)


def _list_scans(gate: Gate, actor: Actor, as_json: bool, locale: str) -> None:
    of = work.of_everybody if actor.is_system else work.of_person
    rows = [row for row in of(gate, actor, limit=1_000) if row.kind == SCAN]
    if as_json:
        print_json([work_json(row) for row in rows])
    for row in () if as_json else rows:
        click.echo(work_line(row, locale))
    if not rows and not as_json:
        click.echo(NO_SCANS[locale], err=True)


def _copy(files: Files, row: WorkRow, output: Path) -> None:
    """The table of the groups; without groups there is none, and the file is empty."""
    with output.open("wb") as target:
        for file in row.files:
            with files.open(file.digest) as source:
                while block := source.read(1 << 16):
                    target.write(block)


def _say(group: Found, locale: str) -> None:
    comma = "、" if locale == "zh" else ", "
    reasons = comma.join(rule.in_(locale) for rule in group.rules)
    near = f" {group.similarity} %" if group.similarity < 100 else ""
    state = STATES[group.state][locale]
    if not state and group.settled:
        state = SETTLED[locale]
    click.echo(f"#{group.number} {reasons}{near}{state}")
    for one in group.members:
        click.echo(f"  {_called(one, locale)}")


def _called(one: Candidate, locale: str) -> str:
    told = " · ".join(f"{a.in_(locale)}: {b.in_(locale)}" for a, b in one.reveal)
    name = f"{one.object} {one.id} {one.title}" if one.id is not None else UNSEEN[locale]
    return f"{name} · {told}" if told else name


def _json_of(group: Found, locale: str) -> dict[str, Any]:
    return {
        "number": group.number,
        "rules": [rule.in_(locale) for rule in group.rules],
        "similarity": group.similarity,
        "state": group.state,
        "settled": group.settled,
        "members": [
            {
                "object": one.object,
                "id": one.id,
                "title": one.title or None,
                "shown": {a.in_(locale): b.in_(locale) for a, b in one.reveal},
            }
            for one in group.members
        ],
    }
