"""FORMWRIGHT_REDIS_URL: what cannot be used is one sentence, said by every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.settings import read_settings
from engine.problems import Refusal


@pytest.mark.parametrize("url", ["", "redis://h:6379/0", "rediss://:p@h/1", "unix:///a%20b/s"])
def test_usable(url: str, tmp_path: Path) -> None:
    """None, a host, a host with TLS, a socket."""
    found = read_settings({"FORMWRIGHT_REDIS_URL": url}, tmp_path, check_layers=False)
    assert found.redis_url == url


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("localhost:6379", "setting-url"),
        ("http://h", "setting-url"),
        ("redis://:secret@h:port", "setting-redis"),
        ("redis://h/0?socket_timeout=soon", "setting-redis"),
    ],
)
def test_unusable(url: str, code: str, tmp_path: Path) -> None:
    """No scheme, another one, a port or an option that is no number; no password is shown."""
    with pytest.raises(Refusal) as refused:
        read_settings({"FORMWRIGHT_REDIS_URL": url}, tmp_path, check_layers=False)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert "secret" not in refused.value.problems[0].line()
