"""Mapping files: what is wrong in them is found before any row is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.definition.catalog import Catalog
from engine.problems import Refusal
from exchange.mapping import KIND, find_mapping, load_mapping
from support.exchange_site import SITE
from support.small import loaded, refusal

Load = Callable[[str], object]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    found = loaded(tmp_path_factory.mktemp("layer"), SITE)
    assert found.catalog, found.problems
    return found.catalog


@pytest.fixture
def load(catalog: Catalog, tmp_path: Path) -> Load:
    def load(text: str) -> object:
        path = tmp_path / "m.yaml"
        path.write_text(f"mapping: m\n{text}", encoding="utf-8")
        return load_mapping(path, catalog)

    return load


def test_a_whole_mapping(load: Load) -> None:
    """Every key that there is."""
    mapping = load(
        """object: deal
historical: true
match: [reference]
columns:
  id: reference
  who: {field: owner, find: name, corrections: {"": null}}
  company: {field: company, find: name, values: {ACME: Acme}}
  begun: {field: created_on, also: [title]}
  unused:
constants: {stage: won}
"""
    )
    assert mapping.fields == {"reference", "owner", "company", "created_on", "title", "stage"}
    assert mapping.columns["unused"].field == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("object: compny\ncolumns: {a: name}", "m.yaml:2:9: unknown-object"),
        ("object: deal_line\ncolumns: {a: label}", "import-part deal_line is part of deal"),
        ("object: deal\ncolumns: {a: titel}", "m.yaml:3:14: unknown-field"),
        ("object: deal\ncolumns: {a: lines}", "mapping-lines"),
        ("object: company\ncolumns: {a: double}", "mapping-takes-no-input"),
        ("object: deal\ncolumns: {a: number}", "mapping-takes-no-input"),
        ("object: deal\ncolumns: {a: title, b: title}", "title is set twice, also by a"),
        ("object: deal\ncolumns: {a: title}\nconstants: {title: x}", "mapping-field-twice"),
        ("object: deal\ncolumns: {a: {field: title, find: name}}", "find-without-link"),
        ("object: deal\ncolumns: {a: {field: company, find: nam}}", "did you mean 'name'?"),
        ("object: deal\ncolumns: {a: {field: company, find: double}}", None),
        ("object: deal\nmatch: [lines]\ncolumns: {a: title}", "field-not-stored"),
        ("object: deal\nmatch: [reference]\ncolumns: {a: title}", "match-not-set"),
        ("object: deal\ncolumns: {a: {field: stage, values: {x: wonn}}}", "did you mean won?"),
        ("object: deal\ncolumns: {a: title}\nconstants: {stage: wonn}", "not-an-option"),
        ("object: deal\ncolumns: {a: {field: title, values: {x: y}, corrections: {x: z}}}",
         "corrected-and-translated"),
        ("object: deal\ncolumns: {a: {feld: title}}", "m.yaml:3:"),
        ("object: deal\ncreate: {}\ncolumns: {a: title}", "unknown-key there is no key 'create'"),
        ("object: deal", "missing-key"),
    ],
)  # fmt: skip
def test_what_is_wrong(load: Load, text: str, told: str | None) -> None:
    """A place, a code and mostly a suggestion."""
    if told is None:
        load(text)
    else:
        assert told in refusal(lambda: load(text))


def test_everything_at_once(load: Load) -> None:
    """Three mistakes, three problems."""
    with pytest.raises(Refusal) as refused:
        load("object: deal\nmatch: [nobody]\ncolumns: {a: titel, b: {field: stage, find: x}}")
    assert len(refused.value.problems) == 3


def test_no_yaml(load: Load) -> None:
    """A file that is no YAML is refused like any definition."""
    assert "m.yaml:2:" in refusal(lambda: load("object: [deal"))


def test_by_name(catalog: Catalog) -> None:
    """An applied mapping goes by its name; an unknown one is told."""
    assert "no-mapping" in refusal(lambda: find_mapping("nowhere.yaml", catalog))
    with_one = catalog.with_others(KIND, {"deals": "the mapping"})
    assert find_mapping("deals", with_one) == "the mapping"
    assert "did you mean deals?" in refusal(lambda: find_mapping("deal", with_one))
