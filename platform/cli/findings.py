"""How a plan's findings are printed: by what they mean for applying, with remedies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from engine.schema.findings import Example, Finding, Severity

HEADINGS = {
    Severity.STOPS: {"en": "Stands in the way:", "zh": "阻止应用："},
    Severity.ASKS: {"en": "Probably not meant:", "zh": "可能并非本意："},
    Severity.LOSES: {"en": "Would be lost to people:", "zh": "用户将不再可见："},
    Severity.WARNS: {"en": "To be looked at:", "zh": "请确认："},
    Severity.TELLS: {"en": "Worth knowing:", "zh": "须知："},
}
MOST_OF_LAYERS = 10
"""Findings of one kind about layers that are shown; after an update there may be hundreds."""
MORE = {
    "en": "… and {n} more (`formwright plan --layers`)",
    "zh": "……另有 {n} 条（`formwright plan --layers`）",
}
SUCH_AS = {"en": "such as", "zh": "例如"}
REMEDY = {"en": "remedy", "zh": "处理办法"}
SEPARATOR = {"en": "; ", "zh": "；"}


def finding_lines(findings: Sequence[Finding], locale: str) -> Iterator[str]:
    """The findings for people, what stops first."""
    for severity, heading in HEADINGS.items():
        these = [finding for finding in findings if finding.severity == severity]
        if these:
            yield ""
            yield heading[locale]
        for family, found in groupby(these, lambda finding: finding.family):
            listed = list(found)
            most = MOST_OF_LAYERS if family.startswith("layer-") else len(listed)
            for finding in listed[:most]:
                yield from _lines(finding, locale)
            if len(listed) > most:
                yield f"~ {MORE[locale].format(n=len(listed) - most)}"


def _lines(finding: Finding, locale: str) -> Iterator[str]:
    mark = "~" if finding.severity == Severity.TELLS else "!"
    yield f"{mark} {finding.text.in_(locale)}"
    if finding.examples:
        said = SEPARATOR[locale].join(_example(example) for example in finding.examples)
        yield f"    {SUCH_AS[locale]} {said}"
    if finding.remedy:
        at = f" ({finding.place.file}:{finding.place.line})" if finding.place else ""
        yield f"    {REMEDY[locale]}{at}:"
        yield from (f"      {line}" for line in finding.remedy.splitlines())


def _example(example: Example) -> str:
    named = " ".join(filter(None, (f"#{example.id}" if example.id else "", example.title)))
    return ": ".join(filter(None, (named, example.value)))


def finding_json(finding: Finding, locale: str) -> dict[str, Any]:
    """A finding for programs."""
    place, count = finding.place, finding.count
    return {
        "family": finding.family,
        "severity": finding.severity.value,
        "object": finding.object or None,
        "field": finding.field or None,
        "text": finding.text.in_(locale),
        "count": {"value": count.value, "exact": count.exact} if count else None,
        "examples": [
            {"id": example.id or None, "title": example.title, "value": example.value or None}
            for example in finding.examples
        ],
        "remedy": finding.remedy or None,
        "file": place.file if place else None,
        "line": place.line if place else None,
    }
