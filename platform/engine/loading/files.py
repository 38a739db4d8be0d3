"""Which files of a layer are definitions, and what each of them defines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.loading.reading import Reading, printable, read_bytes, read_file, shown
from engine.loading.reading_messages import UNREADABLE
from engine.loading.sources import Source, TextLayer, TreeLayer
from engine.problems import Message, Place, Problem, did_you_mean

OTHER_FOLDERS = frozenset({"templates", "scenarios", "translations", "assets"})
"""Folders of a layer that hold something else than definitions."""

ENDING = ".yaml"

NO_LAYER = Message(
    "no-layer",
    en="there is no folder {folder}",
    zh="不存在文件夹 {folder}",
    hint_en="name an existing folder, or set FORMWRIGHT_LAYERS",
    hint_zh="请指定已有的文件夹，或设置 FORMWRIGHT_LAYERS",
)
UNKNOWN_FOLDER = Message(
    "unknown-folder",
    en="no kind of definition lies in a folder {name!r}",
    zh="没有任何定义存放在文件夹 {name!r} 中",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
UNKNOWN_FILE = Message(
    "unknown-file",
    en="no definition is read from {name!r} here",
    zh="此处的 {name!r} 不会被读取",
    hint_en="it belongs to {best}",
    hint_zh="它应放在 {best}",
)
INNER_FOLDER = Message(
    "inner-folder",
    en="a folder stands where only files are read",
    zh="此处只读取文件，不应有文件夹",
    hint_en="move its files one level up",
    hint_zh="请将其中的文件上移一层",
)
OTHER_ENDING = Message(
    "other-ending",
    en="{name!r} does not end in .yaml, so it is not read",
    zh="{name!r} 不以 .yaml 结尾，不会被读取",
    hint_en="rename it to {best!r}",
    hint_zh="请改名为 {best!r}",
)
NOT_A_MAP = Message(
    "no-map",
    en="this file does not consist of keys and values",
    zh="此文件不是由键和值组成",
    hint_en="begin with its head key, such as `{kind}: …`",
    hint_zh="请以首键开头，如 `{kind}: …`",
)
NO_HEAD_KEY = Message(
    "no-head-key",
    en="the head key {kind!r} is missing",
    zh="缺少首键 {kind!r}",
    hint_en="begin the file with `{kind}: {name}`",
    hint_zh="请以 `{kind}: {name}` 作为文件开头",
)
WRONG_FOLDER = Message(
    "wrong-folder",
    en="this file defines a {found}, but only {kind} files belong here",
    zh="此文件定义的是 {found}，而此处只能放 {kind}",
    hint_en="move it to {best}",
    hint_zh="请移到 {best}",
)
OTHER_NAME = Message(
    "file-name",
    en="the file is called {file!r}, but it defines {name!r}",
    zh="文件名为 {file!r}，但定义的是 {name!r}",
    hint_en="give both the same name",
    hint_zh="请使两者名称一致",
)
DEFINED_TWICE = Message(
    "defined-twice",
    en="{name!r} is defined twice in this layer, also in {other}",
    zh="{name!r} 在此层中重复定义，另见 {other}",
    hint_en="keep one of the two",
    hint_zh="请只保留一个",
)


@dataclass(slots=True)
class Layer:
    """What one layer defines: trees by kind and name. `broken` are things that were not read."""

    trees: dict[str, dict[str, Node]]
    broken: set[str]


_File = tuple[Sequence[DefinitionKind], PurePath, Reading]
"""A file that was read, and the kinds that it may be of."""


def read_layer(
    source: Source,
    kinds: Sequence[DefinitionKind],
    problems: Problems,
    others: Collection[str] = OTHER_FOLDERS,
) -> Layer:
    """Reads all definition files of a layer; what is wrong with them is added to `problems`.

    `others` are folders that are no concern of ours.
    """
    layer = Layer({kind.name: {} for kind in kinds}, set())
    if isinstance(source, TreeLayer):
        for kind, trees in source.trees.items():
            layer.trees.setdefault(kind, {}).update(trees)
    elif isinstance(source, TextLayer):
        _add_files(layer, _definition_texts(source, kinds, problems, others), kinds, problems)
    elif not source.is_dir():
        problems.append(NO_LAYER(Place(shown(source)), folder=shown(source)))
    else:
        found = _definition_files(source, kinds, problems, others)
        _add_files(layer, _read(found, source), kinds, problems)
    return layer


def read_folder(
    source: Source, name: str, kinds: Sequence[DefinitionKind], problems: Problems
) -> Layer:
    """Reads the files in the folder `name` of a layer alone, all of them of one of `kinds`.

    It is for folders that are no definitions (`OTHER_FOLDERS`); there may be none, and layers
    that were read before have none.
    """
    layer = Layer({kind.name: {} for kind in kinds}, set())
    if isinstance(source, TextLayer):
        texts = _texts(source, {name: list(kinds)}, {}, lambda path: None)
        _add_files(layer, texts, kinds, problems)
    elif isinstance(source, Path) and (source / name).is_dir():
        found = _folder_files(source / name, list(kinds), problems)
        _add_files(layer, _read(found, source), kinds, problems)
    return layer


def _read(files: Iterable[tuple[list[DefinitionKind], Path]], folder: Path) -> Iterator[_File]:
    for possible, path in files:
        yield possible, path, read_file(path, folder)


def _add_files(
    layer: Layer, files: Iterable[_File], kinds: Sequence[DefinitionKind], problems: Problems
) -> None:
    for possible, path, reading in files:
        problems += reading.problems
        kind = _kind_of(reading.node, possible)
        named = _headed(reading.node, kind, kinds, path, problems) if reading.node else None
        if reading.node is None or named is None:
            layer.broken.add(path.stem)
            continue
        trees = layer.trees[kind.name]
        if named in trees:
            other = str(trees[named].place.file)
            place = reading.node.at(kind.name)
            problems.append(DEFINED_TWICE(place, name=named, other=other))
        else:
            trees[named] = reading.node


def _homes(
    kinds: Sequence[DefinitionKind],
) -> tuple[dict[str, list[DefinitionKind]], dict[str, DefinitionKind]]:
    """The folders with the kinds that lie there, and the single files beside them."""
    folders: dict[str, list[DefinitionKind]] = {}
    for kind in kinds:
        if not kind.single:
            folders.setdefault(kind.folder, []).append(kind)
    return folders, {kind.folder + ENDING: kind for kind in kinds if kind.single}


def _definition_texts(
    layer: TextLayer,
    kinds: Sequence[DefinitionKind],
    problems: Problems,
    others: Collection[str],
) -> Iterator[_File]:
    """Every text that is a definition; complains about strays."""
    folders, singles = _homes(kinds)

    def stray(path: PurePosixPath) -> None:
        if path.parts[0] not in others or len(path.parts) == 1:
            best = ", ".join([*(f"{name}/" for name in folders), *singles])
            problems.append(UNKNOWN_FILE(Place(layer.file(str(path))), name=path.name, best=best))

    return _texts(layer, folders, singles, stray)


def _texts(
    layer: TextLayer,
    folders: Mapping[str, list[DefinitionKind]],
    singles: Mapping[str, DefinitionKind],
    stray: Callable[[PurePosixPath], None],
) -> Iterator[_File]:
    for name, text in sorted(layer.files.items()):
        path = PurePosixPath(name)
        possible: Sequence[DefinitionKind] = ()
        if len(path.parts) == 2 and path.suffix == ENDING:
            possible = folders.get(path.parts[0], ())
        elif name in singles:
            possible = (singles[name],)
        if possible:
            yield possible, path, read_bytes(text.encode("utf-8", "replace"), layer.file(name))
        else:
            stray(path)


def _definition_files(
    folder: Path, kinds: Sequence[DefinitionKind], problems: Problems, others: Collection[str]
) -> Iterator[tuple[list[DefinitionKind], Path]]:
    """Every file that should be read, with the kinds it may be of; complains about strays."""
    folders, singles = _homes(kinds)
    for path in _listed(folder, problems):
        name = path.name
        if path.is_dir() and name in folders:
            yield from _folder_files(path, folders[name], problems)
        elif path.is_dir():
            if name not in others:
                best = did_you_mean(name, [*folders, *others])
                problems.append(UNKNOWN_FOLDER(Place(shown(path)), name=name, best=best))
        elif name in singles:
            yield [singles[name]], path
        elif path.suffix.lower() in (".yaml", ".yml"):
            places = [f"{name}/" for name in folders]
            near = did_you_mean(path.stem, [kind.folder for kind in kinds if kind.single])
            best = near + ENDING if near else ", ".join(places)
            problems.append(UNKNOWN_FILE(Place(shown(path)), name=name, best=best))


def _folder_files(
    folder: Path, kinds: list[DefinitionKind], problems: Problems
) -> Iterator[tuple[list[DefinitionKind], Path]]:
    for path in _listed(folder, problems):
        if path.suffix == ENDING and (path.is_symlink() or not path.is_dir()):
            yield kinds, path
        elif path.is_dir():
            problems.append(INNER_FOLDER(Place(shown(path))))
        elif path.suffix.lower() in (".yaml", ".yml"):
            better = path.stem + ENDING
            problems.append(OTHER_ENDING(Place(shown(path)), name=path.name, best=better))


def _listed(folder: Path, problems: Problems) -> list[Path]:
    """The content of a folder by name, without hidden files, backups and Python's own."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        why = error.strerror or str(error)
        problems.append(UNREADABLE(Place(shown(folder)), why=why))
        return []
    return [p for p in paths if not p.name.startswith((".", "__")) and not p.name.endswith("~")]


