"""A definition's shape against its schema, every finding told in one plain sentence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.loading import validating_messages as say
from engine.loading.names import name_problem
from engine.loading.schemas import SCHEMAS, validator
from engine.problems import Place, Problem, Text, did_you_mean

MOST_ERRORS = 100
"""The most errors told of one definition."""
MOST_NAMED = 8
"""The most allowed words that a hint lists."""

Steps = tuple[str | int, ...]
Error = Any
"""A `jsonschema.ValidationError`, whose attributes' types depend on the keyword that failed."""


def validate(node: Node, schema: str, problems: Problems, folder: Path = SCHEMAS) -> Node | None:
    """The definition without the keys that nobody knows, or None when it cannot be used.

    Adds what is wrong with it to `problems`. An unknown key alone does not make a definition
    unusable, so its other mistakes are found in the same run.
    """
    found = validator(schema, folder).iter_errors(node.to_plain())
    errors: list[Error] = list(itertools.islice(found, MOST_ERRORS + 1))
    if len(errors) > MOST_ERRORS:
        errors.pop()
        problems.append(say.AND_MORE(node.place, number=MOST_ERRORS))
    unknown: list[Steps] = []
    usable = True
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator in ("additionalProperties", "x-carries"):
            unknown.append((*path, error.message))
            problems.append(_unknown_key(error, _at(node, path)))
        elif error.instance is None and ":" in str(path[-1:]):
            usable = False  # `{en:Name}` has one fault, not two
        else:
            usable = False
            problems.append(_problem(error, node, path))
    return _without(node, unknown) if usable else None


def _unknown_key(error: Error, parent: Node) -> Problem:
    key = error.message
    place = _key_place(parent, key)
    elsewhere = error.schema.get("x-elsewhere", {})
    if key in elsewhere:
        return say.WRONG_TYPE_KEY(
            place, key=key, by=error.schema["x-by"], value=error.schema["x-value"],
            others=", ".join(elsewhere[key]),
        )  # fmt: skip
    if key in (under := error.schema.get("x-under", {})):
        where, example = under[key]
        return say.KEY_BELONGS_UNDER(place, key=key, under=where, example=example)
    if ":" in key:
        return say.MISSING_SPACE(place, key=key)
    known = getattr(error, "known", None) or error.schema["properties"]
    return say.UNKNOWN_KEY(place, key=key, best=did_you_mean(key, known))


def _problem(error: Error, root: Node, path: Steps) -> Problem:
    """What the error means; `path` leads to the value that is wrong."""
    node = _at(root, path)
    found, rule, schema = error.instance, error.validator_value, error.schema
    if "propertyNames" in error.absolute_schema_path:
        return _key_problem(error, _key_place(node, found))
    place = node.place
    match error.validator:
        case "required":
            return say.MISSING_KEY(node.key_place or place, key=error.message)
        case "pattern" if "x-name" in schema:
            wrong = name_problem(found, place, field=schema["x-name"] == "field")
            return wrong or say.BAD_NAME_HERE(place, name=found)
        case "enum":
            best = did_you_mean(str(found), map(str, rule))
            options = ", ".join(map(str, rule)) if len(rule) <= MOST_NAMED else ""
            if best:
                return say.NOT_ONE_OF(place, found=described(found), best=best)
            return say.NOT_IN_LIST(place, found=described(found), options=options)
        case "minItems" | "minProperties" | "minLength":
            return say.TOO_FEW(place, what=_expected(schema)) if found else say.EMPTY(place)
        case "minimum":
            return say.TOO_SMALL(place, found=found, limit=rule)
        case "maximum":
            return say.TOO_BIG(place, found=found, limit=rule)
        case "uniqueItems":
            return say.TWICE(place)
    return _wrong_value(place, found, schema)


def _wrong_value(place: Place, found: Any, schema: dict[str, Any]) -> Problem:
    kinds = schema.get("type", ())
    if found is None:
        return say.NO_VALUE(place, expected=_expected(schema))
    if kinds == "boolean" and isinstance(found, str) and found.lower() in say.YES_NO:
        return say.WRITE(place, found=found, best=say.YES_NO[found.lower()])
    quotable = isinstance(found, bool | int | Decimal) and "string" in kinds
    message = say.WRONG_VALUE_QUOTE if quotable else say.WRONG_VALUE
    return message(place, expected=_expected(schema), found=described(found))


def _key_problem(error: Error, place: Place) -> Problem:
    key, schema = str(error.instance), error.schema
    if error.validator == "not":
        return name_problem(key, place, field=True) or say.BAD_NAME_HERE(place, name=key)
    if "x-name" in schema:
        wrong = name_problem(key, place, field=schema["x-name"] == "field")
        return wrong or say.BAD_NAME_HERE(place, name=key)
    if ":" in key:
        return say.MISSING_SPACE(place, key=key)
    return say.WRONG_VALUE(place, expected=_expected(schema), found=described(key))


def _expected(schema: dict[str, Any]) -> Text:
    if "x-expected" in schema:
        en, zh = schema["x-expected"]
        return Text({"en": en, "zh": zh})
    kinds = schema.get("type", "object")
    words = [say.KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return Text({"en": " or ".join(w.in_("en") for w in words),
                 "zh": "或".join(w.in_("zh") for w in words)})  # fmt: skip


def described(value: Any) -> Text:
    """A value that was found, in words."""
    if isinstance(value, bool):
        return Text.of(str(value).lower())
    if isinstance(value, int | Decimal):
        return Text({"en": f"the number {value}", "zh": f"数字 {value}"})
    if isinstance(value, str):
        short = value if len(value) <= 40 else value[:39] + "…"
        return Text({"en": f"the text {short!r}", "zh": f"文本 {short!r}"})
    return say.KINDS["array" if isinstance(value, list) else "object" if value else "null"]


def _at(node: Node, path: Sequence[str | int]) -> Node:
    for step in path:
        next_ = node.elements()[step] if isinstance(step, int) else node.get(step)
        assert next_ is not None
        node = next_
    return node


def _key_place(parent: Node, key: str) -> Place:
    child = parent.get(key)
    return (child.key_place or child.place) if child else parent.place


def _without(node: Node, paths: list[Steps]) -> Node:
    """The tree without the entries at `paths`."""
    if not paths:
        return node
    gone = {path[0] for path in paths if len(path) == 1}
    deeper: dict[str | int, list[Steps]] = {}
    for path in paths:
        if len(path) > 1:
            deeper.setdefault(path[0], []).append(path[1:])
    if isinstance(node.value, tuple):
        elements = tuple(_without(e, deeper.get(i, [])) for i, e in enumerate(node.value))
        return Node(elements, node.place, node.key_place, node.layers)
    entries = {k: _without(v, deeper.get(k, [])) for k, v in node.items() if k not in gone}
    return Node(entries, node.place, node.key_place, node.layers)
