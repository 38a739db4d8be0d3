"""From an account to the actor: person, roles, place in the organisation (rules 28 to 30).

1. One statement by primary key reads the account in every request: whether it may sign in, its
   stamp and its roles. So locking somebody out, a new password and a role given or taken count
   from the next request on, in every process.
2. What follows from people, departments and memberships (person, team, departments below) is
   kept per account, and found anew when somebody or something there has changed, or another day
   has begun (`assembly.organisation.signature`); that is looked at at most once a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from assembly.application import Application
from assembly.deputising import Found, deputising
from assembly.organisation import placed, signature
from engine.expressions.folding import fold
from engine.permissions.actors import Actor
from engine.schema.engines import Databases
from engine.schema.tables import DELETED
from webapp.accounts import stamp_of
from webapp.keys import Keys
from webapp.tables import ACCOUNT, GROUP_ROLE, ROLE, USER, USER_GROUP, USER_ROLE

LOOK_AGAIN_AFTER = 1.0
"""Seconds for which a change in the organisation made by another process may go unseen."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as one request finds it. `stamp` is what its tokens must carry."""

    id: int
    name: str
    stamp: str
    locale: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    application: Application
    organisation: object
    account: Account
    actor: Actor
    principals: Found
    """The roles of those for whom they stand in, which count from the next request on, too."""


class Actors:
    """Finds the actors of one database."""

    def __init__(self, databases: Databases, keys: Keys) -> None:
        self.databases = databases
        self.keys = keys
        self._known: dict[int, _Known] = {}
        self._revision = 0
        self._organisation: object = None
        self._looked = (0.0, None)  # type: tuple[float, Application | None]
        self._statement = _account_statement()

    def account(self, connection: sa.Connection, user_id: int) -> Account | None:
        """The account, if it exists and is active."""
        rows = connection.execute(self._statement, {"user": user_id}).all()
        if not rows or not rows[0].active:
            return None
        first = rows[0]
        return Account(
            id=first.id,
            name=first.username,
            stamp=stamp_of(self.keys, first.id, first.password),
            locale=first.locale or "",
            roles=frozenset(row.role for row in rows if row.role is not None),
        )

    def actor_for(self, application: Application, account: Account) -> Actor:
        """The actor that the account acts as.

        An account without a person record has its roles, but owns nothing and has no team.
        """
        organisation = self._organisation_version(application)
        if application.revision > self._revision:  # what is known holds on to the one before
            self._revision = application.revision
            self._known.clear()
        known = self._known.get(account.id)
        if (
            known is not None
            and known.application is application
            and known.organisation == organisation
            and known.account == account
            and (not known.principals or known.principals == self._again(application, known))
        ):
            return known.actor
        actor, principals = self._found(application, account)
        self._known[account.id] = _Known(application, organisation, account, actor, principals)
        return actor

    def look_again(self) -> None:
        """Makes the next request look at the organisation: this process has just changed it."""
        self._looked = (0.0, None)

    def _organisation_version(self, application: Application) -> object:
        looked, of = self._looked
        now = time.monotonic()
        if of is application and now - looked < LOOK_AGAIN_AFTER:
            return self._organisation
        with self.databases.reading() as connection:
            self._organisation = signature(application.gate, connection)
        self._looked = (now, application)
        return self._organisation

    def _again(self, application: Application, known: _Known) -> Found:
        with self.databases.reading() as connection:
            found = _roles_of(application, connection, known.principals)
            return {person: found.get(person) for person in known.principals}

    def _found(self, application: Application, account: Account) -> tuple[Actor, Found]:
        roles = account.roles & application.catalog.of("role").keys()
        actor = Actor(name=account.name, roles=frozenset(roles))
        site = application.catalog.site
        people = application.catalog.objects.get(site.person)
        field = people.fields.get(site.person_account) if people else None
        if people is None or field is None:
            return actor, {}
        table = application.tables.table(people.name)
        column = table.c[field.folded] if field.folded else table.c[field.column]
        wanted = fold(account.name) if field.folded else account.name
        with self.databases.reading() as connection:
            person = connection.execute(
                sa.select(table.c.id).where(column == wanted, table.c[DELETED].is_(None))
            ).scalar()
            if person is None:
                return actor, {}
            here = placed(application.gate, connection, actor, person)
            roles_of = partial(_roles_of, application, connection)
            return deputising(application.gate, connection, here, roles_of)


def _roles_of(
    application: Application, connection: sa.Connection, people: Iterable[int]
) -> Mapping[int, frozenset[str]]:
    """The roles of these people, of those whose accounts may sign in."""
    site = application.catalog.site
    field = application.catalog.objects[site.person].fields[site.person_account]
    table = application.tables.table(site.person)
    column = table.c[field.column]
    named = sa.select(table.c.id, column).where(
        table.c.id.in_(sorted(people)), table.c[DELETED].is_(None), column.is_not(None)
    )
    by_name = [(row[1], row[0]) for row in connection.execute(named)]
    names = {fold(name) if field.folded else name: id for name, id in by_name}
    found: dict[int, set[str]] = {}
    known = application.catalog.of("role").keys()
    raw = [name for name, _ in by_name]
    given = {"names": raw, "folded": [fold(name) for name in raw]}
    for row in connection.execute(_roles_statement(), given):
        person = names.get(fold(row.username) if field.folded else row.username)
        if person is not None:
            found.setdefault(person, set()).update({row.name} & known)
    return {person: frozenset(roles) for person, roles in found.items()}


def _roles_statement() -> sa.Select[tuple[object, ...]]:
    direct = sa.select(USER_ROLE.c.user_id, USER_ROLE.c.role_id)
    by_group = sa.select(USER_GROUP.c.user_id, GROUP_ROLE.c.role_id).join(
        GROUP_ROLE, GROUP_ROLE.c.group_id == USER_GROUP.c.group_id
    )
    held = direct.union_all(by_group).subquery()
    return (
        sa.select(USER.c.username, ROLE.c.name)
        .select_from(USER)
        .outerjoin(held, held.c.user_id == USER.c.id)
        .outerjoin(ROLE, ROLE.c.id == held.c.role_id)
        .where(
            USER.c.active.is_(True),
            sa.or_(  # the database leaves letters beyond ASCII as they are
                USER.c.username.in_(sa.bindparam("names", expanding=True)),
                sa.func.lower(USER.c.username).in_(sa.bindparam("folded", expanding=True)),
            ),
        )
    )


def _account_statement() -> sa.Select[tuple[object, ...]]:
    user = sa.bindparam("user", type_=sa.Integer())
    direct = sa.select(USER_ROLE.c.role_id).where(USER_ROLE.c.user_id == user)
    by_group = (
        sa.select(GROUP_ROLE.c.role_id)
        .join(USER_GROUP, USER_GROUP.c.group_id == GROUP_ROLE.c.group_id)
        .where(USER_GROUP.c.user_id == user)
    )
    return (
        sa.select(
            USER.c.id, USER.c.username, USER.c.active, USER.c.password,
            ACCOUNT.c.locale, ROLE.c.name.label("role"),
        )
        .select_from(USER)
        .outerjoin(ACCOUNT, ACCOUNT.c.user_id == USER.c.id)
        .outerjoin(ROLE, ROLE.c.id.in_(direct.union_all(by_group)))
        .where(USER.c.id == user)
    )  # fmt: skip
