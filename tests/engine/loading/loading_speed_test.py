"""Loading is quick enough to happen on every save in the Studio."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from engine.definition.kinds import DefinitionKind
from engine.loading import load
from support.patience import cpu_seconds

WriteLayer = Callable[[str, Mapping[str, str]], Path]

KINDS_OF_FIELD = (
    "{type: text, required: true, max_length: 80, label: {en: Name, zh: 名称}}",
    "{type: money, min: 0, label: {en: Amount, zh: 金额}, help: {en: Some help, zh: 帮助}}",
    "{type: link, to: thing_1, on_delete: clear, label: {en: Link, zh: 链接}}",
    "{type: choice, options: {a: {label: {en: A, zh: 甲}, colour: blue}, b: {en: B, zh: 乙}}}",
    "{type: number, formula: 'a * b', label: {en: Result, zh: 结果}}",
)  # fmt: skip


def thing(number: int) -> str:
    fields = "\n".join(f"  f{i}: {KINDS_OF_FIELD[i % 5]}" for i in range(30))
    return f"object: thing_{number}\nlabel: {{en: Thing, zh: 事物}}\nfields:\n{fields}\n"


def test_fifty_objects(write_layer: WriteLayer, kinds: list[DefinitionKind]) -> None:
    """50 objects of 30 fields: 0.4 s of CPU, with some room."""
    files = {f"objects/thing_{number}.yaml": thing(number) for number in range(50)}
    layer = write_layer("base", {"site.yaml": "site: Test\n", **files})
    assert load([layer], kinds).problems == ()  # the schemas are prepared once per process
    taken = [cpu_seconds(lambda: load([layer], kinds)) for _ in range(3)]
    assert min(taken) < 0.6, taken
