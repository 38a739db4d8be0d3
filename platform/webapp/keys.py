"""Keys for each purpose, all derived from the one secret of the site (rule 38)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """The site's secret, from which every key is derived by its purpose."""

    secret: str

    def of(self, purpose: str) -> bytes:
        """The key for one purpose: HMAC-SHA256 of the purpose under the secret."""
        return hmac.digest(self.secret.encode(), purpose.encode(), hashlib.sha256)

    def sign(self, purpose: str, text: str) -> str:
        """The keyed digest of a text, in hexadecimal digits."""
        return hmac.new(self.of(purpose), text.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
