"""What no two sites may have in common: hosts, keys, database, files.

Sessions, tokens and API keys of a site are worth something wherever its secret key is; so what
keeps two sites apart is that they share none of this, and it is looked at before any is served.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assembly.keeping import vault_of
from engine.problems import Message, Place, Problem, Refusal

if TYPE_CHECKING:
    from assembly.settings import Settings
    from engine.schema.engines import Databases

HOST_TWICE = Message(
    "sites-share-host",
    en="the sites {one} and {other} both claim the host {host}",
    zh="站点 {one} 和 {other} 都使用主机名 {host}",
    hint_en="each host belongs to one site",
    hint_zh="每个主机名只能属于一个站点",
)
KEY_TWICE = Message(
    "sites-share-secret-key",
    en="the sites {one} and {other} have the same secret key, so a sign-in to one would be valid"
    " in the other",
    zh="站点 {one} 和 {other} 的密钥相同，登录其中一个即可进入另一个",
    hint_en="make a key for each: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
    hint_zh="请为每个站点生成密钥：python -c 'import secrets; print(secrets.token_urlsafe(32))'",
)
ENCRYPTION_TWICE = Message(
    "sites-share-encryption-key",
    en="the sites {one} and {other} have an encryption key in common",
    zh="站点 {one} 和 {other} 使用了同一个加密密钥",
    hint_en="`formwright keys new` makes one; `formwright --site {other} keys rotate` seals anew",
    hint_zh="用 `formwright keys new` 生成密钥，再用 `--site {other} keys rotate` 重新加密",
)
DATABASE_TWICE = Message(
    "sites-share-database",
    en="the sites {one} and {other} have the same database",
    zh="站点 {one} 和 {other} 使用了同一个数据库",
    hint_en="set FORMWRIGHT_DATABASE_URL of each to a database of its own",
    hint_zh="请将各站点的 FORMWRIGHT_DATABASE_URL 设为各自的数据库",
)
FILES_TWICE = Message(
    "sites-share-files",
    en="the sites {one} and {other} keep their files in one place",
    zh="站点 {one} 和 {other} 把文件存放在同一位置",
    hint_en="set FORMWRIGHT_FILES_URL of each to a place of its own, none within another's",
    hint_zh="请将各站点的 FORMWRIGHT_FILES_URL 设为各自的位置，且互不包含",
)
_HERE = ("", "localhost", "127.0.0.1", "::1")


def shared(sites: Sequence[Settings]) -> Iterator[Problem]:
    """What two of the sites share though each needs its own."""
    for number, other in enumerate(sites):
        for one in sites[:number]:
            for problem in _between(one, other):
                yield problem.at(Place(f"{other.folder.parent.name}/{other.site}/.env"))


def _between(one: Settings, other: Settings) -> Iterator[Problem]:
    names = {"one": one.site, "other": other.site}
    for host in one.hosts:
        if host in other.hosts:
            yield HOST_TWICE(host=host, **names)
    if _secret(one) and _secret(one) == _secret(other):
        yield KEY_TWICE(**names)
    if _keys(one) & _keys(other):
        yield ENCRYPTION_TWICE(**names)
    if database_of(one.database_url) == database_of(other.database_url):
        yield DATABASE_TWICE(**names)
    if _within(_files(one), _files(other)) or _within(_files(other), _files(one)):
        yield FILES_TWICE(**names)


def _secret(settings: Settings) -> str:
    """The key in use: that of the setting, else the one that is kept beside a SQLite file."""
    if settings.secret_key or settings.own_server:
        return settings.secret_key
    try:
        return (settings.folder / "var" / "secret_key").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # none yet, or one that opening the site complains of
        return ""


def _keys(settings: Settings) -> set[bytes]:
    try:
        return {key.raw for key in vault_of(settings).keys}
    except Refusal:  # opening the site complains of it
        return set()


def database_of(url: str) -> tuple[str, ...]:
    """What tells one database from another, whoever opens it and by which spelling."""
    from sqlalchemy import make_url  # takes long to import, and most commands have one site
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
        if parsed.drivername.startswith("sqlite"):
            return ("sqlite", str(Path(parsed.database or "").resolve()))
        query = parsed.query.get("host", "")
        host = (parsed.host or (query if isinstance(query, str) else ",".join(query))).lower()
        host = "" if host in _HERE else host
        return ("server", host, str(parsed.port or 5432), parsed.database or parsed.username or "")
    except (ArgumentError, ValueError):  # opening it complains of that
        return ("unreadable", url)


def identity(databases: Databases) -> tuple[object, ...] | None:
    """What tells a database that is open from all others; None where it may not be asked.

    PostgreSQL: the number of the cluster, made when it was, and of the database in it.
    """
    if databases.dialect == "sqlite":
        found = Path(databases.url.database or "").stat()
        return ("sqlite", found.st_dev, found.st_ino)
    import sqlalchemy as sa

    asked = sa.text(
        "SELECT (SELECT system_identifier FROM pg_control_system()),"
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    try:
        with databases.reading() as connection:
            cluster, number = connection.execute(asked).one()
    except sa.exc.ProgrammingError:
        return None
    return ("server", cluster, number)


def _files(settings: Settings) -> tuple[str, ...]:
    """The place of the files, part by part."""
    url = settings.files_url
    scheme, mark, rest = url.partition("://")
    if mark and scheme not in ("file", "local"):
        return (scheme, *filter(None, rest.split("/")))
    path = Path(rest) if mark else settings.folder / url
    return ("", *path.resolve().parts)


def _within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return inner[: len(outer)] == outer
