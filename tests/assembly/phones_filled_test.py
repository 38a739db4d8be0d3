"""Telephone numbers that were kept before they had one form; on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from assembly.establishing import establish
from assembly.kinds import KINDS
from assembly.proposing import planner
from engine.loading import load
from support.small import KINDS_OF_DATABASE, small_site

SITE = """
object: firm
owned: false
search: [name, phone]
fields:
  name: {type: text}
  phone: {type: phone, unique: true}
  digits: {type: integer, formula: length(phone)}
"""


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_numbers_of_earlier_versions(kind: str, tmp_path: Path) -> None:
    """They are found again, formulas follow, and what cannot be written so stays; once only."""
    with small_site(kind, tmp_path, SITE) as site:
        new = site.create("firm", phone="021-55583153")
        typed = ("0571 8888 6666", "021 5558 3153", "ask Li", "(0571)88886666")
        old = [site.create("firm", name="old") for _ in typed]
        table = site.application.tables.table("firm")
        column = table.c[site.gate.catalog.objects["firm"].fields["phone"].column]
        with site.databases.writing() as connection:
            for id, text in zip(old, typed, strict=True):
                change = sa.update(table).where(table.c.id == id)
                connection.execute(change.values({column.name: text}))
        site.application = establish(site.databases, [tmp_path / "layer"], clock=site.clock)
        phones = [site.values("firm", id, "phone", "digits") for id in (new, *old)]
        assert phones == [
            ["+862155583153", 13], ["+8657188886666", 14], ["021 5558 3153", 13],
            ["ask Li", 6], ["(0571)88886666", 14],
        ]  # fmt: skip
        assert site.ids("firm", words="0571-88886666") == [old[0]]
        assert site.ids("firm", filters={"phone": "0571 88886666"}) == [old[0]]
        with site.databases.reading() as connection:
            again = planner(load([tmp_path / "layer"], KINDS), ())
            assert not again(connection).steps
