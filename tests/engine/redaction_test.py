"""What people may be shown of data: no secrets, nothing endless."""

from __future__ import annotations

from typing import Any

import pytest

from engine.redaction import CUT, MASK, redacted, redacted_text


@pytest.mark.parametrize(
    "key",
    ["password", "new_password", "Passwd", "secret", "client_secret", "api_key", "apiKey",
     "X-Api-Key", "Authorization", "access_token", "refreshToken", "cookie", "private_key",
     "X-Signature", "credentials", "pwd"],
)  # fmt: skip
def test_secrets_by_their_keys(key: str) -> None:
    """Whatever stands under a key that names a secret is masked, at any depth."""
    assert redacted({"a": [{key: "hidden", "b": 1}]}) == {"a": [{key: MASK, "b": 1}]}
    assert redacted({key: {"deeper": "hidden"}}) == {key: MASK}


@pytest.mark.parametrize("key", ["number", "keyword", "title", "record", "customer", "key"])
def test_other_keys(key: str) -> None:
    """Everything else stays."""
    assert redacted({key: "shown"}) == {key: "shown"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("smtp://ann:pw@mail.example.com:25", f"smtp://{MASK}@mail.example.com:25"),
        ("https://example.com/a?b=1&token=x#c", f"https://example.com/a?b=1&token={MASK}#c"),
        ("see https://u:p@x.org and https://y.org/?q=1",
         f"see https://{MASK}@x.org and https://y.org/?q=1"),
        ("ann@example.com: 12:30", "ann@example.com: 12:30"),
    ],
)  # fmt: skip
def test_secrets_within_addresses(text: str, shown: str) -> None:
    """Users with passwords, and parameters that name a secret."""
    assert redacted_text(text) == shown


def test_nothing_endless() -> None:
    """Long texts, long lists, wide maps and deep ones are cut."""
    assert redacted("好" * 501) == "好" * 500 + CUT
    assert redacted(list(range(60)))[-2:] == [49, CUT]
    assert len(redacted({str(n): n for n in range(60)})) == 51
    deep: Any = "end"
    for _ in range(50):
        deep = [deep]
    assert "end" not in str(redacted(deep))
    assert redacted({"password": "", "n": None, "yes": True}) == {
        "password": "", "n": None, "yes": True,
    }  # fmt: skip
