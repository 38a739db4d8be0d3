"""What can be exchanged at all: objects whose records stand for themselves."""

from __future__ import annotations

from engine.definition.catalog import Catalog
from engine.definition.messages import UNKNOWN_OBJECT
from engine.definition.objects import Object
from engine.problems import Refusal, did_you_mean
from exchange import messages as say


def exchanged(catalog: Catalog, name: str) -> Object:
    """The object called `name`. Raises Refusal when there is none, or it is part of another."""
    definition = catalog.objects.get(name)
    if definition is None:
        raise Refusal(UNKNOWN_OBJECT(name=name, best=did_you_mean(name, catalog.objects)))
    if definition.parent:
        parent = catalog.objects[definition.parent_object]
        raise Refusal(say.PART_OF(object=definition.label, parent=parent.label))
    return definition
