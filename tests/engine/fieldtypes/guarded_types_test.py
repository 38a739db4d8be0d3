"""File, image and secret: reading good and bad input, JSON, text, masks, and what definitions
cannot say of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.fieldtypes.file import File, FileChange, FileRef, Image, ids_of
from engine.fieldtypes.link import UNCHANGED
from engine.fieldtypes.secret import Masked, Secret
from engine.problems import Refusal
from engine.vault import DOTS, Bound, Hidden, Vault, mask, new_key, normalised, read_key
from support.small import codes, loaded

REF = FileRef(7, "a.png", "image/png", 10, 4, 3, True, ("case", 1, "photo"))


@pytest.mark.parametrize(
    ("many", "raw", "value"),
    [
        (False, "", None), (False, None, None), (False, 7, 7), (False, "7", 7),
        (False, {"id": 7, "name": "x"}, 7), (False, [7], 7), (True, [], None),
        (True, "7,8,7", (7, 8)),
        (True, [{"id": 8}, 7], (8, 7)), (True, REF, (7,)),
        (True, {"add": [7], "remove": [8]}, FileChange((7,), (8,))),
    ],
)  # fmt: skip
def test_files_read_ids(many: bool, raw: Any, value: Any) -> None:
    """An id, a map, a text or a list of them; several keep their order, each once."""
    assert File(multiple=many).read(raw) == value


@pytest.mark.parametrize(
    "raw", ["a.pdf", 0, -1, True, 1.5, {"name": "x"}, "1,x", 2**63, {"add": "x"}]
)
def test_files_refuse_everything_else(raw: Any) -> None:
    """Names, zeros, truths and numbers that no row can have."""
    with pytest.raises(Refusal):
        File(multiple=True).read(raw)
    assert codes(lambda: File(multiple=True).read(list(range(1, 102)))) == [("too-many-files", "")]


def test_files_as_json_and_text() -> None:
    """The contract's form; export writes names."""
    json = File().to_json(REF)
    assert json == {
        "id": 7, "name": "a.png", "media": "image/png", "size": 10, "width": 4, "height": 3,
        "url": "/api/v1/o/case/1/files/photo/7",
    }  # fmt: skip
    assert File(multiple=True).to_json((REF,)) == [json] and File(multiple=True).to_json(None) == []
    assert File(multiple=True).to_text((REF, REF)) == "a.png, a.png" and File().to_text(None) == ""
    assert (File().holds, Image().holds, Image(multiple=True).holds) == ("file", "file", "files")
    assert ids_of(None) == () and ids_of(3) == (3,) and ids_of(("4",)) == (4,)
    assert FileChange((3,), (1,)).applied((1, 2)) == (2, 3)


def test_secrets_read_texts_and_never_show_them() -> None:
    """A mask that comes back means: leave it; problems do not repeat the value."""
    value = Secret().read("6222 0202 1234")
    assert isinstance(value, Hidden) and value.text() == "6222 0202 1234"
    assert repr(value) == str(value) == f"{value}" == DOTS
    assert Secret().read("") is None and Secret().read(None) is None
    assert Secret().read("••••1234") is UNCHANGED and Secret().read(Masked("x")) is UNCHANGED
    assert (Secret().to_json(value), Secret(shown="none").to_json(value)) == ("••••1234", DOTS)
    assert Secret().to_text(Masked("••••9")) == "••••9" and Secret().format(None, "zh") == ""
    for raw in (["6222020212345678"], {"a": "6222020212345678"}, True, "x" * 501):
        with pytest.raises(Refusal) as refused:
            Secret().read(raw)
        assert "6222" not in str([p.line() for p in refused.value.problems])


def test_masks_and_normalised_values() -> None:
    """Short values show nothing."""
    assert mask("1234567", "last4") == DOTS and mask("12 34 56 78", "last4") == "••••5678"
    assert normalised("De ８9 ") == "de89"


def test_the_vault_seals_for_one_place() -> None:
    """Another field, record, or object, an altered token, another key: none of them opens."""
    vault, bound = Vault.of([new_key("a")]), Bound("firm", "account", 1)
    token = vault.seal("secret", bound)
    assert token.startswith("a:") and vault.open(token, bound) == "secret"
    assert vault.seal("secret", bound) != token
    others = [Bound("firm", "account", 2), Bound("firm", "pin", 1), Bound("case", "account", 1)]
    changed = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    for refuse in (
        *(lambda place=place: vault.open(token, place) for place in others),
        lambda: vault.open(changed, bound), lambda: vault.open("a:", bound),
        lambda: Vault.of([new_key("b")]).open(token, bound), lambda: Vault().open(token, bound),
    ):  # fmt: skip
        assert codes(refuse) == [("secret-cannot-be-opened", "")]
    assert vault.digests("A b", "firm", "account") == vault.digests("ab", "firm", "account")
    assert vault.digests("ab", "firm", "account") != vault.digests("ab", "firm", "pin")
    for wrong in ("a", "a:b", "A B:" + "A" * 43 + "=", "a:" + "A" * 42 + "=="):
        assert codes(lambda: read_key(wrong)) == [("encryption-key", "")]  # noqa: B023


SITE = """
object: firm
title: name
owned: false
attachments: true
fields:
  name: {type: text}
  attachments: {type: text}
  paper: {type: file, unique: true, default: 3}
  account: {type: secret, formula: name}
  other: {type: text, formula: text(account)}
  same: {type: boolean, formula: 'account == "6222"'}
  flag: {type: boolean, formula: paper is empty and account is not empty}
---
role: clerk
grants:
  firm: {read: all, fields: {name: read}, reveal: [account, name]}
"""


def test_what_definitions_cannot_say(tmp_path: Path) -> None:
    """Each with its own sentence; asking whether they are empty is fine."""
    found = sorted(p.code for p in loaded(tmp_path, SITE).problems)
    assert found == [
        "argument-type", "attachments-taken", "file-or-secret-computed", "file-or-secret-computed",
        "file-or-secret-computed", "only-whether-empty", "reveal-hidden", "reveal-no-secret",
        "wrong-result",
    ]  # fmt: skip
