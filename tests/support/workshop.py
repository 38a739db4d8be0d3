"""A site in the making: definitions that a test writes, applied to a real database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from assembly.application import Application, build_application
from assembly.filling import filler
from assembly.kinds import KINDS
from assembly.proposing import back_planner, planner
from engine.loading import Loaded, load
from engine.schema.applying import apply_plan
from engine.schema.backfilling import ONLINE_FROM, Tell
from engine.schema.engines import Databases, open_databases
from engine.schema.planning import Plan
from engine.schema.publishing import Hook, Publishing, Replan

NOW = dt.datetime(2026, 3, 1, 8, 30, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Workshop:
    """A folder of definitions and the database that they are applied to."""

    folder: Path
    databases: Databases

    def write(self, **objects: str) -> Workshop:
        """Writes objects, each as the YAML that follows its head key; empty removes one."""
        for name, text in objects.items():
            self.file(f"objects/{name}.yaml", f"object: {name}\n{dedent(text)}" if text else "")
        return self

    def file(self, path: str, text: str) -> Workshop:
        """Writes any file of the layer; an empty text removes it."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if text:
            target.write_text(dedent(text), encoding="utf-8")
        else:
            target.unlink()
        return self

    def loaded(self) -> Loaded:
        """The definitions as they are now; they must be without problems."""
        found = load([self.folder], KINDS)
        assert found.catalog is not None, "\n".join(map(str, found.problems))
        return found

    def replan(self, online_from: int = ONLINE_FROM) -> Replan:
        """What makes the plan for the definitions as they are now; tables with so many rows are
        computed before."""
        return planner(self.loaded(), online_from=online_from)

    def plan(self, online_from: int = ONLINE_FROM) -> Plan:
        """The plan for the definitions as they are now."""
        with self.databases.reading() as connection:
            return self.replan(online_from)(connection)

    def way_back(self, revision: int, online_from: int = ONLINE_FROM) -> tuple[Plan, Replan]:
        """The plan that goes back to a revision, and what makes it."""
        with self.databases.reading() as connection:
            replan = back_planner(connection, revision, online_from=online_from)
            return replan(connection), replan

    def go_back(
        self, revision: int, *, allow_loss: bool = False, online_from: int = ONLINE_FROM
    ) -> int | None:
        """Goes back to a revision."""
        return self.carry_out(*self.way_back(revision, online_from), allow_loss=allow_loss)

    def said(self) -> list[str]:
        """The plan in English."""
        return [str(step.text) for step in self.plan().steps]

    def apply(
        self,
        *,
        allow_loss: bool = False,
        hooks: tuple[Hook, ...] = (),
        online_from: int = ONLINE_FROM,
        tell: Tell = lambda progress: None,
    ) -> int | None:
        """Applies the definitions as they are now."""
        return self.carry_out(
            self.plan(online_from),
            self.replan(online_from),
            allow_loss=allow_loss,
            hooks=hooks,
            tell=tell,
        )

    def carry_out(
        self,
        plan: Plan,
        replan: Replan,
        *,
        allow_loss: bool = False,
        hooks: tuple[Hook, ...] = (),
        tell: Tell = lambda progress: None,
    ) -> int | None:
        """Applies a plan that was made before."""
        fill = filler(self.databases, lambda: NOW)
        publishing = Publishing(by="test", now=NOW, fill=fill, hooks=hooks, tell=tell)
        return apply_plan(self.databases, plan, replan, publishing, allow_loss=allow_loss)

    def application(self) -> Application:
        """The application of the revision in force."""
        return build_application(self.databases)


@contextmanager
def workshop(folder: Path, url: str) -> Iterator[Workshop]:
    """A workshop with an empty site, in `folder`, on the empty database at `url`."""
    databases = open_databases(url)
    try:
        yield Workshop(folder, databases).file("site.yaml", "site: Test\n")
    finally:
        databases.dispose()
