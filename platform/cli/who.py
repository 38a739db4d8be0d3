"""`formwright who`: everybody who may see one record, or do something with it, and by what."""

from __future__ import annotations

import os
from typing import Any

import click

from assembly.application import Application, build_application
from cli.opening import database, settings
from cli.printing import locale_of, locale_option, print_json
from engine.permissions.actors import SYSTEM
from engine.permissions.roles import ROW_ACTIONS
from engine.problems import Refusal, Text
from engine.records import messages as say
from engine.records.why.sight import Sight
from engine.records.why.who import Holder, holders

SENTENCE = Text(
    {"en": "{action} · {thing}: {count} people", "zh": "{action} · {thing}：{count} 人"}
)
AND = Text({"en": "; ", "zh": "；"})


@click.command()
@click.argument("object")
@click.argument("record")
@click.argument("action", type=click.Choice(ROW_ACTIONS), default="read")
@click.option("--limit", type=click.IntRange(min=1), help="Print so many people at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the people as JSON.")
@locale_option("Language of the reasons.")
def who(
    object: str, record: str, action: str, limit: int | None, as_json: bool, locale: str | None
) -> None:
    """List the people to whom their roles grant ACTION (read) on RECORD of OBJECT, and by what.

    RECORD is an id or a number. Only people who can sign in are listed.
    """
    locale = locale or locale_of(os.environ)
    with database(settings(check_layers=False)) as databases:
        application = build_application(databases)
        found = _found(application, object, record, action)
    shown = found[:limit]
    if as_json:
        data = {"object": object, "record": record, "action": action, "count": len(found)}
        print_json(data | {"people": [_json(one, locale) for one in shown]})
        return
    words = {"action": action, "thing": f"{object} {record}", "count": len(found)}
    click.echo(SENTENCE.in_(locale).format(**words))
    for one in shown:
        reasons = AND.in_(locale).join(reason.in_(locale) for reason in one.reasons)
        click.echo(f"  {one.actor.name}  {reasons}")
    if len(found) > len(shown):
        click.echo(f"  … {len(found) - len(shown)}")


def _found(application: Application, object: str, record: str, action: str) -> list[Holder]:
    from webapp.directory import AccountDirectory  # loads Flask-AppBuilder: half a second

    gate = application.gate
    if object not in gate.catalog.objects:
        raise Refusal(say.NOT_FOUND(object=object, record=""))
    people = AccountDirectory(application.databases).everybody(gate)
    with application.databases.reading() as connection:
        known = Sight(gate, connection, SYSTEM).find(object, record, known=True)
        if known is None:
            label = gate.catalog.objects[object].label
            raise Refusal(say.NOT_FOUND(object=label, record=record))
        return holders(gate, connection, people, action, object, known[0])


def _json(one: Holder, locale: str) -> dict[str, Any]:
    return {
        "person": one.actor.person,
        "name": one.actor.name,
        "ways": list(one.ways),
        "reasons": [reason.in_(locale) for reason in one.reasons],
    }
