"""Secrets of records: opened from rows, sealed into them, masked for readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from engine.definition.objects import Field, Object
from engine.expressions.folding import fold
from engine.fieldtypes.secret import Masked, Secret
from engine.problems import Refusal
from engine.vault import NO_KEYS, Bound, Hidden, Vault

if TYPE_CHECKING:
    from engine.definition.catalog import Catalog
    from engine.records.changes import Batch
    from engine.records.gate import Gate
    from engine.records.reading import Record
    from engine.records.shapes import Row


def secret_fields(definition: Object) -> tuple[Field, ...]:
    """The object's fields that hold secrets."""
    return tuple(f for f in definition.stored_fields if isinstance(f.type, Secret))


def require_keys(catalog: Catalog, vault: Vault) -> None:
    """Raises Refusal where definitions have secrets and there is no key for them."""
    if not vault.ready and any(secret_fields(o) for o in catalog.objects.values()):
        raise Refusal(NO_KEYS())


def bound(definition: Object, field: Field, record: int) -> Bound:
    """What a field's value is bound to in a record."""
    return Bound(definition.table, field.column, record)


def opener(definition: Object, field: Field, vault: Vault) -> Callable[[Row], None]:
    """What turns a row's sealed value into a hidden one."""
    name = field.name

    def open_(row: Row) -> None:
        token = row.get(name)
        if token is not None:
            row[name] = Hidden.kept(token, vault, bound(definition, field, row["id"]))

    return open_


def sealer(definition: Object, field: Field, vault: Vault) -> Callable[[Row], dict[str, Any]]:
    """What turns a row's hidden value into the columns that keep it."""

    def seal(row: Row) -> dict[str, Any]:
        value: Hidden | None = row.get(field.name)
        if value is None:
            return {field.column: None, field.folded: None}
        place = bound(definition, field, row["id"])
        digest = vault.digests(value.text(), definition.table, field.column)[0]
        return {field.column: value.sealed(vault, place), field.folded: digest}

    return seal


def as_compared(gate: Gate, definition: Object, field: Field, value: Any) -> Any:
    """A value as unique keys compare it: folded where its field is, secrets by their digest."""
    if isinstance(value, Hidden):
        try:
            text = value.text()
        except Refusal:  # sealed by a key that is gone: it equals nothing
            return value
        return gate.databases.vault.digests(text, definition.table, field.column)[0]
    return fold(value) if field.folded else value


def digest_of(gate: Gate, definition: Object, field: Field, value: Any) -> Any:
    """A secret's digest; any other value as it is."""
    return as_compared(gate, definition, field, value) if isinstance(value, Hidden) else value


def aliases(batch: Batch, field: Field) -> dict[str, str]:
    """What other keys than the first one make of the batch's secrets, to the first one's."""
    gate, definition = batch.tx.gate, batch.definition
    found: dict[str, str] = {}
    if len(gate.databases.vault.keys) > 1 and isinstance(field.type, Secret):
        for change in batch.changes:
            first, *others = digests_of(gate, definition, field, change.row[field.name]) or ("",)
            found.update(dict.fromkeys(others, first))
    return found


def digests_of(gate: Gate, definition: Object, field: Field, value: Any) -> tuple[str, ...]:
    """The digests under which a secret value may stand in its column; none for no value."""
    found = field.type.read(value)
    if not isinstance(found, Hidden):
        return ()
    return gate.databases.vault.digests(found.text(), definition.table, field.column)


def present_secrets(gate: Gate, definition: Object, records: Sequence[Record]) -> None:
    """Gives the records' secret fields their masks instead of what the database holds."""
    vault = gate.databases.vault
    for field in secret_fields(definition):
        assert isinstance(field.type, Secret)
        for record in records:
            token = record.values.get(field.name)
            if token is not None:
                hidden = Hidden.kept(token, vault, bound(definition, field, record.id))
                place = (definition.name, record.id, field.name)
                record.values[field.name] = Masked(hidden.masked(field.type.shown), place)
