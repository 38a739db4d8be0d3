"""Numbers in addresses: such as a database can hold; any other leads nowhere."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, Map, ValidationError

from engine.fieldtypes.link import LARGEST_ID

LONGEST = len(str(LARGEST_ID))


class Number(IntegerConverter):
    """`<int:…>` in a route: up to the largest id, so that no view needs to look."""

    def __init__(self, map: Map, *args: Any, **more: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **more})

    def to_python(self, value: str) -> int:
        """The number; Python itself refuses to read thousands of digits."""
        if len(value) > LONGEST:
            raise ValidationError
        number: int = super().to_python(value)
        return number


def install(app: Flask) -> None:
    """Makes it the meaning of `int` in all routes that follow."""
    app.url_map.converters["int"] = Number
