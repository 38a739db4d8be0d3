"""What looks at every screen sees what is wrong with one."""

from __future__ import annotations

import pytest

from support.markup import faults


@pytest.mark.parametrize(
    "html",
    [
        "<!doctype html><html><body><p id='a'>1 &lt; 2<br></p><!-- <p> --></body></html>",
        '<a href="/x?a=1&amp;b=2" title="a > b" hidden>x</a><svg viewBox="0 0 1 1"><g/></svg>',
        '<template><p id="a"></p></template><p id="a"></p>\n<input value=3 disabled>',
        '<script src="/assets/app.js"></script>',
    ],
)
def test_sound(html: str) -> None:
    """Nothing is said about what is well-formed."""
    assert list(faults(html)) == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p><b></p></b>", ["</p>", "</b>"]),
        ("<div><p></p>", ["<div> is not closed"]),
        ("</p>", ["</p>"]),
        ('<p id="a"></p><b id="a"></b>', ["id a twice"]),
        ("<script>go()</script>", ["inline script"]),
        ('<p onclick="go()" style="color: red"></p>', ["p onclick", "p style"]),
        ("<p>1 < 2</p>", ["< 2</p>"]),
        ('<p title="a"b"></p>', ['<p title="a"b"></p>', "</p>"]),
    ],
)
def test_unsound(html: str, said: list[str]) -> None:
    """What is wrong is named."""
    assert list(faults(html)) == said
