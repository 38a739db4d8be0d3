"""Settings: from environment variables, and from a `.env` file for what they leave open."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from assembly.hosts import read_hosts
from assembly.keeping import read_keys, whole_number
from assembly.secrets import SECRETS, read_secrets
from engine.problems import Message, Place, Problem, Refusal, did_you_mean
from notices.mail_url import read_mail_url
from notices.outgoing_urls import allowed_hosts

PREFIX = "FORMWRIGHT_"
SITES = f"{PREFIX}SITES"
"""The folder of several sites: said once for a process, never for a site."""
SHORTEST_KEY = 16
DEFAULT_DATABASE = "sqlite:///var/formwright.db"
SECRET_FILE = Path("var") / "secret_key"
LOG_STYLES = ("json", "text", "auto")
_HOST = re.compile(r"[a-z0-9_.-]+(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?|[0-9a-f:.]+")

NO_LAYER = Message(
    "no-layer-folder",
    en="FORMWRIGHT_LAYERS names {folder!r}, which is no folder",
    zh="FORMWRIGHT_LAYERS 中的 {folder!r} 不是文件夹",
    hint_en="name folders of definitions, lowest first, separated by {separator!r}",
    hint_zh="请填写定义文件夹，从底层到顶层，以 {separator!r} 分隔",
)
BAD_SCHEME = Message(
    "setting-url",
    en="{name} must be a URL that begins with {schemes}",
    zh="{name} 必须是以 {schemes} 开头的地址",
)
BAD_REDIS = Message(
    "setting-redis",
    en="FORMWRIGHT_REDIS_URL cannot be used: {why}",
    zh="FORMWRIGHT_REDIS_URL 无法使用：{why}",
    hint_en="write redis://host:6379/0, rediss://… for TLS, or unix:///path/of/the/socket",
    hint_zh="请填写 redis://主机:6379/0，TLS 用 rediss://…，本机套接字用 unix:///路径",
)
SHORT_KEY = Message(
    "setting-short-key",
    en="{name} holds a key with fewer than {least} characters",
    zh="{name} 中的密钥少于 {least} 个字符",
    hint_en="make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
    hint_zh="可用以下命令生成：python -c 'import secrets; print(secrets.token_urlsafe(32))'",
)
NO_KEY = Message(
    "setting-no-key",
    en="FORMWRIGHT_SECRET_KEY is not set",
    zh="未设置 FORMWRIGHT_SECRET_KEY",
    hint_en="all processes need the same one: python -c "
    "'import secrets; print(secrets.token_urlsafe(32))'",
    hint_zh="所有进程须使用同一密钥：python -c 'import secrets; print(secrets.token_urlsafe(32))'",
)
NO_KEY_FILE = Message(
    "setting-key-file",
    en="the secret key cannot be kept in {file}: {why}",
    zh="无法将密钥保存到 {file}：{why}",
    hint_en="set FORMWRIGHT_SECRET_KEY",
    hint_zh="请设置 FORMWRIGHT_SECRET_KEY",
)
UNKNOWN_SETTING = Message(
    "unknown-setting",
    en="there is no setting {name}",
    zh="不存在设置项 {name}",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
BAD_HOST = Message(
    "setting-host",
    en="FORMWRIGHT_OUTGOING_ALLOW names {host!r}, which is no host",
    zh="FORMWRIGHT_OUTGOING_ALLOW 中的 {host!r} 不是主机",
    hint_en="write names or addresses, with or without a port, separated by commas: erp:8069",
    hint_zh="请填写主机名或地址，可带端口，以逗号分隔，例如 erp:8069",
)
BAD_LOG = Message(
    "setting-log",
    en="FORMWRIGHT_LOG is {found!r}, but it is json, text or auto",
    zh="FORMWRIGHT_LOG 为 {found!r}，只能是 json、text 或 auto",
)
UNREADABLE_FILE = Message(
    "settings-file",
    en="the file cannot be read: {why}",
    zh="无法读取该文件：{why}",
    hint_en="it holds lines of the form NAME=value, in UTF-8",
    hint_zh="文件应为 UTF-8 编码，每行形如 NAME=value",
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says. `folder` is where relative paths start, but those of layers.

    `site` is the name of one of several sites (`assembly.sites`), empty for the only one; `hosts`
    are the names that it is reached by (none: any). `url` is the address under which people reach
    the site, for links in mails. `files_max_mb` and `files_quota_mb` limit one uploaded file and
    all of them (0: no limit), `files_scan` is the command that looks at each.
    """

    folder: Path
    layers: tuple[Path, ...]
    site: str = ""
    hosts: tuple[str, ...] = ()
    database_url: str = field(default=DEFAULT_DATABASE, repr=False)
    redis_url: str = field(default="", repr=False)
    files_url: str = "var/files"
    mail_url: str = field(default="", repr=False)
    url: str = ""
    secret_key: str = field(default="", repr=False)
    encryption_keys: tuple[str, ...] = field(default=(), repr=False)
    files_max_mb: int = 25
    files_quota_mb: int = 0
    files_scan: str = ""
    outgoing_allow: tuple[str, ...] = ()
    log: str = "auto"
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def own_server(self) -> bool:
        """Whether the database is a server that several hosts may share."""
        return not self.database_url.startswith("sqlite")


def read_settings(
    environment: Mapping[str, str], folder: Path, *, check_layers: bool = True
) -> Settings:
    """The settings of `environment`, completed by `folder`/.env.

    Raises Refusal with everything that is not usable.
    """
    problems: list[Problem] = []
    values = env_file(folder / ".env", problems)
    values.update({k: v for k, v in environment.items() if k.startswith(PREFIX) and v.strip()})
    settings = settings_of(values, folder, problems, check_layers=check_layers)
    if problems:
        raise Refusal(*problems)
    return settings


