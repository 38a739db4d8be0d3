"""`formwright audit`: what was done and seen, and whether that is still as it was written."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import click

from assembly.application import build_application
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from cli.progress import progress_bar
from engine.problems import Message, Refusal, Text
from engine.records.audit_listing import (
    AuditQuery,
    audit_page,
    people_named,
    people_titles,
)
from engine.records.auditing import plain
from engine.records.chain_verifying import Fault, anchored, count_rows, verify_audit
from engine.records.chaining import last_seals
from engine.records.gate import Gate
from engine.records.pruning_audit import cuts
from engine.schema.audit_tables import ACCESS, AUDIT

FAULTS = {
    "altered": Text({"en": "row {number} was altered", "zh": "第 {number} 行被改动"}),
    "emptied": Text(
        {
            "en": "the data of row {number} are gone and nobody erased them",
            "zh": "第 {number} 行的内容消失，且没有清除记录",
        }
    ),
    "missing": Text({"en": "row {number} is missing", "zh": "缺少第 {number} 行"}),
    "inserted": Text({"en": "row {number} was put in", "zh": "第 {number} 行系插入"}),
    "replaced": Text(
        {
            "en": "row {number} is not the one that was sealed",
            "zh": "第 {number} 行不是封存时的那一行",
        }
    ),
    "no such seal": Text(
        {
            "en": "row {number} claims a seal that does not exist",
            "zh": "第 {number} 行所属的封存不存在",
        }
    ),
    "seal missing": Text({"en": "seal {number} is missing", "zh": "缺少第 {number} 号封存"}),
    "seal changed": Text({"en": "seal {number} was changed", "zh": "第 {number} 号封存被改动"}),
    "cut not noted": Text(
        {
            "en": "rows up to seal {number} were removed, and no event says so",
            "zh": "第 {number} 号封存及以前的数据已移除，但没有相应记录",
        }
    ),
    "chain broken": Text(
        {
            "en": "seal {number} does not follow the one before it",
            "zh": "第 {number} 号封存与前一号不相接",
        }
    ),
}
LINE = Text({"en": "{log}: {what}", "zh": "{log}：{what}"})
OF_SEAL = Text({"en": " (seal {seal})", "zh": "（第 {seal} 号封存）"})
FOUND = Text({"en": "{faults} faults in {rows} rows.", "zh": "{rows} 行中发现 {faults} 处问题。"})
SINCE = Text(
    {
        "en": "{log}: begins after seal {number}; older rows, up to {until}, were removed on {at}.",
        "zh": "{log}：自第 {number} 号封存之后开始；{until} 及以前的旧数据已于 {at} 移除。",
    }
)
NONE = Text({"en": "{rows} rows are as they were written.", "zh": "{rows} 行均与写入时一致。"})
NO_ANCHOR = Text({"en": "the seal {hash} is in no chain", "zh": "链中没有封存 {hash}"})
MOST_PRINTED = 1_000
NO_MOMENT = Message(
    "audit-no-moment",
    en="{found!r} is no moment",
    zh="{found!r} 不是时间",
    hint_en="write it like 2026-03-01, 2026-03-01T08:00 or 7d",
    hint_zh="请写成 2026-03-01、2026-03-01T08:00 或 7d",
)
COLUMNS = (
    "id", "at", "person", "actor", "via", "action", "object", "record", "version", "cause",
    "batch", "data",
)  # fmt: skip


@click.group()
def audit() -> None:
    """What was done and seen: verify that nothing of it was tampered with, show it."""


@audit.command()
@click.option("--anchor", "anchors", multiple=True, help="A hash that `audit anchor` printed.")
@click.option("--json", "as_json", is_flag=True, help="Print what is found as JSON.")
@locale_option()
@click.pass_context
def verify(ctx: click.Context, anchors: tuple[str, ...], as_json: bool, locale: str | None) -> None:
    """Compare every row and every seal with what was written.

    Exits 0 when nothing was altered, removed, put in or reordered, and 1 otherwise. Without an
    anchor that is kept elsewhere, an end that was cut off cannot be found.
    """
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        gate = build_application(databases).gate
        total, done, faults = count_rows(gate), 0, 0
        kept: list[Fault] = []
        with progress_bar("audit verify") as advance:

            def more(rows: int) -> None:
                nonlocal done
                done += rows
                advance(min(done, total), total)

            for fault in verify_audit(gate, more):
                faults += 1
                if len(kept) < MOST_PRINTED:
                    kept.append(fault)
        unknown = [hash for hash in anchors if not anchored(gate, hash)]
        found_cuts = cuts(gate)
    if as_json:
        found = [{"log": f.log, "what": f.what, "number": f.number, "seal": f.seal} for f in kept]
        said = [
            {"log": c.log, "seal": c.number, "until": plain(c.until), "at": plain(c.at)}
            for c in found_cuts
        ]
        print_json(
            {
                "rows": done, "faults": faults, "found": found, "unknown_anchors": unknown,
                "cuts": said,
            }
        )  # fmt: skip
    else:
        for cut in found_cuts:
            days = {"until": cut.until.date().isoformat(), "at": cut.at.date().isoformat()}
            click.echo(SINCE.in_(locale).format(log=cut.log, number=cut.number, **days))
        for line in _told(kept, locale):
            click.echo(line)
        for hash in unknown:
            click.echo(NO_ANCHOR.in_(locale).format(hash=hash))
        click.echo((FOUND if faults else NONE).in_(locale).format(rows=done, faults=faults))
    ctx.exit(1 if faults or unknown else 0)


def _told(faults: Iterable[Fault], locale: str) -> Iterator[str]:
    for fault in faults:
        what = FAULTS[fault.what].in_(locale).format(number=fault.number)
        seal = "" if fault.seal is None else OF_SEAL.in_(locale).format(seal=fault.seal)
        yield LINE.in_(locale).format(log=fault.log, what=what + seal)


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the seals as JSON.")
def anchor(as_json: bool) -> None:
    """Print the hash of the latest seal of each log, to be kept somewhere else.

    `formwright audit verify --anchor HASH` later shows that nothing before it was rewritten.
    """
    with database(settings(check_layers=False)) as databases:
        seals = last_seals(build_application(databases).gate)
    if as_json:
        print_json([{"log": s[0], "number": s[1], "at": plain(s[2]), "hash": s[3]} for s in seals])
        return
    for log, number, at, hash in seals:
        click.echo(f"{log} {number} {plain(at)} {hash}")


@audit.command()
@click.option("--object", "object_", default="", help="Only of this object.")
@click.option("--record", type=click.IntRange(1), help="Only of the record with this id.")
@click.option("--person", default="", help="Only by this person: name, account or id.")
@click.option("--action", default="", help="Only this action, such as update or export.")
@click.option("--since", default="", help="From a moment on: 2026-03-01, or 7d for a week.")
@click.option("--access", is_flag=True, help="What was seen, where policies keep that.")
@click.option("--limit", type=click.IntRange(1), help="So many rows at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
def show(
    object_: str, record: int | None, person: str, action: str, since: str, access: bool,
    limit: int | None, as_json: bool, as_csv: bool,
) -> None:  # fmt: skip
    """Print rows of the audit, the latest first."""
    if as_json and as_csv:
        raise click.UsageError("Either --json or --csv.")
    with database(settings(check_layers=False)) as databases:
        gate = build_application(databases).gate
        query = AuditQuery(
            log=ACCESS if access else AUDIT,
            object=object_,
            record=record,
            people=people_named(gate, person) if person else None,
            action=action,
            since=_moment(gate, since) if since else None,
            limit=1_000,
        )
        rows = _rows(gate, query, limit)
        if as_csv:
            writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        elif as_json:
            for row in rows:
                data = json.loads(row["data"]) if row["data"] else None
                click.echo(json.dumps(row | {"data": data}, ensure_ascii=False))
        else:
            for row in rows:
                click.echo(_line(row))


def _rows(gate: Gate, query: AuditQuery, limit: int | None) -> Iterator[dict[str, Any]]:
    left = limit
    while left is None or left > 0:
        size = query.limit if left is None else min(left, query.limit)
        page, following = audit_page(gate, replace(query, limit=size))
        names = people_titles(gate, sorted({r["actor"] for r in page if r["actor"] is not None}))
        for row in page:
            told = {key: plain(row[key]) for key in COLUMNS if key != "person"}
            told["person"] = names.get(row["actor"], "")
            yield {key: told[key] for key in COLUMNS}
        if following is None:
            return
        query = replace(query, before=following)
        left = None if left is None else left - len(page)


def _line(row: dict[str, Any]) -> str:
    about = f"{row['object']} #{row['record']}" if row["object"] else ""
    by = row["person"] or row["via"]
    data = row["data"] or ""
    text = f"{row['at']}  {by}  {row['action']}  {about}  {data[:120]}"
    return text.rstrip()


def _moment(gate: Gate, text: str) -> dt.datetime:
    """A moment from a date, a date and time in the company's time zone, or days before now."""
    if text.endswith("d") and text[:-1].isdigit() and len(text) < 7:
        return gate.clock() - dt.timedelta(days=int(text[:-1]))
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(NO_MOMENT(found=text[:40])) from None
    return found if found.tzinfo else found.replace(tzinfo=gate.zone)
