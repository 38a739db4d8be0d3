"""What an application takes over from the one before it."""

from __future__ import annotations

import pytest

from assembly.application import Application, build_application
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from support.live import Definitions, publish

CHANGES = 7


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Application, Application]]:
    """Revision after revision: built on the one before, and from nothing."""
    folder = tmp_path_factory.mktemp("taking_over")
    databases = open_databases(f"sqlite:///{folder}/site.db", vault=scratch_vault())
    definitions, made = Definitions(), list[tuple[Application, Application]]()
    try:
        publish(databases, folder / "layer", definitions.text())
        for _ in range(CHANGES):
            former = made[-1][0] if made else None
            made.append((build_application(databases, former=former), build_application(databases)))
            publish(databases, folder / "layer", definitions.next()[1])
        return made
    finally:
        databases.dispose()


def test_it_is_the_same_as_built_from_nothing(
    built: list[tuple[Application, Application]],
) -> None:
    """Whatever was taken over: definitions, tables, and what they were loaded from."""
    for number, (beside, alone) in enumerate(built):
        assert beside.catalog == alone.catalog, number
        assert beside.loaded == alone.loaded, number
        assert beside.tables.described == alone.tables.described, number
        for name, table in beside.tables.by_object.items():
            assert repr(table) == repr(alone.tables.by_object[name]), number
            indexes = [
                sorted(str(i.name) for i in t.indexes) for t in (table, alone.tables.table(name))
            ]
            assert indexes[0] == indexes[1], number


def test_what_has_not_changed_is_taken_over(
    built: list[tuple[Application, Application]],
) -> None:
    """A field more of one object leaves the definitions and tables of the others."""
    first, second = built[0][0], built[1][0]
    for name in ("person", "department"):
        assert second.loaded.built["object"][name] is first.loaded.built["object"][name]
        assert second.tables.table(name) is first.tables.table(name)
    assert second.tables.table("deal") is not first.tables.table("deal")
    assert second.tables.system("fw_audit") is first.tables.system("fw_audit")


def test_nothing_else_is_held(built: list[tuple[Application, Application]]) -> None:
    """A table that was taken over knows no table of its revision, so those can go."""
    for beside, _ in built:
        for table in beside.tables.by_object.values():
            assert list(table.metadata.tables) == [table.name]
