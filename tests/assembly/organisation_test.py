"""A person's place: department, team and what lies below, as the records say now."""

from __future__ import annotations

from assembly.organisation import placed
from engine.permissions.actors import SYSTEM, Actor
from support.sites import Company, make_company


def actor(company: Company, person: int) -> Actor:
    with company.databases.reading() as connection:
        return placed(company.gate, connection, Actor(name="x"), person)


def test_place(database_url: str) -> None:
    """Chen leads wang and li; a move counts at once, and departments below belong to it."""
    company = make_company(database_url)
    people, departments = company.people, company.departments
    chen = actor(company, people["chen"])
    assert (chen.person, chen.name, chen.department) == (
        people["chen"], "Chen", departments["north"],
    )  # fmt: skip
    assert chen.team == tuple(sorted(people[name] for name in ("chen", "wang", "li")))
    assert chen.departments == (departments["north"],)
    below = company.create(SYSTEM, "department", name="Harbour", parent=departments["north"])
    company.gate.update(SYSTEM, "person", people["li"], {"manager": people["zhao"]})
    chen = actor(company, people["chen"])
    assert chen.team == tuple(sorted((people["chen"], people["wang"])))
    assert chen.departments == tuple(sorted((departments["north"], below)))
    company.databases.dispose()


def test_nobody(database_url: str) -> None:
    """Who is not there, or in the recycle bin, has no place; roles and name stay."""
    company = make_company(database_url)
    assert actor(company, 999) == Actor(name="x")
    company.gate.delete(SYSTEM, "person", [company.people["li"]])
    assert actor(company, company.people["li"]) == Actor(name="x")
    company.databases.dispose()
