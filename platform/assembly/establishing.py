"""From layers to a running application in one call: for an empty database, demos and tests."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from assembly.application import Application, Clock, build_application, utc_now
from assembly.browser_layer import with_browser
from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.noting import noting_apply
from assembly.proposing import planner
from assembly.seeding import sow
from engine.loading.loading import Loaded, load
from engine.loading.sources import Source
from engine.problems import Refusal
from engine.schema.applying import apply_plan
from engine.schema.engines import Databases
from engine.schema.publishing import Publishing


def establish(
    databases: Databases,
    layers: Sequence[Source],
    *,
    by: str = "",
    extra: Sequence[sa.MetaData] = (),
    clock: Clock = utc_now,
) -> Application:
    """Applies the layers and sows their seed records; returns the application that then runs.

    What was made in the browser lies over the layers. `extra` are tables of libraries (accounts).
    Raises Refusal with all problems of the layers, or of the plan; nothing is lost by it, since
    no loss is allowed here.
    """
    with databases.reading() as connection:
        sources = with_browser(connection, layers)
    return establish_loaded(databases, load(sources, KINDS), by=by, extra=extra, clock=clock)


def establish_loaded(
    databases: Databases,
    loaded: Loaded,
    *,
    by: str = "",
    extra: Sequence[sa.MetaData] = (),
    clock: Clock = utc_now,
) -> Application:
    """The same, of definitions that were loaded before."""
    if loaded.problems:
        raise Refusal(*loaded.problems)
    replan = planner(loaded, extra)
    with databases.reading() as connection:
        plan = replan(connection)
    if not plan.empty:
        publishing = Publishing(
            by=by,
            now=clock(),
            fill=filler(databases, clock),
            hooks=(noting_apply(by, clock()),),
        )
        apply_plan(databases, plan, replan, publishing)
    application = build_application(databases, clock)
    sow(application.gate)
    return application
