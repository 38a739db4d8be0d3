"""Publishing in tests: what a plan's form keeps, and the worker that carries it out."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from assembly.background import Background, Services
from assembly.publish_work import Publisher, Rehearse
from documents.rendering import Renderer
from engine.files import Files
from support.world import World
from webapp.directory import AccountDirectory
from webapp.mirroring import mirror_roles
from webapp.tables import account_tables

HIDDEN = re.compile(r'<input type="hidden" name="(digest|kept)" value="([^"]*)"')


def carrying(world: World, rehearse: Rehearse | None = None) -> Callable[[], object]:
    """What carries out everything that was asked for; scenarios are played by `rehearse`."""
    publisher = Publisher(
        extra=account_tables,
        hooks=(mirror_roles,),
        rehearse=rehearse or (lambda proposed, despite, telling: None),
        running=lambda: world.site.current,
    )
    services = Services(
        directory=AccountDirectory(world.site.databases),
        renderer=Renderer(),
        files=Files("files", Path(tempfile.mkdtemp(prefix="formwright-files-"))),
        publisher=publisher,
    )
    return Background(world.site, services).drain
