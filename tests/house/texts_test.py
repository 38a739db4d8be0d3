"""What no file of the project says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from support.project import PLATFORM, shown, texts

# Folders of one machine; hosts of package registries; notes to whoever happened to write.
FOREIGN = re.compile(
    r"(?<![\w.:/-])/(?:work/\w+|root|home/\w+|Users/\w+)/"
    r"|\bpypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org"
    r"|\b(?:TODO|FIXME)\b",
)

# The business lives in config/: the platform would run a hospital as well.
SALES = re.compile(
    r"(?<![a-z])(?:customers?|opportunit(?:y|ies)|sales(?:person|people|man|men|force)?|invoices?"
    r"|prospects?)(?![a-z])|商机|销售",
    re.IGNORECASE,
)


def test_nothing_foreign() -> None:
    """No machine's folders, no registry's host, no unfinished business, in any file."""
    assert _found(FOREIGN, [pair for pair in texts() if pair[0] != Path(__file__).resolve()]) == []


def test_the_platform_knows_no_sales() -> None:
    """Sales words appear in platform/ only in the examples of docstrings."""
    assert _found(SALES, [(path, _without_docstrings(path, text)) for path, text in _texts()]) == []


def _texts() -> list[tuple[Path, str]]:
    return list(texts(PLATFORM))


def _found(pattern: re.Pattern[str], files: list[tuple[Path, str]]) -> list[str]:
    return [
        f"{shown(path)}:{number}: {match[0]}"
        for path, text in files
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def _without_docstrings(path: Path, text: str) -> str:
    """The text with the lines of its docstrings emptied; other files as they are."""
    if path.suffix != ".py":
        return text
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            first, last = node.lineno, node.end_lineno or node.lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)
