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
from engine.problems import Refusal
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
    ((file, data),) = attach(company.gate, wang, names, "quotation", quote, "en")
    text = PdfReader(BytesIO(data)).pages[0].extract_text()
    assert file.startswith("Quotation QT-") and file.endswith(".pdf") and "Lathe" in text
    ((file, _),) = attach(company.gate, wang, ["quotation"], "quotation", quote, "zh")
    assert not file.startswith("Quotation")
    assert attach(company.gate, wang, ["quotation"], "quotation", None, "en") == []
    with pytest.raises(Refusal):
        attach(company.gate, Actor(person=9), ["quotation"], "quotation", quote, "en")
