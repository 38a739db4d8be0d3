"""Secrets at rest: sealed with AES-GCM, found by a keyed digest, masked wherever they are shown.

1. `FORMWRIGHT_ENCRYPTION_KEYS` names the keys, `id:base64` of 32 bytes each: the first one seals,
   all of them open, so that keys can be changed while the site runs.
2. From each key two are derived by purpose (HKDF, RFC 5869): one seals, one makes digests.
3. A sealed value is `id:base64` of a random nonce of 12 bytes and the ciphertext (NIST SP 800-38D).
   What it is bound to (`Bound`: the permanent keys of object and field, and the record's id) is
   authenticated with it, so a ciphertext that somebody moves in the database to another column or
   record no longer opens.
4. The digest beside it (HMAC-SHA256 of the normalised value, bound to the column) answers "which
   record has this value" and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.expressions.folding import fold
from engine.problems import Message, Refusal

KEY_BYTES = 32
NONCE_BYTES = 12
DOTS = "••••"
LEAST_TO_SHOW = 8
"""Values with fewer characters show none of them: four would be too much of the whole."""
_ID = re.compile(r"[a-z0-9]{1,16}")

BAD_KEY = Message(
    "encryption-key",
    en="FORMWRIGHT_ENCRYPTION_KEYS holds an entry that is no key",
    zh="FORMWRIGHT_ENCRYPTION_KEYS 中有一项不是有效密钥",
    hint_en="each is id:base64 of 32 bytes, separated by commas; `formwright keys new` makes one",
    hint_zh="每项为 id:base64（32 字节），以逗号分隔；`formwright keys new` 可生成",
)
TWICE = Message(
    "encryption-key-twice",
    en="FORMWRIGHT_ENCRYPTION_KEYS holds two keys with the id {id}",
    zh="FORMWRIGHT_ENCRYPTION_KEYS 中有两个 ID 为 {id} 的密钥",
    hint_en="give each key an id of its own",
    hint_zh="请为每个密钥使用不同的 ID",
)
NO_KEYS = Message(
    "no-encryption-key",
    en="secrets cannot be kept: FORMWRIGHT_ENCRYPTION_KEYS is not set",
    zh="无法保存机密内容：未设置 FORMWRIGHT_ENCRYPTION_KEYS",
    hint_en="make a key with `formwright keys new` and set it for all processes",
    hint_zh="请用 `formwright keys new` 生成密钥，并为所有进程设置",
)
CANNOT_OPEN = Message(
    "secret-cannot-be-opened",
    en="this secret cannot be read: {why}",
    zh="无法读取此机密内容：{why}",
    hint_en="set the key that it was sealed with, FORMWRIGHT_ENCRYPTION_KEYS",
    hint_zh="请在 FORMWRIGHT_ENCRYPTION_KEYS 中设置加密时所用的密钥",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a sealed value belongs to: permanent keys of object and field, id of the record."""

    object: str
    field: str
    record: int

    @property
    def associated(self) -> bytes:
        """As associated data; no name contains a zero byte, so nothing else reads alike."""
        return f"formwright\0{self.object}\0{self.field}\0{self.record}".encode()


@dataclass(frozen=True, slots=True)
class Key:
    """One key by its id."""

    id: str
    raw: bytes

    def __repr__(self) -> str:
        return f"Key({self.id!r})"


