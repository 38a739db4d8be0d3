"""The project's own files, for the tests that look after the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PLATFORM = ROOT / "platform"

_SHOWN = {".ci", ".github"}
_MADE = {"__pycache__", "build", "dist", "htmlcov", "node_modules", "var"}


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file under `folder` that people wrote: nothing hidden, nothing made by a tool."""
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in _SHOWN
        if path.is_file() and (not hidden or path.name in {".gitignore", ".editorconfig"}):
            yield path
        elif path.is_dir() and not (hidden or path.name in _MADE or path.suffix == ".egg-info"):
            yield from project_files(path)


def texts(folder: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """The files under `folder` that are text, each with its content."""
    for path in project_files(folder):
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def trees(folder: Path = PLATFORM) -> Iterator[tuple[Path, ast.Module]]:
    """The Python files under `folder`, parsed."""
    for path in project_files(folder):
        if path.suffix == ".py":
            yield path, ast.parse(path.read_text(encoding="utf-8"), str(path))


def rooms() -> list[Path]:
    """The folders of `platform/` and of `platform/engine/` that hold code."""
    folders = [*PLATFORM.iterdir(), *(PLATFORM / "engine").iterdir()]
    return sorted(f for f in folders if f.is_dir() and any(f.glob("*.py")))


def shown(path: Path) -> str:
    """`path` as seen from the project's root."""
    return path.relative_to(ROOT).as_posix()
