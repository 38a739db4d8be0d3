"""From layers of folders to a catalog, or to all problems at once.

1. Read every file of every layer (`files`, `reading`).
2. Lay the layers over each other (`merging`), lines of several objects spread (`several_parents`).
3. Check each definition's shape against its kind's schema (`validating`).
4. Build every definition, then connect them kind by kind, so that files may refer to each other
   in any order.

Each step goes on with what the steps before could make, so that one broken file does not hide the
problems of the others. Only when there is no problem at all is there a catalog.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.loading.files import OTHER_FOLDERS, read_layer
from engine.loading.merging import Trees
from engine.loading.schemas import SCHEMAS, prepared
from engine.loading.several_parents import merged_layers
from engine.loading.sources import Source, TreeLayer, files_of, name_of
from engine.loading.storing import Texts, restored, texts_of
from engine.loading.validating import validate
from engine.pausing import collector_paused
from engine.problems import Message, Place, Problem

NO_FILE = Message(
    "no-file",
    en="there is no {file}",
    zh="缺少 {file}",
    hint_en="add it; it begins with `{kind}: …`",
    hint_zh="请添加；以 `{kind}: …` 开头",
)


Built = Mapping[str, Mapping[str, Any]]
"""What was built of each definition, by kind and name, before anything was connected."""
NOTHING: Built = {}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading gives: the catalog, or the problems (by place) that there is none.

    `trees` are the merged definitions by kind and name, `layers` those of each layer alone.
    `sources` are the layers as they were written, lowest first; none where merged definitions
    were loaded. `built` is what the trees became, and `texts` what they were stored as, of an
    applied revision.
    """

    catalog: Catalog | None
    problems: tuple[Problem, ...]
    trees: Trees
    layers: tuple[Trees, ...] = ()
    sources: tuple[TreeLayer, ...] = ()
    built: Built = field(default_factory=dict, repr=False)
    texts: Texts = field(default_factory=dict, repr=False)


def load(
    layers: Sequence[Source],
    kinds: Sequence[DefinitionKind],
    *,
    schemas: Path = SCHEMAS,
    others: Collection[str] = OTHER_FOLDERS,
) -> Loaded:
    """Loads the layers, lowest first: folders, or what lies in none (`sources`).

    `schemas` is the folder of JSON Schemas, `others` are folders of a layer that hold no
    definitions. Never raises for what the files hold.
    """
    with collector_paused():
        return _load(layers, kinds, schemas, others)


def _load(
    layers: Sequence[Source],
    kinds: Sequence[DefinitionKind],
    schemas: Path,
    others: Collection[str],
) -> Loaded:
    problems: Problems = []
    read = [read_layer(source, kinds, problems, others) for source in layers]
    sources = tuple(
        TreeLayer(name_of(source), layer.trees, files_of(source))
        for source, layer in zip(layers, read, strict=True)
    )
    by_kind = {kind.name: prepared(kind.schema, schemas) for kind in kinds}
    broken = set().union(*(layer.broken for layer in read))
    found: Problems = []
    trees, merged = merged_layers([layer.trees for layer in read], by_kind, found)
    problems += [problem for problem in found if not _follows(problem, broken)]
    for kind in kinds:
        if kind.single and not trees[kind.name] and kind.folder not in broken and layers:
            file = f"{kind.folder}.yaml"
            problems.append(NO_FILE(Place(f"{sources[0].name}/{file}"), file=file, kind=kind.name))
    built = _built(trees, kinds, problems, broken, schemas)
    catalog = _connected(built, kinds, problems, broken)
    return Loaded(catalog, _sorted(problems), trees, merged, sources, built)


def load_trees(
    trees: Trees,
    kinds: Sequence[DefinitionKind],
    *,
    schemas: Path = SCHEMAS,
    built: Built = NOTHING,
) -> Loaded:
    """Loads definitions that were merged before.

    `built` is what was built of some of these very trees before: they are not checked again.
    """
    problems: Problems = []
    broken: set[str] = set()
    with collector_paused():
        made = _built(trees, kinds, problems, broken, schemas, built)
        catalog = _connected(made, kinds, problems, broken)
    return Loaded(catalog, _sorted(problems), trees, built=made)


def load_stored(data: Any, kinds: Sequence[DefinitionKind], former: Loaded | None = None) -> Loaded:
    """Loads what `dump` made of definitions: an applied revision (rule 5).

    Definitions whose text is that of `former`, which the same kinds were loaded for, are taken
    from there: they are neither read nor checked again. Raises Refusal when `data` is nothing
    that `dump` writes.
    """
    texts = texts_of(data)
    trees: dict[str, dict[str, Node]] = {}
    built: dict[str, dict[str, Any]] = {}
    with collector_paused():
        for kind, things in texts.items():
            known = former.texts.get(kind, {}) if former else {}
            trees[kind], built[kind] = {}, {}
            for name, text in things.items():
                if former and known.get(name) == text and name in former.built.get(kind, {}):
                    trees[kind][name] = former.trees[kind][name]
                    built[kind][name] = former.built[kind][name]
                else:
                    trees[kind][name] = restored(text)
        return replace(load_trees(trees, kinds, built=built), texts=texts)


def _built(
    trees: Trees,
    kinds: Sequence[DefinitionKind],
    problems: Problems,
    broken: set[str],
    schemas: Path,
    before: Built = NOTHING,
) -> Built:
    """What the trees become; the names of those that become nothing are added to `broken`."""
    definitions: dict[str, Mapping[str, Any]] = {}
    for kind in kinds:
        known, built = before.get(kind.name, {}), {}
        for name, tree in trees.get(kind.name, {}).items():
            made = known.get(name)
            if made is None and (usable := validate(tree, kind.schema, problems, schemas)):
                made = kind.build(name, usable, problems)
            if made is None:
                broken.add(name)
            else:
                built[name] = made
        definitions[kind.name] = built
    return definitions


def _connected(
    definitions: Built, kinds: Sequence[DefinitionKind], problems: Problems, broken: set[str]
) -> Catalog | None:
    catalog = Catalog.draft(definitions)
    found: Problems = []
    for kind in kinds:
        catalog = kind.connect(catalog, found)
    problems += [problem for problem in found if not _follows(problem, broken)]
    return catalog if not problems else None


def _follows(problem: Problem, broken: set[str]) -> bool:
    """Whether a problem only says that something broken is missing."""
    return any(isinstance(arg, str) and arg in broken for arg in problem.args.values())


def _sorted(problems: Problems) -> tuple[Problem, ...]:
    """The problems by place, each once."""
    nowhere = Place("", 0, 0)
    unique = {problem.line(): problem for problem in problems}
    return tuple(sorted(unique.values(), key=lambda p: (p.place or nowhere, p.code)))
