"""Composite fields in the life of an application: taking over fields, renames, parking, return."""

from __future__ import annotations

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from support.workshop import Workshop

PLAIN = "fields:\n  name: {type: text}\n"


def test_life_of_a_composite(shop: Workshop) -> None:
    """`was` of parts takes over fields that held them; the data of a whole is guarded."""
    shop.file("site.yaml", "site: X\n")
    shop.write(place=PLAIN + "  city: {type: text}\n  road: {type: text}\n").apply()
    (change,) = shop.application().gate.create(SYSTEM, "place", [{"city": "B", "road": "R"}])

    def held(name: str) -> object:
        return shop.application().reader.one(SYSTEM, "place", change.id or 0).values[name]

    parts = "{city: {was: city}, street: {was: road}}"
    shop.write(place=f"{PLAIN}  address: {{type: address, parts: {parts}}}\n").apply()
    assert held("address") == {"city": "B", "street": "R"}
    shop.write(place=PLAIN + "  home: {type: address, was: address}\n").apply()
    assert held("home") == {"city": "B", "street": "R"}
    shop.write(place=PLAIN)
    assert shop.said() == [
        "field home of place is no longer used: its data is kept, hidden (1 record holds some)"
    ]
    with pytest.raises(Refusal):
        shop.apply()
    shop.apply(allow_loss=True)
    shop.write(place=PLAIN + "  home: {type: address}\n").apply()
    assert held("home") == {"city": "B", "street": "R"}
