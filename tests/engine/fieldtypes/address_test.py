"""Addresses: their parts, what is read as one, and the order in which they are written."""

from __future__ import annotations

from typing import Any

import pytest

from engine.fieldtypes.address import PROVINCES, Address
from engine.problems import Refusal

SHENZHEN = {
    "province": "广东省", "city": "深圳市", "district": "南山区", "street": "科技园路1号",
    "postcode": "518000",
}  # fmt: skip


def test_parts() -> None:
    """Five parts, the country as a sixth where it is asked for."""
    assert tuple(Address().parts()) == tuple(SHENZHEN)
    assert tuple(Address(country=True).parts()) == (*SHENZHEN, "country")
    assert len(PROVINCES) == len(set(PROVINCES)) == 34
    assert Address().suggestions("city") == ()


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (SHENZHEN, "广东省深圳市南山区科技园路1号 518000"),
        ({"province": "北京市", "city": "北京市", "street": "建国路1号"}, "北京市建国路1号"),
        ({"country": "德国", "city": "柏林", "street": "林荫路5号"}, "德国柏林林荫路5号"),
        (
            {"province": "CA", "city": "Palo Alto", "street": "1 Main St", "postcode": "94301",
             "country": "USA"},
            "1 Main St, Palo Alto, CA 94301, USA",
        ),
        ({"street": "1 Main St"}, "1 Main St"),
        ({"postcode": "518000"}, "518000"),
        (None, ""),
    ],
)  # fmt: skip
def test_format(value: Any, line: str) -> None:
    """The order is that of the language that the address is written in, whoever reads it."""
    assert Address().format(value, "en") == Address().format(value, "zh") == line


def test_spread() -> None:
    """A map by parts, or free text, which goes to the street; what is not given is emptied."""
    assert Address().spread({"city": "深圳市"}) == dict.fromkeys(SHENZHEN) | {"city": "深圳市"}
    assert Address().spread("南山区1号")["street"] == "南山区1号"
    assert set(Address().spread(" ").values()) == {None}
    assert Address().gather(dict.fromkeys(SHENZHEN)) is None
    assert Address().gather(dict.fromkeys(SHENZHEN) | {"city": "x"}) == {"city": "x"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [(5, "value-not-readable"), ([], "value-not-readable"), ({"citi": "x"}, "address-part"),
     ({"country": "x"}, "address-part")],
)  # fmt: skip
def test_refused(raw: Any, code: str) -> None:
    """Neither text nor map, or a part that it does not have."""
    with pytest.raises(Refusal) as caught:
        Address().spread(raw)
    assert caught.value.problems[0].code == code
