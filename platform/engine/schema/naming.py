"""Names of constraints and indexes, within the 63 bytes that PostgreSQL keeps."""

from __future__ import annotations

import hashlib

LIMIT = 60
OWN_PREFIXES = ("ix_", "uq_", "gin_")
"""Indexes with these prefixes were derived by us and may be dropped when no longer derived."""


def derived_name(prefix: str, table: str, *parts: str) -> str:
    """`prefix_table_parts`; shortened with a digest of the whole where it is too long."""
    name = "_".join((prefix, table, *parts))
    if len(name) <= LIMIT:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LIMIT - 9]}_{digest}"
