"""The first chapter: departments in three levels, forty people, what is sold, who competes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from cli.demo_history import DemoAccount, Ref

from .book import Book, Seller
from .identity import mobile


def found(book: Book) -> None:
    """Writes the organisation, the price list and the competitors."""
    _departments(book)
    _people(book)
    _products(book)
    _competitors(book)


def accounts(book: Book) -> list[DemoAccount]:
    """Who may sign in."""
    return [
        DemoAccount(
            name=entry["account"],
            person=f"person/{entry['account']}",
            roles=tuple(entry["roles"]),
            locale=entry["locale"],
        )
        for entry in book.words.organisation["accounts"]
    ]


def _departments(book: Book) -> None:
    for name, given in book.words.organisation["departments"].items():
        values = {"name": given["name"], "code": given["code"], "region": given.get("region")}
        if "parent" in given:
            values["parent"] = Ref(f"department/{given['parent']}")
        book.create(book.opening(), "", "department", values, f"department/{name}")


def _people(book: Book) -> None:
    words, chance = book.words.organisation, book.chance
    signs_in = {entry["account"] for entry in words["accounts"]}
    for number, given in enumerate(words["people"], 1):
        account = given["account"]
        employed = book.start - dt.timedelta(days=given["years"] * 365 + chance.randrange(300))
        values: dict[str, Any] = {
            "name": given["name"],
            "staff_number": f"CL{number:04}",
            "position": given["position"],
            "department": Ref(f"department/{given['department']}"),
            "manager": Ref(f"person/{given['manager']}") if "manager" in given else None,
            "email": f"{account}@canglan.example",
            "mobile": mobile(chance),
            "account": account if account in signs_in else None,
            "employed_on": employed,
            "responsibilities": _duty(words["responsibilities"], given["position"]),
        }
        if given.get("left"):
            values["active"] = False
        if "sells" in given:
            values["skills"] = chance.sample(words["skills"], 3)
        book.create(book.opening(), "", "person", values, f"person/{account}")
        if "sells" in given:
            region = words["departments"][given["department"]]["region"]
            seller = Seller(
                f"person/{account}", f"person/{given['manager']}", region, given["sells"]
            )
            book.sellers.append(seller)
        book.calendar.hire(f"person/{account}")
    for department, head in words["heads"].items():
        values = {"head": Ref(f"person/{head}")}
        book.change(book.opening(), "", f"department/{department}", values)


def _duty(duties: dict[str, str], position: str) -> str | None:
    return next((text for end, text in duties.items() if position.endswith(end)), None)


def _products(book: Book) -> None:
    at = book.opening()
    for row in book.words.products:
        price = Decimal(row["list_price"])
        values: dict[str, Any] = {n: row[n] for n in ("code", "name", "series", "unit", "tax_rate")}
        values |= {
            "specification": row["specification"],
            "list_price": price,
            "cost": (price * Decimal(row["cost_rate"])).quantize(Decimal("0.01")),
        }
        if row["weight"] == "0":
            values["active"] = False
        book.create(at, "", "product", values, f"product/{row['code']}")


def _competitors(book: Book) -> None:
    at = book.opening()
    for given in book.words.competitors:
        values = {name: value for name, value in given.items() if name != "weight"}
        book.create(at, "", "competitor", values, f"competitor/{given['name']}")
