"""What is said of a database that an earlier version of the platform made."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError

from engine.problems import Message, Problem

BEHIND = Message(
    "database-behind",
    en="the database was made by an earlier version of the platform",
    zh="该数据库由较早版本的平台创建",
    hint_en="run `formwright apply`, or start the server, which adds what is missing",
    hint_zh="请运行 `formwright apply`，或启动服务器（会自动补齐）",
)
_MISSING = re.compile(r"no such (table|column): fw_|table fw_\w+ has no column named")
_STATES = ("42P01", "42703")
"""PostgreSQL: there is no such table, no such column."""


def problem_of(error: Exception) -> Problem | None:
    """The problem, where an error says that a table or column of the platform is missing."""
    if not isinstance(error, DBAPIError):
        return None
    said = str(error.orig)
    missing = getattr(error.orig, "sqlstate", "") in _STATES and "fw_" in str(error)
    return BEHIND() if missing or _MISSING.search(said) else None
