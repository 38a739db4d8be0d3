"""`/studio/discard`: the draft is given up, after it was shown what that is."""

from __future__ import annotations

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from assembly.drafting import discard_draft
from webapp.screens.here import here
from webapp.studio.parts import account, bench, drafted, studio_page


def ask_discard() -> Response:
    """What would be given up."""
    at = here()
    on = bench(at)
    changed = drafted(at, on.draft, on.loaded())
    return studio_page("studio_discard.html", at, "", len(changed), drafted=changed)


def discard() -> AnyResponse:
    """Puts the texts of the revision in force back."""
    at = here()
    with at.gate.databases.writing() as connection:
        discard_draft(connection, account(at), at.now)
    return redirect("/studio/", 303)
