"""Settings of outgoing requests: secrets by name, allowed hosts, the form of log lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.settings import Settings, read_settings
from engine.problems import Refusal


def read(folder: Path, **values: str) -> Settings:
    """The settings of an environment."""
    environment = {f"FORMWRIGHT_{name}": value for name, value in values.items()}
    return read_settings(environment, folder, check_layers=False)


def codes(folder: Path, **values: str) -> list[str]:
    """What is wrong with them."""
    with pytest.raises(Refusal) as refused:
        read(folder, **values)
    for problem in refused.value.problems:
        assert problem.line("en") != problem.line("zh")
        assert "hunter2" not in problem.line("en")
    return [problem.code for problem in refused.value.problems]


def test_secrets(tmp_path: Path) -> None:
    """By name, from the environment and from `.env`; never in what is printed of the settings."""
    (tmp_path / ".env").write_text("FORMWRIGHT_SECRETS_CRM_KEY=hunter2-a\n")
    settings = read(tmp_path, SECRETS_ERP_KEY=" hunter2-b ", SECRETS_EMPTY=" ")
    assert settings.secrets == {"CRM_KEY": "hunter2-a", "ERP_KEY": "hunter2-b"}
    assert "hunter2" not in repr(settings)


def test_names_of_secrets(tmp_path: Path) -> None:
    """What no definition could name is no secret."""
    assert codes(tmp_path, SECRETS_erp="hunter2") == ["secret-name"]
    assert codes(tmp_path, SECRETS_="hunter2") == ["secret-name"]
    (tmp_path / ".env").write_text("FORMWRIGHT_SECRET_ERP=hunter2\n")
    assert codes(tmp_path) == ["unknown-setting"]


def test_allowed_hosts(tmp_path: Path) -> None:
    """Names and addresses, with or without a port, in small letters."""
    settings = read(tmp_path, OUTGOING_ALLOW="ERP, erp:8069,10.0.0.5:80 , [fd00::1]:80,fd00::1")
    assert settings.outgoing_allow == ("erp", "erp:8069", "10.0.0.5:80", "[fd00::1]:80", "fd00::1")
    assert codes(tmp_path, OUTGOING_ALLOW="https://erp,a b,*") == ["setting-host"] * 3


def test_log_style(tmp_path: Path) -> None:
    """json, text or auto."""
    assert (read(tmp_path).log, read(tmp_path, LOG="json").log) == ("auto", "json")
    assert codes(tmp_path, LOG="xml") == ["setting-log"]
