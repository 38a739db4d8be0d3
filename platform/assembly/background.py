"""What a site does beside answering requests: its handlers, and who calls them.

`handlers_of` is the one list of everything that can happen later. With Redis workers carry it out
(`jobs.redis`), without it threads of this process (`jobs.threads`): same rows, same handlers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assembly.revisions import Site
from documents.rendering import Renderer
from jobs.carrying import Carrier
from jobs.handlers import Handler
from jobs.tables import QUEUES
from jobs.threads import Threads
from notices.directory import Directory


@dataclass(frozen=True, kw_only=True)
class Services:
    """What handlers use beside the database.

    `layers` are the folders of the definitions, where documents find templates and pictures.
    """

    directory: Directory
    renderer: Renderer
    layers: Sequence[Path] = ()


def handlers_of(services: Services) -> Mapping[str, Handler]:
    """The handlers of all rooms, by the kind of effect that they carry out."""
    found: Iterable[Handler] = ()
    return {handler.kind: handler for handler in found}


class Background:
    """The background work of a site in this process."""

    def __init__(self, site: Site, services: Services) -> None:
        self.carrier = Carrier(site.gate, handlers_of(services), renewed=site.renew)
        self.threads = Threads(self.carrier, self.mind)
        self.site = site

    def start(self) -> None:
        """Lets threads of this process carry out what is asked for; after a fork, in the child."""
        self.site.wake = self.threads.wake
        self.threads.start()

    def stop(self) -> None:
        """Ends the threads, each after what it is at."""
        self.threads.stop()

    def mind(self) -> None:
        """What has to be looked after about once a second."""
        self.carrier.reap()

    def drain(self) -> int:
        """Carries out all that is due now, in the caller's thread; returns how much it was."""
        return self.carrier.drain(QUEUES)
