"""Templates of notices: texts about a record with expressions in braces.

`{user}` is whoever reads the notice, `{by}` the person whose doing it is, `{this}` the record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.expressions.types import Kind, Type
from engine.problems import Message, Place, Refusal
from engine.records.gate import Gate
from engine.texts.phrases import AsRead, Phrase, compile_phrase

BY = "by"
"""The variable for the person whose doing it is."""

MANY = Message(
    "notice-many-records",
    en="{object}.{name} are many records, which a notice does not read",
    zh="{object}.{name} 是多条记录，通知不会读取",
    hint_en="use a rollup field of {object} instead",
    hint_zh="请改用 {object} 的汇总字段",
)
_UNREAD = MappingProxyType({"lines": MANY, "related": MANY})
_NOWHERE = Place("notice")


def check_template(node: Node, object: str, catalog: Catalog) -> Problems:
    """What is wrong with the template at `node` (a string, or one by locale) about an object."""
    problems: Problems = []
    compile_phrase(node, object, _names(catalog), problems)
    return problems


def compiled(gate: Gate, template: Mapping[str, str], object: str) -> Phrase:
    """The template by locale, ready to be evaluated; compiled once per revision.

    Raises Refusal where it does not fit the definitions (any more).
    """
    key = ("notice", object, json.dumps(template, sort_keys=True))
    found: Phrase = gate.statements.lately(key, lambda: _compiled(gate.catalog, template, object))
    return found


def _compiled(catalog: Catalog, template: Mapping[str, str], object: str) -> Phrase:
    problems: Problems = []
    node = Node({locale: Node(text, _NOWHERE) for locale, text in template.items()}, _NOWHERE)
    phrase = compile_phrase(node, object, _names(catalog), problems)
    if problems:
        raise Refusal(*problems)
    return phrase


def _names(catalog: Catalog) -> AsRead:
    people = catalog.user_object
    variables = {BY: Type(Kind.RECORD, object=people)} if people else {}
    return AsRead(catalog, _UNREAD, variables)
