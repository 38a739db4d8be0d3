"""Every field type is documented: a row in the reference, and an example that loads."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from engine.fieldtypes.registry import FIELD_TYPES
from support.project import ROOT
from support.small import PEOPLE, loaded

GUIDE = (ROOT / "docs" / "consultant" / "field-types.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "definitions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.M | re.S)
AROUND = (
    PEOPLE.replace(
        "currency: CNY",
        "currency: CNY\ncurrencies: {object: currency, rates: currency_rate}\n"
        "teams: {object: team}",
    )
    + """
---
object: team
fields: {name: {type: text}}
---
object: partner
fields: {name: {type: text}}
---
object: currency
fields:
  code: {type: text, unique: true}
  name: {type: text}
  decimals: {type: integer}
---
object: currency_rate
fields:
  name: {type: text}
  currency: {type: currency}
  date: {type: date}
  rate: {type: number, scale: 6}
---
object: example_item
fields: {example: {type: link, to: example}, what: {type: text}}
---
object: example_call
fields: {name: {type: text}, example: {type: link, to: example}}
---
workflow: example_flow
object: example
field: step
label: Flow
stages: {new: {label: New, state: open}, done: {label: Done, state: done}}
start: new
transitions: {finish: {label: Finish, from: new, to: done}}
---
object: example
title: subject
fields:
"""
)


def test_examples_load(tmp_path: Path) -> None:
    """The examples of the guide are one object without problems."""
    text = AROUND + "".join(indent(example, "  ") for example in EXAMPLES)
    assert loaded(tmp_path, text).problems == ()


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_documented(name: str) -> None:
    """A row of the reference's table, an example in the guide, a row of its Chinese table."""
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|", REFERENCE, re.M)
    assert any(f"`{name}`" in row for row in rows)
    fields = {key: field for e in EXAMPLES for key, field in yaml.safe_load(e).items()}
    assert any(field["type"] == name for field in fields.values())
    chinese = GUIDE[GUIDE.index("## 字段类型一览") :]
    assert f"`{name}`" in chinese
