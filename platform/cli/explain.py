"""`formwright explain`: a merged definition, and who set each of its values."""

from __future__ import annotations

from pathlib import Path

import click

from assembly.kinds import KINDS
from cli.layers import chosen_layers
from cli.printing import many, print_json
from engine.loading import explaining, load


@click.command()
@click.argument("thing")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A layer, lowest first; instead of those of FORMWRIGHT_LAYERS.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the values as JSON.")
def explain(thing: str, layers: tuple[Path, ...], as_json: bool) -> None:
    """Show the merged definition of THING with the file and line that set each value.

    THING is a name (`opportunity`), a part of it (`opportunity.amount`), or either behind the
    kind where several things share the name (`role:sales_representative`).
    """
    loaded = load(chosen_layers(layers), KINDS)
    explanation = explaining.explain(loaded, thing)
    if as_json:
        print_json(explanation.to_json())
    else:
        click.echo(explanation.to_text())
    if loaded.problems:
        found = many(len(loaded.problems), "problem")
        click.echo(f"{found}; see `formwright check`", err=True)
