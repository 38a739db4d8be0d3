"""Secrets by name: definitions say `secret: ERP_KEY`, the environment holds the value (rule 38).

`FORMWRIGHT_SECRETS_ERP_KEY` is the secret `ERP_KEY`. Values are never printed, logged or stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.problems import Message, Problem

SECRETS = "SECRETS_"
"""What the names of the settings that hold secrets begin with, after the prefix of all."""
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,59}")

BAD_NAME = Message(
    "secret-name",
    en="{name} does not name a secret as definitions can: capital letters, digits, underscores",
    zh="{name} 不是定义可用的密钥名称：仅限大写字母、数字和下划线",
    hint_en="rename it, for example to {prefix}ERP_KEY",
    hint_zh="请改名，例如 {prefix}ERP_KEY",
)


def read_secrets(
    values: Mapping[str, str], prefix: str, problems: list[Problem]
) -> Mapping[str, str]:
    """The secrets among the settings `values` by name; adds names that cannot be to `problems`."""
    found: dict[str, str] = {}
    start = prefix + SECRETS
    for name, text in values.items():
        if not name.startswith(start):
            continue
        if _NAME.fullmatch(name.removeprefix(start)):
            found[name.removeprefix(start)] = text.strip()
        else:
            problems.append(BAD_NAME(name=name, prefix=start))
    return found
