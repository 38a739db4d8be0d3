"""From layers of YAML files to a frozen, cross-checked catalog, or to all problems at once.

Imports everything in the engine except `engine.records`.
Start with the function `load`.
"""

from engine.loading.loading import Loaded, load, load_stored, load_trees
from engine.loading.merging import Trees
from engine.loading.sources import Source, TextLayer, TreeLayer
from engine.loading.storing import dump, restore

__all__ = [
    "Loaded",
    "Source",
    "TextLayer",
    "TreeLayer",
    "Trees",
    "dump",
    "load",
    "load_stored",
    "load_trees",
    "restore",
]
