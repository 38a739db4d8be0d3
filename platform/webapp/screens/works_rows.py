"""What long work says about single rows: why some were refused, corrections, conflicts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jobs.work import rows_of
from jobs.work_rows import WorkRow
from webapp.screens.here import Here

SORTS = {
    "rejected": "rows_rejected", "conflict": "rows_conflicts", "corrected": "rows_corrected",
    "notice": "rows_notices",
}  # fmt: skip
MOST = 100
"""Rows that are shown; the files have all of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: where it stands or which record it is, and what is said about it."""

    place: str
    address: str
    text: str


def sorts_of(at: Here, row: WorkRow) -> list[tuple[str, str]]:
    """The sorts of rows about which the work says something, in the order of the tabs."""
    found = []
    for sort, label in SORTS.items():
        if rows_of(at.gate, at.actor, row.id, sort, limit=1):
            found.append((sort, at.t(label)))
    return found


def rows_shown(at: Here, row: WorkRow, sort: str) -> list[Line]:
    """The first rows of a sort."""
    found = rows_of(at.gate, at.actor, row.id, sort, limit=MOST)
    return [line_of(at, row.object, data) for _, _, data in found]


def line_of(at: Here, object: str, data: dict[str, Any]) -> Line:
    """One row; `object` is what the work is about, where the row does not say it."""
    text = _labelled(at, object, str(data.get(at.locale) or data.get("en") or ""))
    if not text and "column" in data:
        found, became = data.get("found") or "–", data.get("became") or "–"
        text = f"{data['column']}: {found} → {became}"
    field = data.get("field")
    if isinstance(field, dict) and field.get(at.locale):
        text = f"{field[at.locale]}: {text}"
    if isinstance(data.get("id"), int):
        record, object = data["id"], str(data.get("object") or object)
        title = data.get("title") or data.get("number") or _numbered(at, data, record)
        known = object in at.catalog.objects
        return Line(str(title), f"/o/{object}/{record}" if known else "", text)
    return Line(at.t("line_number", n=data["line"]) if "line" in data else "", "", text)


def _numbered(at: Here, data: dict[str, Any], record: int) -> str:
    """A record without a title, by what it is and its id."""
    label = data.get("label")
    return f"{label[at.locale]} #{record}" if isinstance(label, dict) else f"#{record}"


def _labelled(at: Here, object: str, text: str) -> str:
    """Reasons with the labels of fields instead of their names, where the sentence says neither."""
    definition = at.catalog.objects.get(object)
    if definition is None:
        return text

    def label(found: re.Match[str]) -> str:
        said = at.say(definition.fields[found[2]].label)
        rest = text[found.end() :].partition("; ")[0]
        return found[1] if said in rest else found[1] + at.t("label_and", label=said)

    names = "|".join(map(re.escape, definition.fields))
    return re.sub(rf"(^|; )({names}): ", label, text)
