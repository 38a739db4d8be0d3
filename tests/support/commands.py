"""Commands, run in the test's own process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from cli.main import main


def run(*arguments: str, code: int = 0) -> Result:
    """Runs `formwright` with these arguments; it must end with status `code`."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def write(file: str | Path, text: str) -> None:
    """Writes a file, in the folder that the commands run in."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def book(fields: str) -> None:
    """Writes the object `book`; its fields are YAML without the braces around them."""
    text = f"object: book\nlabel: {{en: Book, zh: 图书}}\nfields: {{{fields}}}\n"
    write("config/objects/book.yaml", text)
