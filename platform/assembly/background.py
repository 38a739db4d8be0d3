"""What a site does beside answering requests: its handlers, and who calls them.

`handlers_of` is the one list of everything that can happen later. With Redis workers carry it out
(`jobs.redis`), without it threads of this process (`jobs.threads`): same rows, same handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assembly.attaching import attaching
from assembly.document_work import document_handlers
from assembly.failures import after_failure
from assembly.file_work import ask_to_sweep, sweeping
from assembly.letting_go import let_go_of_applies
from assembly.long_work import ByAccount, work_handlers
from assembly.publish_work import Publisher
from assembly.revisions import Site
from assembly.sealing_work import sealing, watching
from automation.approvals import ApprovalNews
from automation.handlers import AUTOMATION_HANDLERS
from automation.syncing import sync
from documents.making import ask_to_prune as ask_to_prune_documents
from documents.rendering import Renderer
from engine.files import Files
from engine.records.pruning_audit import prune_audit
from jobs.carrying import Carrier, TimeLimit, no_limit
from jobs.claims import LEASE
from jobs.handlers import Handler
from jobs.minding import Minder, Prune, Sync
from jobs.pruning import prune_outbox
from jobs.tables import QUEUES
from jobs.threads import Threads
from jobs.work_pruning import ask_to_prune
from notices.bell import prune as prune_notices
from notices.commenting import CommentNews
from notices.directory import Directory
from notices.mailing import Mail
from notices.outgoing import Client
from notices.sending import Post
from notices.tellers import Teller
from notices.webhooks import webhook_handler


@dataclass(frozen=True, kw_only=True)
class Services:
    """What handlers use beside the database.

    `layers` are the folders of the definitions, where documents find templates and pictures.
    `outgoing` sends requests to other systems; `secrets` are values by the names that definitions
    know them by. `post` is where mails go (None: nowhere), `url` the site's public address for
    links in them. `files` is the store for files; `by_account` says as whom an account without a
    person acts; `publisher` is what publishing needs of the rooms above.
    """

    directory: Directory
    renderer: Renderer
    layers: Sequence[Path] = ()
    outgoing: Client = field(default_factory=Client)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    post: Post | None = None
    url: str = ""
    files: Files = field(default_factory=lambda: Files("var/files", Path()))
    by_account: ByAccount = lambda gate, name: None
    publisher: Publisher = field(default_factory=Publisher)


def handlers_of(services: Services) -> Mapping[str, Handler]:
    """The handlers of all rooms, by the kind of effect that they carry out."""
    found: Iterable[Handler] = (
        webhook_handler(services.outgoing, services.secrets),
        *AUTOMATION_HANDLERS,
        *_telling(services),
        sweeping(services.files),
        *document_handlers(services.directory, services.renderer, services.layers, services.files),
        *work_handlers(services.directory, services.by_account, services.files, services.publisher),
    )
    return {handler.kind: handler for handler in found}


def _telling(services: Services) -> Iterable[Handler]:
    """The handlers of what people are told."""
    post, directory = services.post, services.directory
    teller = Teller(directory=directory, by_mail=post is not None)
    yield teller.handler()
    yield CommentNews(teller).handler()
    yield from ApprovalNews(teller).handlers()
    if post is not None:
        attach = attaching(services.renderer, services.layers, services.files)
        yield Mail(directory=directory, post=post, address=services.url, attach=attach).handler()


SYNC: tuple[Sync, ...] = (sync,)
"""What brings timers and schedules into line with a new revision."""

PRUNING: tuple[Prune, ...] = (
    prune_outbox,
    prune_notices,
    ask_to_prune,
    ask_to_prune_documents,
    ask_to_sweep,
    prune_audit,
    let_go_of_applies,
)
"""What removes rows that have served their purpose."""


def minder_of(site: Site, extra: Sequence[Callable[[], object]] = ()) -> Minder:
    """The scheduler of a site: timers, schedules and housekeeping. `extra` is done at each tick."""
    every = (sealing(site), watching(site), *extra)
    return Minder(site.gate, renewed=site.renew, sync=SYNC, extra=every, pruning=PRUNING)


def carrier_of(
    site: Site, services: Services, *, time_limit: TimeLimit = no_limit, lease: float = LEASE
) -> Carrier:
    """Who carries out the effects of a site; `time_limit` and `lease` as the Carrier has them."""
    return Carrier(
        site.gate,
        handlers_of(services),
        renewed=site.renew,
        failed=after_failure,
        time_limit=time_limit,
        lease=lease,
    )


class Background:
    """The background work of a site in this process."""

    def __init__(self, site: Site, services: Services) -> None:
        self.carrier = carrier_of(site, services)
        self.minder = minder_of(site)
        self.threads = Threads(self.carrier, self.mind, site.name)
        self.site = site

    def start(self) -> None:
        """Lets threads of this process carry out what is asked for; after a fork, in the child."""
        self.site.wake = self.threads.wake
        self.threads.start()

    def stop(self) -> None:
        """Ends the threads, each after what it is at."""
        self.threads.stop()
        self.minder.resign()

    def mind(self) -> None:
        """What has to be looked after about once a second."""
        self.minder.tick()

    def drain(self) -> int:
        """Carries out all that is due now, in the caller's thread; returns how much it was."""
        return self.carrier.drain(QUEUES)
