"""Where an object or a field is used, in every kind of file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from assembly.kinds import KINDS
from cli.main import main
from engine.loading import load
from engine.loading.uses import uses
from engine.problems import Refusal
from support.sites import CONFIG

FILES = {
    "site.yaml": "site: Test\npeople: {object: person}\n",
    "objects/person.yaml": "object: person\ntitle: name\nfields: {name: {type: text}}\n",
    "objects/book.yaml": """\
object: book
title: name
search: [name, shelf.name]
fields:
  name: {type: text}
  price: {type: number, label: {en: name, zh: name}}
  shelf: {type: link, to: shelf, where: 'name != "x"'}
  twice: {type: number, formula: price * 2}
  thrice: {type: number, formula: twice + price}
  more: {type: number, formula: twice * 2}
views:
  dear: {label: price, sort: -price, columns: [name, price]}
checks:
  - {that: price > 0, say: price}
""",
    "objects/shelf.yaml": """\
object: shelf
title: name
fields:
  name: {type: text}
  total: {type: number, rollup: sum(b.price for b in books)}
  books: {type: related, of: book}
""",
    "roles/reader.yaml": """\
role: reader
label: Reader
grants:
  book: {read: price > 1, fields: {name: read, price: read}}
""",
    "automations/dear.yaml": """\
automation: dear
object: book
label: Dear
on: created
if: price > 100
then:
  tell:
    notify: owner
    title: "{name} costs {price}"
""",
}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uses")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def found(layer: Path, thing: str) -> list[str]:
    loaded = load([layer], KINDS)
    assert loaded.catalog is not None, [str(problem) for problem in loaded.problems]
    return [
        f"{Path(use.place.file).stem}:{use.place.line} {use.text}"
        for use in uses(loaded.catalog, loaded.trees, thing)
    ]


def test_field(layer: Path) -> None:
    """Expressions, templates, lists, grants: each place once, and no text for people."""
    assert found(layer, "book.price") == [
        "dear:5 price > 100",
        "dear:9 {name} costs {price}",
        "book:8 price * 2",
        "book:9 twice + price",
        "book:12 -price",
        "book:12 price",
        "book:14 price > 0",
        "shelf:5 b.price",
        "reader:4 price > 1",
        "reader:4 price",
    ]
    assert found(layer, "shelf.name") == ["book:3 shelf.name", 'book:7 name != "x"', "shelf:2 name"]


def test_object(layer: Path) -> None:
    """What links to it, what is about it, who is granted something on it."""
    assert [line.partition(" ")[0] for line in found(layer, "book")] >= ["dear:2"]
    assert "reader:4 book" in found(layer, "book")
    assert "shelf:6 book" in found(layer, "book")


def test_unknown(layer: Path) -> None:
    """What is not there is told, with what was probably meant."""
    for thing, code in (("bok", "unknown-thing"), ("book.prise", "unknown-part")):
        with pytest.raises(Refusal) as refused:
            found(layer, thing)
        assert refused.value.problems[0].code == code


def test_command() -> None:
    """The shipped system: a product's specification is on paper, in a list and in the search."""
    result = CliRunner().invoke(
        main, ["explain", "--uses", "product.specification", "--layer", str(CONFIG)]
    )
    assert result.exit_code == 0, result.output
    assert "document quotation, lines.columns.description.detail" in result.stdout
    assert "object product, search: specification" in result.stdout
