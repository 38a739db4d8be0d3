"""What a site keeps files and secrets by: limits and a scanner, and the keys of its vault.

On SQLite a key is made on first use and kept in `var/encryption_keys`, readable by its owner only,
so that a demonstration needs no setting. Several hosts cannot share such a file: a server database
needs `FORMWRIGHT_ENCRYPTION_KEYS` as soon as a definition has a secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.problems import Message, Problem, Refusal
from engine.records.uploading import FileLimits, scanner
from engine.vault import Key, Vault, new_key

if TYPE_CHECKING:
    from assembly.settings import Settings

KEY_FILE = Path("var") / "encryption_keys"

NOT_A_NUMBER = Message(
    "setting-number",
    en="{name} is {found!r}, but it must be a whole number of at least {least}",
    zh="{name} 为 {found!r}，应为不小于 {least} 的整数",
)
NO_KEY_FILE = Message(
    "encryption-key-file",
    en="the encryption keys cannot be kept in {file}: {why}",
    zh="无法将加密密钥保存到 {file}：{why}",
    hint_en="set FORMWRIGHT_ENCRYPTION_KEYS; `formwright keys new` makes a key",
    hint_zh="请设置 FORMWRIGHT_ENCRYPTION_KEYS；`formwright keys new` 可生成密钥",
)


def read_keys(written: tuple[str, ...], problems: list[Problem]) -> None:
    """Adds what is wrong with the keys."""
    try:
        Vault.of(written)
    except Refusal as refusal:
        problems.extend(refusal.problems)


def whole_number(prefix: str, name: str, text: str, least: int, problems: list[Problem]) -> int:
    """A setting as a number; adds a problem for what is none."""
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least:
        return int(text)
    problems.append(NOT_A_NUMBER(name=prefix + name, found=text[:40], least=least))
    return least


def file_limits(settings: Settings) -> FileLimits:
    """What the settings say about uploaded files."""
    return FileLimits(
        max_mb=settings.files_max_mb,
        quota_mb=settings.files_quota_mb,
        scan=scanner(settings.files_scan) if settings.files_scan else None,
    )


def vault_of(settings: Settings) -> Vault:
    """The vault of the settings' keys; without any, of those that are kept beside a SQLite file,
    where one is made as soon as it is needed.

    Raises Refusal when that file cannot be read or holds no key.
    """
    if settings.encryption_keys:
        return Vault.of(settings.encryption_keys)
    if settings.own_server:
        return Vault()
    path = settings.folder / KEY_FILE
    kept = Vault.of(_kept(path)) if path.is_file() else Vault()
    return Vault(kept.keys, make=lambda: _made(path))


def _made(path: Path) -> tuple[Key, ...]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(new_key() + "\n")
    except FileExistsError:  # another process was first: its key counts
        pass
    except OSError as error:
        why = error.strerror or str(error)
        raise Refusal(NO_KEY_FILE(file=KEY_FILE.as_posix(), why=why)) from None
    return Vault.of(_kept(path)).keys


def _kept(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refusal(NO_KEY_FILE(file=KEY_FILE.as_posix(), why=why)) from None
    return tuple(part.strip() for part in text.replace("\n", ",").split(",") if part.strip())
