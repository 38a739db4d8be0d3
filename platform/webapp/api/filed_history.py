"""What a record's history says of files: their names, also of those that have gone since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.definition.objects import Field, Object
from engine.fieldtypes.file import File, ids_of
from engine.records.filing import refs
from engine.schema.files import FILES
from webapp.api.call import Call

Titles = dict[tuple[str, int], str]


def file_titles(
    call: Call, found: Iterable[tuple[Object, Mapping[str, tuple[Any, Any]]]]
) -> Titles:
    """The names of all files in these changes, by the table of files and id."""
    ids = {
        id
        for definition, changes in found
        for name, values in changes.items()
        if isinstance(definition.fields[name].type, File)
        for value in values
        for id in ids_of(value)
    }
    if not ids:
        return {}
    application = call.application
    with application.databases.reading() as connection:
        return {(FILES, r.id): r.name for r in refs(application.gate, connection, ids).values()}


def file_value(field: Field, value: Any, titles: Mapping[tuple[str, int], str]) -> Any:
    """A file field's value of the audit in JSON form."""
    named = [{"id": id, "name": titles.get((FILES, id), f"#{id}")} for id in ids_of(value)]
    assert isinstance(field.type, File)
    return named if field.type.multiple else next(iter(named), None)
