"""The lock files: complete, exact, hashed, and silent about where packages come from."""

from __future__ import annotations

import re
import tomllib

import pytest

from support.project import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock"]


def pins(lock: str) -> dict[str, str]:
    """The locked versions by normalised name, with the condition under which they hold."""
    text = (ROOT / lock).read_text()
    found = re.findall(r"^([a-z0-9.-]+)==([^\\\n]+?) \\$", text, re.M)
    return {f"{name} {rest.partition(';')[2]}".strip(): rest for name, rest in found}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-zA-Z0-9._-]", r)[0].lower().replace("_", "-") for r in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_host(lock: str) -> None:
    """Whoever installs chooses the package index; a lock names none."""
    text = (ROOT / lock).read_text()
    assert re.findall(r".*://.*|.*--(?:extra-)?index-url.*|.*--find-links.*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_version_is_exact_and_hashed(lock: str) -> None:
    """Each entry is `name==version` followed by at least one hash."""
    entries = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text())[1:]
    assert entries
    for entry in entries:
        assert "==" in entry.splitlines()[0]
        assert "--hash=sha256:" in entry


def test_nothing_is_missing() -> None:
    """All that pyproject.toml asks for is locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = names(project["project"]["dependencies"])
    wanted_for_tests = names([r for r in project["dependency-groups"]["dev"] if type(r) is str])
    assert wanted <= {key.split()[0] for key in pins("requirements.lock")}
    assert wanted | wanted_for_tests <= {key.split()[0] for key in pins("requirements-dev.lock")}


def test_both_agree() -> None:
    """The tests run with the very versions that are shipped."""
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()
