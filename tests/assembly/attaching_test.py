"""Documents in mails: made as whoever gets them, or left out."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from assembly.attaching import attaching
from documents.rendering import Renderer
from engine.permissions.actors import Actor
from notices.mailing import Attached
from support.sites import CONFIG, Company, make_company


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    made = make_company(f"sqlite:///{tmp_path_factory.mktemp('attaching') / 'x.db'}")
    yield made
    made.databases.dispose()


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.close()


def test_as_the_receiver(company: Company, renderer: Renderer) -> None:
    """In the receiver's language; unknown documents, and those of others, are left out."""
    wang = company.actor("wang")
    customer = company.create(wang, "customer", name="Acme")
    lines = [{"description": "Lathe", "quantity": "2", "price": "1000"}]
    quote = company.create(wang, "quotation", customer=customer, lines=lines)
    attach = attaching(renderer, [Path(CONFIG)])
    names = ["quotation", "nothing", "order_confirmation"]
    found = attach(company.gate, wang, names, "quotation", quote, "en")
    ((file, data),) = found.files
    assert found.missing == []
    text = PdfReader(BytesIO(data)).pages[0].extract_text()
    assert file.startswith("Quotation QT-") and file.endswith(".pdf") and "Lathe" in text
    ((file, _),) = attach(company.gate, wang, ["quotation"], "quotation", quote, "zh").files
    assert not file.startswith("Quotation")
    assert attach(company.gate, wang, ["quotation"], "quotation", None, "en") == Attached()
    stranger = Actor(person=9)
    found = attach(company.gate, stranger, ["quotation"], "quotation", quote, "zh")
    assert found == Attached([], ["报价单"])


def test_what_cannot_be_made(company: Company, tmp_path: Path) -> None:
    """One document has no template: the mail has the others, and knows which one is missing."""
    wang = company.actor("wang")
    customer = company.create(wang, "customer", name="Broken")
    lines = [{"description": "Lathe", "quantity": "2", "price": "1000"}]
    quote = company.create(wang, "quotation", customer=customer, lines=lines)
    folder = tmp_path / "templates" / "documents"
    folder.mkdir(parents=True)
    (folder / "standard.html").write_text("{{ nonsense.nonsense }}", encoding="utf-8")
    renderer = Renderer()
    try:
        attach = attaching(renderer, [Path(CONFIG), tmp_path])
        found = attach(company.gate, wang, ["quotation"], "quotation", quote, "en")
    finally:
        renderer.close()
    assert found == Attached([], ["Quotation"])
