"""`formwright revisions`: what has been applied, when and by whom."""

from __future__ import annotations

import click

from cli.opening import database, settings
from cli.printing import print_json
from engine.schema.state import revisions as read_revisions


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the revisions as JSON.")
def revisions(as_json: bool) -> None:
    """List the applied revisions, the newest first; the first line is the one in force."""
    with database(settings(check_layers=False)) as databases:
        with databases.reading() as connection:
            found = read_revisions(connection)
    if as_json:
        print_json(
            [
                {
                    "revision": one.id,
                    "at": one.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "by": one.by or None,
                    "digest": one.digest,
                }
                for one in found
            ]
        )
        return
    for one in found:
        at = one.at.strftime("%Y-%m-%d %H:%M:%SZ")
        click.echo(f"{one.id:>5}  {at}  {one.digest[:12]}  {one.by}")
