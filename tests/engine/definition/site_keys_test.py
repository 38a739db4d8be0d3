"""What the site says of people and departments must be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.small import loaded

OBJECTS = """
---
object: person
owned: false
fields:
  name: {type: text}
  mail: {type: email}
  account: {type: text}
"""


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ("{object: person, email: mail, account: account}", []),
        ("{object: person, department: department}", []),  # every object may have that field
        ("{object: persn}", ["site.yaml:2:18: unknown-object there is no object 'persn' "
                             "(did you mean 'person'?)"]),
        ("{object: person, email: email, manager: boss}",
         ["site.yaml:2:33: unknown-field person has no field 'email' (did you mean 'mail'?)",
          "site.yaml:2:49: unknown-field person has no field 'boss'"]),
    ],
)  # fmt: skip
def test_people(tmp_path: Path, people: str, told: list[str]) -> None:
    """Objects and fields that do not exist are told with their place."""
    found = loaded(tmp_path, f"site: Small\npeople: {people}\n{OBJECTS}")
    lines = [problem.line().rpartition("/")[2] for problem in found.problems]
    assert lines == told
