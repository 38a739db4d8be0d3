"""`formwright init`: the folder of a new client project, ready to be put under version control."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from string import Template
from typing import Any

import click

from assembly.kinds import KINDS
from assembly.settings import Settings
from cli.opening import definitions, settings
from cli.printing import locale_of, locale_option
from engine.definition.catalog import Catalog
from engine.loading.schemas import SCHEMAS
from engine.problems import Message, Refusal, Text
from scenarios.building import KINDS as SCENARIO_KINDS

FILES = Path(__file__).parent / "init_files"

NOT_EMPTY = Message(
    "init-not-empty",
    en="{folder} is there already and not empty",
    zh="{folder} 已存在且不为空",
    hint_en="name a folder that does not exist yet",
    hint_zh="请指定一个尚不存在的文件夹",
)
UNWRITABLE = Message(
    "init-unwritable",
    en="{folder} cannot be made: {why}",
    zh="无法创建 {folder}：{why}",
)
MADE = Text(
    {
        "en": "Made {folder}. Next: FORMWRIGHT_LAYERS={layers} formwright check",
        "zh": "已创建 {folder}。下一步：FORMWRIGHT_LAYERS={layers} formwright check",
    }
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@locale_option("Language of what is printed.")
def init(folder: Path, locale: str | None) -> None:
    """Make FOLDER: an overlay for a new client, with settings, a scenario, schemas for editors.

    It is laid over the layers of FORMWRIGHT_LAYERS, else `config`. A folder that holds something
    is left alone.
    """
    chosen = settings()
    catalog = definitions(chosen).catalog
    assert catalog is not None  # without problems there is one
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise Refusal(NOT_EMPTY(folder=str(folder)))
    layers = os.pathsep.join([*(_shown(layer) for layer in chosen.layers), str(folder)])
    words = _words(catalog, folder, chosen, layers)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            _write(draft, words)
            draft.chmod(0o755)
            draft.rename(folder)  # in one go: an interrupted init leaves no half of a project
        except BaseException:
            shutil.rmtree(draft)
            raise
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(UNWRITABLE(folder=str(folder), why=why)) from None
    said = MADE.in_(locale or locale_of(os.environ))
    click.echo(said.format(folder=folder, layers=layers), err=True)


def _words(catalog: Catalog, folder: Path, chosen: Settings, layers: str) -> dict[str, str]:
    """What is filled into the files; the example changes the object with the most fields."""
    title = folder.resolve().name.replace("-", " ").replace("_", " ").title()
    example = max(
        (one for one in catalog.objects.values() if not one.parent), key=lambda o: len(o.fields)
    )
    own = [field for field in example.fields.values() if not field.system]
    return {
        "title": title,
        "quoted": json.dumps(title, ensure_ascii=False),
        "base": ", ".join(f"`{_shown(layer)}`" for layer in chosen.layers),
        "layers": layers,
        "object": example.name,
        "field": own[0].name,
        "role": next(iter(catalog.of("role")), "…"),
    }


def _shown(layer: Path) -> str:
    if layer.is_relative_to(Path.cwd()):  # where layers start from
        return layer.relative_to(Path.cwd()).as_posix()
    return str(layer)


def _write(folder: Path, words: dict[str, str]) -> None:
    files = {
        "README.md": "readme.en.txt",
        "README.zh-CN.md": "readme.zh.txt",
        ".env.example": "env.txt",
        ".gitignore": "gitignore.txt",
        "site.yaml": "site.txt",
        f"objects/{words['object']}.yaml": "object.txt",
        "scenarios/example.yaml": "scenario.txt",
    }
    for name, source in files.items():
        template = Template((FILES / source).read_text(encoding="utf-8"))
        _put(folder / name, template.substitute(words))
    for schema in sorted(SCHEMAS.glob("*.schema.json")):
        relaxed = for_overlays(json.loads(schema.read_text(encoding="utf-8")))
        _put_json(folder / ".schemas" / schema.name, relaxed)
    _put_json(folder / ".vscode" / "settings.json", {"yaml.schemas": _associations(folder)})


def _associations(folder: Path) -> dict[str, str]:
    """Which schema belongs to which files; kinds that share a folder get one for both."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    result: dict[str, str] = {}
    for kind in (*KINDS, *SCENARIO_KINDS):
        if kind.single:
            result[f".schemas/{kind.schema}"] = f"/{kind.folder}.yaml"
        else:
            by_folder[kind.folder].append(kind.schema)
    for name, schemas in by_folder.items():
        schema = schemas[0]
        if len(schemas) > 1:
            schema = f"{name}.any.json"
            either = {"anyOf": [{"$ref": one} for one in schemas]}
            _put_json(folder / ".schemas" / schema, either)
        result[f".schemas/{schema}"] = f"/{name}/*.yaml"
    return result


def for_overlays(schema: Any) -> Any:
    """The schema without demands: an overlay says only what differs, so nothing is required.

    The conditions of `if` stay as they are, since they ask what is there.
    """
    if isinstance(schema, list):
        return [for_overlays(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value if key == "if" else for_overlays(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, list))
    }


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _put_json(path: Path, data: Any) -> None:
    _put(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")
