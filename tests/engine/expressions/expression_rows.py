"""Rows for the law: a fixed, seeded table with everything that is hard about values."""

# ruff: noqa: E501 (values in rows)

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

from expression_world import STAGES, TAGS, Rows, World

from engine.expressions import Kind, Member

TEXTS = (
    "a",
    "A",
    "Acme GmbH",
    "客户",
    "客户 A",
    "é",
    "e\u0301",
    "😀x",
    " x ",
    "\u3000y\t",
    "Straße",
    "STRASSE",
    "ＡＢ",
    "z0",
    "İ",
    "%_\\",
    "'\"",
)
DATES = (
    "2024-02-29",
    "2023-02-28",
    "2026-01-31",
    "2026-03-02",
    "2026-03-01",
    "0001-01-01",
    "9999-12-31",
    "2000-12-31",
    "2025-06-15",
)
MOMENTS = (
    "2026-03-02T03:00:00", "2026-03-01T16:30:00", "2026-03-01T15:59:59.999999", "2024-02-29T12:00:00.000001",
    "1901-01-01T00:00:00", "2025-03-09T07:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999",
)  # fmt: skip
FRACTIONS = (
    "0",
    "0.01",
    "-0.01",
    "1",
    "-1",
    "2.5",
    "-2.5",
    "33.33",
    "0.5",
    "0.125",
    "1.005",
    "99.999999",
    "1234567.89",
    "-7",
    "3",
    "12",
    "100",
)


def make_rows(world: World, seed: int = 7) -> Rows:
    """8 persons, 20 deals and 36 lines; about a quarter of the values are empty.

    The last deals hold the extremes, so that most rows can still be computed with.
    """
    chance = random.Random(seed)
    counts = {"person": 8, "deal": 20, "line": 36}
    values: dict[str, dict[int, dict[str, Any]]] = {}
    for object, count in counts.items():
        members = world.stored(object)
        values[object] = {
            id: {
                member.name: _value(chance, member, counts, extreme=id > count - 3)
                for member in members
                if chance.random() > 0.25
            }
            for id in range(1, count + 1)
        }
    values["person"][4]["deleted"] = True
    values["person"][1] |= {"manager": 2, "stage": "won", "tags": ("hot",), "name": "Straße"}
    return Rows(world, values)


def _value(chance: random.Random, member: Member, counts: dict[str, int], extreme: bool) -> Any:
    kind, scale = member.type.kind, member.type.scale
    if kind is Kind.NUMBER:
        return _number(chance, scale, extreme)
    if kind is Kind.TEXT:
        return chance.choice(TEXTS)
    if kind is Kind.BOOLEAN:
        return chance.random() < 0.5
    if kind is Kind.DATE:
        return dt.date.fromisoformat(chance.choice(DATES))
    if kind is Kind.MOMENT:
        return dt.datetime.fromisoformat(chance.choice(MOMENTS)).replace(tzinfo=dt.UTC)
    if kind is Kind.CHOICE:
        return chance.choice(STAGES)
    if kind is Kind.CHOICES:
        return tuple(chance.sample(TAGS, chance.randint(1, 3)))
    return chance.randint(1, counts[member.type.object])


def _number(chance: random.Random, scale: int, extreme: bool) -> Decimal:
    unit = Decimal(1).scaleb(-scale)
    if extreme:
        sign = chance.choice((1, -1))
        return sign * (Decimal(10) ** 18 - chance.randint(1, 3)) * unit
    return Decimal(chance.choice(FRACTIONS)).quantize(unit)
