"""Faults put in on purpose: each breaks the one predicate, or goes around it, on one path.

The leak test must find every one of them, else it proves nothing. Statements that were compiled
without the fault are forgotten before it is put in, and those with it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from engine.permissions import lens
from engine.permissions.lens import ActorView, Lens
from engine.records import keyset, listing, plans, reading
from leaks.worlds import Stage
from webapp.api import history

Patch = pytest.MonkeyPatch
BOTH = ("rows", "cell")


@dataclass(frozen=True)
class Fault:
    """What is broken, and the paths that are expected to tell of it."""

    name: str
    put_in: Callable[[Patch, Stage], None]
    paths: tuple[str, ...]


@contextmanager
def broken(fault: Fault, stage: Stage) -> Iterator[None]:
    """The site with the fault in it."""
    gate = stage.site.current.gate
    patch = pytest.MonkeyPatch()
    gate.statements._known.clear()
    try:
        fault.put_in(patch, stage)
        yield
    finally:
        patch.undo()
        gate.statements._known.clear()


@contextmanager
def _blind(*names: str) -> Iterator[None]:
    """Every row, or cell, is granted while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(Lens, name, lambda *args: None)
        yield


def _unscoped(endpoint: str, *names: str) -> Callable[[Patch, Stage], None]:
    """The predicate is left out on one route."""

    def put_in(patch: Patch, stage: Stage) -> None:
        views = stage.app.view_functions
        good = views[endpoint]

        def view(**arguments: Any) -> Any:
            with _blind(*names):
                return good(**arguments)

        patch.setitem(views, endpoint, view)

    return put_in


def _search_everything(patch: Patch, stage: Stage) -> None:
    good = reading.Reader._plan

    def plan(self: Any, connection: Any, definition: Any, query: Any, *more: Any) -> Any:
        if not query.words:
            return good(self, connection, definition, query, *more)
        with _blind("rows"):
            return good(self, connection, definition, query, *more)

    patch.setattr(reading.Reader, "_plan", plan)


def _sort_by_hidden(patch: Patch, stage: Stage) -> None:
    good = keyset.Ordering.of

    def of(*arguments: Any) -> Any:
        with _blind("cell"):
            return good(*arguments)

    patch.setattr(keyset.Ordering, "of", of)


def _filter_by_hidden(patch: Patch, stage: Stage) -> None:
    good = listing.Builder.filter

    def filtered(*arguments: Any) -> Any:
        with _blind("cell"):
            return good(*arguments)

    patch.setattr(listing.Builder, "filter", filtered)


def _conditions_on_hidden(patch: Patch, stage: Stage) -> None:
    good = listing.Builder.where

    def where(*arguments: Any) -> Any:
        with _blind("cell"):
            return good(*arguments)

    patch.setattr(listing.Builder, "where", where)


def _count_everything(patch: Patch, stage: Stage) -> None:
    def count(plan: Any) -> Any:
        source = plan.builder.source
        return plans.sa.select(plans.sa.func.count()).select_from(source)

    patch.setattr(plans.Plan, "_count", count)


def _bare_history(patch: Patch, stage: Stage) -> None:
    def readable(call: Any, connection: Any, record: Any) -> Any:
        objects = call.application.catalog.objects
        lines = {f.name: frozenset(objects[f.type.of].fields) for f in objects[record.object].lines}
        return history._Readable(frozenset(objects[record.object].fields), lines)

    patch.setattr(history, "_readable", readable)


def _union_history(patch: Patch, stage: Stage) -> None:
    """Of lines, what any role shows on any record: a fault that this test found."""
    good = history._readable

    def readable(call: Any, connection: Any, record: Any) -> Any:
        found, objects = good(call, connection, record), call.application.catalog.objects
        inner = {f.name: call.lens(f.type.of) for f in objects[record.object].lines}
        lines = {name: frozenset(lens.levels) for name, lens in inner.items()}
        return history._Readable(found.fields, lines)

    patch.setattr(history, "_readable", readable)


def _masks_are_values(patch: Patch, stage: Stage) -> None:
    patch.setattr(lens, "mask_sql", lambda field, value, dialect: value)


def _titles_of_hidden(patch: Patch, stage: Stage) -> None:
    patch.setattr(ActorView, "title", lambda self, object, value, source: value)


FAULTS = (
    Fault("history of lines by union", _union_history, ("history",)),
    Fault("words", _search_everything, ("words", "search of everything", "type-ahead")),
    Fault("order by hidden cells", _sort_by_hidden, ("sort",)),
    Fault("counts of everything", _count_everything, ("list", "filter", "screen list")),
    Fault("related lists", _unscoped("screens.GET /o/<object>/<int:id>/related/<name>", *BOTH),
          ("related lists",)),
    Fault("type-ahead", _unscoped("screens.GET /o/<object>/lookup", "rows"), ("type-ahead",)),
    Fault("history of all fields", _bare_history, ("history",)),
    Fault("exports", _unscoped("screens.POST /o/<object>/export", *BOTH), ("export",)),
    Fault("rows of lists", _unscoped("api.list", "rows"), ("list", "sort")),
    Fault("cells of lists", _unscoped("api.list", "cell"), ("list", "filter", "where")),
    Fault("rows of records", _unscoped("api.one_record", "rows"), ("record",)),
    Fault("filters on hidden cells", _filter_by_hidden, ("filter",)),
    Fault("conditions on hidden cells", _conditions_on_hidden, ("where", "where through links")),
    Fault("board, groups and sums", _unscoped("screens.GET /o/<object>", "rows"), ("screen list",)),
    Fault("masks that are values", _masks_are_values, ("list", "record", "export")),
    Fault("titles of records", _titles_of_hidden, ("list", "type-ahead", "screen list")),
)  # fmt: skip
"""The first seven stand in every run of the tests."""
