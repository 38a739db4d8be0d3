"""`formwright init`: a new client project that is clean from the start."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from assembly.settings import read_settings
from cli.init import for_overlays
from cli.main import main
from engine.loading.reading import read_file
from support.project import ROOT


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(ROOT / "config"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments])


def test_project() -> None:
    """An overlay, settings, schemas, a page in each language; `check` finds nothing wrong."""
    made = run("init", "clients/blue-whale")
    assert (made.exit_code, made.stdout) == (0, "")
    folder = Path("clients/blue-whale")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        "README.md", "README.zh-CN.md", ".env.example", ".gitignore", "site.yaml",
        ".vscode/settings.json", ".schemas/object.schema.json", ".schemas/common.schema.json",
        "scenarios/example.yaml",
    } <= files  # fmt: skip
    assert yaml.safe_load((folder / "site.yaml").read_text())["site"]["en"] == "Blue Whale"
    assert f"FORMWRIGHT_LAYERS={ROOT / 'config'}:clients/blue-whale" in made.stderr
    checked = run("check", str(ROOT / "config"), str(folder))
    assert (checked.exit_code, checked.stdout) == (0, "")


def test_every_setting_is_shown() -> None:
    """`.env.example`, with every line in force, holds settings that there are, none unusable."""
    run("init", "blue")
    text = Path("blue/.env.example").read_text(encoding="utf-8")
    Path(".env").write_text(re.sub(r"(?m)^#(?=FORMWRIGHT_)", "", text), encoding="utf-8")
    chosen = read_settings({}, Path.cwd(), check_layers=False)
    assert chosen.url and chosen.mail_url and chosen.redis_url and chosen.files_url
    assert chosen.outgoing_allow == ("erp:8069", "crm.internal")
    assert "FORMWRIGHT_SECRETS_ERP_KEY" in text


def test_example_works() -> None:
    """The example's lines with their # taken away are a valid overlay too."""
    run("init", "blue")
    (example,) = Path("blue/objects").iterdir()
    head, _, rest = example.read_text(encoding="utf-8").partition("#fields:")
    lines = [line.removeprefix("#") for line in f"#fields:{rest}".splitlines()]
    example.write_text(head + "\n".join(lines), encoding="utf-8")
    checked = run("check", str(ROOT / "config"), "blue")
    assert (checked.exit_code, checked.stdout) == (0, "")


def test_the_scenario_runs() -> None:
    """The example of `scenarios/` passes, over the layers that the project is made for."""
    run("init", "blue")
    tested = run("test", str(ROOT / "config"), "blue", "--match", "example", "--jobs", "1")
    assert tested.exit_code == 0, tested.output
    assert tested.stdout.startswith("✓ example (")


def test_every_schema_that_files_name_exists() -> None:
    """Modelines and the editor's settings lead to schemas in the project."""
    run("init", "blue")
    folder = Path("blue")
    associations = json.loads((folder / ".vscode/settings.json").read_text())["yaml.schemas"]
    assert [name for name in associations if not (folder / name).is_file()] == []
    files = [*(folder / "objects").iterdir(), *(folder / "scenarios").iterdir()]
    for path in [folder / "site.yaml", *files]:
        schema = path.read_text(encoding="utf-8").splitlines()[0].rpartition("=")[2]
        assert (path.parent / schema).is_file()


def test_editors_accept_partial_files() -> None:
    """The worked overlays in clients, against the project's copy of the schemas."""
    run("init", "blue")
    schemas = {p.name: json.loads(p.read_text()) for p in Path("blue/.schemas").iterdir()}
    registry = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
        if "$schema" in schema
    )  # fmt: skip
    clients = ROOT / "clients"
    found = []
    for path in clients.rglob("*.yaml"):
        node = read_file(path, clients).node  # as editors do, by YAML 1.2: `on` is a word
        assert node is not None
        data = node.to_plain()
        schema = schemas[f"{next(iter(data))}.schema.json"]
        validator = Draft202012Validator(schema, registry=registry)
        found += [f"{path.name}: {error.message}" for error in validator.iter_errors(data)]
    assert found == []


def test_demands_are_dropped() -> None:
    """`required` lists go; a property of that name and the conditions of `if` stay."""
    schema = {
        "required": ["a"],
        "properties": {"required": {"type": "boolean"}},
        "allOf": [{"if": {"required": ["b"]}, "then": {"required": ["c"]}}],
    }
    assert for_overlays(schema) == {
        "properties": {"required": {"type": "boolean"}},
        "allOf": [{"if": {"required": ["b"]}, "then": {}}],
    }


def test_refusals() -> None:
    """A folder with something in it, a file: one sentence, and nothing is touched."""
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    Path("file").write_text("mine")
    for name in ("full", "file"):
        told = run("init", name)
        assert told.exit_code == 1
        assert told.stderr.startswith(f"init-not-empty {name} is there already and not empty")
    assert [p.name for p in Path("full").iterdir()] == ["notes.txt"]
    assert sorted(p.name for p in Path().iterdir()) == ["file", "full"]


def test_an_empty_folder_will_do() -> None:
    """It was made beforehand, perhaps by a hosting service."""
    Path("blue").mkdir()
    assert run("init", "blue").exit_code == 0
    assert Path("blue/site.yaml").is_file()
