"""Words that several families of findings use."""

from __future__ import annotations

from engine.definition.objects import Field, Object
from engine.problems import Text
from engine.schema.wording import of_field, of_object


def field_of(definition: Object, field: Field) -> dict[str, Text]:
    """A field and its object, by the names that sentences have for them."""
    return {"field": of_field(field), "object": of_object(definition)}
