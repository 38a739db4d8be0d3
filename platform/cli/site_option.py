"""The option `--site`, before the command: which of several sites it is for."""

from __future__ import annotations

import click

_CHOSEN = "formwright.site"


def site_option(ctx: click.Context, _: click.Parameter, name: str | None) -> str | None:
    """Keeps the name for the command that follows; contexts share it."""
    ctx.meta[_CHOSEN] = name or ""
    return name


def chosen_site() -> str:
    """The name that `--site` gave, or an empty string."""
    ctx = click.get_current_context(silent=True)
    return str(ctx.meta.get(_CHOSEN, "")) if ctx else ""


def site_words() -> tuple[str, ...]:
    """How another command of ours is told of the same site."""
    name = chosen_site()
    return ("--site", name) if name else ()
