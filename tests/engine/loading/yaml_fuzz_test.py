"""Random bytes and mutated YAML: never an exception, never a hang."""

from __future__ import annotations

import time

import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.definition.tree import Node
from engine.loading.reading import LOADER, read_bytes, read_text
from engine.loading.validating import validate
from support.patience import cpu_seconds

GOOD = """\
object: order
label: {en: Order, zh: "订单"}
number: "ORD-{year}-{seq:05}"
fields:
  name: {type: text, required: true, help: 'what it''s for'}
  amount:
    type: money
    formula: sum(line.amount for line in lines)
  lines: {type: lines, of: order_line}
  grade: {type: choice, options: {a: A, b: {label: B, colour: blue, score: 1}}}
checks:
  - that: amount > 0
    say: >-
      Folded
      text.
views:
  open: {label: Open, sort: -amount, columns: [name, amount]}
"""
PIECES = st.sampled_from(
    ["&a ", "*a", "!t ", "!!python/name:os ", "<<: ", "---\n", "...\n", "%YAML 1.1\n", "\t", "  ",
     "\n", "- ", "? ", ": ", "{", "}", "[", "]", "'", '"', "|\n", ">\n", "#", ",", "\\x", "\x00",
     "\ud7ff", "\ufeff", "\x85", "null", "true", "9" * 50, "1e999999999", ".nan", "客户",
     "remove: true"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The good file with a few pieces cut out and others put in."""
    text = GOOD
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(PIECES, st.just(""))) + text[end:]
    return text


def survives(data: bytes) -> Node | None:
    """Reads and validates within a second."""
    start = time.process_time()
    reading = read_bytes(data, "f.yaml")
    assert (reading.node is not None) or reading.problems
    problems = list(reading.problems)
    if reading.node:
        validate(reading.node, "object.schema.json", problems)
    for problem in problems:
        assert problem.place is not None and problem.place.line >= 1 and problem.place.column >= 1
        assert "\n" not in problem.line("en") + problem.line("zh")
    assert time.process_time() - start < 1 or cpu_seconds(lambda: read_bytes(data, "f.yaml")) < 1
    return reading.node


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    """Any bytes."""
    survives(data)


@given(st.text(alphabet=st.sampled_from("ab:-?{}[],'\"|>#&*!%@` \n0.~"), max_size=80))
def test_random_yaml(text: str) -> None:
    """Texts of YAML's own characters."""
    survives(text.encode())


@given(mutated())
def test_mutated_file(text: str) -> None:
    """A good file with faults in it."""
    survives(text.encode("utf-8", "surrogatepass"))


@given(mutated())
def test_parsers_agree(text: str) -> None:
    """Where both of PyYAML's parsers accept a text, they mean the same.

    Places may differ: in `{a: }` one puts the empty value before the space, one behind it.
    """
    fast, slow = read_text(text, "f", LOADER), read_text(text, "f", yaml.SafeLoader)
    if not fast.problems and not slow.problems:
        assert fast.node is not None and slow.node is not None
        assert repr(fast.node.to_plain()) == repr(slow.node.to_plain())
