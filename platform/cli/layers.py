"""Which layers a command works on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cli.choosing import settings
from engine.loading.sources import Source


def chosen_layers(named: Sequence[Path]) -> list[Path]:
    """The folders named on the command line, else those of the setting FORMWRIGHT_LAYERS.

    Raises click.UsageError (exit status 2) when one of them is no folder, Refusal when the
    settings cannot be used.
    """
    layers = list(named)
    if not layers:
        layers += settings(check_layers=False).layers
    for layer in layers:
        if not layer.is_dir():
            raise click.UsageError(
                f"There is no folder {layer}. Name a folder, or set FORMWRIGHT_LAYERS."
            )
    return layers


def chosen_sources(named: Sequence[Path], browser: bool) -> tuple[Source, ...]:
    """The chosen layers; with `browser` what was made there lies over them.

    Raises as `chosen_layers` does, and Refusal when the database cannot be used.
    """
    folders = chosen_layers(named)
    if not browser:
        return tuple(folders)
    from cli.opening import database, sources  # loads SQLAlchemy

    with database(settings(check_layers=False)) as databases:
        return sources(folders, databases)
