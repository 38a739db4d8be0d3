"""Files that are broken, unusual or malicious: each is refused by one line that helps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.loading.reading import LOADER, MAX_BYTES, read_bytes, read_file, read_text
from support.patience import cpu_seconds

CASES = {
    "a: 1\na: 2\n": "2:1: duplicate-key the key 'a' stands here twice, first on line 1"
    " (keep one of the two)",
    "1: x\n": "1:1: key-not-text this key is 1, not a text (put the key in quotes)",
    "true: x\n": "1:1: key-not-text this key is true, not a text (put the key in quotes)",
    "~: x\n": "1:1: key-not-text this key is ~, not a text (put the key in quotes)",
    "?\n: x\n": "1:2: key-not-text this key is nothing, not a text (put the key in quotes)",
    "[a]: x\n": "1:1: key-not-text this key is a list or a map, not a text (put the key in quotes)",
    "a:\n\tb: 1\n": "2:1: tab a tab stands here (use spaces; in a quoted text write \\t)",
    "a: 1\n---\nb: 2\n": "2:1: several-documents a second document begins here"
    " (write one thing per file, without `---` between)",
    "a: !!python/object/apply:os.system [x]\n": "1:4: tag the tag"
    " tag:yaml.org,2002:python/object/apply:os.system is not allowed"
    " (leave it out; put a text that begins with `!` in quotes)",
    "a: !secret x\n": "1:4: tag the tag !secret is not allowed"
    " (leave it out; put a text that begins with `!` in quotes)",
    "a: &x 1\n": "1:4: anchor the anchor &x is not allowed (write it out or share it by a layer;"
    " put a text that begins with `&` in quotes)",
    "a: *x\n": "1:4: alias the alias *x is not allowed (write it out or share it by a layer;"
    " put a text that begins with `*` in quotes)",
    "from: *\n": "1:7: needs-quotes a value cannot begin with * (put it in quotes)",
    "<<: {a: 1}\n": "1:1: merge-key the merge key << is not allowed"
    " (write the keys out, or share them by a layer)",
    "a: @x\n": "1:4: needs-quotes a value cannot begin with @ (put it in quotes)",
    "a: x\x00\n": "1:5: control-character the character U+0000 is not allowed here (delete it)",
    "a: x\u2028b\n": "1:5: control-character the character U+2028 is not allowed here (delete it)",
    'a: "\\0"\n': "1:4: control-character the character U+0000 is not allowed here (delete it)",
    "": "1:1: empty-file this file is empty"
    " (begin with its head key, such as `object: …`, or delete the file)",
    "# only a comment\n": "1:1: empty-file this file is empty"
    " (begin with its head key, such as `object: …`, or delete the file)",
    "a: " + "9" * 5000: "1:4: long-number this number is too long"
    " (put it in quotes if it is a text)",
    "[" * 50 + "]" * 50: "1:41: too-deep this is nested more than 40 levels deep (make it flatter)",
    "a: b\n  c: d\n": "2:3: bad-indentation the indentation of this line does not match the lines"
    " above (keys of one map begin in the same column)",
    "a:\n  b: 1\n c: 2\n": "3:2: bad-indentation the indentation of this line does not match the"
    " lines above (keys of one map begin in the same column)",
    "a: 1\nfoo\nb: 2\n": "2:1: missing-colon a colon is missing after 'foo'"
    " (write `key: value`, with a space after the colon)",
    "a b\nc: d\n": "1:1: missing-colon a colon is missing after 'a b'"
    " (write `key: value`, with a space after the colon)",
    "a: when x: y\n": "1:10: stray-colon a second colon stands in this value"
    " (put the whole value in quotes)",
    "a: 'x\nb: 1\n": "1:4: unclosed-quote the quote that begins here is never closed"
    " (close it with ')",
    'a: "x\n': '1:4: unclosed-quote the quote that begins here is never closed (close it with ")',
    "a: [1, 2\nb: 3\n": "1:4: unclosed-bracket the bracket [ that opens here is not closed"
    " (close it with ], and separate entries by commas)",
    "a: {b: 1\n": "1:4: unclosed-bracket the bracket { that opens here is not closed"
    " (close it with }, and separate entries by commas)",
    "a: {b: c d: e}\n": "1:11: missing-comma a comma or } is missing before this"
    " (separate entries by commas; quote a value that holds `: `)",
    "a: {b: 1}}\n": "1:10: unexpected-text } does not fit here"
    " (if it belongs to the value, put the whole value in quotes)",
    "a: {: b}\n": "1:5: unexpected-text : b} does not fit here"
    " (if it belongs to the value, put the whole value in quotes)",
    "a: 'it's'\n": "1:8: unexpected-text s' does not fit here"
    " (if it belongs to the value, put the whole value in quotes)",
    "a: - b\n": "1:4: list-on-line a list item must begin on a line of its own"
    " (move it to the next line, or write the list as [a, b])",
    "a: |x\n  y\n": "1:4: bad-block after | the text begins on the next line"
    " (move the text to the next line and indent it)",
}


@pytest.mark.parametrize("loader", [LOADER, yaml.SafeLoader])
@pytest.mark.parametrize("text", CASES, ids=lambda text: repr(text[:24]))
def test_refused(text: str, loader: Any) -> None:
    """Each text with its one line, in both parsers, and a sentence in Chinese."""
    problems = read_text(text, "f", loader).problems
    assert [str(problem) for problem in problems] == [f"f:{CASES[text]}"]
    assert problems[0].sentence("zh") != problems[0].sentence("en")


@pytest.mark.parametrize("loader", [LOADER, yaml.SafeLoader])
def test_bad_escape(loader: Any) -> None:
    """The two parsers point at the backslash or behind it."""
    problems = read_text('a: "\\q"\n', "f", loader).problems
    assert [problem.code for problem in problems] == ["bad-escape"]


@pytest.mark.parametrize("loader", [LOADER, yaml.SafeLoader])
def test_escape_beyond_unicode(loader: Any) -> None:
    """`chr()` refuses it within PyYAML's own code."""
    (problem,) = read_text('a: "\\UFFFFFFFF"\n', "f", loader).problems
    assert problem.code in ("bad-escape", "not-yaml")


