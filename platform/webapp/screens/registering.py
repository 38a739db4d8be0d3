"""Hooks the screens into the Flask application: their addresses, and what all have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.problems import Refusal
from webapp import messages
from webapp.answers import status_of
from webapp.identity import caller
from webapp.screens import (
    acting,
    approving,
    assets,
    audit,
    bulk,
    calendar,
    converting,
    deputies,
    duplicates,
    exporting,
    files,
    forms,
    grouping,
    handing_over,
    home,
    importing,
    jobs,
    lists,
    lookups,
    merging,
    notices,
    printing,
    quick,
    records,
    related,
    scanning,
    sharing,
    styleguide,
    tree,
    why,
    works,
    works_undoing,
)
from webapp.screens.here import Here
from webapp.screens.moved import moved
from webapp.screens.problems import show_refusal
from webapp.shell import application

_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
View = Callable[..., AnyResponse]
SIGN_IN = "/login/"
HOME = "HomeView.index"
"""The first page belongs to Flask-AppBuilder; ours takes its place."""

RECORD = "/o/<object>/<int:id>"

ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/o/<object>", lists.show_list),
    ("GET", "/o/<object>/filters", lists.show_filters),
    ("GET", "/o/<object>/lookup", lookups.lookup),
    ("GET", "/o/<object>/group", grouping.show_group),
    ("GET", "/o/<object>/branch", tree.show_branch),
    ("GET", "/o/<object>/quick", quick.show_quick),
    ("GET", "/o/<object>/new", forms.new_form),
    ("POST", "/o/<object>/new", forms.create),
    ("POST", "/o/<object>/preview", forms.preview),
    ("POST", "/o/<object>/duplicates", duplicates.show_duplicates),
    ("GET", "/o/<object>/duplicates", scanning.ask_scan),
    ("POST", "/o/<object>/duplicates/scan", scanning.start_scan),
    ("POST", "/o/<object>/delete-many", acting.delete_many),
    ("POST", "/o/<object>/restore", acting.restore),
    ("POST", "/o/<object>/export", exporting.export),
    ("GET", "/o/<object>/change", bulk.ask_change),
    ("POST", "/o/<object>/change", bulk.change),
    ("GET", "/o/<object>/import", importing.ask_file),
    ("POST", "/o/<object>/import", importing.take_file),
    ("GET", "/o/<object>/import/columns", importing.ask_columns),
    ("POST", "/o/<object>/import/columns", importing.start_trial),
    ("GET", "/o/<object>/import/template.<ending>", importing.send_template),
    ("GET", RECORD, merging.show_or_lead_on),
    ("GET", f"{RECORD}/edit", forms.edit_form),
    ("POST", f"{RECORD}/edit", forms.save),
    ("POST", f"{RECORD}/preview", forms.preview),
    ("GET", f"{RECORD}/value/<name>", acting.edit_value),
    ("POST", f"{RECORD}/value/<name>", acting.save_value),
    ("GET", f"{RECORD}/do/<name>", acting.ask_transition),
    ("POST", f"{RECORD}/do/<name>", acting.take_transition),
    ("GET", f"{RECORD}/convert/<name>", converting.ask_conversion),
    ("POST", f"{RECORD}/convert/<name>", converting.take_conversion),
    ("GET", f"{RECORD}/merge", merging.ask_merge),
    ("POST", f"{RECORD}/merge", merging.take_merge),
    ("POST", f"{RECORD}/unmerge", merging.undo_merge),
    ("POST", "/o/<object>/files/<field>", files.upload),
    ("GET", "/files/<int:n>", files.show_waiting),
    ("GET", "/files/<int:n>/small", files.show_waiting_small),
    ("GET", f"{RECORD}/file/<field>/<int:n>", files.show_file),
    ("GET", f"{RECORD}/file/<field>/<int:n>/small", files.show_small),
    ("POST", f"{RECORD}/attachments", files.attach),
    ("POST", f"{RECORD}/attachments/<int:n>/remove", files.detach),
    ("POST", f"{RECORD}/reveal/<name>", files.show_secret),
    ("POST", f"{RECORD}/move", calendar.move),
    ("POST", f"{RECORD}/delete", acting.delete),
    ("POST", f"{RECORD}/comments", acting.comment),
    ("POST", f"{RECORD}/approvals/<int:task>/<decision>", approving.decide),
    ("GET", f"{RECORD}/shares", sharing.show_shares),
    ("POST", f"{RECORD}/shares", sharing.add_share),
    ("POST", f"{RECORD}/shares/<int:n>/end", sharing.end_share),
    ("GET", f"{RECORD}/documents/<name>", printing.show_document),
    ("GET", "/documents/<int:id>", printing.send_made),
    ("GET", f"{RECORD}/related/<name>", related.show_related),
    ("GET", f"{RECORD}/timeline", records.show_timeline),
    ("GET", "/o/<object>/<number>", records.show_by_number),
    ("GET", "/approvals", approving.show_approvals),
    ("GET", "/audit", audit.show_audit),
    ("GET", "/why", why.show_why),
    ("GET", f"{RECORD}/who", why.show_who),
    ("GET", "/deputies", deputies.show_deputies),
    ("POST", "/deputies", deputies.add_deputy),
    ("POST", "/deputies/<int:n>/end", deputies.end_deputy),
    ("GET", "/hand-over", handing_over.show_hand_over),
    ("POST", "/hand-over", handing_over.take_hand_over),
    ("GET", "/jobs", jobs.show_jobs),
    ("POST", "/jobs/retry", jobs.retry_kind),
    ("GET", "/jobs/<int:id>", jobs.show_job),
    ("POST", "/jobs/<int:id>/<any(retry, cancel):what>", jobs.act),
    ("GET", "/work", works.show_works),
    ("GET", "/work/<int:id>", works.show_work),
    ("POST", "/work/<int:id>/<any(pause, resume, cancel, retry):what>", works.steer),
    ("POST", "/work/<int:id>/start", importing.start_import),
    ("GET", "/work/<int:id>/groups", scanning.show_groups),
    ("POST", "/work/<int:id>/groups/<int:number>", scanning.act_on_group),
    ("GET", "/work/<int:id>/groups/<int:number>/merge", scanning.merge_group),
    ("GET", "/work/<int:id>/undo", works_undoing.ask_undo),
    ("POST", "/work/<int:id>/undo", works_undoing.undo),
    ("GET", "/work/<int:id>/files/<int:number>", works.send_file),
    ("GET", "/notices", notices.show_notices),
    ("GET", "/notices/count", notices.show_count),
    ("GET", "/notices/panel", notices.show_panel),
    ("POST", "/notices/read", notices.read_all),
    ("POST", "/notices/mail", notices.choose_mail),
    ("GET", "/notices/<int:id>", notices.open_notice),
    ("GET", "/search", lookups.search),
    ("POST", "/preferences/language", home.choose_language),
    ("GET", "/styleguide", styleguide.show_styleguide),
)
"""Method, address and view of every screen."""


def register(app: Flask) -> None:
    """Adds the screens to the application."""
    screens = Blueprint("screens", __name__)
    for method, address, view in ROUTES:
        name = f"{method} {address}".replace(".", "_")
        screens.add_url_rule(address, name, with_here(view), methods=[method])
    screens.add_url_rule("/assets/<digest>/<path:name>", "assets", assets.send)
    app.register_blueprint(screens)
    app.jinja_env.globals["asset"] = assets.address
    app.view_functions[HOME] = with_here(home.show_home)


def with_here(view: View) -> View:
    """The view, asked as the person who is signed in; refusals become screens."""

    @wraps(view)
    def run(**arguments: Any) -> AnyResponse:
        try:
            by = caller()
        except Refusal as refusal:
            return _sign_in(refusal)
        g.here = Here(application(), by)
        try:
            if (elsewhere := moved(g.here, arguments)) is not None:
                return elsewhere
            _check_characters()
            return view(**arguments)
        except Refusal as refusal:
            return show_refusal(g.here, refusal)

    return run


def _check_characters() -> None:
    """Refuses what no text can hold before anything tries to search for it."""
    for given in (request.args, request.form):
        for name, value in given.items(multi=True):
            if _UNUSABLE.search(value) or _UNUSABLE.search(name):
                raise Refusal(messages.BAD_CHARACTERS(name=ascii(name)[:60]))


def _sign_in(refusal: Refusal) -> AnyResponse:
    """People are led to the sign-in and back again; scripts are told."""
    if status_of(refusal.problems) != 401:
        raise refusal
    if request.method == "GET" and "json" not in request.headers.get("Accept", ""):
        return redirect(f"{SIGN_IN}?next={quote(request.full_path.rstrip('?'))}")
    return Response(status=401)
