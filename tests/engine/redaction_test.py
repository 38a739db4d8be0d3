"""What people may be shown of data: no secrets, nothing endless."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from engine.redaction import CUT, MASK, redacted, redacted_text, secrets_within
from support.patience import cpu_seconds


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
        ("redis://:p@ss@host/0, see a@b.c", f"redis://{MASK}@host/0, see a@b.c"),
        ("ann@example.com: 12:30", "ann@example.com: 12:30"),
    ],
)  # fmt: skip
def test_secrets_within_addresses(text: str, shown: str) -> None:
    """Users with passwords, and parameters that name a secret."""
    assert redacted_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2, indeed", f"password={MASK} indeed"),
        ("Password: 'hunter two' indeed", f"Password: {MASK} indeed"),
        ('{"client_secret": "hunter2", "a": 1}', f'{{"client_secret": {MASK}, "a": 1}}'),
        ("X-Api-Key: hunter2", f"X-Api-Key: {MASK}"),
        ("with Bearer abc.def-ghi, indeed", f"with Bearer {MASK}, indeed"),
        ("Authorization: Bearer abcdefghijk", f"Authorization: {MASK}"),
        ("authorization: Basic dXNlcjpwYXNz", f"authorization: {MASK}"),
        ("Basic dXNlcjpwYXNzd29yZDE=", f"Basic {MASK}"),
        ("the basic settings are fine", "the basic settings are fine"),
        ("no token, no password", "no token, no password"),
    ],
)
def test_secrets_in_free_text(text: str, shown: str) -> None:
    """What assigns a secret or hands one over, in any spelling."""
    assert redacted_text(text) == shown
    assert redacted({"why": [text]}) == {"why": [shown]}


def test_long_texts() -> None:
    """However often the words come, reading them takes no time."""
    for text in ("token" * 20_000, "authorization: " * 7_000, "://" + ":" * 100_000):
        assert cpu_seconds(partial(redacted_text, text)) < 1


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("smtp://u:p%40ss@h", ["p%40ss", "p@ss"]),
        ("redis://:p@ss@h/0", ["p@ss"]),
        ("s3://bucket/a?secret=a%2Bb&region=x", ["a+b"]),
        ("var/files", []),
        ("smtp://[", []),
    ],
)
def test_secrets_of_addresses(address: str, found: list[str]) -> None:
    """As they are written, and as they are meant."""
    assert sorted(secrets_within(address)) == sorted(found)


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
