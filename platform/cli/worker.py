"""`formwright worker`: carries out what must happen later, in processes of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from assembly.settings import Settings
from cli.choosing import all_sites, folder_of_sites
from cli.family import Family, Member, own_command
from cli.opening import settings
from cli.running import opened_site, site_services, start_logging, until_told, worker_of
from cli.several import Ending, work_for_all
from engine.problems import Message, Refusal
from engine.tracing import enter_site
from jobs.carrying import TimeLimit
from jobs.tables import QUEUES
from jobs.working import alarm, thread_alarm

UNKNOWN_QUEUE = Message(
    "no-such-queue",
    en="there is no queue {name!r}",
    zh="不存在队列 {name!r}",
    hint_en="the queues are {names}",
    hint_zh="可用的队列为 {names}",
)


@click.command()
@click.option("--queues", default=",".join(QUEUES), show_default=True,
              help="The queues to serve, separated by commas.")  # fmt: skip
@click.option("--burst", is_flag=True, help="Carry out what is due now and end.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Workers to keep running.")  # fmt: skip
def worker(queues: str, burst: bool, processes: int) -> None:
    """Carry out notices, webhooks, documents and other work that was asked for.

    Any number of workers on any number of hosts share the work. Of several sites each has a thread
    of its own in every worker, so that none waits for another. With FORMWRIGHT_REDIS_URL they
    are called through Redis, otherwise they look into the database every second. SIGTERM ends a
    worker after what it is at.
    """
    chosen = _chosen(queues)
    folder = folder_of_sites()
    if processes > 1:
        start_logging(*(all_sites(folder) if folder else [settings(check_layers=False)]))
        _keep(processes, chosen, burst)
    elif folder is None:
        of = settings(check_layers=False)
        start_logging(of)
        _work(of, chosen, burst, until_told, alarm)
    else:
        ending = Ending()
        until_told(ending.set)

        def work(of: Settings, ending: Ending) -> None:
            _work(of, chosen, burst, ending.tell, thread_alarm)

        if not work_for_all(folder, work, ending, once=burst):
            sys.exit(1)


def _work(
    of: Settings,
    queues: Sequence[str],
    burst: bool,
    ending: Callable[[Callable[[], None]], None],
    time_limit: TimeLimit,
) -> None:
    """Works for one site until `ending` calls; with `burst`, until nothing is due."""
    enter_site(of.site)
    with opened_site(of) as site:
        services = site_services(of, site)
        made = worker_of(of, site, services, queues, time_limit)
        ending(made.stop)
        try:
            if burst:
                made.drain()
            else:
                made.run()
        finally:
            services.renderer.close()


def _chosen(queues: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in queues.split(",") if name.strip())
    unknown = [name for name in names if name not in QUEUES]
    if unknown or not names:
        shown = unknown[0] if unknown else queues
        raise Refusal(UNKNOWN_QUEUE(name=shown, names=", ".join(QUEUES)))
    return names


def _keep(processes: int, queues: tuple[str, ...], burst: bool) -> None:
    """Keeps so many workers running until told to end; with `burst`, until they have ended."""
    command = own_command("worker", "--queues", ",".join(queues))
    if burst:
        command.append("--burst")
    family = Family()
    until_told(family.stop)
    try:
        for number in range(processes):
            family.add(Member(f"worker {number + 1}", command, patience=None))
        if burst:
            family.wait()
        else:
            family.watch()
    finally:
        family.end()
    if burst and any(member.failed for member in family.members):
        sys.exit(1)
