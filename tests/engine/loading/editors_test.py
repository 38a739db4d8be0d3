"""What editors are told: the first line of a file leads to a schema that the file fulfils."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from assembly.kinds import KINDS
from engine.loading.reading import read_file
from engine.loading.schemas import SCHEMAS
from support.project import ROOT

HEADER = re.compile(r"# yaml-language-server: \$schema=(\S+)")
FILES = sorted((ROOT / "config").rglob("*.yaml"))
SCHEMA_FILES = sorted(SCHEMAS.glob("*.schema.json"))
REGISTRY: Registry[Any] = Registry().with_resources(
    (path.as_uri(), Resource.from_contents(json.loads(path.read_text(encoding="utf-8"))))
    for path in SCHEMA_FILES
)


def test_every_file_says_its_schema() -> None:
    """The first line names a schema that exists, and the one of its kind."""
    wrong = []
    for path in FILES:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        found = HEADER.fullmatch(first)
        target = (path.parent / found[1]).resolve() if found else None
        if target not in SCHEMA_FILES:
            wrong.append(f"{path.relative_to(ROOT)}: {first}")
    assert wrong == []


@pytest.mark.parametrize("folder", sorted({path.parent.name for path in FILES}))
def test_any_validator_finds_nothing(folder: str) -> None:
    """The shipped files are valid by the schemas alone, without anything of ours."""
    wrong = []
    for path in FILES:
        if path.parent.name != folder:
            continue
        text = path.read_text(encoding="utf-8")
        found = HEADER.match(text)
        assert found is not None
        schema = {"$ref": (path.parent / found[1]).resolve().as_uri()}
        node = read_file(path, ROOT).node
        assert node is not None
        plain = json.loads(json.dumps(node.to_plain(), default=float))
        for error in Draft202012Validator(schema, registry=REGISTRY).iter_errors(plain):
            wrong.append(f"{path.name}: {error.json_path} {error.message[:200]}")
    assert wrong == []


def test_every_kind_has_a_chapter() -> None:
    """No kind of file without a schema, and none without its keys in the reference."""
    page = (ROOT / "docs" / "reference" / "definition-keys.md").read_text(encoding="utf-8")
    guide = (ROOT / "docs" / "reference" / "definitions.md").read_text(encoding="utf-8")
    for kind in KINDS:
        schema = json.loads((SCHEMAS / kind.schema).read_text(encoding="utf-8"))
        assert f"## {schema['title']}\n" in page
        assert f" | `{kind.name}`" in guide, kind.name


def test_the_guide_shows_what_is_there() -> None:
    """Every schema that the editor's page names exists, and its YAML is a sound definition."""
    page = (ROOT / "docs" / "consultant" / "editor.md").read_text(encoding="utf-8")
    for name in re.findall(r"schemas/(\w+\.schema\.json)", page):
        assert (SCHEMAS / name).is_file()
    for block in re.findall(r"```json\n(.*?)```", page, re.S):
        json.loads(block)
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    schema = {"$ref": (SCHEMAS / "object.schema.json").as_uri()}
    found = Draft202012Validator(schema, registry=REGISTRY).iter_errors(yaml.safe_load(example))
    assert list(found) == []
