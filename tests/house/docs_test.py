"""The written documentation holds together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.fieldtypes.registry import FIELD_TYPES
from support.project import ROOT, project_files, shown

DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))
PAGES = [path for path in project_files() if path.suffix == ".md"]

WORDS = ["object", "field", "record", "change", "scope", "stage", "transition", "approval", "step"]
WORDS += ["layer", "overlay", "catalog", "problem", "plan", "revision", "outbox", "timer"]


def test_decisions_are_numbered_without_gaps() -> None:
    """0001, 0002, …, each listed in the index."""
    assert [path.name[:4] for path in DECISIONS] == [f"{n + 1:04}" for n in range(len(DECISIONS))]
    index = (DOCS / "decisions" / "README.md").read_text()
    assert [path.name for path in DECISIONS if f"({path.name})" not in index] == []


@pytest.mark.parametrize("path", DECISIONS, ids=shown)
def test_decisions_have_one_form(path: Path) -> None:
    """A title with its number, then context, decision, consequences."""
    headings = re.findall(r"^#+ .*", path.read_text(), re.M)
    assert headings[0].startswith(f"# {int(path.name[:4])}. ")
    assert headings[1:] == ["## Context", "## Decision", "## Consequences"]


def test_rules_keep_their_numbers() -> None:
    """Code and tests cite rules by number: 1 to 41, in order, none dropped."""
    numbers = re.findall(r"^(\d+)\. ", (DOCS / "rules.md").read_text(), re.M)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 41


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_knows_every_word(word: str) -> None:
    """Each word has its row, in English and Chinese."""
    row = rf"^\| \*\*{word}\*\* \| [^|]*[\u4e00-\u9fff][^|]* \| .+ \|$"
    assert re.search(row, (DOCS / "glossary.md").read_text(), re.M)


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that exists."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_field_type_is_described() -> None:
    """Each word that can stand after `type:` has its place in the table of the reference."""
    page = (DOCS / "reference" / "definitions.md").read_text()
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|", page, re.M)
    described = {name for row in rows for name in re.findall(r"\w+", row)}
    assert FIELD_TYPES.keys() - described == set()
