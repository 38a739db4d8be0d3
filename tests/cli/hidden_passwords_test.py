"""No log line of a process holds a password of its settings, in whatever spelling."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from assembly.settings import Settings
from cli.running import start_logging


@pytest.fixture
def loggers() -> Iterator[None]:
    """Afterwards the loggers are as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize("style", ["json", "text"])
def test_hidden(style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A library says a password as it stands in the address, or as it was decoded."""
    chosen = Settings(
        folder=tmp_path,
        layers=(),
        database_url="postgresql://u:data%40base@h/x",
        redis_url="redis://:re@dis-1@h/0",
        mail_url="smtp://u:m%C3%A4il%20pass@h/?from=a@example.com",
        files_url="s3://user:files%2Fpass@bucket/x?secret_key=more%2Bpass",
        log=style,
    )
    start_logging(chosen)
    said = ["data%40base", "data@base", "re@dis-1", "m%C3%A4il%20pass", "mäil pass",
            "files%2Fpass", "files/pass", "more+pass"]  # fmt: skip
    logging.getLogger("library").warning("It said %s.", " and ".join(said))
    line = capsys.readouterr().err
    assert "It said" in line and not [text for text in said if text in line]
