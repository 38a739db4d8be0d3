"""Long work that was asked for before a revision renamed what it is about."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assembly.long_work import KINDS
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.schema.rewording import reworded
from engine.schema.since import since
from exchange.bulk import BulkRequest
from exchange.bulk_work import bulk_work
from exchange.export_work import ExportRequest, export_work
from exchange.import_work import ImportRequest, import_work
from exchange.standard_work import standard_work
from exchange.standardising import StandardRequest
from jobs.carrying import Carrier
from jobs.handlers import Handler
from jobs.outbox import Effect, put
from jobs.work import Work, one, start_work
from jobs.work_running import Workshop, work_handler
from jobs.work_tables import DONE
from support.live import Live, live_world
from support.small import PEOPLE

BEFORE = (
    PEOPLE
    + """
---
object: deal
fields:
  name: {type: text, required: true}
  amount: {type: integer}
  heat: {type: choice, options: {cold: Cold, hot: Hot}}
  phone: {type: phone}
  above: {type: parent, on_delete: clear}
  items: {type: lines, of: item}
---
object: item
fields:
  deal: {type: link, to: deal, required: true}
  units: {type: integer}
"""
)
AFTER = (
    PEOPLE
    + """
---
object: chance
was: deal
fields:
  name: {type: text, required: true}
  value: {type: integer, was: amount}
  warmth: {type: choice, was: heat, options: {cold: Cold, glowing: {label: Glowing, was: hot}}}
  call: {type: phone, was: phone}
  over: {type: parent, was: above, on_delete: clear}
  items: {type: lines, of: item}
---
object: item
fields:
  deal: {type: link, to: chance, required: true}
  pieces: {type: integer, was: units}
