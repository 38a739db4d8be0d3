"""`formwright verify`: whether what is stored of other values is what it should be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

import click

from assembly.application import Application, build_application
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from cli.progress import progress_bar
from engine.problems import Message, Refusal, Text, did_you_mean
from engine.records.auditing import plain
from engine.records.verifying import Drift, count_records, verify
from engine.schema.findings import Count

UNKNOWN = Message(
    "verify-unknown-object",
    en="there is no object {name!r}",
    zh="不存在对象 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
WHAT = {
    "value": Text({"en": "", "zh": ""}),
    "folded": Text({"en": " (folded text)", "zh": "（归一化文本）"}),
    "sort key": Text({"en": " (sort key)", "zh": "（排序键）"}),
    "grams": Text({"en": " (search grams)", "zh": "（搜索词元）"}),
}
LINE = Text(
    {
        "en": "{object}.{field}{what} of #{record}: stored {stored}, right {right}",
        "zh": "{object}.{field}{what}，记录 #{record}：存储值 {stored}，应为 {right}",
    }
)
NONE = Text(
    {"en": "Nothing has drifted in {count:# record|# records}.", "zh": "{count} 条记录均无偏差。"}
)
FOUND = Text(
    {
        "en": "{drifts} drifted in {count:# record|# records}.",
        "zh": "{count} 条记录中有 {drifts} 处偏差。",
    }
)
MENDED = Text(
    {
        "en": "{drifts} drifted in {count:# record|# records}, and mended.",
        "zh": "{count} 条记录中有 {drifts} 处偏差，均已修正。",
    }
)
EMPTY = Text({"en": "empty", "zh": "空"})
MOST_CHARACTERS = 60
MOST_PRINTED = 1_000
"""Drifts told one by one; beyond them only the number is."""
MORE = Text({"en": "… and {more} more", "zh": "……另有 {more} 处"})


@click.command("verify")
@click.argument("objects", nargs=-1)
@click.option("--mend", is_flag=True, help="Write the right values.")
@click.option("--json", "as_json", is_flag=True, help="Print the drifts as JSON.")
@locale_option()
@click.pass_context
def verify_command(
    ctx: click.Context, objects: tuple[str, ...], mend: bool, as_json: bool, locale: str | None
) -> None:
    """Compute every stored formula, rollup and copy of the OBJECTS anew, or of all objects.

    What stands beside texts for search and order is compared as well. Exits 0 when everything is
    right or was mended, and 1 when something has drifted.
    """
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        application = build_application(databases)
        _check(application, objects)
        count = count_records(application.gate, objects)
        with progress_bar("verify") as advance:
            done = 0

            def more(records: int) -> None:
                nonlocal done
                done += records
                advance(min(done, count), count)

            drifts, kept = 0, list[Drift]()
            for drift in verify(application.gate, objects, mend=mend, progress=more):
                drifts += 1
                if len(kept) < MOST_PRINTED:
                    kept.append(drift)
    if as_json:
        print_json({"records": count, "drifts": drifts, "mended": mend, "found": _json(kept)})
    else:
        for line in _lines(kept, drifts, count, mend, locale):
            click.echo(line)
    ctx.exit(1 if drifts and not mend else 0)


def _check(application: Application, objects: Iterable[str]) -> None:
    known = application.catalog.objects
    unknown = [name for name in objects if name not in known]
    if unknown:
        raise Refusal(*(UNKNOWN(name=name, best=did_you_mean(name, known)) for name in unknown))


def _lines(kept: list[Drift], drifts: int, count: int, mend: bool, locale: str) -> Iterator[str]:
    for drift in kept:
        yield LINE.in_(locale).format(
            object=drift.object,
            field=drift.field,
            what=WHAT[drift.what].in_(locale),
            record=drift.record,
            stored=_shown(drift.stored, locale),
            right=_shown(drift.right, locale),
        )
    if drifts > len(kept):
        yield MORE.in_(locale).format(more=drifts - len(kept))
    sentence = NONE if not drifts else MENDED if mend else FOUND
    yield sentence.in_(locale).format(drifts=drifts, count=Count(count).in_(locale))


def _shown(value: Any, locale: str) -> str:
    if value is None:
        return EMPTY.in_(locale)
    text = str(plain(value))
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _json(kept: list[Drift]) -> list[dict[str, Any]]:
    return [
        {
            "object": drift.object,
            "field": drift.field,
            "record": drift.record,
            "what": drift.what,
            "stored": plain(drift.stored),
            "right": plain(drift.right),
        }
        for drift in kept
    ]
