"""A postal address: province, city, district, street, postcode and, where asked for, country.

Chinese addresses go from the large to the small, without anything between the parts
(广东省深圳市南山区科技园路1号); all others from the small to the large, with commas. Both orders
follow the usual practice of the post (GB/T 23705-2009; UPU S42).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.fieldtypes.base import is_empty, not_readable
from engine.fieldtypes.composite import Composite
from engine.problems import Message, Refusal

UNKNOWN_PART = Message(
    "address-part",
    en="an address has no {found!r}",
    zh="地址没有 {found!r}",
    hint_en="it has {known}",
    hint_zh="地址包含 {known}",
)
_LABELS = {
    "province": {"en": "Province", "zh": "省份"},
    "city": {"en": "City", "zh": "城市"},
    "district": {"en": "District", "zh": "区县"},
    "street": {"en": "Street", "zh": "街道地址"},
    "postcode": {"en": "Postcode", "zh": "邮编"},
    "country": {"en": "Country", "zh": "国家"},
}
_FROM_LARGE = ("country", "province", "city", "district", "street")
_CHINESE = re.compile("[\u3400-\u9fff]")
_LENGTHS = {"street": 200, "postcode": 12}
_LONGEST = 80
_POSTCODE = "[0-9A-Za-z][0-9A-Za-z -]{2,11}"
PROVINCES = (
    "北京市", "天津市", "河北省", "山西省", "内蒙古自治区", "辽宁省",
    "吉林省", "黑龙江省", "上海市", "江苏省", "浙江省", "安徽省",
    "福建省", "江西省", "山东省", "河南省", "湖北省", "湖南省",
    "广东省", "广西壮族自治区", "海南省", "重庆市", "四川省", "贵州省",
    "云南省", "西藏自治区", "陕西省", "甘肃省", "青海省", "宁夏回族自治区",
    "新疆维吾尔自治区", "台湾省", "香港特别行政区", "澳门特别行政区",
)  # fmt: skip
"""The 34 divisions of the province level (GB/T 2260), offered where a province is typed."""


@dataclass(frozen=True, kw_only=True)
class Address(Composite):
    """An address; with `country`, it names the country, too."""

    name = "address"
    control = "parts"
    country: bool = False

    def parts(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            suffix: {
                "type": "text",
                "label": label,
                "max_length": _LENGTHS.get(suffix, _LONGEST),
                **({"pattern": _POSTCODE} if suffix == "postcode" else {}),
            }
            for suffix, label in _LABELS.items()
            if suffix != "country" or self.country
        }

    @property
    def needed(self) -> tuple[str, ...]:
        return ("city", "street")

    def suggestions(self, suffix: str) -> tuple[str, ...]:
        """What is offered where the part is typed."""
        return PROVINCES if suffix == "province" else ()

    def spread(self, raw: Any) -> Mapping[str, Any]:
        known = self.parts()
        if isinstance(raw, str):  # as it stands in somebody's file
            raw = {} if is_empty(raw) else {"street": raw}
        if not isinstance(raw, Mapping):
            raise not_readable(raw, "an address", "地址")
        for key in raw:
            if key not in known:
                raise Refusal(UNKNOWN_PART(found=str(key)[:40], known=", ".join(known)))
        return {suffix: raw.get(suffix) for suffix in known}

    def to_text(self, value: Any) -> str:
        """One line, in the order of the language that the address itself is written in."""
        found = {suffix: str(text) for suffix, text in (value or {}).items() if text}
        if found.get("city") == found.get("province"):  # Beijing is a city and a province
            found.pop("province", None)
        postcode = found.pop("postcode", "")
        from_large = [found[suffix] for suffix in _FROM_LARGE if suffix in found]
        if any(_CHINESE.search(text) for text in from_large):
            return f"{''.join(from_large)} {postcode}".strip()
        country = from_large.pop(0) if "country" in found else ""
        place = f"{', '.join(reversed(from_large))} {postcode}".strip()
        return ", ".join(part for part in (place, country) if part)
