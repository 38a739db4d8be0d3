"""The command line as a whole."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, main

PLATFORM = Path(__file__).resolve().parents[2] / "platform"


def test_help_is_fast() -> None:
    """`--help` lists every command without importing any room."""
    code = (
        f"import sys; sys.path.insert(0, {str(PLATFORM)!r})\n"
        "from cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'jsonschema', 'yaml', 'flask', 'assembly'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in COMMANDS)


def test_background_processes_start_fast() -> None:
    """Workers and schedulers load the libraries of accounts and paper only once they need them."""
    code = (
        f"import sys; sys.path.insert(0, {str(PLATFORM)!r})\n"
        "import cli.worker, cli.scheduler, cli.running\n"
        "print(sorted({'flask', 'flask_appbuilder', 'weasyprint'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command(name: str) -> None:
    """What is listed exists, under its name, and has help."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_unknown_command() -> None:
    """Wrong usage: a sentence, exit status 2."""
    result = CliRunner().invoke(main, ["chekc"])
    assert result.exit_code == 2
    assert "chekc" in result.stderr
