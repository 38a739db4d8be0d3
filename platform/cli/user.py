"""`formwright user`: accounts to sign in with, their passwords, roles and API keys."""

from __future__ import annotations

import datetime as dt
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa

from assembly.application import NOTHING_APPLIED, Application, build_application
from assembly.settings import SECRET_FILE, Settings, secret_key
from cli.opening import database, settings
from cli.printing import LOCALES, print_problems
from engine.permissions.actors import SYSTEM
from engine.problems import Message, Refusal
from engine.records.changes import UPDATE, Change
from engine.records.events import ACCOUNT, PASSWORD, ROLES
from engine.records.reading import Record
from engine.records.transaction import Transaction
from engine.schema.engines import Databases
from engine.schema.state import current
from webapp import accounts
from webapp.keys import Keys
from webapp.noting import note_account

NO_ACCOUNTS_HERE = Message(
    "person-without-account-field",
    en="the site's people have no field for an account",
    zh="站点的人员对象没有用于账号的字段",
    hint_en="set `people: {{account: …}}` in site.yaml",
    hint_zh="请在 site.yaml 中设置 `people: {{account: …}}`",
)
NO_SUCH_PERSON = Message(
    "no-such-person",
    en="{found} people are called {name!r}",
    zh="名为 {name!r} 的人员有 {found} 位",
    hint_en="give the id of the person",
    hint_zh="请使用人员的 ID",
)
KEY_OF_FILE = Message(
    "api-key-of-file",
    en="FORMWRIGHT_SECRET_KEY is not set: the key counts for servers with the secret in {file}",
    zh="未设置 FORMWRIGHT_SECRET_KEY，此 API 密钥只对使用 {file} 中密钥的服务器有效",
    hint_en="if the server has another one, set it here as well and make the key again",
    hint_zh="如服务器使用其他密钥，请在此设置相同的值后重新生成",
)


@contextmanager
def _opened() -> Iterator[tuple[Databases, Settings]]:
    """The database, to which something must have been applied, and the settings."""
    chosen = settings(check_layers=False)
    with database(chosen) as databases:
        with databases.reading() as connection:
            if current(connection) is None:
                raise Refusal(NOTHING_APPLIED())
        yield databases, chosen


@click.group()
def user() -> None:
    """Accounts: add one, set its password or roles, make an API key."""


@user.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="A role; may be given several times.")
@click.option("--person", help="The person that the account belongs to: name or id.")
@click.option("--password", help="`-` reads it from standard input; otherwise one is made.")
@click.option("--locale", type=click.Choice(LOCALES), default=None, help="Language of answers.")
def add(
    name: str, roles: tuple[str, ...], person: str | None, password: str | None, locale: str | None
) -> None:
    """Add the account NAME.

    Without --password a random one is made and printed, once.
    """
    chosen, made = _password(password)
    with _opened() as (databases, _):
        if person is None:
            with databases.writing() as connection:
                accounts.add_account(connection, name, chosen, roles, locale=locale or "")
                note_account(connection, ACCOUNT, name, {"roles": [[], sorted(roles)]})
        else:
            _add_with_person(build_application(databases), person, name, chosen, roles, locale)
    _tell(chosen, made)


@user.command()
@click.argument("name")
@click.option("--password", help="`-` reads it from standard input; otherwise one is made.")
def password(name: str, password: str | None) -> None:
    """Give the account NAME another password; it ends its sessions, tokens and API keys."""
    chosen, made = _password(password)
    with _opened() as (databases, _), databases.writing() as connection:
        found = accounts.find_account(connection, name)
        accounts.set_password(connection, found.id, chosen)
        note_account(connection, PASSWORD, found.name, {})
    _tell(chosen, made)


@user.command()
@click.argument("name")
@click.argument("roles", nargs=-1)
@click.option("--none", is_flag=True, help="Take all roles away.")
def roles(name: str, roles: tuple[str, ...], none: bool) -> None:
    """Give the account NAME exactly these ROLES; without any, print those that it has."""
    with _opened() as (databases, _), databases.writing() as connection:
        found = accounts.find_account(connection, name)
        if roles or none:
            before = accounts.roles_of(connection, found.id)
            accounts.set_roles(connection, found.id, roles)
            note_account(connection, ROLES, found.name, {"roles": [before, sorted(roles)]})
        for role in accounts.roles_of(connection, found.id):
            click.echo(role)


@user.command()
@click.argument("name")
@click.option("--label", default="api", show_default=True, help="What the key is for.")
@click.option("--read-only", is_flag=True, help="The key may change nothing.")
@click.option("--days", type=click.IntRange(1, 3650), help="Ends the key after so many days.")
@click.option("--revoke", is_flag=True, help="End the keys of that label instead.")
def key(name: str, label: str, read_only: bool, days: int | None, revoke: bool) -> None:
    """Make an API key for the account NAME and print it, once.

    A program sends it with every request: `Authorization: Bearer <key>`.
    """
    with _opened() as (databases, opened), databases.writing() as connection:
        found = accounts.find_account(connection, name)
        if revoke:
            count = accounts.revoke_keys(connection, found.id, label)
            click.echo(f"revoked {count}", err=True)
            return
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=days) if days else None
        made = accounts.add_key(
            connection,
            Keys(secret_key(opened)),
            found.id,
            label,
            read_only=read_only,
            expires_on=expires,
        )
    if not opened.secret_key:
        file = opened.folder / SECRET_FILE
        print_problems([KEY_OF_FILE(file=str(file))], err=True)
    click.echo(made)


def _add_with_person(
    application: Application,
    person: str,
    name: str,
    password: str,
    roles: tuple[str, ...],
    locale: str | None,
) -> None:
    """Adds the account and names it in its person's record, both or neither."""
    site = application.catalog.site
    record = person_named(application, person)

    def work(tx: Transaction) -> None:
        accounts.add_account(tx.connection, name, password, roles, locale=locale or "")
        note_account(tx.connection, ACCOUNT, name, {"roles": [[], sorted(roles)]})
        change = Change(given={site.person_account: name}, id=record.id)
        application.gate.pass_steps(tx, site.person, UPDATE, [change])

    application.gate.write(SYSTEM, work)


def _password(given: str | None) -> tuple[str, bool]:
    """The password, and whether it was made here."""
    if given is None:
        return secrets.token_urlsafe(12), True
    if given != "-":
        raise click.UsageError(
            "A password on the command line is seen by others: use --password - and pipe it in."
        )
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True), False
    return sys.stdin.readline().rstrip("\r\n"), False


def _tell(password: str, made: bool) -> None:
    if made:
        click.echo(password)


def person_named(application: Application, word: str) -> Record:
    """The person with that id or exactly that title. Raises Refusal when there is not one."""
    site = application.catalog.site
    people = application.catalog.objects.get(site.person)
    if people is None or site.person_account not in people.fields:
        raise Refusal(NO_ACCOUNTS_HERE())
    if word.isascii() and word.isdigit():
        return application.reader.one(SYSTEM, people.name, word)
    title = people.fields[people.title].column
    table = application.tables.table(people.name)
    statement = sa.select(table.c.id).where(table.c[title] == word, table.c.deleted_on.is_(None))
    with application.databases.reading() as connection:
        ids = list(connection.execute(statement.limit(100)).scalars())
    if len(ids) != 1:
        raise Refusal(NO_SUCH_PERSON(name=word, found=len(ids)))
    return application.reader.one(SYSTEM, people.name, ids[0])
