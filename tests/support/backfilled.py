"""Orders with lines and customers, before and after a revision that computes columns of them."""

from __future__ import annotations

from typing import Any

from engine.permissions.actors import SYSTEM
from engine.schema.backfilling import Progress
from support.workshop import Workshop

ORDER = """
title: name
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  weight: {type: text}
  amount: {type: number, scale: 2}
  lines: {type: lines, of: order_line}
"""
LINE = """
title: name
fields:
  name: {type: text}
  order: {type: link, to: order, required: true}
  pieces: {type: integer}
"""
CUSTOMER = """
title: name
fields:
  name: {type: text}
  rating: {type: integer}
"""
AFTER = """
title: name
unique: [[code]]
fields:
  name: {type: text}
  customer: {type: link, to: customer}
  weight: {type: number, scale: 1}
  amount: {type: number, scale: 2}
  lines: {type: lines, of: order_line}
  region: {type: choice, options: {north: North, south: South}, default_for_existing: south}
  code: {type: text, default_for_existing: {from: name}}
  score: {type: number, scale: 2, formula: amount * customer.rating, stored: true}
  pieces: {type: integer, rollup: sum(line.pieces for line in lines)}
  both: {type: number, scale: 2, formula: score + pieces, stored: true}
"""
COUNT = 60


def begun(shop: Workshop) -> Workshop:
    shop.write(order=ORDER, order_line=LINE, customer=CUSTOMER)
    shop.apply()
    gate = shop.application().gate
    gate.create(SYSTEM, "customer", [{"name": f"c{n}", "rating": n} for n in range(1, 4)])
    gate.create(SYSTEM, "order", [
        {"name": f"o{n}", "customer": n % 3 + 1, "weight": f"{n}.5", "amount": n,
         "lines": [{"pieces": n}, {"pieces": 1}]}
        for n in range(1, COUNT + 1)
    ])  # fmt: skip
    return shop


def orders(shop: Workshop) -> dict[int, dict[str, Any]]:
    gate = shop.application().gate
    return gate.write(SYSTEM, lambda tx: dict(tx.fetch("order", range(1, COUNT + 10))))


def whole(shop: Workshop) -> None:
    """Every order has what the definitions say, computed from what it is now."""
    gate = shop.application().gate

    def look(tx: Any) -> None:
        rows = tx.fetch("order", range(1, COUNT + 10))
        customers = tx.fetch("customer", range(1, 10))
        for row in rows.values():
            lines = tx.collection("order_line", "order", row["id"])
            pieces = sum(line.row["pieces"] for line in lines)
            score = row["amount"] * customers[row["customer"]]["rating"]
            assert (row["pieces"], row["score"]) == (pieces, score), row
            assert (row["both"], row["region"], row["code"]) == (
                score + pieces, "south", row["name"],
            ), row  # fmt: skip

    gate.write(SYSTEM, look)


class Killed(Exception):
    """Ends an apply in the middle."""


def killed(shop: Workshop, after: int = 1) -> None:
    """An apply of the definitions as they are that ends when so many records are computed."""

    def end(progress: Progress) -> None:
        if progress.done >= after:
            raise Killed

    try:
        shop.apply(online_from=10, tell=end, allow_loss=True)
    except Killed:
        return
    raise AssertionError("it came to its end")
