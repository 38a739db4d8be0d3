"""Events about accounts, for the audit: signing in and out, passwords, roles.

What Flask-AppBuilder's own pages change is seen where its session writes it, in the same
transaction; what the command line changes is written by `accounts` in its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask import g, has_request_context
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session, sessionmaker

from engine.records.events import (
    ACCOUNT,
    PASSWORD,
    ROLES,
    SIGN_IN,
    SIGN_IN_FAILED,
    SIGN_OUT,
    Event,
    note_in,
)
from webapp.shell import application, shell

SCREEN, COMMAND = "screen", "command"


def note_signed_in(user_id: int, name: str, address: str, via: str) -> None:
    """Somebody has signed in."""
    _note_own(SIGN_IN, user_id, {"account": name, "address": address}, via)


def note_refused(name: str, known: bool, address: str, via: str) -> None:
    """Somebody could not sign in. A name that is none may be a mistyped password."""
    said = name if known else "sha256:" + hashlib.sha256(name.encode()).hexdigest()[:16]
    event = Event(action=SIGN_IN_FAILED, data={"account": said, "address": address})
    with shell().site.databases.writing() as connection:
        note_in(connection, event, shell().clock(), None, via)


def note_signed_out(user_id: int, name: str) -> None:
    """Somebody has signed out."""
    _note_own(SIGN_OUT, user_id, {"account": name}, SCREEN)


def note_account(
    connection: sa.Connection, action: str, name: str, data: Mapping[str, Any]
) -> None:
    """An account was made or changed on the command line, in the transaction that does it."""
    event = Event(action=action, data={"account": name, **data})
    note_in(connection, event, dt.datetime.now(dt.UTC), None, COMMAND)


def listen(accounts: sessionmaker[Any]) -> None:
    """Notes what is changed through the sessions of `accounts`."""
    sa.event.listen(accounts, "after_flush", _flushed)


def _flushed(session: Session, _: object) -> None:
    for event in [*_events(session)]:
        now, person = dt.datetime.now(dt.UTC), None
        if has_request_context():
            now, person = shell().clock(), _person_of_request()
        note_in(session.connection(), event, now, person, SCREEN)


def _events(session: Session) -> Iterable[Event]:
    for user in session.new:
        if isinstance(user, User):
            names = sorted(role.name for role in user.roles)
            yield Event(action=ACCOUNT, data={"account": user.username, "roles": [[], names]})
    for user in session.deleted:
        if isinstance(user, User):
            yield Event(action=ACCOUNT, data={"account": user.username, "deleted": True})
    for user in session.dirty:
        if not isinstance(user, User):
            continue
        state = sa.inspect(user).attrs
        if state.password.history.has_changes():
            yield Event(action=PASSWORD, data={"account": user.username})
        if (roles := state.roles.history).has_changes():
            kept = [role.name for role in roles.unchanged]
            before = sorted([*kept, *(role.name for role in roles.deleted)])
            after = sorted([*kept, *(role.name for role in roles.added)])
            yield Event(action=ROLES, data={"account": user.username, "roles": [before, after]})
        if (active := state.active.history).has_changes() and active.deleted:
            said = {"account": user.username, "active": [bool(active.deleted[0]), user.active]}
            yield Event(action=ACCOUNT, data=said)


def _note_own(action: str, user_id: int, data: Mapping[str, Any], via: str) -> None:
    person = _person(user_id)
    event = Event(action=action, data=data)
    with shell().site.databases.writing() as connection:
        note_in(connection, event, shell().clock(), person, via)


def _person(user_id: int) -> int | None:
    found = shell()
    with found.site.databases.reading() as connection:
        account = found.actors.account(connection, user_id)
    return None if account is None else found.actors.actor_for(application(), account).person


def _person_of_request() -> int | None:
    user = g.get("user")
    if user is None or not user.is_authenticated:
        return None
    return _person(int(sa.inspect(user).identity[0]))
