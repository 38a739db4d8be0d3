"""Plays a guide: its commands are run one after the other, and what they print is compared.

1. A `console` block holds commands (`$ formwright plan`) and below each what it prints. `…` stands
   for any text in a line, a line of it for any lines; counts of scenarios and seconds are not
   compared. A command may end with another status than 0 where `echo $?` follows it.
2. A block whose first line is a comment with a path (`# clients/lab/site.yaml`) is that file. With
   `browser:` before the path it is saved in the browser layer of the database instead.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner

from assembly.browser_layer import browser_file, save_file
from cli.main import main
from engine.schema.engines import open_databases

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"# (browser:)?([\w./-]+\.\w+)$")
COUNTS = ((re.compile(r"\d+ (of \d+ )?scenarios? passed"), "N scenarios passed"),
          (re.compile(r"\(\d+\.\d+ s\)"), "(S s)"),
          (re.compile(r"^off: .*\n", re.M), ""),
          (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  [0-9a-f]{12}  \w*"), "WHEN"))  # fmt: skip


@dataclass(frozen=True)
class Command:
    """A command and what the guide says that it prints."""

    line: int
    words: str
    printed: str


@dataclass(frozen=True)
class FileText:
    """A file of the guide."""

    path: str
    text: str
    browser: bool


def steps_of(guide: Path) -> Iterator[Command | FileText]:
    """The commands and files of a guide, in order."""
    text = guide.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        kind, content = found.groups()
        first, _, rest = content.partition("\n")
        if kind == "console":
            yield from _commands(content, text.count("\n", 0, found.start(2)) + 1)
        elif named := FILE.match(first):
            yield FileText(named[2], rest, browser=bool(named[1]))


def _commands(content: str, line: int) -> Iterator[Command]:
    parts = re.split(r"^\$ ", content, flags=re.M)
    line += parts[0].count("\n")
    for part in parts[1:]:
        words, _, printed = part.partition("\n")
        yield Command(line, words, printed)
        line += part.count("\n")


@dataclass
class Walk:
    """Somebody who does what the guide says, in the present folder.

    `urls` are the real databases behind those that the guide names.
    """

    urls: Mapping[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    status: int = 0

    def do(self, step: Command | FileText) -> str:
        """Does one step; what it printed."""
        if isinstance(step, FileText):
            self._write(step)
            return ""
        name, *arguments = shlex.split(step.words)
        if name == "export":
            key, _, value = arguments[0].partition("=")
            self.environment[key] = self.urls.get(value, value)
            return ""
        if step.words == "echo $?":
            return f"{self.status}\n"
        if name == "formwright":
            return self._run(arguments)
        subprocess.run(["sh", "-c", step.words], check=True)
        return ""

    def _run(self, arguments: Sequence[str]) -> str:
        result = CliRunner(env=self.environment).invoke(main, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.status = result.exit_code
        return result.output

    def _write(self, step: FileText) -> None:
        if not step.browser:
            path = Path(step.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            return
        databases = open_databases(self.environment["FORMWRIGHT_DATABASE_URL"])
        try:
            with databases.writing() as connection:
                there = browser_file(connection, step.path)
                version = there.version if there else 0
                now = dt.datetime.now(dt.UTC)
                save_file(connection, step.path, step.text, expected=version, by="ann", now=now)
        finally:
            databases.dispose()


def is_as_told(printed: str, told: str) -> bool:
    """Whether what was printed is what the guide says."""
    pattern = "".join(_line(line) for line in _plain(told).splitlines())
    return re.fullmatch(pattern, _ended(_plain(printed))) is not None


def _line(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    return ".*".join(map(re.escape, line.rstrip().split("…"))) + r" *\n"


def _plain(text: str) -> str:
    for pattern, instead in COUNTS:
        text = pattern.sub(instead, text)
    return text.replace(str(Path.cwd()) + os.sep, "")


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
