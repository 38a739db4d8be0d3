"""Invented numbers that look right."""

from __future__ import annotations

import importlib
import random
import re
from typing import Any

import pytest

from cli.demo_history import PACKAGE, program
from support.project import ROOT


@pytest.fixture
def identity() -> Any:
    program(ROOT / "demo")
    return importlib.import_module(f"{PACKAGE}.identity")


def test_check_digits(identity: Any) -> None:
    """91350100M000100Y43, the example of GB 32100-2015."""
    assert identity.organisation_check("M000100Y") == "4"
    assert identity.credit_check("91350100M000100Y4") == "3"


def test_credit_codes(identity: Any) -> None:
    """A thousand of them: 18 permitted characters, both checks right."""
    rng = random.Random(1)
    for _ in range(1_000):
        code = identity.credit_code(rng, "320505")
        assert re.fullmatch(r"91320505MA[0-9A-HJ-NP-RTUWXY]{6}[0-9X][0-9A-HJ-NP-RTUWXY]", code)
        assert identity.organisation_check(code[8:16]) == code[16]
        assert identity.credit_check(code[:17]) == code[17]


def test_telephone_numbers(identity: Any) -> None:
    """In ranges that nobody is given."""
    rng = random.Random(1)
    assert re.fullmatch(r"1990000\d{4}", identity.mobile(rng))
    assert re.fullmatch(r"021-555\d{5}", identity.landline(rng, "021"))
    assert re.fullmatch(r"0371-555\d{4}", identity.landline(rng, "0371"))
