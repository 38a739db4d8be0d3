"""Accounts: who may sign in, with what, and in which roles.

Written with plain statements, so that they work from the command line as well as inside a
request; everything they change is seen by the next request of every process.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from werkzeug.security import generate_password_hash

from engine.problems import Message, Refusal, did_you_mean
from webapp.keys import Keys
from webapp.tables import ACCOUNT, API_KEY, ROLE, USER, USER_ROLE, account_tables

__all__ = ["account_tables"]

KEY_PREFIX = "fwk_"
"""What an API key begins with, so that people and scanners recognise it."""
SHORTEST_PASSWORD = 10

ACCOUNT_EXISTS = Message(
    "account-exists",
    en="there is already an account {name!r}",
    zh="账号 {name!r} 已存在",
)
NO_ACCOUNT = Message(
    "no-account",
    en="there is no account {name!r}",
    zh="不存在账号 {name!r}",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
NO_ROLE = Message(
    "no-role",
    en="there is no role {name!r}",
    zh="不存在角色 {name!r}",
    hint_en="the roles are: {possible}",
    hint_zh="现有角色：{possible}",
)
BAD_ACCOUNT_NAME = Message(
    "bad-account-name",
    en="{name!r} cannot be the name of an account",
    zh="{name!r} 不能用作账号名",
    hint_en="1 to 64 characters, no blanks at the ends, nothing invisible",
    hint_zh="1 至 64 个字符，首尾无空格，不含不可见字符",
)
SHORT_PASSWORD = Message(
    "short-password",
    en="the password has fewer than {least} characters",
    zh="密码少于 {least} 个字符",
)


@dataclass(frozen=True, slots=True)
class Found:
    """An account: its id, the name to sign in with, and whether it may."""

    id: int
    name: str
    active: bool


def stamp_of(keys: Keys, user_id: int, password_hash: str | None) -> str:
    """What sessions, tokens and API keys carry; another password makes another stamp (rule 37).

    It is derived from the password's hash, so whoever changes the password, by whatever way,
    ends them all.
    """
    return keys.sign("session stamp", f"{user_id}:{password_hash or ''}")[:32]


def find_account(connection: sa.Connection, name: str) -> Found:
    """The account of that name. Raises Refusal when there is none."""
    rows = connection.execute(sa.select(USER.c.id, USER.c.username, USER.c.active)).all()
    for row in rows:
        if row.username.casefold() == name.casefold():
            return Found(row.id, row.username, bool(row.active))
    raise Refusal(NO_ACCOUNT(name=name, best=did_you_mean(name, [row.username for row in rows])))


def add_account(
    connection: sa.Connection,
    name: str,
    password: str,
    roles: Iterable[str] = (),
    *,
    locale: str = "",
    email: str = "",
) -> int:
    """Makes an account and returns its id.

    Raises Refusal for a taken or unusable name, unknown roles and a short password.
    """
    if not (1 <= len(name) <= 64 and name.isprintable() and name == name.strip()):
        raise Refusal(BAD_ACCOUNT_NAME(name=name))
    names = connection.execute(sa.select(USER.c.username)).scalars()
    if any(taken.casefold() == name.casefold() for taken in names):
        raise Refusal(ACCOUNT_EXISTS(name=name))
    user_id: int = connection.execute(
        sa.insert(USER)
        .values(
            username=name,
            first_name=name,
            last_name="",
            # the library demands a unique address; .invalid can never be delivered to (RFC 2606)
            email=email or f"{secrets.token_hex(8)}@account.invalid",
            password=_hashed(password),
            active=True,
            created_on=_now(),
            changed_on=_now(),
        )
        .returning(USER.c.id)
    ).scalar_one()
    set_roles(connection, user_id, roles)
    if locale:
        connection.execute(sa.insert(ACCOUNT).values(user_id=user_id, locale=locale))
    return user_id


def set_password(connection: sa.Connection, user_id: int, password: str) -> None:
    """Sets the password, which ends the account's sessions, tokens and API keys."""
    connection.execute(
        sa.update(USER)
        .where(USER.c.id == user_id)
        .values(password=_hashed(password), changed_on=_now())
    )


def set_roles(connection: sa.Connection, user_id: int, roles: Iterable[str]) -> None:
    """Gives the account exactly these roles. Raises Refusal for names that are no roles."""
    found = connection.execute(sa.select(ROLE.c.name, ROLE.c.id).order_by(ROLE.c.name))
    known: Mapping[str, int] = {row.name: row.id for row in found}
    wanted = list(dict.fromkeys(roles))
    unknown = [NO_ROLE(name=n, possible=", ".join(known)) for n in wanted if n not in known]
    if unknown:
        raise Refusal(*unknown)
    connection.execute(sa.delete(USER_ROLE).where(USER_ROLE.c.user_id == user_id))
    if wanted:
        rows = [{"user_id": user_id, "role_id": known[name]} for name in wanted]
        connection.execute(sa.insert(USER_ROLE), rows)


def roles_of(connection: sa.Connection, user_id: int) -> list[str]:
    """The names of the roles that the account was given."""
    statement = (
        sa.select(ROLE.c.name)
        .join(USER_ROLE, USER_ROLE.c.role_id == ROLE.c.id)
        .where(USER_ROLE.c.user_id == user_id)
        .order_by(ROLE.c.name)
    )
    return list(connection.execute(statement).scalars())


def add_key(
    connection: sa.Connection,
    keys: Keys,
    user_id: int,
    label: str,
    *,
    read_only: bool = False,
    expires_on: dt.datetime | None = None,
) -> str:
    """Makes an API key and returns it: only its keyed digest is stored, so it is shown once."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    hashed = connection.scalar(sa.select(USER.c.password).where(USER.c.id == user_id))
    connection.execute(
        sa.insert(API_KEY).values(
            user_id=user_id,
            label=label,
            digest=key_digest(keys, key),
            stamp=stamp_of(keys, user_id, hashed),
            read_only=int(read_only),
            created_on=dt.datetime.now(dt.UTC),
            expires_on=expires_on,
        )
    )
    return key


def revoke_keys(connection: sa.Connection, user_id: int, label: str) -> int:
    """Ends the account's API keys of that label; returns how many there were."""
    return connection.execute(
        sa.update(API_KEY)
        .where(
            API_KEY.c.user_id == user_id, API_KEY.c.label == label, API_KEY.c.revoked_on.is_(None)
        )
        .values(revoked_on=dt.datetime.now(dt.UTC))
    ).rowcount


def key_digest(keys: Keys, key: str) -> str:
    """What is stored of an API key. It is random, so no slow hash is needed (rule 37)."""
    return keys.sign("api key", key)


def _hashed(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise Refusal(SHORT_PASSWORD(least=SHORTEST_PASSWORD))
    return generate_password_hash(password)


def _now() -> dt.datetime:
    return dt.datetime.now()  # naive local time, as the library writes it
