"""What a layer can be read from: a folder, texts by path, or trees that were read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    """A layer that was read before, as a revision keeps it. `name` is that of its folder.

    Of a layer that lies in no folder the `texts` by path are kept as well, to go back to them.
    """

    name: str
    trees: Trees
    texts: Mapping[str, str] = field(default_factory=dict)


Source = Path | TextLayer | TreeLayer


def name_of(source: Source) -> str:
    """What the layer is called: its folder as problems show it, or its own name."""
    return shown(source) if isinstance(source, Path) else source.name


def files_of(source: Source) -> Mapping[str, str]:
    """The files of a layer that lies in no folder; nothing of one that does."""
    if isinstance(source, TextLayer):
        return dict(source.files)
    return source.texts if isinstance(source, TreeLayer) else {}


def folders_of(sources: Sequence[Source]) -> list[Path]:
    """Those layers that are folders, for what is no definition (templates)."""
    return [source for source in sources if isinstance(source, Path)]
