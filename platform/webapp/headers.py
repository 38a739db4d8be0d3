"""Security headers on every answer."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_HSTS = "max-age=31536000; includeSubDomains"
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Browsers show a PDF in a page of their own making, which has styles within it."""


def install(app: Flask) -> None:
    """Adds the headers to all answers, and `csrf_nonce()`'s sibling `csp_nonce()` to templates."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(add_headers)


def csp_nonce() -> str:
    """The number that scripts and styles within this page must carry to be run."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def add_headers(response: Response) -> Response:
    """The answer with its security headers; what is about one person is not cached."""
    headers = response.headers
    own = headers.get("Content-Security-Policy")
    for name, value in _ALWAYS.items():
        headers[name] = value
    if own:  # of an answer that holds what somebody has uploaded
        pass
    elif response.mimetype == "text/html":
        nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
        headers["Content-Security-Policy"] = _PAGE.format(nonce=nonce)
    else:
        pdf = response.mimetype == "application/pdf"
        headers["Content-Security-Policy"] = _PDF if pdf else _NOTHING
    if request.is_secure:
        headers["Strict-Transport-Security"] = _HSTS
    if request.endpoint is None or not request.endpoint.endswith("static"):
        headers.setdefault(
            "Cache-Control", "no-store" if "ETag" not in headers else "private, no-cache"
        )
    return response
