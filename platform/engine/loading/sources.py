"""What a layer can be read from: a folder, texts by path, or trees that were read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.loading.merging import Trees
from engine.loading.reading import shown


@dataclass(frozen=True, slots=True)
class TextLayer:
    """A layer that lies in no folder, such as the one made in the browser.

    `files` are its texts by their path in the layer (`objects/opportunity.yaml`). The layer's name
    (`browser:`) stands in front of them in places: `browser:objects/opportunity.yaml:3:5`.
    """

    name: str
    files: Mapping[str, str]

    def file(self, path: str) -> str:
        """The name of a file as problems show it."""
        return f"{self.name}{path}"


@dataclass(frozen=True, slots=True)
class TreeLayer:
    """A layer that was read before, as a revision keeps it. `name` is that of its folder."""

    name: str
    trees: Trees


Source = Path | TextLayer | TreeLayer


def name_of(source: Source) -> str:
    """What the layer is called: its folder as problems show it, or its own name."""
    return shown(source) if isinstance(source, Path) else source.name


def folders_of(sources: Sequence[Source]) -> list[Path]:
    """Those layers that are folders, for what is no definition (templates)."""
    return [source for source in sources if isinstance(source, Path)]
