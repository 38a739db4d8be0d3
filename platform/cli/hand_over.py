"""`formwright hand-over`: what a leaver is responsible for goes to others."""

from __future__ import annotations

import os

import click

from assembly.application import Application, build_application
from assembly.long_work import work_files
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_problems
from cli.progress import ending_in_good_order, progress_bar
from cli.user import person_named
from exchange.bulk_work import bulk_here
from exchange.hand_over import HandOver, Part, parts

MOVES = {
    "en": "{count} {object} ({field}) to {taker}",
    "zh": "{object}（{field}）{count} 条 → {taker}",
}
STAYS = {
    "en": "{count} {object} ({field}) stay; --also {path} moves them",
    "zh": "{object}（{field}）{count} 条保持不变；可用 --also {path} 移交",
}
NOTHING = {"en": "nothing to hand over", "zh": "没有可移交的记录"}
SURE = {"en": "Hand over?", "zh": "确定移交？"}
REFUSED = {"en": "{what}: {why}", "zh": "{what}：{why}"}


@click.command("hand-over")
@click.argument("leaver", metavar="FROM")
@click.argument("taker", metavar="TO")
@click.option("--give", multiple=True, metavar="OBJECT=PERSON", help="Another taker.")
@click.option("--objects", default="", metavar="A,B", help="Only these objects.")
@click.option("--also", multiple=True, metavar="OBJECT.FIELD", help="Another field that moves.")
@click.option("--preview", is_flag=True, help="Say what would move; write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--as", "user", metavar="USER", help="Act with this account's permissions.")
@locale_option()
@click.pass_context
def hand_over(
    ctx: click.Context,
    leaver: str,
    taker: str,
    give: tuple[str, ...],
    objects: str,
    also: tuple[str, ...],
    preview: bool,
    yes: bool,
    user: str | None,
    locale: str | None,
) -> None:
    """Hand what the person FROM owns, and whoever reports to them, over to TO.

    People are named by id or by their exact name. Every object is a bulk change of its own, which
    `formwright undo` takes back. Exits 1 where a record was refused.
    """
    locale = locale or locale_of(os.environ)
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        givers = dict(_pair(one, "=", "--give") for one in give)
        order = HandOver(
            leaver=person_named(application, leaver).id,
            taker=person_named(application, taker).id,
            takers={object: person_named(application, name).id for object, name in givers.items()},
            objects=tuple(filter(None, (name.strip() for name in objects.split(",")))),
            also=tuple(_pair(one, ".", "--also") for one in also),
            locale=locale,
        )
        found = parts(gate, actor, order)
        for part in found:
            click.echo(_line(application, part, givers.get(part.object, taker), locale))
        moving = [part.request for part in found if part.request is not None]
        if not moving:
            click.echo(NOTHING[locale])
        if preview or not moving:
            return
        if not yes:
            click.confirm(SURE[locale], abort=True, err=True)
        failed = False
        for request in moving:
            label = application.catalog.objects[request.object].plural.in_(locale)
            with ending_in_good_order(), progress_bar(label) as shown:
                ended = bulk_here(gate, actor, work_files(chosen), request, shown)
            for row in ended.said:
                what = " ".join(filter(None, (row["number"], row["title"]))) or f"#{row['id']}"
                click.echo(REFUSED[locale].format(what=what, why=row[locale]), err=True)
            if ended.problem is not None:
                print_problems([ended.problem], locale, err=True)
            failed = failed or bool(ended.counts.get("rejected")) or ended.problem is not None
    ctx.exit(1 if failed else 0)


def _pair(given: str, sign: str, option: str) -> tuple[str, str]:
    first, found, second = given.partition(sign)
    if not found or not first.strip() or not second.strip():
        raise click.BadParameter(f"{given!r} has no {sign!r} between two names.", param_hint=option)
    return first.strip(), second.strip()


def _line(application: Application, part: Part, taker: str, locale: str) -> str:
    definition = application.catalog.objects[part.object]
    text = MOVES if part.request is not None else STAYS
    return text[locale].format(
        count=part.count,
        object=definition.plural.in_(locale),
        field=part.field.label.in_(locale),
        taker=taker,
        path=f"{part.object}.{part.field.name}",
    )
