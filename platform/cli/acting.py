"""As whom a command acts: the system, or the account named by `--as`."""

from __future__ import annotations

from dataclasses import replace

from assembly.application import Application
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Message, Refusal

LOCKED = Message(
    "account-inactive",
    en="the account {name!r} is not active",
    zh="账号 {name!r} 已停用",
    hint_en="activate it, or name another one",
    hint_zh="请启用该账号，或指定其他账号",
)


def acting(application: Application, name: str | None) -> Actor:
    """The actor of the account `name`; without a name the system (rule 10).

    Raises Refusal when there is no such account, or when it may not sign in.
    """
    if name is None:
        return replace(SYSTEM, via="command")
    # accounts bring the web frame along, which takes long to import
    from webapp.accounts import find_account
    from webapp.actors import Actors
    from webapp.keys import Keys

    actors = Actors(application.databases, Keys(""))  # no stamp is looked at here
    with application.databases.accounts.connect() as connection:
        found = find_account(connection, name)
        account = actors.account(connection, found.id)
    if account is None:
        raise Refusal(LOCKED(name=found.name))
    return replace(actors.actor_for(application, account), via="command")
