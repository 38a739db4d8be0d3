"""From layers to a running application in one call: for an empty database, demos and tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from assembly.application import Application, Clock, build_application, utc_now
from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.noting import noting_apply
from assembly.proposing import planner
from assembly.seeding import sow
from engine.loading.loading import load
from engine.problems import Refusal
from engine.schema.applying import Publishing, apply_plan
from engine.schema.engines import Databases


def establish(
    databases: Databases,
    layers: Sequence[Path],
    *,
    by: str = "",
    extra: Sequence[sa.MetaData] = (),
    clock: Clock = utc_now,
) -> Application:
    """Applies the layers and sows their seed records; returns the application that then runs.

    `extra` are tables of libraries (accounts). Raises Refusal with all problems of the layers,
    or of the plan; nothing is lost by it, since no loss is allowed here.
    """
    loaded = load(layers, KINDS)
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
