"""What every process that runs a site begins with: the site, its services, who carries out.

`serve`, `worker`, `scheduler` and `demo` take all of it from here, so that an effect is carried
out alike wherever it lands.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError

from assembly.background import Background, Services, carrier_of
from assembly.publish_work import Publisher
from assembly.revision_alarm import telling_of_failures
from assembly.revisions import Site
from assembly.settings import Settings
from cli.acting import acting
from cli.late import LateDirectory, account_tables, mirror_roles, rehearse
from cli.opening import caught_up, database
from documents.rendering import Renderer
from engine import logs
from engine.files import Files
from engine.permissions.actors import Actor
from engine.problems import Refusal
from engine.records.gate import Wake
from engine.records.sealing import require_keys
from engine.redaction import secrets_within
from engine.schema.engines import Databases
from jobs.carrying import TimeLimit
from jobs.redis.hinting import Hints
from jobs.redis.listening import listener
from jobs.redis.pushing import Pusher
from jobs.redis.queues import Queues, open_redis, site_name
from jobs.redis.relaying import Relay
from jobs.tables import QUEUES
from jobs.working import Worker, alarm
from notices.outgoing import Client
from notices.sending import post_of
from notices.webhooks import missing_secrets

log = logging.getLogger("formwright.start")


def site_services(chosen: Settings, site: Site) -> Services:
    """What the handlers of a site use, by its settings."""
    for problem in missing_secrets(site.current.catalog, chosen.secrets):
        log.warning(problem.line(), extra={"event": problem.code})
    return Services(
        directory=LateDirectory(site.databases),
        renderer=Renderer(),
        layers=chosen.layers,
        outgoing=Client(chosen.outgoing_allow),
        secrets=chosen.secrets,
        post=post_of(chosen.mail_url),
        url=chosen.url,
        files=Files(chosen.files_url, chosen.folder),
        by_account=lambda gate, name: _by_account(site, name),
        publisher=Publisher(
            extra=account_tables,
            hooks=(mirror_roles,),
            tell=site.notice,
            rehearse=rehearse,
            folders=tuple(layer for layer in chosen.layers if layer.is_dir()),
            running=lambda: site.current,
        ),
    )


def start_logging(*sites: Settings, level: str = "info") -> None:
    """Sends the log lines of this process where the settings of its sites say.

    No line holds a secret of any of them.
    """
    secrets: list[str] = []
    for one in sites:
        secrets += (one.secret_key, *one.encryption_keys, *one.secrets.values())
        for url in (one.database_url, one.redis_url, one.mail_url, one.files_url):
            secrets += secrets_within(url)
    logs.install(sites[0].log if sites else "auto", level=level, hide=secrets)


@contextmanager
def opened_site(chosen: Settings) -> Iterator[Site]:
    """The site of the settings, closed at the end; what it asks for is handed over.

    Raises Refusal when nothing has been applied to its database.
    """
    with database(chosen) as databases:
        caught_up(databases, by="worker")
        site = Site(databases, name=chosen.site)
        require_keys(site.current.catalog, databases.vault)
        if wake := pusher_of(chosen, site):
            site.wake = wake
        watch_revisions(chosen, site)
        yield site


def pusher_of(chosen: Settings, site: Site) -> Wake | None:
    """What a commit tells of the effects that it asked for; None where there is no Redis."""
    return Pusher(_queues(chosen, site)).wake if chosen.redis_url else None


def relays_of(chosen: Settings, site: Site) -> Sequence[Callable[[], object]]:
    """What the scheduler does at each tick besides, so that no effect is forgotten by Redis."""
    return [Relay(site.gate, _queues(chosen, site)).run] if chosen.redis_url else []


def start_background(chosen: Settings, site: Site) -> Background | None:
    """Lets somebody carry out what this process asks for: after a fork, in the child.

    With Redis that are workers, and None is returned; without it threads of this process.
    """
    watch_revisions(chosen, site)
    if wake := pusher_of(chosen, site):
        site.wake = wake
        return None
    background = Background(site, site_services(chosen, site))
    background.start()
    return background


def watch_revisions(chosen: Settings, site: Site) -> None:
    """Lets the process hear of a new revision by Redis, where there is one, and tell of trouble."""
    site.alarm = telling_of_failures(site, LateDirectory(site.databases))
    if hints := hints_of(chosen, site.databases):
        site.swapped = hints.tell
        hints.listen(site.look)


def hints_of(chosen: Settings, databases: Databases) -> Hints | None:
    """Where it is said that another revision is in force; None where there is no Redis."""
    if not chosen.redis_url:
        return None
    return Hints(open_redis(chosen.redis_url), site_name(databases, chosen.site))


def worker_of(
    chosen: Settings,
    site: Site,
    services: Services,
    queues: Sequence[str] = QUEUES,
    time_limit: TimeLimit = alarm,
) -> Worker:
    """What carries out in a process of its own, its main thread given to that unless another
    `time_limit` is named."""
    carrier = carrier_of(site, services, time_limit=time_limit)
    connect = None
    if chosen.redis_url:
        name = site_name(site.databases, chosen.site)

        def connect() -> Any:
            return listener(chosen.redis_url, name, queues)

    return Worker(carrier, queues=queues, renew=site.renew, connect=connect, away=RedisError)


def until_told(stop: Callable[[], None]) -> None:
    """Calls `stop` at the first SIGTERM or SIGINT; the second one ends the process at once."""

    def first(number: int, frame: Any) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.default_int_handler)
        stop()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, first)


def _by_account(site: Site, name: str) -> Actor | None:
    """As whom an account acts that belongs to no person; None for one that may not sign in."""
    try:
        return acting(site.current, name)
    except Refusal:
        return None


def _queues(chosen: Settings, site: Site) -> Queues:
    return Queues(open_redis(chosen.redis_url), site_name(site.databases, chosen.site))
