"""The JSON Schemas of the definition files, made ready for fast validation.

The files in `schemas/` are ordinary JSON Schema 2020-12, so that editors understand them. For our
own use each is read once and prepared:

1. Every `$ref` is replaced by what it refers to (looked up locally, never over the network).
2. A map whose rules depend on one of its keys (`x-by: type`) becomes one map schema per value of
   that key. Trying every `if` for every field would cost ten times as much, and the message of a
   key that belongs to another type is better this way.

Own keywords, which editors ignore: `x-zh` (description in Chinese), `x-expected` (what a wrong
value should have been, in English and Chinese), `x-text` (a text for people), `x-name` (rule 7),
`x-entries` (a map of named things, with the marks that an overlay may set on them), `x-short`
(a scalar stands for a map with this one key), `x-by`, and `x-carries: [things, declarations]` (the
keys of things that the schema does not know must be declared), `x-under` (keys that are often
written here but belong under another one, with that key and an example).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from engine.loading.keywords import DefinitionValidator, Schema, quick_test

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
"""The folder of the schema files."""

_NOTES = {"$schema", "$defs", "$comment", "title", "description", "default", "x-zh", "x-zh-title"}


@cache
def prepared(file: str, folder: Path = SCHEMAS) -> Schema:
    """The schema in `file`, with its references resolved and its branches made."""
    registry: Registry[Any] = Registry()
    for path in sorted(folder.glob("*.schema.json")):
        contents = json.loads(path.read_text(encoding="utf-8"))
        resource = Resource.from_contents(contents, default_specification=DRAFT202012)
        registry = registry.with_resource(path.name, resource)
    resolver = registry.resolver(base_uri=file)
    schema: Schema = _inlined(resolver.lookup(file).contents, resolver, {})
    return schema


@cache
def validator(file: str, folder: Path = SCHEMAS) -> Validator:
    """The validator of the schema in `file`."""
    made: Validator = DefinitionValidator(prepared(file, folder))
    return made


def child(schema: Any, key: str) -> Schema:
    """The schema of the entry `key` of a map; empty where nothing is said about it."""
    if not isinstance(schema, dict):
        return {}
    properties: Schema = schema.get("properties") or schema.get("x-properties") or {}
    found = properties.get(key)
    if found is None:
        found = schema.get("additionalProperties")
    return found if isinstance(found, dict) else {}


def _inlined(part: Any, resolver: Any, done: dict[int, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(item, resolver, done) for item in part]
    if not isinstance(part, dict):
        return part
    if id(part) in done:
        return done[id(part)]
    result: Schema = {}
    done[id(part)] = result
    if isinstance(part.get("$ref"), str):
        target = resolver.lookup(part["$ref"])
        result.update(_inlined(target.contents, target.resolver, done))
    for key, value in part.items():
        if key in ("properties", "x-properties"):
            result[key] = {k: _inlined(v, resolver, done) for k, v in value.items()}
        elif key not in _NOTES and key != "$ref":
            result[key] = _inlined(value, resolver, done)
    if "x-by" in part:
        _branch(result)
    if test := quick_test(result):
        result["x-quick"] = test
    return result


def _branch(schema: Schema) -> None:
    """Turns `x-by` and the if/then rules of `allOf` into `x-branches`, in place.

    A rule with `not` names the keys that may stand instead of that of `x-by`.
    """
    by = schema["x-by"]
    properties = schema.pop("properties")
    required = schema.pop("required", [])
    rules = schema.pop("allOf")
    for rule in [rule for rule in rules if "not" in rule["if"]]:
        rules.remove(rule)
        either = rule["if"]["not"]["anyOf"]
        schema["x-instead"] = tuple(name for one in either for name in one["required"])
        required = [*required, *rule["then"]["required"]]
    schema.pop("additionalProperties")
    schema["x-properties"] = properties
    branches = {}
    for value in properties[by]["enum"]:
        own, needed, elsewhere = dict(properties), list(required), {}
        for rule in rules:
            condition, then = rule["if"], rule["then"]
            if "properties" in condition:
                if value in condition["properties"][by]["enum"]:
                    needed += then["required"]
            elif value not in (others := then["properties"][by]["enum"]):
                (key,) = condition["required"]
                del own[key]
                elsewhere[key] = others
        branches[value] = {
            "properties": own,
            "required": needed,
            "additionalProperties": False,
            "x-elsewhere": elsewhere,
            "x-value": value,
            "x-by": by,
        }
    branches[""] = {"properties": properties, "required": required, "additionalProperties": False}
    branches["instead"] = {**branches[""], "required": [name for name in required if name != by]}
    schema["x-branches"] = branches
