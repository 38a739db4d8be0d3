"""What is measured: each piece of work twice, through the product and written by hand."""

from __future__ import annotations

import csv
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from bench.baseline import make_baseline
from bench.data import Size, fill
from engine.permissions.actors import SYSTEM
from exchange.importing import Order, run_import

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.world import World, make_world

LIST = "o/opportunity?stage=won&sort=-amount&fields=name,customer,stage,amount,owner&limit=25"
SCREEN = "/o/opportunity?list=all&stage=won&sort=-amount"
IMPORTED = 50_000
LINES = 5


@dataclass(frozen=True)
class Subject:
    """One piece of work in both forms; `aim` is the ratio that we want to stay within."""

    name: str
    aim: float
    product: Callable[[], object]
    by_hand: Callable[[], object]
    times: int = 200


@dataclass(frozen=True)
class Bench:
    """A filled database with the product and the hand-written application on it."""

    world: World
    by_hand: FlaskClient
    owner: int
    opportunity: int
    product: int
    customer: int

    def subjects(self) -> list[Subject]:
        """The pieces of work that the ratios are about."""
        rep = self.world.client("rep")
        chosen = f"stage=won&owner={self.owner}"
        numbers = itertools.count(1)
        given = {
            "name": "Measured deal", "customer": self.customer, "amount": "12000.50",
        }  # fmt: skip
        lines = [{"product": self.product, "quantity": "2", "price": "100.00"}] * LINES
        cursor, last = self._page_1000(rep)
        found = [
            Subject(
                "list of 25, as REST", 1.5,
                lambda: _ok(rep.get(LIST)),
                lambda: _ok(self.by_hand.get(f"/opportunities?{chosen}")),
            ),
            Subject(
                "page 1,000 of that list", 1.5,
                lambda: _ok(rep.get(f"{LIST}&after={cursor}")),
                lambda: _ok(
                    self.by_hand.get(f"/opportunities?{chosen}&amount={last[0]}&id={last[1]}")
                ),
            ),
            Subject(
                "one record with lines", 1.5,
                lambda: _ok(rep.get(f"o/opportunity/{self.opportunity}")),
                lambda: _ok(self.by_hand.get(f"/opportunities/{self.opportunity}")),
            ),
            Subject(
                "create with 5 lines", 3.0,
                lambda: _ok(rep.call("POST", "o/opportunity", given | {"lines": lines})),
                lambda: _ok(self.by_hand.post("/opportunities", json=given | {"lines": lines})),
            ),
            Subject(
                "update of one field", 3.0,
                lambda: _ok(
                    rep.call(
                        "PATCH", f"o/opportunity/{self.opportunity}",
                        {"amount": f"{next(numbers)}.00"},
                    )
                ),
                lambda: _ok(
                    self.by_hand.patch(
                        f"/opportunities/{self.opportunity}", json={"amount": f"{next(numbers)}.00"}
                    )
                ),
            ),
        ]  # fmt: skip
        browser = self.world.browser("rep")
        if browser.get(SCREEN).status_code == 200:
            screen = Subject(
                "the same list, as a screen", 2.0,
                lambda: _ok(browser.get(SCREEN)),
                lambda: _ok(self.by_hand.get(f"/opportunities.html?{chosen}")),
            )  # fmt: skip
            found.insert(1, screen)
        return found

    def _page_1000(self, rep: Any) -> tuple[str, tuple[str, int]]:
        """The cursor of page 1,000, and the amount and id of the last row before it.

        Walked in pages of 1,000 rows; a smaller database gives its last page.
        """
        after, last, rows = "", ("0", 0), 0
        while rows < 25 * 999:
            page = rep.get(LIST.replace("limit=25", "limit=999") + f"&after={after}").get_json()
            if not page["next"]:
                break
            after, rows = page["next"], rows + len(page["items"])
            item = page["items"][-1]
            last = (item["amount"]["amount"], item["id"])
        return after, last

    def import_customers(self, folder: Path) -> tuple[float, float]:
        """Rows a second of importing 50,000 customers: through the product, and by COPY alone."""
        path = folder / "customers.csv"
        names = ["name", "status", "grade", "phone", "website", "employees", "tags", "notes"]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for number in range(IMPORTED):
                writer.writerow(
                    [f"进口客户 {number} 有限公司", "prospect", "bcd"[number % 3], "021-5555 1234",
                     "https://example.com", number % 900 + 1, "vip,测试", f"Row {number}"]
                )  # fmt: skip
        gate = self.world.site.current.gate
        start = time.perf_counter()
        report = run_import(gate, SYSTEM, Order(object="customer", path=path))
        ours = time.perf_counter() - start
        if report.created != IMPORTED:
            raise RuntimeError(f"only {report.created} of {IMPORTED} rows were created")
        return IMPORTED / ours, IMPORTED / self._copy(path, names)

    def _copy(self, path: Path, names: list[str]) -> float:
        """Seconds of reading the file and copying it into a bare table."""
        with self.world.site.databases.writing() as connection:
            columns = ", ".join(f"{name} text" for name in names)
            connection.execute(sa.text(f"CREATE TEMPORARY TABLE bare ({columns})"))
            driver: Any = connection.connection.driver_connection
            start = time.perf_counter()
            with path.open(newline="", encoding="utf-8") as file, driver.cursor() as cursor:
                rows = csv.reader(file)
                next(rows)
                with cursor.copy("COPY bare FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            return time.perf_counter() - start


def make_bench(url: str, size: Size) -> Bench:
    """A bench on the empty PostgreSQL database at `url`."""
    world = make_world(url)
    application = world.site.current
    owner = world.people["rep"]
    department = application.gate.create(SYSTEM, "department", [{"name": "Bench"}])[0].id
    assert department is not None
    # twelve people with a twelfth of the stages each would never meet; four share them all
    fill(application, list(world.people.values())[:4], department, size)
    product = application.gate.create(
        SYSTEM, "product", [{"code": "BENCH", "name": "Measured", "list_price": "100.00"}]
    )[0].id
    assert product is not None
    rep = world.client("rep")
    customer = rep.made("customer", name="Measured customer")["id"]
    lines = [{"product": product, "quantity": "2"}] * LINES
    opportunity = rep.made(
        "opportunity", name="Read deal", customer=customer, amount="100.00", lines=lines
    )["id"]
    engine = application.databases.writes
    by_hand = make_baseline(application.tables, engine).test_client()
    return Bench(world, by_hand, owner, opportunity, product, customer)


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder for files to import."""
    return tempfile.TemporaryDirectory(prefix="formwright-bench-")


def _ok(response: Any) -> object:
    if response.status_code >= 400:
        raise RuntimeError(f"{response.status_code}: {response.text[:500]}")
    return response
