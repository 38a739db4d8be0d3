"""JSON Schema keywords as definitions need them: our own ones, and faster common ones.

jsonschema spends some 10 µs on every value, and most values of a definition are short texts that
are plainly right. So `properties`, `additionalProperties` and `propertyNames` first ask a quick
test of the part's schema (`quick_test`); only what it does not vouch for is validated in full,
which also gives the error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

Schema = dict[str, Any]
Errors = Iterator[ValidationError]
Test = Callable[[Any], bool]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "object": dict, "array": list, "boolean": bool, "null": type(None),
}  # fmt: skip
_LOCALE = re.compile(r"(?:[a-z]{2}(?:[_-][A-Za-z]{2,4})*)?\Z")
_LEAF = {"type", "enum", "pattern", "minLength"}


def is_text(value: Mapping[str, Any]) -> bool:
    """Whether a map is a text by locale, which is also the short form of a labelled thing."""
    return bool(value) and all(_LOCALE.match(key) for key in value)


def quick_test(schema: Schema) -> Test | None:
    """A test that is true only of values that `schema` accepts; None where none is known."""
    if "x-text" in schema:
        return lambda value: (
            isinstance(value, str)
            or (
                isinstance(value, dict)
                and is_text(value)
                and all(isinstance(text, str) for text in value.values())
            )
        )
    rules = {key for key in schema if not key.startswith("x-")}
    if not rules or not rules <= _LEAF or "x-branches" in schema:
        return None
    if rules == {"enum"}:
        words = frozenset(word for word in schema["enum"] if isinstance(word, str))
        return lambda value: isinstance(value, str) and value in words
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "string" not in kinds:
        types = tuple(_TYPES[kind] for kind in kinds if kind in _TYPES)
        return (lambda value: isinstance(value, types)) if rules == {"type"} and types else None
    pattern = re.compile(schema.get("pattern", ""))
    return lambda value: (
        isinstance(value, str) and value != "" and pattern.search(value) is not None
    )


def _checked(
    validator: Any, value: Any, schema: Any, path: str | None = None, step: str | None = None
) -> Errors:
    test = schema.get("x-quick") if isinstance(schema, dict) else None
    if test is None or not test(value):
        yield from _descended(validator, value, schema, path, step)


def _descended(
    validator: Any, value: Any, schema: Any, path: str | None = None, step: str | None = None
) -> Errors:
    """`validator.descend`, with the part's validator made once and kept with its schema."""
    if not isinstance(schema, dict):
        yield from validator.descend(value, schema, path=path, schema_path=step)
        return
    made = schema.get("x-validator")
    if made is None:
        made = validator.evolve(schema=schema)
        schema["x-validator"] = made
    for error in made.iter_errors(value):
        if path is not None:
            error.path.appendleft(path)
        if step is not None:
            error.schema_path.appendleft(step)
        yield error


def _properties(validator: Any, properties: Schema, instance: Any, schema: Schema) -> Errors:
    if isinstance(instance, dict):
        for key, value in instance.items():
            if key in properties:
                yield from _checked(validator, value, properties[key], key, key)


def _additional(validator: Any, additional: Any, instance: Any, schema: Schema) -> Errors:
    """As in JSON Schema; an unknown key's error has the key alone as message."""
    if isinstance(instance, dict):
        known = schema.get("properties", ())
        for key, value in instance.items():
            if key not in known:
                if additional is False:
                    yield ValidationError(key)
                else:
                    yield from _checked(validator, value, additional, key)


def _names(validator: Any, names: Schema, instance: Any, schema: Schema) -> Errors:
    if isinstance(instance, dict):
        for key in instance:
            yield from _checked(validator, key, names)


def _required(validator: Any, required: list[str], instance: Any, schema: Schema) -> Errors:
    """As in JSON Schema; the message is the missing key alone."""
    if isinstance(instance, dict):
        for key in required:
            if key not in instance:
                yield ValidationError(key)


def _branches(
    validator: Any, branches: Mapping[str, Schema], instance: Any, schema: Schema
) -> Errors:
    """The rules that go with the value of the key that `x-by` names."""
    if isinstance(instance, dict):
        value = instance.get(schema["x-by"])
        branch = branches.get(value) if isinstance(value, str) else None
        if value is None and not instance.keys().isdisjoint(schema.get("x-instead", ())):
            branch = branches["instead"]
        yield from _descended(validator, instance, branch or branches[""])


def _carries(validator: Any, keys: list[str], instance: Any, schema: Schema) -> Errors:
    """Things carry only the keys that their schema knows or that are declared beside them."""
    things, declared = (instance.get(k) if isinstance(instance, dict) else None for k in keys)
    if not isinstance(things, dict):
        return
    properties = schema.get("properties") or schema["x-properties"]
    known = {*properties[keys[0]]["additionalProperties"]["properties"]}
    known |= set(declared) if isinstance(declared, dict) else set()
    for name, thing in things.items():
        if isinstance(thing, dict) and not is_text(thing):
            for key in thing:
                if key not in known:
                    error = ValidationError(key, path=[keys[0], name])
                    error.known = known  # type: ignore[attr-defined]
                    yield error


DefinitionValidator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "properties": _properties,
        "additionalProperties": _additional,
        "propertyNames": _names,
        "required": _required,
        "x-branches": _branches,
        "x-carries": _carries,
    },
)
"""JSON Schema 2020-12 with these keywords; for prepared schemas (`schemas.prepared`)."""