def _kind_of(node: Node | None, possible: Sequence[DefinitionKind]) -> DefinitionKind:
    """Of the kinds that share a folder the one whose head key the file has, else the first."""
    named = (kind for kind in possible if node is not None and node.get(kind.name) is not None)
    return next(named, possible[0])


def _headed(
    node: Node,
    kind: DefinitionKind,
    kinds: Sequence[DefinitionKind],
    path: PurePath,
    problems: Problems,
) -> str | None:
    """The name that the file's head key gives, or None when it has none."""
    name = path.stem
    if not any(True for _ in node.items()):
        problems.append(NOT_A_MAP(node.place, kind=kind.name))
        return None
    head = node.get(kind.name)
    if head is None:
        problems.append(_headless(node, kind, kinds, printable(name)))
        return None
    if kind.single or not isinstance(head.value, str):
        return name  # a site's head key is its title; what is no text, the schema refuses
    if head.value != name:
        problems.append(OTHER_NAME(head.place, file=path.name, name=head.value))
    return head.value


def _headless(
    node: Node, kind: DefinitionKind, kinds: Sequence[DefinitionKind], name: str
) -> Problem:
    first = next(key for key, _ in node.items())
    for other in kinds:
        if other.name == first:
            home = other.folder + ENDING if other.single else other.folder + "/"
            return WRONG_FOLDER(node.place, found=first, kind=kind.name, best=home)
    return NO_HEAD_KEY(node.place, kind=kind.name, name=name)
