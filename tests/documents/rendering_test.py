"""The rendering process: what hostile or broken templates can do, and what they cannot."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from documents.rendering import Job, Limits, Renderer
from engine.problems import Problem, Refusal
from support.project import PLATFORM

PIXEL = base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'
).decode()


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(Limits(cpu=2, wait=20, memory=300 * 2**20, html=2 * 2**20), size=1)
    yield made
    made.close()


def job(html: str, assets: dict[str, str] | None = None, **content: object) -> Job:
    return Job(template="a.html", templates={"a.html": html}, content=content, assets=assets or {})


def refused(renderer: Renderer, html: str, **content: object) -> Problem:
    with pytest.raises(Refusal) as caught:
        renderer.render(job(html, **content))
    (problem,) = caught.value.problems
    assert problem.sentence("en") and problem.sentence("zh")
    return problem


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_plain(renderer: Renderer) -> None:
    """A value is filled in, and its markup is only text."""
    pdf = renderer.render(job("<p>Hello {{ name }}</p>", name="<b>Wang</b> 王"))
    assert "Hello <b>Wang</b> 王" in text_of(pdf)


def test_own_files(renderer: Renderer) -> None:
    """What was handed over can be shown: as `asset:`, or written into the page as `data:`."""
    page = f'<img src="asset:a.svg"><img src="data:image/svg+xml;base64,{PIXEL}">'
    assert renderer.render(job(page, {"a.svg": PIXEL})).startswith(b"%PDF")


@pytest.mark.parametrize(
    "html",
    [
        '<img src="http://127.0.0.1:1/a.png">',
        '<img src="https://localhost/a.png">',
        '<img src="//localhost/a.png">',
        '<img src="file:///etc/hostname">',
        '<img src="FILE:///etc/hostname">',
        '<img src="ftp://localhost/a">',
        '<img src="asset:../a.svg">',
        '<img src="asset:b.svg">',
        '<img src="a.png">',
        '<link rel="stylesheet" href="file:///etc/hostname">',
        '<link rel="attachment" href="file:///etc/hostname">',
        '<a rel="attachment" href="file:///etc/hostname">x</a>',
        "<style>@import 'http://127.0.0.1:1/a.css';</style>",
        "<style>@import url(file:///etc/hostname);</style>",
        "<style>@font-face {font-family: x; src: url(file:///etc/hostname)}</style><p>x",
        "<style>p {background: url(http://127.0.0.1:1/a.png)}</style><p>x",
        "<style>p::before {content: url(file:///etc/hostname)}</style><p>x",
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname" width="9" '
        'height="9"/></svg>',
        '<img src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22%3E%3Cimage '
        'href=%22file:///etc/hostname%22 width=%229%22 height=%229%22/%3E%3C/svg%3E">',
        '<object data="file:///etc/hostname"></object>',
        '<embed src="file:///etc/hostname">',
    ],
)  # fmt: skip
def test_addresses(renderer: Renderer, html: str) -> None:
    """No address but those of our own files is loaded: the rendering ends, naming it."""
    assert refused(renderer, html).code == "address-refused"


@pytest.mark.parametrize(
    ("html", "codes"),
    [
        ("{{ 'a' * 500000000 }}", {"document-too-much-memory", "document-too-large"}),
        ("{% for i in range(99999) %}{{ 'a' * 99 }}{% endfor %}", {"document-too-large"}),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            {"document-too-slow"},
        ),
        ("{{ 9 ** (9 ** 9) }}", {"document-too-slow", "document-too-much-memory"}),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", {"document-too-much-memory"}),
        ("{{ range(100001) | list }}", {"template-failed"}),
        ("{{ ''.__class__.__mro__ }}", {"template-failed"}),
        ("{{ self.__init__.__globals__ }}", {"template-failed"}),
        ("{{ '{0.__class__}'.format(1) }}", {"template-failed"}),
        ("{% include '/etc/hostname' %}", {"template-failed"}),
        ("{% include '../../a' %}", {"template-failed"}),
        ("{% import 'os' as os %}", {"template-failed"}),
    ],
)
def test_hostile(renderer: Renderer, html: str, codes: set[str]) -> None:
    """Memory, size, time and the way out of the sandbox: stopped; the next document is made."""
    assert refused(renderer, html).code in codes
    assert renderer.render(job("<p>x")).startswith(b"%PDF")


def test_time() -> None:
    """A process that waits instead of working is ended too."""
    renderer = Renderer(Limits(wait=0.05))
    problem = refused(renderer, "<p>x")
    assert (problem.code, problem.args["seconds"]) == ("document-too-slow", "0.05")
    renderer.close()


@pytest.mark.parametrize(
    ("html", "line", "why"),
    [
        ("<p>\n{{ unknown }}", 2, "'unknown' is undefined"),
        ("<p>\n\n{% if %}", 3, "Expected an expression"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("<p>{{ 'a' | nofilter }}", 1, "No filter named 'nofilter'"),
    ],
)
def test_broken(renderer: Renderer, html: str, line: int, why: str) -> None:
    """A broken template is told with its line."""
    problem = refused(renderer, html)
    assert problem.code == "template-failed"
    assert str(problem.place) == f"templates/documents/a.html:{line}:1"
    assert why in problem.sentence()


def test_output_limit() -> None:
    """A PDF that is too large is not handed on."""
    renderer = Renderer(Limits(size=500))
    assert refused(renderer, "<p>x").code == "document-too-large"
    renderer.close()


def test_no_chinese_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a font for it Chinese would be empty boxes: that is a problem; English is not."""
    fonts = tmp_path / "fonts.conf"
    fonts.write_text("<fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts))
    renderer = Renderer()
    assert refused(renderer, "<p>报价单").code == "no-chinese-font"
    renderer.close()


def test_stays_warm(renderer: Renderer) -> None:
    """The second document does not wait for the libraries to load, and comes from one process."""
    renderer.render(job("<p>x"))
    (process,) = renderer._idle
    renderer.render(job("<p>y"))
    assert renderer._idle == [process]


def test_processes_are_replaced(renderer: Renderer) -> None:
    """One that was killed from outside, or has made its share of documents, is replaced."""
    renderer.render(job("<p>x"))
    (process,) = renderer._idle
    os.kill(process._process.pid, signal.SIGKILL)
    process._process.wait()
    assert renderer.render(job("<p>x")).startswith(b"%PDF")
    (second,) = renderer._idle
    second.answered = renderer.documents
    assert renderer.render(job("<p>x")).startswith(b"%PDF")
    assert renderer._idle != [second]


def test_threads(renderer: Renderer) -> None:
    """Several threads share the processes; each gets its own document."""
    found: dict[int, str] = {}

    def render(number: int) -> None:
        found[number] = text_of(renderer.render(job("<p>number {{ n }}", n=number)))

    threads = [threading.Thread(target=render, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"number {n}" for n in range(6)}


def test_no_secrets(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process does not get the settings of this one."""
    monkeypatch.setenv("FORMWRIGHT_SECRET_KEY", "very secret")
    fresh = Renderer()
    fresh.render(job("<p>x"))
    (process,) = fresh._idle
    environment = Path(f"/proc/{process._process.pid}/environ")
    if environment.exists():
        assert b"FORMWRIGHT" not in environment.read_bytes()
    fresh.close()


def test_weasyprint_stays_outside() -> None:
    """Whoever asks for documents does not load WeasyPrint or Jinja2."""
    program = (
        "import sys; import documents.printing, assembly.kinds; "
        "print([n for n in ('weasyprint', 'jinja2') if n in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(PLATFORM)},
        capture_output=True,
        text=True,
    )
    assert (told.stdout.strip(), told.stderr) == ("[]", "")