"""
)
LATER = AFTER.replace("  over:", "  amount: {type: text}\n  over:")
CSV = "Titel,Betrag,Waerme\nfour,44,heiss\n"
GUESSED = "name,heat\nfive,cold\n"
HOT = "amount > 10 and heat == 'hot'"


@dataclass
class Queue:
    """Work that waits; what it is about is renamed before anybody carries it out."""

    live: Live
    folder: Path
    works: dict[str, int] = field(default_factory=dict)
    effects: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def gate(self) -> Gate:
        return self.live.site.gate()

    @property
    def files(self) -> Files:
        return Files("files", self.folder, "work")

    def ask(self, name: str, work: Work) -> None:
        """Asks for work."""
        self.works[name] = self.gate.write(SYSTEM, lambda tx: start_work(tx, work))

    def done(self, name: str) -> Any:
        """The work, which must have come to its end."""
        work = one(self.gate, SYSTEM, self.works[name])
        assert work.status == DONE, work.problem
        return work

    def values(self, id: int) -> dict[str, Any]:
        """What a record holds now."""
        return dict(self.live.site.current.reader.one(SYSTEM, "chance", id).values)


def start_everything(queue: Queue) -> None:
    """One work of each kind."""
    gate, object = queue.gate, "deal"
    for number, name in enumerate(("one", "two", "three"), 1):
        values = {"name": name, "amount": number * 10, "heat": "hot", "phone": "+86 138 0013 8000"}
        gate.create(SYSTEM, object, [values])
    chosen = BulkRequest(object=object, where=HOT, filters={"heat": ["hot"]})
    change = BulkRequest(
        object=object, where=HOT, fields={"amount": 7, "heat": "cold"}, filters={"amount": 20}
    )
    queue.ask("bulk", bulk_work(gate, SYSTEM, change))
    standard = StandardRequest(chosen=chosen, field="phone", spelling="phone")
    queue.ask("standard", standard_work(gate, SYSTEM, standard))
    asked = ExportRequest(object=object, where="amount == 30", fields=("name", "amount"))
    queue.ask("export", export_work(gate.catalog, asked))
    mapping = {
        "mapping": "by_hand",
        "object": object,
        "columns": {
            "Titel": "name", "Betrag": "amount",
            "Waerme": {"field": "heat", "values": {"heiss": "hot"}},
        },
    }  # fmt: skip
    for name, text, by in (("import", CSV, mapping), ("guessed", GUESSED, None)):
        stored = queue.files.put(io.BytesIO(text.encode()))
        request = ImportRequest(object=object, source=stored.digest, name=f"{name}.csv", mapping=by)
        queue.ask(name, import_work(gate.catalog, request))


def ask_for_effect(tx: Transaction) -> None:
    """Any effect that is about a record."""
    put(tx, [Effect(kind="told", object="deal", record=1)])


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    folder = tmp_path_factory.mktemp("renamed_meanwhile")
    with live_world(f"sqlite:///{folder}/site.db", folder, BEFORE) as live:
        made = Queue(live, folder)
        start_everything(made)
        made.gate.write(SYSTEM, ask_for_effect)
        (live.layer / "objects" / "deal.yaml").unlink()
        live.publish(AFTER)
        live.publish(LATER)
        assert live.site.refresh(wait=True)
        kinds = {kind.name: kind for kind in KINDS}
        handler = work_handler(Workshop(kinds, made.files, lambda gate, row: SYSTEM))
        told = Handler(
            kind="told",
            run=lambda running: made.effects.append((running.effect.object, running.effect.record)),
        )
        Carrier(live.site.gate, {one.kind: one for one in (handler, told)}).drain()
        yield made


def test_a_change_of_many(queue: Queue) -> None:
    """The condition, the filters, the fields and their options go by the permanent keys, although
    another field has taken the name."""
    assert queue.done("bulk").counts == {"updated": 1}
    assert (queue.values(2)["value"], queue.values(2)["warmth"]) == (7, "cold")
    assert queue.values(2)["amount"] is None


def test_an_effect(queue: Queue) -> None:
    """Whatever carries it out finds the object."""
    assert queue.effects == [("chance", 1)]


def test_standard_spelling(queue: Queue) -> None:
    """Its field as well."""
    queue.done("standard")


def test_an_export(queue: Queue) -> None:
    """It has the fields that were asked for, under their names of today."""
    (file,) = queue.done("export").files
    with queue.files.at_hand(file.digest) as path:
        lines = path.read_text("utf-8-sig").splitlines()
    assert lines[0].split(",")[-2:] == ["name", "value"] and lines[1].endswith("three,30")


def test_an_import_by_columns_chosen_before(queue: Queue) -> None:
    """What somebody chose for the columns, and what cells stand for, is translated."""
    assert queue.done("import").counts["created"] == 1
    assert (queue.values(4)["value"], queue.values(4)["warmth"]) == (44, "glowing")


def test_a_file_with_the_names_of_before(queue: Queue) -> None:
    """Columns that are named like fields were called before find them."""
    assert queue.done("guessed").counts["created"] == 1
    assert queue.values(5)["warmth"] == "cold"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("amount > 1", "value > 1"),
        ("above.amount > 1 and above.above.heat == 'hot'",
         "over.value > 1 and over.over.warmth == 'glowing'"),
        ("heat in ['hot', 'cold']", "warmth in ['glowing', 'cold']"),
        ("sum(x.units for x in items if x.units > 2) > amount",
         "sum(x.pieces for x in items if x.pieces > 2) > value"),
        ("name == '热' and\n heat != 'hot'", "name == '热' and  warmth != 'glowing'"),
        ("name == 'hot'", "name == 'hot'"),
        ("", ""),
        ("amount >", "amount >"),
    ],
)  # fmt: skip
def test_conditions(queue: Queue, before: str, after: str) -> None:
    """Every name is followed to what it means, and nothing else is touched."""
    catalog = queue.gate.catalog
    with queue.live.site.databases.reading() as connection:
        changed = since(connection, 1, catalog)
    assert reworded(before, catalog.objects["chance"], changed) == after
