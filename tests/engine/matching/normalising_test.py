"""Normal forms: different ways to write the same thing agree, different things do not."""

from __future__ import annotations

import pytest

from engine.matching.keys import blocks_of
from engine.matching.normalising import NORMALISERS

SAME = [
    ("company", "上海华强电子有限公司", "上海华强电子股份有限公司"),
    ("company", "上海华强电子（中国）有限公司", "上海 华强电子"),
    ("company", "ＡＢＣ科技 有限责任公司", "abc科技"),
    ("company", "华强集团有限公司", "华强"),
    ("company", "Northern Lights Co., Ltd.", "NORTHERN-LIGHTS"),
    ("company", "Müller Maschinenbau G.m.b.H.", "müller maschinenbau"),
    ("company", "Acme, Inc", "ACME Incorporated"),
    ("company", "华强电子有限公司上海分公司", "华强电子（上海分公司）"),
    ("person", "王小明 先生", "王小明"),
    ("person", "Mr. John O'Neil", "john o neil"),
    ("phone", "+8613800138000;ext=12", "138 0013 8000"),
    ("email", " Li.Wei@Example.com ", "li.wei@example.com"),
    ("code", "9111-0000 ma01abcd2x", "91110000MA01ABCD2X"),
    ("text", "Rue  de la Paix, 5", "rue de la paix 5"),
]
OTHER = [
    ("company", "华强电子（上海）有限公司", "华强电子（北京）有限公司"),
    ("company", "华强电子有限公司", "华强电子有限公司上海分公司"),
    ("company", "有限公司", "股份有限公司"),
    ("email", "li+a@example.com", "li+b@example.com"),
    ("phone", "+8613800138000", "+8613800138001"),
]


@pytest.mark.parametrize(("name", "one", "other"), SAME)
def test_same(name: str, one: str, other: str) -> None:
    """Ways to write the same thing."""
    assert NORMALISERS[name](one, "CN") == NORMALISERS[name](other, "CN") != ""


@pytest.mark.parametrize(("name", "one", "other"), OTHER)
def test_other(name: str, one: str, other: str) -> None:
    """Things that are not the same; a legal form alone is no name of anybody."""
    found = NORMALISERS[name](one, "CN")
    assert found == "" or found != NORMALISERS[name](other, "CN")


def test_blocks() -> None:
    """Words that many companies share lead to nobody; at most two blocks stay."""
    assert blocks_of("上海华强电子") == ("华强",)
    assert blocks_of("northernlights") == ("nort", "ghts")
    assert blocks_of("上海") == ("上海",)
