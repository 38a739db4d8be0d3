"""The schemas mean the same to editors as to us, and say what the code says."""

from __future__ import annotations

import copy
import json
import keyword
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from engine.definition.objects import OWNERSHIP_FIELDS, SYSTEM_FIELDS
from engine.loading.names import QUERY_WORDS, name_problem
from engine.loading.schemas import SCHEMAS, validator
from engine.problems import Place

FILES = sorted(path.name for path in SCHEMAS.glob("*.schema.json"))
RAW = {name: json.loads((SCHEMAS / name).read_text(encoding="utf-8")) for name in FILES}
KNOWN_WORDS = {
    "$schema", "$defs", "$ref", "title", "description", "default", "type", "properties", "required",
    "additionalProperties", "propertyNames", "items", "enum", "const", "pattern", "minLength",
    "minItems", "minProperties", "minimum", "maximum", "uniqueItems", "allOf", "if", "then", "else",
    "not", "anyOf", "x-zh", "x-zh-title", "x-expected", "x-text", "x-name", "x-entries", "x-short",
    "x-by", "x-carries", "x-under",
}  # fmt: skip

ORDER: dict[str, Any] = {
    "object": "order",
    "label": {"en": "Order", "zh": "订单"},
    "number": "ORD-{seq}",
    "fields": {
        "name": {"type": "text", "required": True, "max_length": 20},
        "amount": {"type": "money", "min": 0, "label": "Amount"},
        "customer": {"type": "link", "to": "customer", "on_delete": "clear"},
        "grade": {"type": "choice", "options": {"a": "A", "b": {"label": "B", "colour": "blue"}}},
        "lines": {"type": "lines", "of": "order_line"},
    },
    "checks": [{"that": "amount > 0", "say": "No."}],
    "unique": [["name", "customer"]],
    "views": {"open": {"sort": "-amount", "columns": ["name"]}},
    "sections": [{"fields": ["name"]}],
}


def official(name: str) -> Draft202012Validator:
    """The schema as any other tool reads it."""
    registry: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(raw)) for file, raw in RAW.items()
    )
    return Draft202012Validator({"$ref": name}, registry=registry)


def schemas_in(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself included."""
    if isinstance(part, dict):
        yield part
        for key, value in part.items():
            if key in ("properties", "$defs"):
                for child in value.values():
                    yield from schemas_in(child)
            elif key in ("allOf",):
                for child in value:
                    yield from schemas_in(child)
            elif isinstance(value, dict) and not key.startswith("x-"):
                yield from schemas_in(value)


@pytest.mark.parametrize("name", FILES)
def test_well_formed(name: str) -> None:
    """Valid JSON Schema, only with keywords that have a sentence, every object closed."""
    Draft202012Validator.check_schema(RAW[name])
    for schema in schemas_in(RAW[name]):
        assert schema.keys() <= KNOWN_WORDS
        if "properties" in schema and "type" in schema:
            assert "additionalProperties" in schema


@pytest.mark.parametrize("name", FILES)
def test_described(name: str) -> None:
    """Every key of a definition is described in English and Chinese."""
    for schema in schemas_in(RAW[name]):
        if schema.get("type") != "object":
            continue
        for key, part in schema.get("properties", {}).items():
            target = part.get("$ref", "").rpartition("/")[2]
            shared = RAW["common.schema.json"]["$defs"].get(target, {})
            assert {"description", "x-zh"} <= {**shared, **part}.keys(), f"{name}: {key}"


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(child, (*path, key))


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """The order with a few values replaced, removed or added."""
    value = copy.deepcopy(ORDER)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(paths(value), key=repr)))
        if not path:
            continue
        parent = value
        for key in path[:-1]:
            parent = parent[key]
        new = draw(
            st.sampled_from(
                [None, True, 0, -1, "", "text", "Bad Name", "a" * 41, [], ["a", "a"], {},
                 {"en": "x"}, {"type": "text"}, {"type": "link", "scale": 2}, {"en": 1},
                 {"xx-": "y"}, "lines"]
            )
        )  # fmt: skip
        match draw(st.sampled_from(["replace", "delete", "add"])):
            case "replace":
                parent[path[-1]] = new
            case "delete":
                del parent[path[-1]]
            case "add" if isinstance(parent, dict):
                words = ["scale", "min", "owner", "class", "lable", "Upper", "en", "where", "of"]
                parent[draw(st.sampled_from(words))] = new
    return value


@given(damaged())
def test_same_verdict(value: Any) -> None:
    """Our faster validation refuses what any validator refuses, and nothing else but attributes."""
    ours = list(validator("object.schema.json").iter_errors(value))
    theirs = official("object.schema.json").is_valid(value)
    assert theirs == all(error.validator == "x-carries" for error in ours)


def test_order_is_right() -> None:
    """The example itself has no fault."""
    assert list(validator("object.schema.json").iter_errors(ORDER)) == []


@pytest.mark.parametrize(
    "name",
    [*keyword.kwlist, *sorted(QUERY_WORDS), *sorted(SYSTEM_FIELDS), "a", "a1_", "_a", "1a", "A",
     "a-b", "a b", "", "a" * 40, "a" * 41, "é", "a\n", "name", "order", "class_", "match", "type"],
)  # fmt: skip
def test_names(name: str) -> None:
    """The regular expressions for editors agree with rule 7 in Python."""
    shared = RAW["common.schema.json"]["$defs"]
    for definition, field in (("name", False), ("field_name", True)):
        allowed = re.search(shared[definition]["pattern"], name) is not None
        problem = name_problem(name, Place("f"), field=field)
        if field and name in OWNERSHIP_FIELDS:
            assert allowed and problem  # allowed where records have no owner
        else:
            assert allowed == (problem is None)
