"""`formwright explain`: what is defined, and who said so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main

FILES = {
    "base/site.yaml": "site: Test\n",
    "base/objects/customer.yaml": "object: customer\ntitle: name\nowned: false\n"
    "fields: {name: {type: text, max_length: 80}}\n",
    "client/objects/customer.yaml": "object: customer\nfields: {name: {max_length: 40}}\n",
}


@pytest.fixture(autouse=True)
def _layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "base:client")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


def test_field() -> None:
    """Each value with its place, and what it was before."""
    result = run("customer.name")
    assert result.exit_code == 0
    assert result.stdout == (
        "name:\n"
        "  type: text      # base/objects/customer.yaml:4\n"
        "  max_length: 40  # client/objects/customer.yaml:2,"
        " was 80 at base/objects/customer.yaml:4\n"
    )


def test_other_layers() -> None:
    """Layers may be named instead of those of the setting."""
    assert "max_length: 80  #" in run("customer.name", "--layer", "base").stdout


def test_json() -> None:
    """The same for programs."""
    data = json.loads(run("object:customer.name.max_length", "--json").stdout)
    assert data["path"] == ["fields", "name", "max_length"]
    assert data["values"][0]["value"] == 40
    assert data["values"][0]["before"][0]["file"] == "base/objects/customer.yaml"


def test_unknown() -> None:
    """A sentence with a suggestion on standard error, exit status 1."""
    result = run("custmer")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "unknown-thing nothing is called 'custmer' (did you mean 'customer'?)\n"
    )


def test_with_problems() -> None:
    """What is defined can be explained although something is wrong with it."""
    Path("client/objects/customer.yaml").write_text("object: customer\nlable: A\n")
    result = run("customer.name")
    assert result.exit_code == 0
    assert result.stderr == "1 problem; see `formwright check`\n"
