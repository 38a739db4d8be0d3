"""What a page of records needs beyond its own rows before somebody reads it: names and masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from engine.definition.objects import Object
from engine.records.filing import present_files
from engine.records.sealing import present_secrets

if TYPE_CHECKING:
    from engine.records.gate import Gate
    from engine.records.reading import Record


def present(
    gate: Gate, connection: sa.Connection, definition: Object, records: Sequence[Record]
) -> None:
    """Gives files their names and secrets their masks."""
    present_files(gate, connection, definition, records)
    present_secrets(gate, definition, records)
