"""Style sheets, scripts and pictures: one address per content, so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Response, abort, request

FOLDER = Path(__file__).parents[1] / "static"
SHEET = "screens.css"
"""The style sheets of `static/css` in one, in the order of their names."""
FOR_EVER = "public, max-age=31536000, immutable"
COMPRESSIBLE = ("text/", "image/svg")


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    type: str
    body: bytes
    zipped: bytes | None


@lru_cache(maxsize=1)
def assets() -> tuple[str, dict[str, Asset]]:
    """All files by path, and the digest of all of them."""
    bodies = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and path.suffix in (".css", ".js", ".svg", ".png", ".woff2")
    }
    sheets = [name for name in bodies if name.startswith("css/")]
    bodies[SHEET] = b"\n".join(bodies.pop(name) for name in sheets)
    digest = hashlib.sha256()
    for name, body in sorted(bodies.items()):
        digest.update(name.encode() + b"\0" + body)
    return digest.hexdigest()[:12], {name: _asset(name, body) for name, body in bodies.items()}


def _asset(name: str, body: bytes) -> Asset:
    type_ = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or ""
    if type_.startswith(COMPRESSIBLE):
        return Asset(f"{type_}; charset=utf-8", body, gzip.compress(body, 9, mtime=0))
    return Asset(type_, body, None)


def address(name: str) -> str:
    """Where a file is found. Scripts lie below one folder, so they can import each other."""
    digest, found = assets()
    assert name in found, name
    return f"/assets/{digest}/{name}"


def send(digest: str, name: str) -> Response:
    """A file; of another version too, since a page may outlive a release."""
    current, found = assets()
    asset = found.get(name)
    if asset is None:
        abort(404)
    response = Response(asset.body, content_type=asset.type)
    if asset.zipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        response = Response(asset.zipped, content_type=asset.type)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = FOR_EVER if digest == current else "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
