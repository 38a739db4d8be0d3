"""`GET o/<object>/<record>/documents/<name>`: a record on paper."""

from __future__ import annotations

from flask import Response, request

from webapp.api.call import Call
from webapp.api.queries import read_parameters
from webapp.api.records import one
from webapp.printing import printed


def get_document(call: Call, object: str, record: str, name: str) -> Response:
    """The document as a PDF; `locale` chooses its language."""
    given = read_parameters(request, "locale")
    found = one(call, object, record)
    return printed(call, object, found.id, name, given.get("locale", ""))
