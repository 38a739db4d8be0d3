"""A real browser on a real server: the shipped system with a company's data in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.project import ROOT
from support.showroom import Showroom, furnish
from support.world import PASSWORD, World, make_world

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
STARTS_WITHIN = 90.0
expect.set_options(timeout=15_000)  # what a busy machine may need
LAYER = Path(__file__).parent / "layer"
"""An object with whatever the shipped system does not use."""


@dataclass
class Office:
    """The server's address and what is in its database."""

    address: str
    world: World
    made: Showroom


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """`formwright serve` on a SQLite database with a company in it."""
    with served(tmp_path_factory.mktemp("office"), LAYER) as made:
        yield made


@contextmanager
def served(folder: Path, *layers: Path, base: Path = ROOT / "config") -> Iterator[Office]:
    """`formwright serve` on a database in `folder`, the layers laid over the shipped system.

    The server finds what belongs to that, templates and scenarios, in the folder `base`.
    """
    url = f"sqlite:///{folder / 'formwright.db'}"
    world = make_world(url, *layers)
    made = furnish(world)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "FORMWRIGHT_DATABASE_URL": url,
        "FORMWRIGHT_LAYERS": os.pathsep.join(map(str, (base, *layers))),
        "FORMWRIGHT_SECRET_KEY": "a secret of the acceptance tests",
        "PYTHONPATH": str(ROOT / "platform"),
    }
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve", "--port", str(port), "--workers", "1"],
        env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{address}/healthz", server, folder / "log")
        yield Office(address, world, made)
    finally:
        server.terminate()
        server.wait(20)
        log.close()
        world.site.close()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.2)
    pytest.fail(
        f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}", pytrace=False
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    if CHROMIUM is None:
        pytest.fail("there is no Chromium; `make test` installs it", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(chromium: Browser, office: Office) -> Iterator[Enter]:
    """Signs somebody in and gives their page: `enter("rep", locale="zh-CN", width=375)`.

    A test fails when its page wrote an error to the console or threw one.
    """
    contexts, errors = [], []

    def open_page(
        name: str = "boss", *, locale: str = "en-US", width: int = 1440, height: int = 900,
        theme: str = "light", javascript: bool = True,
    ) -> Page:  # fmt: skip
        context = chromium.new_context(
            base_url=office.address, locale=locale, color_scheme=theme,  # type: ignore[arg-type]
            viewport={"width": width, "height": height}, java_script_enabled=javascript,
            timezone_id="Asia/Shanghai",
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: _note(errors, m.type, m.text))
        page.goto("/login/")
        page.fill("#username", name)
        page.fill("#password", PASSWORD)
        page.click(".button.primary")
        page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _note(errors: list[str], kind: str, text: str) -> None:
    # an answer of 4xx is what a refusal is; the page tells it
    if kind == "error" and "Failed to load resource" not in text:
        errors.append(text)


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Takes a picture for the documentation, when FORMWRIGHT_PICTURES says so."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("FORMWRIGHT_PICTURES"):
            folder = ROOT / "docs" / "images"
            folder.mkdir(parents=True, exist_ok=True)
            page.wait_for_timeout(250)
            page.screenshot(path=folder / f"{name}.png")

    return take
