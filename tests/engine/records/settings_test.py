"""Settings objects: one record, whoever asks and by whatever way; read in expressions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from assembly.seeding import sow
from engine.permissions.actors import SYSTEM
from engine.records.settings import ensure_one, one_id
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, loaded, small_site

SITE = (
    PEOPLE
    + """
---
object: company
kind: settings
label: {en: Company, zh: 公司设置}
fields:
  factor: {type: number, scale: 2, default: 1.5}
  motto: {type: text, default: "forward"}
  secret_bonus: {type: number, default: 7}
---
object: thing
fields:
  name: {type: text}
  size: {type: number, default_from: settings.company.factor}
  bigger: {type: number, formula: size * settings.company.factor}
checks:
  - {name: small, that: size < settings.company.factor * 10, say: too large, field: size}
views:
  large: {where: size > settings.company.factor}
---
role: clerk
grants:
  company: {read: all, update: all, fields: {"*": write, secret_bonus: none}}
  thing: {create: true, read: all, update: all, fields: {"*": write}}
---
role: stranger
grants:
  thing: {create: true, read: all, update: all, fields: {"*": write}}
---
role: own_only
grants:
  company: {read: 'motto == "never"', fields: {"*": read}}
  thing: {read: all, fields: {"*": read}}
"""
)
CLERK = actor(None, "clerk")
STRANGER = actor(None, "stranger")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("settings"), SITE) as made:
        yield made


def company(site: SmallSite) -> int:
    return ensure_one(site.gate, "company")


def test_the_record_is_there_with_its_defaults(site: SmallSite) -> None:
    """Apply makes the one record; sowing again makes none."""
    assert sow(site.gate) == 0
    assert site.values("company", company(site), "motto") == ["forward"]
    assert len(site.ids("company")) == 1


def test_no_second_one_and_no_end(site: SmallSite) -> None:
    """Create, delete and restore are refused by name to everybody, the system among them."""
    id = company(site)
    refused = [("one-record-only", "")]
    for who in (SYSTEM, CLERK, STRANGER):
        assert codes(partial(site.create, "company", who)) == refused
        assert codes(partial(site.delete, "company", id, actor=who)) == refused
        assert codes(partial(site.restore, "company", id, actor=who)) == refused
    assert site.ids("company") == [id]


def test_several_who_open_it_first_make_one(site: SmallSite) -> None:
    """Eight at once find no record: one of them makes it."""
    table = site.application.tables.table("company")
    with site.databases.writing() as connection:
        connection.execute(table.delete())
    threads = [threading.Thread(target=company, args=(site,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with site.databases.reading() as connection:
        assert len(connection.execute(table.select()).all()) == 1
        assert one_id(site.gate, connection, "company") is not None


def test_no_role_can_grant_it(site: SmallSite) -> None:
    """A lens knows no creation, deletion, restoring or import of settings."""
    lens = site.gate.lenses.lens("company", frozenset(["clerk"]))
    assert [lens.may(a) for a in ("create", "delete", "restore", "import", "update")] == [
        False, False, False, False, True,
    ]  # fmt: skip


def test_expressions_read_it_in_both_readings(site: SmallSite) -> None:
    """A default, a check (Python) and a formula and a list (SQL) follow the setting."""
    id = site.create("thing", STRANGER, name="a")
    assert site.values("thing", id, "size", "bigger") == [Decimal("1.50"), Decimal("2.25")]
    site.update("company", company(site), CLERK, factor="2")
    assert site.values("thing", id, "size", "bigger") == [Decimal("1.50"), Decimal("3.00")]
    other = site.create("thing", STRANGER, name="b", size="3")
    found = site.ids("thing", where="size > settings.company.factor")
    assert other in found and id not in found
    assert codes(lambda: site.update("thing", id, STRANGER, size="20")) == [
        ("check-failed", "size")
    ]
    site.update("company", company(site), factor="1.5")


def test_conditions_of_people_read_what_they_may(site: SmallSite) -> None:
    """In a filter of their own nobody learns of a setting more than a grant shows."""
    words = "size < settings.company.secret_bonus"
    for who in (STRANGER, CLERK, actor(None, "own_only")):
        (problem,) = codes(partial(site.page, "thing", who, where=words))
        assert problem[0] in ("unknown-name", "unknown-settings")
    assert site.ids("thing", SYSTEM, where=words) is not None
    assert site.ids("thing", CLERK, where="size < settings.company.factor * 100") is not None


BROKEN = [
    ("formula: size * settings.company.faktor", "unknown-name"),
    ("formula: size * settings.compny.factor", "unknown-settings"),
    ("formula: size * settings.thing.size", "unknown-settings"),
    ("formula: size * settings.company.factor, stored: true", "cannot-store"),
    ("formula: count(p for p in settings.company.things)", "settings-records"),
]


@pytest.mark.parametrize(("key", "code"), BROKEN)
def test_what_cannot_be_read_is_a_problem(tmp_path: Path, key: str, code: str) -> None:
    """Unknown settings, ordinary objects, stored formulas, collections."""
    text = SITE.replace("formula: size * settings.company.factor", key)
    text = text.replace("motto: {", "things: {type: related, of: thing, by: base}\n  motto: {")
    text = text.replace("  size: {", "  base: {type: link, to: company}\n  size: {")
    assert code in [problem.code for problem in loaded(tmp_path, text).problems]


def test_required_settings_need_a_default(tmp_path: Path) -> None:
    """A required field without one could never be made."""
    text = SITE.replace(
        'motto: {type: text, default: "forward"}', "motto: {type: text, required: true}"
    )
    assert [p.code for p in loaded(tmp_path, text).problems] == ["settings-default"]


def test_a_seed_takes_the_place_of_the_defaults(tmp_path: Path) -> None:
    """A data file of a settings object fills its one record."""
    seed = "\n---\ndata: company\nrecords:\n  one: {motto: upward}\n"
    with small_site("sqlite", tmp_path, SITE + seed) as site:
        assert site.values("company", company(site), "motto") == ["upward"]
        assert sow(site.gate) == 0