class Vault:
    """The keys of a site, and what is done with them. Without keys it opens and seals nothing.

    Where there are none yet, `make` gives those that are to be used, once the first is needed.
    """

    def __init__(
        self, keys: Sequence[Key] = (), make: Callable[[], Sequence[Key]] | None = None
    ) -> None:
        self.keys = tuple(keys)
        self._make = make

    @property
    def ready(self) -> bool:
        """Whether secrets can be kept."""
        return bool(self.keys) or self._make is not None

    @classmethod
    def of(cls, written: Sequence[str]) -> Vault:
        """The vault with keys written as `id:base64`. Raises Refusal for what is no key."""
        keys = [read_key(text) for text in written]
        for number, key in enumerate(keys):
            if key.id in {other.id for other in keys[:number]}:
                raise Refusal(TWICE(id=key.id))
        return cls(keys)

    def seal(self, text: str, bound: Bound) -> str:
        """`text` sealed by the first key. Raises Refusal when there is none."""
        key = self._first()
        nonce = os.urandom(NONCE_BYTES)
        sealed = _cipher(key.raw).encrypt(nonce, text.encode(), bound.associated)
        return f"{key.id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, token: str, bound: Bound) -> str:
        """The text that was sealed. Raises Refusal where the key is missing or it was altered."""
        id, _, content = token.partition(":")
        self._fill()
        key = next((key for key in self.keys if key.id == id), None)
        if key is None:
            raise Refusal(CANNOT_OPEN(why=f"key {id[:16]!r}"))
        try:
            raw = base64.b64decode(content, validate=True)
            opened = _cipher(key.raw).decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound.associated
            )
        except (InvalidTag, binascii.Error, ValueError):
            raise Refusal(CANNOT_OPEN(why="AES-GCM")) from None
        return opened.decode()

    def digests(self, text: str, object: str, field: str) -> tuple[str, ...]:
        """The digests by which the value is found in a column, the first key's first.

        Raises Refusal when there is no key.
        """
        self._first()
        message = f"{object}\0{field}\0{normalised(text)}".encode()
        return tuple(
            hmac.new(_derived(key.raw, "find"), message, hashlib.sha256).hexdigest()
            for key in self.keys
        )

    def is_current(self, token: str) -> bool:
        """Whether the first key has sealed it."""
        return bool(self.keys) and token.startswith(f"{self.keys[0].id}:")

    def _fill(self) -> None:
        if not self.keys and self._make is not None:
            self.keys = tuple(self._make())

    def _first(self) -> Key:
        self._fill()
        if not self.keys:
            raise Refusal(NO_KEYS())
        return self.keys[0]


def scratch_vault() -> Vault:
    """A vault for databases that are thrown away, such as those of scenarios."""
    return Vault((Key("scratch", bytes(KEY_BYTES)),))


class Hidden:
    """A secret value on its way through the gate: compared and sealed, never shown.

    It holds what was typed, or what the database holds (`kept`). Two of them are equal when
    their texts are; one that cannot be opened equals only itself.
    """

    __slots__ = ("_bound", "_text", "_token", "_vault")

    def __init__(self, text: str) -> None:
        self._text: str | None = text
        self._token = ""
        self._vault: Vault | None = None
        self._bound: Bound | None = None

    @classmethod
    def kept(cls, token: str, vault: Vault, bound: Bound) -> Hidden:
        """What the database holds, opened when it is asked for."""
        found = cls("")
        found._text, found._token, found._vault, found._bound = None, token, vault, bound
        return found

    def text(self) -> str:
        """The value itself. Raises Refusal when it cannot be opened."""
        if self._text is None:
            assert self._vault is not None and self._bound is not None
            self._text = self._vault.open(self._token, self._bound)
        return self._text

    @property
    def readable(self) -> bool:
        """Whether it can be opened."""
        try:
            self.text()
        except Refusal:
            return False
        return True

    def masked(self, shown: str) -> str:
        """The value as everybody may see it who may see the field."""
        try:
            return mask(self.text(), shown)
        except Refusal:
            return DOTS

    def sealed(self, vault: Vault, bound: Bound) -> str:
        """As the database is to hold it; what is sealed for this place by the first key stays."""
        if self._token and self._bound == bound and vault.is_current(self._token):
            return self._token
        return vault.seal(self.text(), bound)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hidden):
            return NotImplemented
        if self is other or (self._token and self._token == other._token):
            return True
        try:
            return self.text() == other.text()
        except Refusal:
            return False

    def __hash__(self) -> int:
        return hash(self._token or self._text)

    def __repr__(self) -> str:
        return DOTS

    __str__ = __repr__


def mask(text: str, shown: str) -> str:
    """Dots, with `last4` before the last four characters of what is long enough."""
    plain = "".join(text.split())
    if shown == "last4" and len(plain) >= LEAST_TO_SHOW:
        return DOTS + plain[-4:]
    return DOTS


def normalised(text: str) -> str:
    """The value as it is compared: without case, width and blanks."""
    return "".join(fold(text).split())


def new_key(id: str = "") -> str:
    """A new random key as the setting holds it."""
    raw = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    return f"{id or os.urandom(3).hex()}:{raw}"


def read_key(written: str) -> Key:
    """The key that is written as `id:base64`. Raises Refusal for anything else."""
    id, _, content = written.partition(":")
    try:
        raw = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not _ID.fullmatch(id) or len(raw) != KEY_BYTES:
        raise Refusal(BAD_KEY())
    return Key(id, raw)


@functools.lru_cache(maxsize=64)
def _derived(raw: bytes, purpose: str) -> bytes:
    info = f"formwright secret {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(raw)


def _cipher(raw: bytes) -> AESGCM:
    return AESGCM(_derived(raw, "seal"))
