"""Publishing: a plan that was shown is carried out, with all that belongs to it.

The same for the command line and for the browser. What is published is sealed to what was shown:
where the way there has become another one, nothing is done (`engine.schema.applying`).

1. The plan is carried out; in its transaction the roles are mirrored and the audit says so.
2. What was pulled from the browser layer into folders goes from there.
3. Seed records are sown that are missing.
4. Other processes are told of the revision (Redis, where there is one); they would find it
   without, a second later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assembly.application import Application, Clock, build_application, utc_now
from assembly.filling import filler
from assembly.layering import settle
from assembly.noting import COMMAND, noting_apply
from assembly.seeding import sow
from engine.loading.loading import Loaded
from engine.loading.sources import Source
from engine.schema.applying import apply_plan
from engine.schema.backfilling import Tell
from engine.schema.engines import Databases
from engine.schema.planning import Plan
from engine.schema.publishing import Hook, Publishing, Replan
from engine.schema.state import Rehearsed


@dataclass(frozen=True)
class Proposal:
    """What definitions propose to the database: the plan, and what makes it anew.

    `loaded` are the definitions, `layers` where they come from: None where an earlier revision is
    gone back to.
    """

    databases: Databases
    plan: Plan
    replan: Replan
    loaded: Loaded | None = None
    layers: Sequence[Source] | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The layers that lie in folders."""
        return tuple(layer for layer in self.layers or () if isinstance(layer, Path))


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who publishes, and what was agreed to.

    `by` is the name that the revision keeps, `person` the record of whoever asked in the browser,
    `via` where it was asked. `allow_loss`: what people see now may be hidden; `answered`:
    somebody has said that what is probably not meant is meant. `rehearsed` is how the scenarios
    went that were played before (`scenarios.rehearsing`), None where none were.
    """

    by: str
    person: int | None = None
    via: str = COMMAND
    message: str = ""
    allow_loss: bool = False
    answered: bool = False
    rehearsed: Rehearsed | None = None


def publish(
    proposed: Proposal,
    order: Order,
    hooks: Sequence[Hook] = (),
    tell: Callable[[int], object] = lambda revision: None,
    clock: Clock = utc_now,
    former: Application | None = None,
    progress: Tell = lambda progress: None,
) -> int | None:
    """Carries out the plan that was shown; the revision that it made, None if nothing was to do.

    `hooks` is what rooms above do in its transaction (roles are mirrored), `tell` says to other
    processes that there is a revision, `progress` is told how far it is with large tables. Of
    `former`, the running application, the new one takes over what is the same. Raises Refusal
    when the plan has problems or is no longer what would be done, when something would be lost
    or is probably not meant and nobody agreed.
    """
    databases, now = proposed.databases, clock()
    noting = noting_apply(order.by, now, order.person, order.via)
    publishing = Publishing(
        by=order.by,
        now=now,
        fill=filler(databases, clock),
        hooks=(*hooks, noting),
        message=order.message,
        rehearsed=order.rehearsed,
        tell=progress,
    )
    revision = apply_plan(
        databases,
        proposed.plan,
        proposed.replan,
        publishing,
        allow_loss=order.allow_loss,
        answered=order.answered,
    )
    settle(databases, proposed.plan, proposed.folders)
    sow(build_application(databases, former=former).gate)
    if revision is not None:
        tell(revision)
    return revision
