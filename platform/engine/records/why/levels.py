"""What may be done with the field, and with the record, as far as roles go."""

from __future__ import annotations

from engine.fieldtypes.link import Lines
from engine.records.why.asked import WRITING, Asked
from engine.records.why.findings import LEVELS


def level_of(asked: Asked) -> str:
    """The highest level of the field that one role grants together with the record; "" without
    a field."""
    found = asked.field
    if found is None:
        return ""
    if asked.id is None or asked.reading:
        writing = asked.roles if asked.action in WRITING else _changing(asked)
        if found.name in asked.lens.writable_by(writing) and _lines_open(asked, writing):
            return "write"
    if asked.reading & asked.lens.showing(found.name):
        return "read"
    if asked.reading & asked.lens.masking(found.name):
        return "mask"
    return "none"


def reaches(asked: Asked, level: str) -> bool:
    """Whether roles grant the action, on the record and the field that are asked about."""
    if not asked.top.may(asked.row_action) or not asked.roles:
        return False
    if asked.row_action != "read" and asked.action not in ("create", "import"):
        if not asked.reading:  # what cannot be seen does not exist
            return False
    if asked.definition.parent and asked.action in WRITING and not _lines_open(asked, asked.roles):
        return False
    if asked.definition.parent and not asked.roles & asked.lens.allowing(asked.row_action):
        return False
    if asked.field is None:
        return True
    needed = "write" if asked.action in WRITING else "read"
    if LEVELS.index(level) < LEVELS.index(needed):
        return False
    if needed == "read":  # an export shows what reading shows
        return bool(asked.reading & asked.lens.showing(asked.field.name))
    return True


def _changing(asked: Asked) -> frozenset[str]:
    """The roles that let the record be changed, where something else is asked."""
    granting = asked.top.allowing("update")
    if asked.verdict is None:
        return granting
    return granting & asked.verdict.granting("update")


def _lines_open(asked: Asked, roles: frozenset[str]) -> bool:
    """Whether these roles let the lines of the record be written at all; true of other records."""
    lens = asked.lens
    while lens.parent is not None:
        above = lens.parent
        names = [
            f.name
            for f in above.definition.lines
            if isinstance(f.type, Lines) and f.type.of == lens.definition.name
        ]
        if not above.writable_by(roles) & set(names):
            return False
        lens = above
    return True
