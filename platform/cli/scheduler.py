"""`formwright scheduler`: fires timers and schedules, and keeps house."""

from __future__ import annotations

import threading

import click

from assembly.background import minder_of
from cli.opening import settings
from cli.running import opened_site, relays_of, until_told


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
def scheduler(once: bool) -> None:
    """Fire timers and schedules, and keep house.

    Any number of schedulers may run, on any number of hosts: one is at work, the others stand by
    and take over within seconds. What fires is carried out by `formwright worker`, or by
    `formwright serve` where no Redis is configured. Ends in good order on SIGTERM.
    """
    chosen = settings(check_layers=False)
    with opened_site(chosen) as site:
        minder = minder_of(site, relays_of(chosen, site))
        if once:
            if not minder.once():
                click.echo("another scheduler is at work: nothing to do", err=True)
            return
        ending = threading.Event()
        until_told(ending.set)
        minder.run(ending)
