"""`formwright explain`: a merged definition, and who set each of its values."""

from __future__ import annotations

from pathlib import Path

import click

from assembly.kinds import KINDS
from cli.layers import chosen_sources
from cli.printing import many, print_json
from engine.loading import Loaded, explaining, load
from engine.loading.uses import uses
from engine.problems import Refusal


@click.command()
@click.argument("thing")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A layer, lowest first; instead of those of FORMWRIGHT_LAYERS.",
)
@click.option("--uses", "where_used", is_flag=True, help="Show where it is used instead.")
@click.option("--browser", is_flag=True, help="With what was made in the browser, over them all.")
@click.option("--json", "as_json", is_flag=True, help="Print the values as JSON.")
def explain(
    thing: str, layers: tuple[Path, ...], where_used: bool, browser: bool, as_json: bool
) -> None:
    """Show the merged definition of THING with the file and line that set each value.

    THING is a name (`opportunity`), a part of it (`opportunity.amount`), or either behind the
    kind where several things share the name (`role:sales_representative`). With --uses THING is
    an object or a field, and every place is listed that names it, in whatever kind of file.
    """
    loaded = load(chosen_sources(layers, browser), KINDS)
    if where_used:
        _print_uses(loaded, thing, as_json)
        return
    explanation = explaining.explain(loaded, thing)
    if as_json:
        print_json(explanation.to_json())
    else:
        click.echo(explanation.to_text())
    if loaded.problems:
        found = many(len(loaded.problems), "problem")
        click.echo(f"{found}; see `formwright check`", err=True)


def _print_uses(loaded: Loaded, thing: str, as_json: bool) -> None:
    """One line per use: its place, the definition, what stands there."""
    if loaded.catalog is None:
        raise Refusal(*loaded.problems)
    found = uses(loaded.catalog, loaded.trees, thing)
    if as_json:
        print_json(
            [
                {"file": use.place.file, "line": use.place.line, "column": use.place.column,
                 "kind": use.kind, "name": use.name, "path": use.path or None, "text": use.text}
                for use in found
            ]
        )  # fmt: skip
        return
    for use in found:
        where = f"{use.kind} {use.name}{f', {use.path}' if use.path else ''}"
        click.echo(f"{use.place}: {where}: {' '.join(use.text.split())}")
    click.echo(many(len(found), "use"), err=True)
