"""The demonstration as it runs in production: Redis, workers, a scheduler and the server apart.

All of them begin and end with `formwright demo --redis`; what Redis keeps lies in var/demo, and
what workers and scheduler tell beside it.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from urllib.parse import quote

import redis

from assembly.settings import PREFIX, SITES, Settings
from assembly.sites import NONE, variable
from cli.family import Family, Member, own_command
from cli.running import until_told
from engine.problems import Message, Refusal
from jobs.redis.queues import open_redis

WORKERS = 2
STARTS_WITHIN = 10.0
"""Seconds until a server must answer."""
NO_REDIS = Message(
    "no-redis-server",
    en="there is no redis-server on this machine",
    zh="本机未找到 redis-server",
    hint_en="install it (apt-get install redis-server, brew install redis), or run `make demo`, "
    "which needs none",
    hint_zh="请安装（apt-get install redis-server 或 brew install redis），"
    "或运行无需 Redis 的 `make demo`",
)
REDIS_SILENT = Message(
    "redis-silent",
    en="the redis-server that was started does not answer",
    zh="已启动的 redis-server 没有响应",
    hint_en="its log is {file}",
    hint_zh="日志见 {file}",
)


def serve_as_family(chosen: Settings, host: str, port: int) -> None:
    """Serves the database of the settings until told to end.

    Raises Refusal where there is no Redis to start.
    """
    program = redis_program()
    folder = chosen.folder / "var" / "demo" / f"redis-{port}"
    folder.mkdir(parents=True, exist_ok=True)
    url = redis_url(folder)
    own = {"DATABASE_URL": chosen.database_url, "REDIS_URL": url}
    if chosen.site:
        own["HOSTS"] = f"{host},localhost"
        shared = {**os.environ, **{variable(chosen.site, name): own[name] for name in own}}
    else:
        shared = {**os.environ, **{PREFIX + name: own[name] for name in own}, SITES: NONE}
    serve = ("serve", "--host", host, "--port", str(port), "--log-level", "warning")
    family = Family()
    until_told(family.stop)
    try:
        family.add(Member("redis", redis_command(program, folder), needed=True))
        if not answers(url):
            raise Refusal(REDIS_SILENT(file=str(folder / "redis.log")))
        for number in range(WORKERS):
            name = f"worker {number + 1}"
            family.add(Member(name, own_command("worker"), shared, folder / "worker.log"))
        family.add(Member("scheduler", own_command("scheduler"), shared, folder / "scheduler.log"))
        family.add(Member("server", own_command(*serve), shared))
        family.watch()
    finally:
        family.end()


def redis_program() -> str:
    """The server to start. Raises Refusal when there is none."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise Refusal(NO_REDIS())
    return found


def redis_command(program: str, folder: Path) -> list[str]:
    """A server that only this user can reach, and that keeps every change in `folder`."""
    return [
        program, "--port", "0", "--unixsocket", str(folder / "socket"), "--unixsocketperm", "700",
        "--dir", str(folder), "--appendonly", "yes", "--save", "", "--maxmemory-policy",
        "noeviction", "--logfile", str(folder / "redis.log"),
    ]  # fmt: skip


def redis_url(folder: Path) -> str:
    """The URL of that server."""
    return f"unix://{quote(str((folder / 'socket').resolve()))}"


def answers(url: str) -> bool:
    """Whether the server at `url` answers before long."""
    until = time.monotonic() + STARTS_WITHIN
    connection = open_redis(url)
    while time.monotonic() < until:
        try:
            connection.ping()
            return True
        except redis.RedisError:
            time.sleep(0.02)
    return False
