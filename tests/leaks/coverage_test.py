"""No way out is forgotten: every route has an adapter, or a reason to have none."""

from __future__ import annotations

import inspect

from engine.records import reading
from leaks import paths_api, paths_screens
from leaks.runs import Run
from leaks.topics import PATHS
from webapp.studio.registering import ROUTES as STUDIO

assert paths_api and paths_screens
NOTHING_TO_TELL = {
    "screens.POST /preferences/language": "sets one's own language",
    "screens.POST /notices/read": "marks one's own notices",
    "screens.POST /notices/mail": "sets whether one gets mail",
    "screens.POST /jobs/retry": "for administrators",
    "screens.POST /jobs/<int:id>/<any(retry, cancel):what>": "for administrators",
    "screens.POST /o/<object>/import": "takes one's own file",
    "screens.GET /o/<object>/import/columns": "is about one's own file",
    "screens.POST /o/<object>/import/columns": "is about one's own file",
    "screens.POST /o/<object>/duplicates/scan": "starts a scan; its results are asked about",
    **dict.fromkeys(
        (f"studio.{method} {address}" for method, address, _ in STUDIO),
        "for administrators; examples of records are read with their own rights",
    ),
    "screens.assets": "files of the platform",
    "static": "files of the platform",
    "operations.healthz": "holds no data",
    "operations.readyz": "holds no data",
    "operations.metrics": "behind a right of its own",
}
"""Routes without an adapter, and why."""
ACCOUNTS = ("ReadOnlyRoles.", "UserDBModelView.", "UserGroupModelView.", "ResetPasswordView.",
            "ResetMyPasswordView.", "UserInfoEditView.", "SignIn", "LocaleView.", "UtilView.",
            "appbuilder.")  # fmt: skip
"""Accounts and sign-in: no records; their pages stand behind the right to administer."""
READING = {"page": "lists", "one": "records", "within": "forms", "object": "definitions",
           "context": "what expressions are read in"}  # fmt: skip
"""The reader's methods, and what asks them."""


def test_every_route_has_an_adapter(made_up: Run) -> None:
    """A route that is new must be given one, or stand among those that tell nothing."""
    covered = {route.partition(" ")[2] for way in PATHS.values() for route in way.routes}
    routes = {rule.endpoint for rule in made_up.stage.app.url_map.iter_rules()}
    bare = {r for r in routes if r not in covered and r not in NOTHING_TO_TELL}
    assert not {r for r in bare if not r.startswith(ACCOUNTS)}
    assert not covered - routes, "adapters for routes that are not there"
    assert not NOTHING_TO_TELL.keys() - routes


def test_every_read_method_is_known() -> None:
    """The gate's reader has no way to read that nothing here asks."""
    methods = {n for n, _ in inspect.getmembers(reading.Reader, inspect.isfunction) if n[0] != "_"}
    assert methods == READING.keys()
