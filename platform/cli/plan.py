"""`formwright plan`: what applying the files would change, in words and as SQL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from assembly.effects import effects_json, effects_of, lines_of
from assembly.layering import picture_of
from assembly.publishing import Proposal
from cli.findings import finding_json, finding_lines
from cli.opening import proposal
from cli.printing import locale_of, locale_option, print_json, print_problems, problem_json
from cli.progress import progress_bar
from cli.rehearsing import TITLE, rehearsal_json, show
from cli.sealing import write_plan
from cli.threeway import picture_json, picture_lines
from engine.loading.threeway import Picture
from engine.schema.costs import Cost
from engine.schema.planning import Plan
from engine.schema.steps import Phase
from scenarios.rehearsing import Rehearsal, rehearsal

MARKS = {
    Phase.CREATE: "+",
    Phase.ALTER: "+",
    Phase.INDEX: "+",
    Phase.NOTE: "~",
    Phase.DROP: "-",
}
BEFOREHAND = {
    "en": "existing records are computed before publishing",
    "zh": "发布前预先计算已有记录",
}
PUBLISHING = {"en": "existing records are written anew", "zh": "重写已有记录"}
NOTHING = {"en": "nothing to do: the database is as defined", "zh": "无需变更：数据库与定义一致"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--sql", "as_sql", is_flag=True, help="Print the SQL that would be executed.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan in this file, for `formwright apply FILE`.",
)
@click.option("--layers", is_flag=True, help="Show what the layers change of each other, too.")
@click.option("--scenarios", is_flag=True, help="Play the scenarios on what it leads to.")
@locale_option()
@click.pass_context
def plan(
    ctx: click.Context,
    as_json: bool,
    as_sql: bool,
    out: Path | None,
    layers: bool,
    scenarios: bool,
    locale: str | None,
) -> None:
    """Show what `formwright apply` would do; change nothing.

    Overlays made in the browser are part of it. With --layers it also shows what each layer has
    changed since the revision in force, and what the layers over it make of that.

    Where roles, scopes or the sharing of records change, it also counts what people would gain and
    lose on the records that there are.

    With --scenarios those of the layers play on what it leads to, as they do before an apply: on a
    scratch database. Exits 1 when the plan has problems or scenarios fail, so that it could not be
    applied.
    """
    locale = locale or locale_of(os.environ)
    with proposal() as proposed:
        made = proposed.plan
        found = _played(proposed, locale) if scenarios else None
        show_plan(proposed, locale, as_json=as_json, as_sql=as_sql, layers=layers, found=found)
        if out is not None and not made.problems:
            write_plan(out, made)
    ctx.exit(1 if made.problems or not (found is None or found.passed) else 0)


def _played(proposed: Proposal, locale: str) -> Rehearsal | None:
    with progress_bar(TITLE[locale]) as bar:
        return None if proposed.plan.problems else rehearsal(proposed, telling=bar)


def show_plan(
    proposed: Proposal,
    locale: str,
    *,
    as_json: bool = False,
    as_sql: bool = False,
    layers: bool = False,
    found: Rehearsal | None = None,
) -> None:
    """Prints a plan, what it does to what people see, and what stands in its way.

    `found` is how the scenarios went, where they were played.
    """
    from webapp.directory import AccountDirectory  # loads Flask-AppBuilder: half a second

    made = proposed.plan
    everybody = AccountDirectory(proposed.databases).everybody
    effects = [] if as_sql else effects_of(proposed, everybody)
    picture = _picture(proposed) if layers else None
    if as_json:
        told = plan_json(made, proposed.databases.reads.dialect, locale)
        told |= {"permissions": effects_json(effects, locale)}
        told |= {"layers": picture_json(picture, locale)} if picture else {}
        print_json(told | ({"scenarios": rehearsal_json(found, locale)} if found else {}))
    elif as_sql:
        click.echo(sql_of(made, proposed.databases.reads.dialect), nl=False)
    else:
        print_plan(made, proposed.databases.dialect, locale)
        for line in lines_of(effects, locale):
            click.echo(f"  {line}")
        for line in picture_lines(picture, locale) if picture else ():
            click.echo(line)
        if found is not None:
            show(found, locale)
    print_problems(made.problems, locale, err=True)
    if made.empty:
        click.echo(NOTHING[locale], err=True)


def _picture(proposed: Proposal) -> Picture | None:
    if proposed.loaded is None:
        return None
    with proposed.databases.reading() as connection:
        return picture_of(connection, proposed.loaded, whole=True)


def print_plan(made: Plan, dialect: str, locale: str) -> None:
    """One line per step, then what it means for the records that exist.

    `+` adds, `~` changes what is said, `-` takes away, `!` hides data. Steps that go on for a
    while say for how long, and who waits.
    """
    for step in made.steps:
        mark = "!" if step.loses else MARKS[step.phase]
        said = made.cost(step, dialect).said()
        click.echo(f"{mark} {step.text.in_(locale)}{f' ({said.in_(locale)})' if said else ''}")
    if before := made.beforehand(dialect).said():
        click.echo(f"~ {BEFOREHAND[locale]} ({before.in_(locale)})")
    if publishing := made.publishing(dialect).said():
        click.echo(f"~ {PUBLISHING[locale]} ({publishing.in_(locale)})")
    for line in finding_lines(made.findings, locale):
        click.echo(line)


def sql_of(made: Plan, dialect: Any) -> str:
    """All steps as SQL, each under its description."""
    written = [(step.text, step.sql(dialect)) for step in made.steps]
    return "\n".join(f"-- {text}\n{sql}\n" for text, sql in written if sql)


def plan_json(made: Plan, dialect: Any, locale: str) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "digest": made.digest,
        "empty": made.empty,
        "revision": made.applied.id if made.applied else None,
        "loses": made.loses,
        "steps": [
            {
                "kind": step.kind,
                "phase": step.phase.name.lower(),
                "text": step.text.in_(locale),
                "table": step.table or None,
                "loses": step.loses,
                "sql": step.sql(dialect) or None,
                "cost": _cost_json(made.cost(step, dialect.name)),
            }
            for step in made.steps
        ],
        "beforehand": _cost_json(made.beforehand(dialect.name)),
        "publishing": _cost_json(made.publishing(dialect.name)),
        "findings": [finding_json(finding, locale) for finding in made.findings],
        "problems": [problem_json(problem, locale) for problem in made.problems],
    }


def _cost_json(cost: Cost) -> dict[str, Any]:
    return {"lock": cost.lock, "seconds": round(cost.seconds, 1)}