def settings_of(
    values: Mapping[str, str],
    folder: Path,
    problems: list[Problem],
    *,
    layers_from: Path | None = None,
    check_layers: bool = True,
) -> Settings:
    """The settings that `values` are, by the full names of the variables.

    Layers start from `layers_from`, everything else from `folder`, where they start as well unless
    told otherwise. What is not usable is added to `problems`.
    """

    def value(name: str, default: str = "") -> str:
        return values.get(PREFIX + name, default).strip()

    start = layers_from or folder
    layers = tuple(
        start / part for part in value("LAYERS", "config").split(os.pathsep) if part.strip()
    )
    if check_layers:
        problems += [
            NO_LAYER(folder=str(layer), separator=os.pathsep)
            for layer in layers
            if not layer.is_dir()
        ]
    keys = tuple(part.strip() for part in value("ENCRYPTION_KEYS").split(",") if part.strip())
    _long_enough("SECRET_KEY", [value("SECRET_KEY")] if value("SECRET_KEY") else [], problems)
    read_keys(keys, problems)
    return Settings(
        folder=folder,
        layers=layers,
        hosts=read_hosts(value("HOSTS"), problems),
        database_url=value("DATABASE_URL", DEFAULT_DATABASE),
        redis_url=_redis_url(value, problems),
        files_url=value("FILES_URL", "var/files"),
        mail_url=_mail_url(value("MAIL_URL"), problems),
        url=_url("URL", value, ("http", "https"), problems).rstrip("/"),
        secret_key=value("SECRET_KEY"),
        encryption_keys=keys,
        files_max_mb=whole_number(PREFIX, "FILES_MAX_MB", value("FILES_MAX_MB", "25"), 1, problems),
        files_quota_mb=whole_number(
            PREFIX, "FILES_QUOTA_MB", value("FILES_QUOTA_MB", "0"), 0, problems
        ),
        files_scan=value("FILES_SCAN"),
        outgoing_allow=_hosts(value("OUTGOING_ALLOW"), problems),
        log=_style(value("LOG", "auto"), problems),
        secrets=read_secrets(values, PREFIX, problems),
    )


def secret_key(settings: Settings) -> str:
    """The key that sessions and tokens are signed with.

    On SQLite it is made on first use and kept in `var/secret_key`, readable by its owner only;
    processes on several hosts could not share such a file, so a server database needs the
    setting. Raises Refusal when there is no key.
    """
    if settings.secret_key:
        return settings.secret_key
    if settings.own_server:
        raise Refusal(NO_KEY())
    path = settings.folder / SECRET_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _kept(path)
        except FileNotFoundError:
            return _made(path)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refusal(NO_KEY_FILE(file=SECRET_FILE.as_posix(), why=why)) from None


def _kept(path: Path) -> str:
    key = path.read_text(encoding="utf-8").strip()
    if len(key) < SHORTEST_KEY:
        raise Refusal(SHORT_KEY(name=SECRET_FILE.as_posix(), least=SHORTEST_KEY))
    return key


def _made(path: Path) -> str:
    """Writes a new key beside `path` and links it there, so that no process reads half of it."""
    key = secrets.token_urlsafe(48)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(key + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:  # another process was first: its key counts
        return _kept(path)
    finally:
        draft.unlink()
    return key


def env_file(path: Path, problems: list[Problem], shown: str = ".env") -> dict[str, str]:
    """What a file of settings holds, if it is there; it is `shown` in problems."""
    if not path.is_file():
        return {}
    try:
        found = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        problems.append(UNREADABLE_FILE(Place(shown), why=why))
        return {}
    fields = Settings.__dataclass_fields__.keys() - {"folder", "secrets", "site"}
    known = {PREFIX + name.upper() for name in fields} | {SITES}
    for name in found:
        if name.startswith(PREFIX) and not (name in known or name.startswith(PREFIX + SECRETS)):
            best = did_you_mean(name, known)
            problems.append(UNKNOWN_SETTING(Place(shown), name=name, best=best))
    return {name: text for name, text in found.items() if text}


def _url(
    name: str, value: Callable[[str], str], schemes: tuple[str, ...], problems: list[Problem]
) -> str:
    url = value(name)
    if url and urlsplit(url).scheme not in schemes:
        shown = ", ".join(f"{scheme}://" for scheme in schemes)
        problems.append(BAD_SCHEME(name=PREFIX + name, schemes=shown))
    return url


def _redis_url(value: Callable[[str], str], problems: list[Problem]) -> str:
    before = len(problems)
    url = _url("REDIS_URL", value, ("redis", "rediss", "unix"), problems)
    if url and len(problems) == before:
        from redis.connection import parse_url  # takes 0.2 s, and most commands need no Redis

        try:
            parse_url(url)
        except ValueError as error:
            problems.append(BAD_REDIS(why=str(error)))
    return url


def _mail_url(url: str, problems: list[Problem]) -> str:
    """The mail server, after a look at all of it."""
    if url:
        try:
            read_mail_url(url)
        except Refusal as refusal:
            problems.extend(refusal.problems)
    return url


def _hosts(text: str, problems: list[Problem]) -> tuple[str, ...]:
    hosts = allowed_hosts(text)
    problems += [BAD_HOST(host=host) for host in hosts if not _HOST.fullmatch(host)]
    return hosts


def _style(text: str, problems: list[Problem]) -> str:
    if text not in LOG_STYLES:
        problems.append(BAD_LOG(found=text))
    return text


def _long_enough(name: str, keys: tuple[str, ...] | list[str], problems: list[Problem]) -> None:
    if any(len(key) < SHORTEST_KEY for key in keys):
        problems.append(SHORT_KEY(name=PREFIX + name, least=SHORTEST_KEY))
