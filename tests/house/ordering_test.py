"""Tests that take long begin first, and every test is still there once."""

from __future__ import annotations

import pytest

from support.ordering import LONG, shared_out
from support.project import ROOT


def test_all_that_is_named_is_there() -> None:
    """Every beginning in the list is that of a folder or file."""
    assert [begin for begin in LONG if not (ROOT / begin).exists()] == []


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_long_ones_begin_every_share(processes: int) -> None:
    """Nothing is lost or doubled, and each process begins with something long."""
    names = [f"tests/engine/a_test.py::test_{number}" for number in range(200)]
    names += [f"{begin}::test_{number}" for begin in LONG for number in range(2)]
    ordered = shared_out([(name, name) for name in names], processes)
    assert sorted(ordered) == sorted(names)
    begins = [len(names) * number // processes for number in range(processes)]
    assert all(ordered[begin].startswith(tuple(LONG)) for begin in begins)


def test_a_few_tests() -> None:
    """Fewer tests than would fill the shares are all there as well."""
    names = ["tests/chaos/a", "tests/chaos/b", "tests/chaos/c", "tests/other"]
    assert sorted(shared_out([(name, name) for name in names], 3)) == sorted(names)
