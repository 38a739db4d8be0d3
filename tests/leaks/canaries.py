"""Values that are found again wherever they appear, for every type of field.

A canary is unlike anything else in the world. Its double is another value of which a mask shows
the same (the first character and the last four, the domain of an address), so that two worlds
that differ in them look alike to whoever may see the mask only.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.definition.objects import Field

HAN = "鑫淼焱垚骉犇羴猋麤鱻"
LETTERS = string.ascii_lowercase


@dataclass(frozen=True)
class Ref:
    """The record that a step of a recipe makes."""

    step: int


@dataclass(frozen=True)
class Upload:
    """A file with this text in it."""

    text: str


def token(rng: random.Random, most: int = 30) -> str:
    """A word that stands nowhere else: letters, digits, Chinese; the end of a fixed length."""
    word = "Qz" + "".join(rng.choice(LETTERS) for _ in range(5)) + str(rng.randint(10, 99))
    word += rng.choice(HAN) + rng.choice(HAN) + "".join(rng.choice(LETTERS) for _ in range(5))
    return word[:most] if most >= len(word) else word[: max(most, 1)]


def plain(rng: random.Random, length: int = 12) -> str:
    """Capitals and digits only, for what has a pattern."""
    return "".join(rng.choice(string.ascii_uppercase + string.digits) for _ in range(length))


def amount(rng: random.Random, found: Field) -> str | int:
    """A number within the field's limits."""
    type_ = found.type
    least, most = getattr(type_, "min", None), getattr(type_, "max", None)
    low = int(least) if least is not None else 1
    high = (
        int(most)
        if most is not None
        else {"number": 9_999, "money": 99_999}.get(type_.name, 999_999)
    )
    scale = getattr(type_, "scale", 0) or 0
    whole = rng.randint(low, max(high - 1, low)) if high > low else low
    if scale == 0 or type_.name in ("integer", "rating"):
        return rng.randint(low, high)
    cents = rng.randint(1, 10 ** min(scale, 4) - 1)
    return str(Decimal(whole) + Decimal(cents) / 10 ** min(scale, 4))


def made(found: Field, rng: random.Random, style: int = 0) -> Any:
    """A canary in input form; None for what is filled in another way. `style` tries another."""
    name = found.type.name
    most = getattr(found.type, "max_length", None) or 60
    if getattr(found.type, "pattern", None) or (style and name == "text"):
        return (
            "".join(rng.choice(string.ascii_uppercase) for _ in range(3))
            if style > 3
            else plain(rng, 18 if style < 2 else 8)
        )
    match name:
        case "text":
            return token(rng, most)
        case "markdown" | "code" | "long_text":
            return f"{token(rng)} {token(rng)}"
        case "email":
            return f"q{plain(rng, 9).lower()}@{plain(rng, 6).lower()}.example"
        case "phone":
            return f"+8613{rng.randint(100_000_000, 999_999_999)}"
        case "url":
            return f"https://{plain(rng, 9).lower()}.example/{plain(rng, 5)}"
        case "json":
            return {"k": token(rng)}
        case "colour":
            return f"#{rng.randint(0, 0xFFFFFF):06x}"
        case "integer" | "number" | "money" | "percent" | "progress" | "rating":
            return amount(rng, found)
        case "boolean":
            return rng.random() < 0.5
        case "date":
            return f"20{rng.randint(22, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        case "moment":
            day = f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            return f"{day}T08:{rng.randint(0, 59):02}:00Z"
        case "time":
            return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
        case "duration":
            return f"PT{rng.randint(1, 99)}H{rng.randint(1, 59)}M"
        case "choice":
            return rng.choice(list(found.type.options)).name  # type: ignore[attr-defined]
        case "choices":
            options = [option.name for option in found.type.options]  # type: ignore[attr-defined]
            return sorted(rng.sample(options, rng.randint(1, len(options))))
        case "tags":
            return [token(rng), token(rng)]
        case "secret":
            return token(rng)
        case "address":
            return {"province": token(rng), "city": token(rng), "street": token(rng)}
        case "file" | "image":
            return Upload(token(rng)) if name == "file" else None
    return None


def double(found: Field, old: Any, rng: random.Random) -> Any:
    """Another value of which a mask shows the same."""
    for _ in range(20):
        new = made(found, rng)
        if isinstance(old, str) and getattr(found.type, "pattern", None):
            new = reshaped(old, rng)
        if isinstance(old, str) and isinstance(new, str):
            new = _alike(found.type.name, old, new)
        if new != old:
            return new
    return old


def reshaped(old: str, rng: random.Random) -> str:
    """Other characters of the same kinds."""
    kinds = (string.digits, string.ascii_uppercase, string.ascii_lowercase)
    pairs = ((c, next((kind for kind in kinds if c in kind), c)) for c in old)
    return "".join(rng.choice(kind) for _, kind in pairs)


def _alike(name: str, old: str, new: str) -> str:
    if name == "email":
        return old[:1] + new[1 : new.find("@")] + old[old.find("@") :]
    texts = ("text", "long_text", "markdown", "code", "secret")
    if name in texts and len(old) >= 9 and len(new) >= 9:
        return old[:1] + new[1:-4] + old[-4:]
    if name in ("phone", "url") and len(old) == len(new):
        return old[:1] + new[1:-4] + old[-4:]
    return new
