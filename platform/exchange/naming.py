"""By what a record is named in files, so that it is found again."""

from __future__ import annotations

from engine.definition.objects import Object

LINE, PROBLEMS = "_line", "_problems"
"""Columns that a file of rejected rows has besides those of its source."""
RESTRICTED = "#restricted"
"""Stands in exports for a linked record that the reader may not see; it comes back unchanged."""


def link_key(target: Object) -> str:
    """The field that names a linked record: its title, else its number, if only one can have it."""
    title = target.fields.get(target.title)
    if title is not None and title.stored and title.unique and title.required:
        return title.name
    if "number" in target.fields:
        return "number"
    unique = (
        f.name
        for f in target.fields.values()
        if f.unique and f.required and f.stored and f.type.textual
    )
    return next(unique, "id")


def own_key(definition: Object) -> str:
    """The field by which an exported record is recognised when it comes back."""
    return "number" if "number" in definition.fields else "id"