def test_several_faults() -> None:
    """Faults after which reading can go on are all told."""
    problems = read_text("a: &x 1\n2: b\na: !t c\n", "f").problems
    assert sorted(p.code for p in problems) == ["anchor", "duplicate-key", "key-not-text", "tag"]


def test_not_utf8() -> None:
    """Latin-1 bytes, placed by characters."""
    (problem,) = read_bytes("a: 客户\nb: ".encode() + b"\xe9\n", "f").problems
    assert str(problem) == "f:2:4: not-utf8 this is not UTF-8 text (save the file as UTF-8)"


def test_utf16() -> None:
    """UTF-16 with its byte order mark."""
    (problem,) = read_bytes("a: b\n".encode("utf-16"), "f").problems
    assert problem.code == "not-utf8"


def test_too_large() -> None:
    """One byte above the limit; at the limit it is read."""
    (problem,) = read_bytes(b"#" * (MAX_BYTES + 1), "f").problems
    assert problem.code == "file-too-large"
    assert read_bytes(b"a: 1\n#" + b"x" * (MAX_BYTES - 6), "f").problems == []


@pytest.mark.parametrize(
    "text",
    [
        "a: [" + "1," * 200_000 + "]",
        "[" * 500_000,
        "- " * 400_000,
        "a: " * 300_000,
        "? " * 400_000,
        "a: '" + "x" * 1_000_000,
        "a: " + "\n" * 1_000_000,
        "{" * 20 + "a: " * 300_000,
        "\n".join(f"k{i}: 1" for i in range(90_000)),
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
        '"' + "\\x41" * 250_000 + '": 1',
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_bomb(text: str) -> None:
    """Whatever a megabyte holds, it is over within a second or two of CPU."""
    assert cpu_seconds(lambda: read_text(text, "f")) < 2


def test_too_many_values() -> None:
    """More values than any definition has."""
    (problem,) = read_text("a: [" + "1," * 200_000 + "]", "f").problems
    assert problem.code == "too-many-values"


def test_link_out_of_the_layer(tmp_path: Path) -> None:
    """A symbolic link to a file elsewhere is not followed; one inside is."""
    layer = tmp_path / "layer"
    layer.mkdir()
    (tmp_path / "secret.yaml").write_text("a: 1")
    (layer / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (layer / "own.yaml").write_text("a: 1")
    (layer / "in.yaml").symlink_to("own.yaml")
    (problem,) = read_file(layer / "out.yaml", layer).problems
    assert problem.code == "outside-layer"
    assert read_file(layer / "in.yaml", layer).problems == []


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder, a pipe, a link to itself and nothing at all, none of which hangs."""
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    codes = {
        name: [p.code for p in read_file(tmp_path / f"{name}.yaml", tmp_path).problems]
        for name in ("folder", "pipe", "loop", "nothing")
    }
    assert codes == {
        "folder": ["not-a-file"],
        "pipe": ["not-a-file"],
        "loop": ["unreadable-file"],
        "nothing": ["unreadable-file"],
    }
