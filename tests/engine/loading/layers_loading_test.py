"""From folders to a catalog, or to all problems at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.definition.kinds import DefinitionKind
from engine.loading import Loaded, load, load_trees
from engine.problems import Message, Place

WriteLayer = Callable[[str, Mapping[str, str]], Path]
Kinds = list[DefinitionKind]

SITE = {"site.yaml": "site: Test\n"}
GOOD = {**SITE, "objects/order.yaml": "object: order\nfields: {name: {type: text}}\n"}
MISSING = Message("missing-thing", en="there is no {name!r}", zh="没有 {name!r}")


def lines(loaded: Loaded) -> list[str]:
    return [str(problem) for problem in loaded.problems]


def test_good(write_layer: WriteLayer, kinds: Kinds) -> None:
    """Two layers, and what lies beside the definitions."""
    base = write_layer(
        "base",
        {
            **GOOD,
            "README.md": "# Hello",
            "objects/.gitkeep": "",
            "objects/notes.txt": "",
            "objects/order.yaml~": "{",
            "templates/documents/a.html": "",
            "scenarios/first.yaml": "[",
            ".git/config.yaml": "",
            "__pycache__/x.yaml": "",
        },
    )
    client = write_layer(
        "client", {"objects/order.yaml": "object: order\nfields: {name: {required: true}}\n"}
    )
    loaded = load([base, client], kinds)
    assert lines(loaded) == []
    assert loaded.catalog is not None
    order = loaded.trees["object"]["order"]
    assert order.to_plain() == {
        "object": "order",
        "fields": {"name": {"type": "text", "required": True}},
    }
    assert str(order.at("fields", "name", "required")) == "client/objects/order.yaml:2:27"
    assert str(order.at("fields", "name", "type")) == "base/objects/order.yaml:2:23"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"object/order.yaml": "object: order\n"},
            "base/object:1:1: unknown-folder no kind of definition lies in a folder 'object'"
            " (did you mean 'objects'?)",
        ),
        (
            {"order.yaml": "object: order\n"},
            "base/order.yaml:1:1: unknown-file no definition is read from 'order.yaml' here"
            " (it belongs to objects/, workflows/, roles/, mappings/, data/)",
        ),
        (
            {"sites.yaml": "site: x\n"},
            "base/sites.yaml:1:1: unknown-file no definition is read from 'sites.yaml' here"
            " (it belongs to site.yaml)",
        ),
        (
            {"objects/more/a.yaml": "object: a\n"},
            "base/objects/more:1:1: inner-folder a folder stands where only files are read"
            " (move its files one level up)",
        ),
        (
            {"objects/a.yaml/b.txt": ""},
            "base/objects/a.yaml:1:1: inner-folder a folder stands where only files are read"
            " (move its files one level up)",
        ),
        (
            {"objects/a.yml": "object: a\n"},
            "base/objects/a.yml:1:1: other-ending 'a.yml' does not end in .yaml, so it is not read"
            " (rename it to 'a.yaml')",
        ),
        (
            {"objects/a.yaml": "label: A\nfields: {}\n"},
            "base/objects/a.yaml:1:1: no-head-key the head key 'object' is missing"
            " (begin the file with `object: a`)",
        ),
        (
            {"objects/a.yaml": "workflow: a\n"},
            "base/objects/a.yaml:1:1: wrong-folder this file defines a workflow, but only object"
            " files belong here (move it to workflows/)",
        ),
        (
            {"objects/a.yaml": "object: b\nfields: {}\n"},
            "base/objects/a.yaml:1:9: file-name the file is called 'a.yaml', but it defines 'b'"
            " (give both the same name)",
        ),
        (
            {"objects/a.yaml": "- object\n"},
            "base/objects/a.yaml:1:1: no-map this file does not consist of keys and values"
            " (begin with its head key, such as `object: …`)",
        ),
        (
            {"objects/a.yaml": "object: [a]\nfields: {}\n"},
            "base/objects/a.yaml:1:9: wrong-value expected a text, found a list",
        ),
    ],
)
def test_stray(write_layer: WriteLayer, kinds: Kinds, files: dict[str, str], expected: str) -> None:
    """Files and folders that are not where or what they should be."""
    loaded = load([write_layer("base", {**SITE, **files})], kinds)
    assert lines(loaded) == [expected]
    assert loaded.catalog is None


def test_defined_twice(write_layer: WriteLayer, kinds: Kinds) -> None:
    """Two files that define the same thing in one layer."""
    text = "object: b\nfields: {}\n"
    base = write_layer("base", {**SITE, "objects/a.yaml": text, "objects/b.yaml": text})
    assert lines(load([base], kinds)) == [
        "base/objects/a.yaml:1:9: file-name the file is called 'a.yaml', but it defines 'b'"
        " (give both the same name)",
        "base/objects/b.yaml:1:9: defined-twice 'b' is defined twice in this layer, also in"
        " base/objects/a.yaml (keep one of the two)",
    ]


def test_no_site(write_layer: WriteLayer, kinds: Kinds) -> None:
    """The one file that must be there."""
    assert lines(load([write_layer("base", {})], kinds)) == [
        "base/site.yaml:1:1: no-file there is no site.yaml (add it; it begins with `site: …`)"
    ]


def test_no_folder(write_layer: WriteLayer, kinds: Kinds, tmp_path: Path) -> None:
    """A layer that does not exist hides nothing of the others."""
    loaded = load([write_layer("base", GOOD), tmp_path / "nothing"], kinds)
    assert lines(loaded) == [
        "nothing:1:1: no-layer there is no folder nothing"
        " (name an existing folder, or set FORMWRIGHT_LAYERS)"
    ]


def test_link_to_another_folder(write_layer: WriteLayer, kinds: Kinds, tmp_path: Path) -> None:
    """A folder of a layer that is a link to somewhere else."""
    write_layer("other", {"order.yaml": "object: order\nfields: {}\n"})
    base = write_layer("base", SITE)
    (base / "objects").symlink_to(tmp_path / "other")
    assert [p.code for p in load([base], kinds).problems] == ["outside-layer"]


def test_strange_file_name(write_layer: WriteLayer, kinds: Kinds) -> None:
    """A name that is no text is shown without breaking the line."""
    base = write_layer("base", SITE)
    (base / "objects").mkdir()
    Path(os.fsdecode(os.fsencode(base) + b"/objects/a\n\xff.yaml")).write_text("a: 1\n")
    (line,) = lines(load([base], kinds))
    assert line.startswith("base/objects/a\ufffd\ufffd.yaml:1:1: no-head-key")
    line.encode()


def test_together(write_layer: WriteLayer, kinds: Kinds) -> None:
    """Broken files, wrong shapes and wrong meanings are told in one run, sorted by place."""

    def build(name: str, node: Any, problems: list[Any]) -> Any:
        problems.append(MISSING(node.at("object"), name="meaning"))
        return node

    def connect(catalog: Any, problems: list[Any]) -> Any:
        place = Place("base/objects/z.yaml", 9, 9)
        problems.append(MISSING(place, name="nowhere"))
        problems.append(MISSING(place, name="broken"))
        problems.append(MISSING(place, name="bad"))
        return catalog

    kinds[1] = replace(kinds[1], build=build, connect=connect)
    base = write_layer(
        "base",
        {
            **SITE,
            "objects/broken.yaml": "object: broken\nfields: {\n",
            "objects/bad.yaml": "object: bad\nfields: []\n",
            "objects/typo.yaml": "object: typo\nlable: T\nfields: {}\n",
        },
    )
    assert lines(load([base], kinds)) == [
        "base/objects/bad.yaml:2:9: wrong-value expected a map of keys and values, found a list",
        "base/objects/broken.yaml:3:1: unexpected-end the file ends in the middle of something"
        " (close every bracket and quote)",
        "base/objects/typo.yaml:1:9: missing-thing there is no 'meaning'",
        "base/objects/typo.yaml:2:1: unknown-key there is no key 'lable' here"
        " (did you mean 'label'?)",
        "base/objects/z.yaml:9:9: missing-thing there is no 'nowhere'",
    ]


def test_restored_trees(write_layer: WriteLayer, kinds: Kinds) -> None:
    """Merged trees can be loaded again, with the same outcome."""
    loaded = load([write_layer("base", {**GOOD, "objects/bad.yaml": "object: bad\n"})], kinds)
    again = load_trees(loaded.trees, kinds)
    assert lines(again) == lines(loaded) != []
