"""The word lists in `words/`, read once per story."""

from __future__ import annotations

import csv
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "words"


class Words:
    """What names, places, trades and texts are made of."""

    @cached_property
    def organisation(self) -> dict[str, Any]:
        """Departments, people and accounts."""
        found: dict[str, Any] = self._yaml("organisation")
        return found

    @cached_property
    def products(self) -> list[dict[str, str]]:
        """The price list, a row each."""
        with (FOLDER / "products.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @cached_property
    def competitors(self) -> list[dict[str, Any]]:
        """Who else sells pumps and valves."""
        found: list[dict[str, Any]] = self._yaml("competitors")
        return found

    @cached_property
    def places(self) -> dict[str, list[dict[str, Any]]]:
        """Cities by the code of their sales region."""
        found: dict[str, list[dict[str, Any]]] = self._yaml("places")
        return found

    @cached_property
    def trades(self) -> dict[str, Any]:
        """Trades of customers, and the stems of their names."""
        found: dict[str, Any] = self._yaml("trades")
        return found

    @cached_property
    def names(self) -> dict[str, Any]:
        """Surnames, given names and positions."""
        found: dict[str, Any] = self._yaml("names")
        return found

    @cached_property
    def talk(self) -> dict[str, Any]:
        """What people write into subjects and notes."""
        found: dict[str, Any] = self._yaml("talk")
        return found

    def _yaml(self, name: str) -> Any:
        return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
