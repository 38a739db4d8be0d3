"""Small kinds of definition, and layers written into a temporary folder."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.definition.kinds import DefinitionKind

FOLDERS = {
    "site": "site",
    "object": "objects",
    "workflow": "workflows",
    "role": "roles",
    "mapping": "mappings",
    "data": "data",
}

WriteLayer = Callable[[str, Mapping[str, str]], Path]


@pytest.fixture
def kinds() -> list[DefinitionKind]:
    """The real folders and schemas; what is built is the tree itself."""
    return [
        DefinitionKind(
            name,
            folder,
            f"{name}.schema.json",
            lambda name, node, problems: node,
            lambda catalog, problems: catalog,
            single=name == "site",
        )
        for name, folder in FOLDERS.items()
    ]


@pytest.fixture
def write_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteLayer:
    """Writes a layer of the given files below the temporary folder, the current one."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, files: Mapping[str, str]) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return write
