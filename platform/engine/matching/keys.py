"""Keys: what of a record is looked up, and by which a similar one is found without a scan.

A record has one *whole* key for each rule: the normal forms of all matched values. A fuzzy rule
adds at most two *block* keys: the first and the last part of what is left of the text without the
words that many share. Records that share a block are compared (`rapidfuzz`); no others are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.duplicates import MatchRule
from engine.definition.objects import Object
from engine.matching.legal_forms import GENERIC_LATIN, GENERIC_ZH
from engine.matching.normalising import NORMALISERS

WHOLE, BLOCK_MARK, BETWEEN = "=", "~", "\x1f"
PAIR, PREFIX = 2, 4
"""Characters of a block: of Chinese text, of other text."""
_GENERIC = re.compile("|".join(sorted((*GENERIC_ZH, *GENERIC_LATIN), key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one record under one rule. `text` is what is compared by similarity."""

    whole: str
    blocks: tuple[str, ...]
    text: str

    @property
    def all(self) -> tuple[str, ...]:
        """Every key, as stored."""
        return (self.whole, *self.blocks)


def stored_under(catalog: Catalog, rule: MatchRule) -> str:
    """The name under which the keys are stored that the rule looks at: it survives renaming."""
    object, name = rule.against or (rule.object, rule.name)
    return f"{catalog.objects[object].table}.{name}"


def own_rules(definition: Object) -> tuple[MatchRule, ...]:
    """The rules whose keys the object's records have."""
    return tuple(rule for rule in definition.duplicates if rule.against is None)


def keys_of(rule: MatchRule, row: Mapping[str, Any]) -> Keys | None:
    """The keys of a row; None where one of the matched values is empty."""
    parts: list[str] = []
    similar = ""
    others: list[str] = []
    for name, normaliser in rule.match:
        value = row.get(name)
        if value is None:
            return None
        part = NORMALISERS[normaliser](value, rule.countries.get(name, ""))
        if not part:
            return None
        parts.append(part)
        if name == rule.fuzzy:
            similar = part
        else:
            others.append(part)
    blocks: tuple[str, ...] = ()
    if similar:
        found = blocks_of(similar)
        blocks = tuple(BLOCK_MARK + BETWEEN.join((*others, block)) for block in found)
    return Keys(WHOLE + BETWEEN.join(parts), blocks, similar)


def blocks_of(text: str) -> tuple[str, ...]:
    """The blocks of a normal form, at most two."""
    size = PREFIX if text.isascii() else PAIR
    core = _GENERIC.sub("", text)
    core = core if len(core) >= PAIR else text
    return tuple(dict.fromkeys((core[:size], core[-size:])))
