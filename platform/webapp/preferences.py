"""What people prefer, kept with their account: the language, and notices by mail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from webapp.tables import ACCOUNT, insert_of


def wants_mail(connection: sa.Connection, user_id: int) -> bool:
    """Whether the account gets its notices by mail, too; that is so until it says otherwise."""
    found = connection.scalar(sa.select(ACCOUNT.c.mail).where(ACCOUNT.c.user_id == user_id))
    return found is not False


def keep_mail(connection: sa.Connection, user_id: int, mail: bool) -> None:
    """Keeps whether the account gets its notices by mail, too."""
    _keep(connection, user_id, mail=mail)


def keep_locale(connection: sa.Connection, user_id: int, locale: str) -> None:
    """Keeps the account's language, for what reaches people outside of the screens."""
    _keep(connection, user_id, locale=locale)


def _keep(connection: sa.Connection, user_id: int, **values: Any) -> None:
    statement = insert_of(connection.dialect.name)(ACCOUNT).values(user_id=user_id, **values)
    same = statement.on_conflict_do_update(index_elements=[ACCOUNT.c.user_id], set_=values)
    connection.execute(same)
