"""`formwright hand-over`: what a leaver is responsible for goes to others."""

from __future__ import annotations

import datetime as dt
import os

import click

from assembly.application import Application, build_application
from assembly.handing_over import foresee, hand_over_here, hand_over_work, start_hand_over
from assembly.long_work import work_files
from cli.acting import acting
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_problems
from cli.progress import ending_in_good_order, progress_bar
from cli.user import person_named
from exchange.hand_over import HandOver, Part

MOVES = {
    "en": "{count} {object} ({field}) to {taker}",
    "zh": "{object}（{field}）{count} 条 → {taker}",
}
STAYS = {
    "en": "{count} {object} ({field}) stay; --also {path} moves them",
    "zh": "{object}（{field}）{count} 条保持不变；可用 --also {path} 移交",
}
APPROVALS = {"en": "{count} open approvals to {taker}", "zh": "进行中的审批 {count} 个 → {taker}"}
DEPUTIES = {
    "en": "{count} deputies end or go to {taker}",
    "zh": "代理 {count} 个结束或转给 {taker}",
}
PLANNED = {"en": "planned as work {number} for {day}", "zh": "已安排为长任务 {number}，日期 {day}"}
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
@click.option("--close-account", "close", is_flag=True, help="Close FROM's account at the end.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Do it when that day begins.")
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
    close: bool,
    on: dt.datetime | None,
    user: str | None,
    locale: str | None,
) -> None:
    """Hand what the person FROM owns, and whoever reports to them, over to TO.

    Open approvals and deputies go to TO, too. People are named by id or by their exact name. It is
    one batch, which `formwright undo` takes back as far as records go. Exits 1 where a record was
    refused.
    """
    locale = locale or locale_of(os.environ)
    # accounts bring the web frame along, which takes long to import
    from webapp.directory import AccountDirectory

    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        application = build_application(databases)
        gate, actor = application.gate, acting(application, user)
        givers = dict(_pair(one, "=", "--give") for one in give)
        people = (person_named(application, leaver), person_named(application, taker))
        order = HandOver(
            leaver=people[0].id,
            taker=people[1].id,
            takers={object: person_named(application, name).id for object, name in givers.items()},
            objects=tuple(filter(None, (name.strip() for name in objects.split(",")))),
            also=tuple(_pair(one, ".", "--also") for one in also),
            locale=locale,
        )
        found = foresee(gate, actor, order)
        for part in found.parts:
            click.echo(_line(application, part, givers.get(part.object, taker), locale))
        for text, count in ((APPROVALS, found.approvals), (DEPUTIES, found.deputies)):
            if count:
                click.echo(text[locale].format(count=count, taker=taker))
        if not (found.moving or found.approvals or found.deputies):
            click.echo(NOTHING[locale])
            if not close:
                return
        if preview:
            return
        if not yes:
            click.confirm(SURE[locale], abort=True, err=True)
        title = application.catalog.objects[application.catalog.site.person].title
        leaver_name, taker_name = (str(one.values.get(title) or f"#{one.id}") for one in people)
        work = hand_over_work(gate, actor, order, (leaver_name, taker_name), close=close)
        if on is not None:
            number = start_hand_over(gate, actor, work, on.date())
            click.echo(PLANNED[locale].format(number=number, day=on.date().isoformat()))
            return
        directory = AccountDirectory(databases)
        with ending_in_good_order(), progress_bar(work.title[locale]) as shown:
            files = work_files(chosen)
            ended = hand_over_here(gate, actor, work, directory, files, shown)
        for row in ended.said:
            what = " ".join(filter(None, (row["number"], row["title"]))) or f"#{row['id']}"
            click.echo(REFUSED[locale].format(what=what, why=row[locale]), err=True)
        if ended.problem is not None:
            print_problems([ended.problem], locale, err=True)
        failed = bool(ended.counts.get("rejected")) or ended.problem is not None
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
