"""Which site a command works on: the one of `--site`, or the only one."""

from __future__ import annotations

import os
from pathlib import Path

from assembly.settings import Settings, read_settings
from assembly.sites import incomplete, not_read, read_site, read_sites, sites_folder
from cli.site_option import chosen_site
from engine.problems import Problem, Refusal


def settings(*, check_layers: bool = True) -> Settings:
    """The settings of this process. Raises Refusal when they are not usable."""
    here, name = Path.cwd(), chosen_site()
    if not name:
        return read_settings(os.environ, here, check_layers=check_layers)
    folder = sites_folder(os.environ, here)
    return read_site(os.environ, here, folder, name, check_layers=check_layers)


def folder_of_sites() -> Path | None:
    """Where several sites are that the command is for; None for a single one."""
    return None if chosen_site() else sites_folder(os.environ, Path.cwd())


def all_sites(folder: Path) -> tuple[Settings, ...]:
    """The settings of all sites. Raises Refusal with what is wrong in any of them."""
    return read_sites(os.environ, Path.cwd(), folder, check_layers=False)


def reachable_sites(folder: Path) -> tuple[Settings, ...]:
    """As `all_sites`; refused as well where one has no host, or no key."""
    found = all_sites(folder)
    if problems := incomplete(found):
        raise Refusal(*problems)
    return found


def sites_problems() -> tuple[Problem, ...]:
    """What is wrong with the settings of the sites, all of them or the one that is named."""
    try:
        if folder := folder_of_sites():
            found = read_sites(os.environ, Path.cwd(), folder)
            return tuple(incomplete(found))
    except Refusal as refusal:
        return tuple(refusal.problems)
    return ()


def overlooked() -> list[Problem]:
    """What the environment sets that sites do not read."""
    return not_read(os.environ)
