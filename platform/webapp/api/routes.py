"""The routes of the REST API."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from webapp.api import (
    approvals,
    audit,
    comments,
    convert,
    deputies,
    describing,
    documents,
    duplicates,
    exports,
    files,
    history,
    jobs,
    notices,
    openapi,
    records,
    shares,
)
from webapp.api.call import answering

BASE = "/api/v1"

ROUTES: tuple[tuple[str, str, str, Callable[..., Response]], ...] = (
    ("GET", "/o/<object>", "list", records.list_records),
    ("POST", "/o/<object>", "create", records.create_records),
    ("GET", "/o/<object>/duplicates", "duplicates", duplicates.find_duplicates),
    ("POST", "/o/<object>/export", "export", exports.export_records_of),
    ("GET", "/o/<object>/<record>", "one_record", records.get_record),
    ("PATCH", "/o/<object>/<record>", "update", records.update_record),
    ("DELETE", "/o/<object>/<record>", "delete", records.delete_record),
    ("POST", "/o/<object>/<record>/do/<transition>", "do", records.transition_record),
    ("POST", "/o/<object>/<record>/convert/<name>", "convert", convert.convert_record),
    ("POST", "/o/<object>/<record>/merge", "merge", duplicates.merge_record),
    ("POST", "/o/<object>/<record>/copy", "copy", convert.copy_record),
    ("PUT", "/o/<object>/by/<field>/<path:value>", "put", records.put_by_field),
    ("GET", "/o/<object>/<record>/history", "history", history.record_history),
    ("GET", "/o/<object>/<record>/comments", "comments", comments.list_comments),
    ("POST", "/o/<object>/<record>/comments", "comment", comments.post_comment),
    ("GET", "/o/<object>/<record>/shares", "shares", shares.list_shares),
    ("POST", "/o/<object>/<record>/shares", "share", shares.add_share),
    ("DELETE", "/o/<object>/<record>/shares/<int:share_id>", "unshare", shares.end_share),
    ("POST", "/o/<object>/files/<field>", "upload", files.upload),
    ("GET", "/o/<object>/<record>/files", "attachments", files.list_files),
    ("POST", "/o/<object>/<record>/files", "attach", files.add_files),
    ("GET", "/o/<object>/<record>/files/<field>", "files", files.list_files),
    ("POST", "/o/<object>/<record>/files/<field>", "add_files", files.add_files),
    ("GET", "/o/<object>/<record>/files/<field>/<int:file>", "file", files.get_file),
    ("GET", "/o/<object>/<record>/documents/<name>", "document", documents.get_document),
    ("GET", "/approvals", "approvals", approvals.list_approvals),
    ("POST", "/approvals/<id>/<decision>", "decide", approvals.decide_approval),
    ("GET", "/audit", "audit", audit.list_audit),
    ("GET", "/jobs", "jobs", jobs.list_jobs),
    ("GET", "/jobs/<id>", "job", jobs.get_job),
    ("POST", "/jobs/<id>/<what>", "act_on_job", jobs.act_on_job),
    ("GET", "/notices", "notices", notices.list_notices),
    ("POST", "/notices/read", "read_notices", notices.read_notices),
    ("POST", "/notices/<id>/read", "read_notice", notices.read_notice),
    ("GET", "/me", "me", describing.get_me),
    ("GET", "/me/deputies", "deputies", deputies.list_deputies),
    ("POST", "/me/deputies", "name_deputy", deputies.add_deputy),
    ("DELETE", "/me/deputies/<int:deputy_id>", "end_deputy", deputies.end_deputy),
    ("GET", "/definitions/<object>", "definition", describing.get_definition),
    ("GET", "/_openapi", "openapi", openapi.get_openapi),
)
"""Method, path, endpoint, handler."""


def api_blueprint() -> Blueprint:
    """The routes as a blueprint."""
    blueprint = Blueprint("api", __name__, url_prefix=BASE)
    for method, path, endpoint, handler in ROUTES:
        blueprint.add_url_rule(path, endpoint, answering(handler), methods=[method])
    return blueprint
