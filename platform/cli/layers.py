"""Which layers a command works on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

SETTING = "FORMWRIGHT_LAYERS"


def chosen_layers(named: Sequence[Path]) -> list[Path]:
    """The folders named on the command line, else those of the setting, else `config`.

    Raises click.UsageError (exit status 2) when one of them is no folder.
    """
    setting = os.environ.get(SETTING, "").split(os.pathsep)
    layers = list(named) or [Path(folder) for folder in setting if folder] or [Path("config")]
    for layer in layers:
        if not layer.is_dir():
            raise click.UsageError(f"There is no folder {layer}. Name a folder or set {SETTING}.")
    return layers
