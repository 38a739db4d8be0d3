"""Mappings that a step of a scenario writes out itself, instead of naming one."""

from __future__ import annotations

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.loading.validating import validate
from exchange import mapping_checks
from exchange.mapping import KIND, SCHEMA, ImportMapping, build_mapping


def mapping_of(
    columns: Node, object: str, catalog: Catalog, problems: Problems
) -> ImportMapping | None:
    """The mapping with these `columns`; None, and problems, where it cannot be used."""
    parts = {KIND: "scenario", "object": object}
    entries = {key: Node(value, columns.place) for key, value in parts.items()}
    node = Node({**entries, "columns": columns}, columns.place)
    usable = validate(node, SCHEMA, problems)
    mapping = build_mapping("scenario", usable, problems) if usable else None
    if mapping is not None:
        mapping_checks.check(mapping, catalog, problems)
    return mapping
