"""What is wrong with conversions is found when they are loaded, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small import loaded

SITE = """
object: lead
owned: false
title: name
fields:
  name: {type: text}
  budget: {type: money}
  state: {type: stage, workflow: leading}
  lines: {type: lines, of: lead_line}
---
object: lead_line
owned: false
title: thing
fields:
  lead: {type: link, to: lead, on_delete: cascade}
  thing: {type: text}
---
object: firm
owned: false
title: name
fields:
  name: {type: text}
  turnover: {type: money}
  double: {type: money, formula: turnover * 2}
  lead: {type: link, to: lead}
  lines: {type: lines, of: firm_line}
---
object: firm_line
owned: false
title: thing
fields:
  firm: {type: link, to: firm, on_delete: cascade}
  thing: {type: text}
  origin: {type: link, to: lead_line}
---
workflow: leading
object: lead
field: state
stages: {new: {label: New, state: open}, done: {label: Done, state: done}}
transitions: {finish: {label: Finish, from: new, to: done}}
---
conversion: lead_to_firm
"""

WRONG = {
    "an unknown source": (
        "object: laed\ncreates: {firm: {}}",
        "2:9: unknown-object there is no object 'laed' (did you mean 'lead'?)",
    ),
    "lines cannot be converted": (
        "object: lead_line\ncreates: {firm: {}}",
        "conversion-of-part lead_line has no records of its own",
    ),
    "an unknown target": (
        "object: lead\ncreates: {frim: {}}",
        "unknown-object there is no object 'frim' (did you mean 'firm'?)",
    ),
    "a part called like the source": (
        "object: lead\ncreates: {lead: {object: firm}}",
        "conversion-part-name a part cannot be called 'lead'",
    ),
    "an unknown field of the target": (
        "object: lead\ncreates: {firm: {set: {nmae: name}}}",
        "unknown-field firm has no field 'nmae' (did you mean 'name'?)",
    ),
    "an unknown field of the source": (
        "object: lead\ncreates: {firm: {set: {name: nmae}}}",
        "(did you mean 'name'?)",
    ),
    "a value of another type": (
        "object: lead\ncreates: {firm: {set: {name: budget}}}",
        "wrong-result the expression gives an amount of money, expected a text",
    ),
    "a computed field": (
        "object: lead\ncreates: {firm: {set: {double: budget}}}",
        "conversion-not-settable firm.double takes no value",
    ),
    "a part that is made later": (
        "object: lead\ncreates:\n  firm: {set: {name: made.second.name}}\n  second: {object: firm}",
        "second",
    ),
    "lines that are set": (
        "object: lead\ncreates: {firm: {set: {lines: lines}}}",
        "conversion-lines firm.lines holds lines",
    ),
    "no lines": (
        "object: lead\ncreates: {firm: {lines: {lines: {from: name}}}}",
        "conversion-not-lines lead.name does not hold lines (its lines fields: lines)",
    ),
    "a way back that leads elsewhere": (
        "object: lead\ncreates: {firm: {back: name}}",
        "conversion-not-back firm.name is no link to lead, so it cannot point back "
        "(links that can: lead)",
    ),
    "a way back of lines that leads elsewhere": (
        "object: lead\ncreates: {firm: {lines: {lines: {from: lines, back: firm}}}}",
        "(links that can: origin)",
    ),
    "carrying what is not set": (
        "object: lead\ncreates: {firm: {set: {name: name}, as_system: [nme]}}",
        "conversion-as-system `as_system` names 'nme', which `set` does not fill "
        "(did you mean 'name'?)",
    ),
    "an unknown transition": (
        "object: lead\nthen: finsh\ncreates: {firm: {}}",
        "conversion-transition lead has no transition 'finsh' (did you mean 'finish'?)",
    ),
    "an unknown role": (
        "object: lead\nroles: [seller]\ncreates: {firm: {}}",
        "unknown-role there is no role 'seller'",
    ),
    "something else than a record to use": (
        "object: lead\ncreates: {firm: {use: name}}",
        "wrong-result the expression gives a text, expected a record of 'firm'",
    ),
    "an unknown field that is asked for": (
        "object: lead\nasks: [bugdet]\ncreates: {firm: {asks: [nme]}}",
        "unknown-field lead has no field 'bugdet' (did you mean 'budget'?)",
    ),
    "an unknown key": (
        "object: lead\ncreates: {firm: {sets: {name: name}}}",
        "(did you mean 'set'?)",
    ),
    "nothing that is made": ("object: lead\ncreates: {}", "empty-value this must not be empty"),
    "an unknown field that is written back": (
        "object: lead\ncreates: {firm: {}}\nupdates: {name: made.firm}",
        "wrong-result the expression gives a record of 'firm', expected a text",
    ),
}


@pytest.mark.parametrize("text, told", WRONG.values(), ids=list(WRONG))
def test_told(tmp_path: Path, text: str, told: str) -> None:
    """One mistake each."""
    found = [problem.line() for problem in loaded(tmp_path, SITE + text).problems]
    assert any(told in line for line in found), found
    assert all("conversions/lead_to_firm.yaml:" in line for line in found)


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    """A conversion that uses every key loads without a word."""
    text = """object: lead
label: {en: Convert, zh: 转换}
icon: star
when: budget > 0
say: {en: No budget., zh: 没有预算。}
then: finish
asks: [budget]
once: false
creates:
  firm:
    when: name is not empty
    set: {name: name, turnover: budget}
    as_system: [turnover]
    asks: [name]
    back: lead
    lines:
      lines:
        {from: lines, where: thing is not empty, set: {thing: thing}, back: origin, quantity: 1}
  branch: {object: firm, use: made.firm, set: {name: '"Branch of " + made.firm.name'}}
updates: {name: made.branch.name}
"""
    assert loaded(tmp_path, SITE + text).problems == ()
