"""An apply that is killed (SIGKILL) at any statement leaves the old revision or the new one.

A child process applies a change of everything at once: a field with values for the records that
exist, a stored formula, an index, a type, an option in the place of another, a field that goes.
What can be is computed before publishing, as of a large table. It is killed before its n-th
statement that writes, or its n-th commit (the long form counts what is read in between as
well). Then the database must answer and take records
by the rules of exactly one revision, and applying again must come to the same end.

The short form tries some of the places, FORMWRIGHT_SOAK=1 (`make soak`) every one. Figures are
printed with `-s`.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from engine.permissions.actors import SYSTEM
from engine.schema.backfilling import read_journal
from engine.schema.engines import open_databases
from engine.schema.fence import current_revision
from engine.schema.pruning import Past, drop, parked
from support.workshop import NOW, Workshop, workshop

SOAK = os.environ.get("FORMWRIGHT_SOAK") == "1"
SHORT = 5
"""Places that the short form tries on each database."""
RECORDS = 10
LARGE = 5
"""Records that make a table a large one here."""
WRITES = ("ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE")


def definition(round: int) -> str:
    """The object in one round; each round adds, removes, converts and replaces something."""
    type_ = "text" if round % 2 else "integer"
    replace = f"\n    replace: {{k{round - 1}: k{round}}}" if round else ""
    return f"""
title: name
views:
  by_number: {{label: All, columns: [name, n{round}], sort: n{round}}}
fields:
  name: {{type: text}}
  price: {{type: {type_}}}
  kind:
    type: choice
    options: {{k{round}: K, other: Other}}{replace}
  n{round}: {{type: integer, default_for_existing: {round}}}
  s{round}: {{type: integer, formula: n{round} + {round}, stored: true}}
"""


def test_killed_at_every_step(tmp_path: Path, database_url: str) -> None:
    """Wherever it is killed: one revision or the other, never between, and it can be resumed."""
    with workshop(tmp_path / "layer", database_url) as shop:
        shop.write(book=definition(0))
        shop.apply()
        rows = [{"name": f"b{n}", "price": n, "kind": "k0", "n0": 0} for n in range(RECORDS)]
        shop.application().gate.create(SYSTEM, "book", rows)
        shop.write(book=definition(1))
        places = _applied_by_a_child(shop, database_url, None)
        outcomes: Counter[str] = Counter()
        chosen = range(1, places + 1) if SOAK else range(1, places + 1, max(1, places // SHORT))
        for round, place in enumerate(chosen, start=2):
            shop.write(book=definition(round))
            before = _revision(shop)
            _applied_by_a_child(shop, database_url, place)
            new = _revision(shop) != before
            assert _revision(shop) == before + new
            _whole(shop, round if new else round - 1)
            outcomes["new" if new else _begun(shop)] += 1
            assert (shop.apply(allow_loss=True, online_from=LARGE) is None) == new
            _whole(shop, round)
            assert shop.plan(LARGE).empty
            _pruned(shop)
            if SOAK and place % 20 == 0:
                print(f"\n{shop.databases.dialect}: {place} of {places} places", end="")
        said = ", ".join(f"{number} {how}" for how, number in sorted(outcomes.items()))
        print(f"\n{shop.databases.dialect}: killed at {len(chosen)} of {places} places: {said}")
        assert outcomes["old"] + outcomes["old, in a backfill"]
        assert outcomes["old, in a backfill"]


def _revision(shop: Workshop) -> int:
    with shop.databases.reading() as connection:
        return current_revision(connection) or 0


def _pruned(shop: Workshop) -> None:
    """Drops what is parked: a table that has every earlier round's columns grows slow."""
    with shop.databases.reading() as connection:
        tables = shop.application().tables
        past = [Past(0, NOW, {})]
        found = [one for one in parked(connection, tables, past) if one.columns]
    drop(shop.databases, found)


def _begun(shop: Workshop) -> str:
    """Whether something was left to go on with."""
    with shop.databases.reading() as connection:
        return "old, in a backfill" if read_journal(connection) is not None else "old"


def _whole(shop: Workshop, round: int) -> None:
    """All records are as one revision has them, and its rules take another change."""
    application = shop.application()
    gate = application.gate
    assert f"n{round}" in application.catalog.objects["book"].fields
    rows = gate.write(SYSTEM, lambda tx: dict(tx.fetch("book", list(range(1, RECORDS + 1)))))
    found = [
        (str(row["price"]), row["kind"], row[f"n{round}"], row[f"s{round}"])
        for row in rows.values()
    ]
    assert found == [(str(n), f"k{round}", round, 2 * round) for n in range(RECORDS)]
    gate.update(SYSTEM, "book", 1, {"name": f"in round {round}"})


def _applied_by_a_child(shop: Workshop, url: str, place: int | None) -> int:
    """Applies in a process of its own, killed at `place`; how many places it came to (else 0)."""
    shop.databases.dispose()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - it ends without telling anybody
        code = 1
        try:
            databases = open_databases(url)
            passed = _Passing(place)
            event.listen(sa.Engine, "before_cursor_execute", passed.statement)
            event.listen(sa.Engine, "commit", passed.commit)
            Workshop(shop.folder, databases).apply(allow_loss=True, online_from=LARGE)
            os.write(writer, str(passed.count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    told = os.read(reader, 20)
    os.close(reader)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed if place is not None else status == 0
    return int(told or b"0")


class _Passing:
    """Counts what writes, and ends the process before the chosen one."""

    def __init__(self, place: int | None) -> None:
        self.place, self.count = place, 0

    def statement(self, connection: Any, cursor: Any, text: str, *_: Any) -> None:
        """Before a statement."""
        if text.lstrip().upper().startswith(WRITES) or (SOAK and self.count):
            self.passed()

    def commit(self, connection: Any) -> None:
        """Before a commit."""
        self.passed()

    def passed(self) -> None:
        """One place more."""
        self.count += 1
        if self.count == self.place:
            os.kill(os.getpid(), signal.SIGKILL)
