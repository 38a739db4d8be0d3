"""Where things lie, and that their names clash with nothing."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from support.project import PLATFORM, ROOT, rooms, shown

TOP_LEVEL = [room for room in rooms() if room.parent == PLATFORM]


@pytest.mark.parametrize("path", [[ROOT], [PLATFORM], [ROOT, PLATFORM]], ids=str)
def test_the_standard_platform_module_works(path: list[Path]) -> None:
    """The root and platform/ come first on the path: `import platform` is still Python's."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
    program = "import platform, engine.problems; print(platform.system())"
    if PLATFORM not in path:
        program = program.replace(", engine.problems", "")
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert told.stderr == ""
    assert told.stdout.strip() == os.uname().sysname


def test_platform_is_no_package() -> None:
    """platform/__init__.py would shadow the standard library's module."""
    assert not (PLATFORM / "__init__.py").exists()


def test_tests_are_no_packages() -> None:
    """tests/engine/__init__.py would shadow the engine."""
    assert [shown(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_no_test_lies_in_platform() -> None:
    """Collecting a test there would make pytest replace the module `platform`."""
    names = [p for pattern in ("*_test.py", "test_*.py", "conftest.py") for p in _rglob(pattern)]
    assert names == []


@pytest.mark.parametrize("room", TOP_LEVEL, ids=shown)
def test_names_clash_with_nothing(room: Path) -> None:
    """A room's name is neither a standard module nor another distribution's package."""
    assert room.name not in sys.stdlib_module_names
    assert set(packages_distributions().get(room.name, [])) <= {"formwright"}


@pytest.mark.parametrize("room", rooms(), ids=shown)
def test_rooms_introduce_themselves(room: Path) -> None:
    """What lives here, what it may import, where to start reading; and no logic."""
    module = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
    lines = [line for line in (ast.get_docstring(module) or "").splitlines() if line]
    assert len(lines) >= 3
    assert "import" in lines[1].lower()
    assert lines[2].startswith("Start")
    for statement in module.body[1:]:
        assert isinstance(statement, ast.Import | ast.ImportFrom | ast.Assign), statement.lineno


def test_no_file_is_too_long() -> None:
    """A file over 400 lines is two rooms."""
    assert [p for p in _rglob("*.py") if len((ROOT / p).read_text().splitlines()) > 400] == []


def _rglob(pattern: str) -> list[str]:
    return [shown(path) for path in PLATFORM.rglob(pattern)]
