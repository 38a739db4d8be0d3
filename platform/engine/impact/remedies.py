"""Remedies: what to write into a definition, as YAML that can be pasted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.loading.explaining import yaml_text

Given = Mapping[str, Any]


def of_field(name: str, keys: Given) -> str:
    """Keys of a field of an object."""
    return f"fields:\n  {name}:\n{_lines(keys, 4)}"


def of_option(field: str, option: str, keys: Given) -> str:
    """Keys of an option of a field."""
    return f"fields:\n  {field}:\n    options:\n      {option}:\n{_lines(keys, 8)}"


def of_top(keys: Given) -> str:
    """Keys of the definition itself."""
    return _lines(keys, 0)


def within(path: str, name: str, keys: Given) -> str:
    """Keys of an entry of a map such as `stages`."""
    return f"{path}:\n  {name}:\n{_lines(keys, 4)}"


def _lines(keys: Given, indent: int) -> str:
    return "\n".join(f"{' ' * indent}{key}: {flow(value)}" for key, value in keys.items())


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{yaml_text(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return yaml_text(value)
