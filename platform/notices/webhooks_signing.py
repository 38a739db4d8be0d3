"""Signatures by the Standard Webhooks scheme (standardwebhooks.com, version 1, symmetric).

What is signed is `id.timestamp.body`, by HMAC with SHA-256; the header is `v1,` and the Base64 of
it. A receiver computes the same, compares in constant time, and refuses old time stamps. While a
key is replaced the secret holds both, separated by a space, and so does the header; the receiver
accepts either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

SHORTEST = 16
"""Characters that a key has at least."""
_ENCODED = "whsec_"


def signed_headers(id: str, timestamp: int, body: bytes, secret: str) -> Mapping[str, str]:
    """The headers of a signed message; `timestamp` is in seconds since 1970.

    Raises ValueError for a secret that is not usable.
    """
    content = f"{id}.{timestamp}.".encode() + body
    signatures = [_signature(content, key_of(part)) for part in secret.split()]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def key_of(secret: str) -> bytes:
    """The bytes of a key: of a text with `whsec_` before it the Base64, else the text itself.

    Raises ValueError where it is none.
    """
    if not secret.startswith(_ENCODED):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def is_weak(secret: str) -> bool:
    """Whether one of the keys is too short to protect anything."""
    return not secret.split() or any(len(part) < SHORTEST for part in secret.split())


def _signature(content: bytes, key: bytes) -> str:
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
