"""Settings from the environment and from `.env`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from assembly.settings import Settings, read_settings, secret_key
from engine.problems import Refusal

KEY = "k" * 32


def codes(folder: Path, **values: str) -> list[str]:
    environment = {f"FORMWRIGHT_{name}": value for name, value in values.items()}
    with pytest.raises(Refusal) as refused:
        read_settings(environment, folder)
    for problem in refused.value.problems:
        assert problem.line("en") != problem.line("zh")
    return [problem.code for problem in refused.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A current folder with definitions in `config`."""
    (tmp_path / "config").mkdir()
    return tmp_path


def test_defaults(folder: Path) -> None:
    """With nothing set: `config`, SQLite under `var/`, no services."""
    settings = read_settings({"PATH": "/bin"}, folder)
    assert settings == Settings(
        folder=folder, layers=(folder / "config",), database_url="sqlite:///var/formwright.db"
    )


def test_the_environment_wins(folder: Path) -> None:
    """`.env` says what the environment leaves open; empty variables say nothing."""
    (folder / "client").mkdir()
    (folder / ".env").write_text(
        f"# settings\nFORMWRIGHT_LAYERS=config{os.pathsep}client\n"
        "FORMWRIGHT_REDIS_URL='redis://here/1'\nFORMWRIGHT_MAIL_URL=\nOTHER=1\n"
    )
    settings = read_settings(
        {"FORMWRIGHT_REDIS_URL": "redis://there", "FORMWRIGHT_LAYERS": ""}, folder
    )
    assert settings.layers == (folder / "config", folder / "client")
    assert settings.redis_url == "redis://there"
    assert settings.mail_url == ""


def test_everything_wrong_at_once(folder: Path) -> None:
    """All problems are told together."""
    found = codes(folder, LAYERS="nowhere", REDIS_URL="http://x", MAIL_URL="x", SECRET_KEY="short")
    assert found == ["no-layer-folder", "setting-short-key", "setting-url", "setting-mail-url"]
    assert codes(folder, ENCRYPTION_KEYS=f"{KEY},short") == ["encryption-key"]


def test_addresses(folder: Path) -> None:
    """The public address loses its last slash; that of the mail server is looked at as a whole."""
    found = read_settings(
        {
            "FORMWRIGHT_URL": "https://crm.example.com/",
            "FORMWRIGHT_MAIL_URL": "smtp://u:geheim@mail.example.com/?from=a@example.com",
        },
        folder,
    )
    assert found.url == "https://crm.example.com"
    assert "geheim" not in repr(found)
    assert codes(folder, URL="crm.example.com", MAIL_URL="smtp://u:geheim@mail.example.com") == [
        "setting-mail-url", "setting-url"
    ]  # fmt: skip


def test_misspelt_setting(folder: Path) -> None:
    """`.env` is ours: a name in it that means nothing is a mistake."""
    (folder / ".env").write_text("FORMWRIGHT_DATABSE_URL=sqlite:///x.db\n")
    with pytest.raises(Refusal) as refused:
        read_settings({}, folder)
    assert str(refused.value) == (
        ".env:1:1: unknown-setting there is no setting FORMWRIGHT_DATABSE_URL"
        " (did you mean FORMWRIGHT_DATABASE_URL?)"
    )
    (folder / ".env").write_bytes(b"\xff\xfe\x00")
    assert codes(folder) == ["settings-file"]


def test_secrets_are_not_shown(folder: Path) -> None:
    """No log of the settings tells a password."""
    url = "postgresql://u:pass-word@h/d"
    shown = repr(
        read_settings(
            {"FORMWRIGHT_DATABASE_URL": url, "FORMWRIGHT_SECRET_KEY": "secret" * 5}, folder
        )
    )
    assert "pass-word" not in shown and "secretsecret" not in shown


def test_secret_key_is_made_once(folder: Path) -> None:
    """On SQLite: on first use, for the owner's eyes only, and the same ever after."""
    settings = read_settings({}, folder)
    key = secret_key(settings)
    file = folder / "var/secret_key"
    assert len(key) >= 32 and secret_key(settings) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret_key"]
    file.write_text("x")
    with pytest.raises(Refusal, match="setting-short-key"):
        secret_key(settings)


def test_secret_key_of_a_server(folder: Path) -> None:
    """Several hosts share a server database, so they must be given the key."""
    environment = {"FORMWRIGHT_DATABASE_URL": "postgresql://h/d"}
    with pytest.raises(Refusal, match="setting-no-key"):
        secret_key(read_settings(environment, folder))
    given = read_settings(environment | {"FORMWRIGHT_SECRET_KEY": KEY}, folder)
    assert secret_key(given) == KEY


def test_no_place_for_the_key(folder: Path) -> None:
    """A file where the folder should be is one sentence."""
    (folder / "var").write_text("")
    with pytest.raises(Refusal, match="setting-key-file"):
        secret_key(read_settings({}, folder))
