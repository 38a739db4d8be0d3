"""`formwright scheduler`: fires timers and schedules, and keeps house."""

from __future__ import annotations

import sys

import click

from assembly.background import minder_of
from assembly.settings import Settings
from cli.choosing import folder_of_sites, settings
from cli.running import opened_site, relays_of, start_logging, until_told
from cli.several import Ending, work_for_all
from engine.tracing import enter_site


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
def scheduler(once: bool) -> None:
    """Fire timers and schedules, and keep house.

    Any number of schedulers may run, on any number of hosts: one is at work, the others stand by
    and take over within seconds. What fires is carried out by `formwright worker`, or by
    `formwright serve` where no Redis is configured. Of several sites each has a thread of its own.
    Ends in good order on SIGTERM.
    """
    folder = folder_of_sites()
    ending = Ending()
    if folder is None:
        chosen = settings(check_layers=False)
        start_logging(chosen)
        _mind(chosen, ending, once, told=True)
        return
    until_told(ending.set)
    fine = work_for_all(folder, lambda of, until: _mind(of, until, once), ending, once=once)
    if not fine:
        sys.exit(1)


def _mind(chosen: Settings, ending: Ending, once: bool, *, told: bool = False) -> None:
    """Minds one site until `ending`; `told` where signals are to say so from then on."""
    enter_site(chosen.site)
    with opened_site(chosen) as site:
        minder = minder_of(site, relays_of(chosen, site))
        if once:
            if not minder.once():
                click.echo("another scheduler is at work: nothing to do", err=True)
            return
        if told:
            until_told(ending.set)
        minder.run(ending.event)
