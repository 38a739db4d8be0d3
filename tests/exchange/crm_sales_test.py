"""The worked example: a real, dirty sales history comes in completely, and nothing is silent.

The files are looked for in the folder that FORMWRIGHT_TEST_DATA names, by default beside the
checkout. Files of the same shape and with the same faults are made up for the other tests.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.application import Application
from assembly.establishing import establish
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.schema.engines import open_databases
from exchange.importing import Order, run_import
from exchange.mapping import find_mapping
from exchange.report import Report
from exchange.undo_work import undo_here
from support.project import ROOT
from webapp.tables import account_tables

EXAMPLE = ROOT / "examples" / "crm_sales"
LAYERS = [ROOT / "config", EXAMPLE]
DATA = Path(os.environ.get("FORMWRIGHT_TEST_DATA", ROOT.parent / "shared" / "data" / "crm_sales"))
STEPS = (
    ("region", "sales_teams", "regions"),
    ("department", "sales_teams", "departments"),
    ("person", "sales_teams", "sales_managers"),
    ("person", "sales_teams", "sales_agents"),
    ("product", "products", "products"),
    ("customer", "accounts", "accounts"),
    ("customer", "accounts", "account_parents"),
    ("opportunity", "sales_pipeline", "sales_pipeline"),
)  # fmt: skip


@pytest.fixture
def application(database_url: str) -> Iterator[Application]:
    databases = open_databases(database_url)
    yield establish(databases, LAYERS)
    databases.dispose()


def bring_all(application: Application, folder: Path) -> dict[str, Report]:
    return {
        mapping: run_import(
            application.gate,
            SYSTEM,
            Order(
                object=object,
                path=folder / f"{file}.csv",
                mapping=find_mapping(mapping, application.catalog),
            ),
        )
        for object, file, mapping in STEPS
    }


def totals(reports: dict[str, Report]) -> Counter[str]:
    total: Counter[str] = Counter()
    for report in reports.values():
        total.update(report.counts)
    return total


def opportunities(application: Application) -> list[tuple[str, Decimal | None]]:
    """Stage and amount of each."""
    found, after = [], ""
    while True:
        query = Query(fields=("stage", "amount"), sort=("id",), limit=1000, after=after)
        page = application.reader.page(SYSTEM, "opportunity", query)
        found += [(record.values["stage"], record.values["amount"]) for record in page.items]
        if page.next is None:
            return found
        after = page.next


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not in {DATA}")
def test_the_real_files(application: Application) -> None:
    """8,800 opportunities with the figures that are known of them; again, nothing changes."""
    reports = bring_all(application, DATA)
    assert {name: report.created for name, report in reports.items()} == {
        "regions": 3, "departments": 3, "sales_managers": 6, "sales_agents": 35,
        "products": 7, "accounts": 85, "account_parents": 0, "sales_pipeline": 8800,
    }  # fmt: skip
    assert totals(reports)["rejected"] == 0
    assert {k: g.count for k, g in reports["accounts"].corrections.items()} == {
        ("sector", "technolgy", "technology"): 12,
        ("office_location", "Philipines", "Philippines"): 1,
    }
    assert {k: g.count for k, g in reports["sales_pipeline"].corrections.items()} == {
        ("product", "GTXPro", "GTX Pro"): 1480,
        ("account", "", ""): 1425,
    }
    found = opportunities(application)
    assert Counter(stage for stage, _ in found) == {
        "won": 4238, "lost": 2473, "needs": 1589, "first_contact": 500,
    }  # fmt: skip
    assert sum(amount or 0 for stage, amount in found if stage == "won") == 10_005_534
    assert sum(amount is None for _, amount in found) == 2089
    again = totals(bring_all(application, DATA))
    assert (again["created"], again["updated"], again["rejected"]) == (0, 0, 0)


def write(path: Path, header: str, rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def made_up(folder: Path, count: int) -> Counter[str]:
    """Files of the same shape; returns what there is of each fault and stage."""
    chance, truth = random.Random(7), Counter[str]()
    teams = [[f"Agent {i}", f"Manager {i % 3}", ["North", "South"][i % 3 % 2]] for i in range(9)]
    write(folder / "sales_teams.csv", "sales_agent,manager,regional_office", teams)
    products = [["GTX Pro", "GTX", 4821], ["MG Special", "MG", "55"]]
    write(folder / "products.csv", "product,series,sales_price", products)
    sectors = ["technolgy", "medical", "retail"]
    accounts = [
        [
            f"Account {i}",
            sectors[i % 3],
            1990 + i,
            f"{i}.5",
            10 * i,
            "Kenya",
            "Account 9" * (i == 2),
        ]
        for i in range(10)
    ]
    header = "account,sector,year_established,revenue,employees,office_location,subsidiary_of"
    write(folder / "accounts.csv", header, accounts)
    rows: list[list[object]] = []
    for number in range(count):
        stage = chance.choice(["Won", "Lost", "Engaging", "Prospecting"])
        closed = stage in ("Won", "Lost")
        account = f"Account {chance.randrange(10)}" if closed or chance.random() < 0.5 else ""
        product = chance.choice(["GTXPro", "GTX Pro", "MG Special"])
        amount = chance.randrange(1, 9000) if stage == "Won" else 0 if stage == "Lost" else ""
        truth.update({stage: 1, "GTXPro": product == "GTXPro", "no account": not account})
        truth["won amount"] += int(amount or 0)
        begun = "" if stage == "Prospecting" else "2016-10-20"
        ended = "2017-03-01" if closed else ""
        agent = f"Agent {chance.randrange(9)}"
        rows.append([f"X{number}", agent, product, account, stage, begun, ended, amount])
    header = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date"
    write(folder / "sales_pipeline.csv", f"{header},close_value", rows)
    return truth


def test_made_up_files(application: Application, tmp_path: Path) -> None:
    """The same faults in other files, counted as they were made."""
    truth = made_up(tmp_path, 400)
    reports = bring_all(application, tmp_path)
    pipeline = reports["sales_pipeline"]
    assert (pipeline.created, pipeline.rejected) == (400, 0)
    assert {k: g.count for k, g in pipeline.corrections.items()} == {
        ("product", "GTXPro", "GTX Pro"): truth["GTXPro"],
        ("account", "", ""): truth["no account"],
    }
    assert reports["accounts"].corrections["sector", "technolgy", "technology"].count == 4
    assert reports["account_parents"].updated == 1
    found = opportunities(application)
    stages = Counter(stage for stage, _ in found)
    assert (stages["won"], stages["first_contact"]) == (truth["Won"], truth["Prospecting"])
    assert sum(amount or 0 for stage, amount in found if stage == "won") == truth["won amount"]


def test_all_of_it_goes_back(application: Application, tmp_path: Path) -> None:
    """Eight imports are undone, the last one first: nothing is left, and an undo of that undo
    brings the deals back as they were."""
    made_up(tmp_path, 400)
    reports = bring_all(application, tmp_path)
    before, sums = opportunities(application), customers(application)
    assert any(total for _, total in sums)
    undone = [
        undo_here(application.gate, SYSTEM, Files("files", tmp_path), batch, "en", shown)
        for batch in (reports[mapping].batch for _, _, mapping in reversed(STEPS))
        if batch is not None
    ]
    assert [(dict(one.counts), one.said) for one in undone] == [
        ({"deleted": 400}, []),
        ({"updated": 1}, []),
        ({"deleted": 10}, []),
        ({"deleted": 2}, []),
        ({"deleted": 9}, []),
        ({"deleted": 3}, []),
        ({"deleted": 2}, []),
        ({"deleted": 2}, []),
    ]
    for name in ("opportunity", "customer", "product", "person", "department"):
        assert application.reader.page(SYSTEM, name).items == [], name
    with application.databases.reading() as connection:
        batches = application.tables.system("fw_batch")
        last = list(connection.scalars(sa.select(batches.c.id).order_by(batches.c.id)))[-8:]
    for batch in reversed(last):
        undo_here(application.gate, SYSTEM, Files("files", tmp_path), batch, "en", shown)
    assert opportunities(application) == before
    assert customers(application) == sums


def shown(done: int, total: int | None) -> None:
    """Nobody looks."""


def customers(application: Application) -> list[tuple[str, Decimal | None]]:
    """Names, and what they have won, which follows from their opportunities."""
    query = Query(fields=("name", "won_total"), sort=("id",), limit=1000)
    page = application.reader.page(SYSTEM, "customer", query)
    return [(record.values["name"], record.values["won_total"]) for record in page.items]


def test_the_script(tmp_path: Path, sqlite_url: str) -> None:
    """`import.sh` imports the files, reports corrections, and ends with 1 when a row is refused."""
    made_up(tmp_path, 40)
    pipeline = tmp_path / "sales_pipeline.csv"
    with pipeline.open("a") as stream:
        stream.write("BAD,Nobody,GTX Pro,Account 1,Won,2016-10-20,2017-03-01,5\n")
    databases = open_databases(sqlite_url)
    establish(databases, LAYERS, extra=account_tables())
    databases.dispose()
    told = subprocess.run(
        ["bash", EXAMPLE / "import.sh", tmp_path, tmp_path / "rejects"],
        cwd=tmp_path,
        env=os.environ | {"FORMWRIGHT_DATABASE_URL": sqlite_url},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1, told.stderr
    assert told.stdout.splitlines()[-1] == "created 68, updated 1, unchanged 29, rejected 1"
    assert "product: GTXPro → GTX Pro" in told.stderr
    assert "there is no Person 'Nobody'" in told.stderr
    names = sorted(path.name for path in (tmp_path / "rejects").iterdir())
    assert names == [
        "accounts.corrected.csv", "sales_pipeline.corrected.csv", "sales_pipeline.csv",
    ]  # fmt: skip
