"""In the rendering process: a template and plain data become HTML, and HTML becomes a PDF.

Templates may come from clients, so they are trusted with nothing: Jinja2's sandbox, no loader but
for the templates handed over with the data, no addresses but for the files handed over (`asset:`)
and `data:`. Limits on time, memory and size are the worker's (`worker.py`).

Imports nothing of the platform: this process holds neither settings nor secrets.
"""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from mimetypes import guess_type
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from weasyprint import CSS, HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

Plain = Mapping[str, Any]

_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FONT_SAMPLE = 0x5143  # 元, which every font for Chinese has


class Failure(Exception):
    """The document cannot be made; `kind` says why, `details` go into the sentence."""

    def __init__(self, kind: str, **details: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.details = details


class Assets(URLFetcher):
    """Loads what was handed over, and `data:` addresses; everything else ends the rendering."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)
        self.files = files
        self.refused = ""

    def fetch(self, url: str, headers: Any = None) -> Any:
        scheme, _, name = url.partition(":")
        if scheme.lower() == "data":
            return super().fetch(url, headers)
        if scheme == "asset" and name in self.files:
            type_ = guess_type(name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, self.files[name], {"Content-Type": type_})
        self.refused = url
        raise FatalURLFetchingError(url)


def pdf(job: Plain) -> bytes:
    """The PDF of a job: `templates` by file name, the one to use (`template`), `content`,
    `assets` by name in base64, `most`, the bytes that its HTML may have, and `background`, a
    picture for every page.

    Raises Failure for everything that the template or the machine gets wrong.
    """
    html = filled(job)
    if _CHINESE.search(html) and not chinese_font():
        raise Failure("font")
    assets = Assets({name: base64.b64decode(data) for name, data in job["assets"].items()})
    made, styles = b"", []
    if job.get("background"):
        page = f'@page {{ background: url("{job["background"]}") repeat }}'
        styles = [CSS(string=page, url_fetcher=assets)]
    try:
        document = HTML(string=html, base_url="asset:", url_fetcher=assets)
        made = document.write_pdf(stylesheets=styles)
    except FatalURLFetchingError:  # a BaseException; what draws SVG swallows it
        pass
    if assets.refused:
        raise Failure("address", address=assets.refused[:200])
    return made


def filled(job: Plain) -> str:
    """The HTML of a job."""
    sources = json.dumps(job["templates"], sort_keys=True)
    most, size, parts = job["most"], 0, []
    try:
        template = environment(sources).get_template(job["template"])
        for part in template.generate(**job["content"]):
            parts.append(part)
            size += len(part)
            if size > most:
                raise Failure("size", limit=most)
    except TemplateError as error:
        raise _template_failure(error, job["templates"]) from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise _template_failure(error, job["templates"]) from None
    return "".join(parts)


@lru_cache(maxsize=8)
def environment(sources: str) -> ImmutableSandboxedEnvironment:
    """The sandbox that knows these templates (a JSON map) and nothing else."""
    templates: dict[str, str] = json.loads(sources)

    def load(name: str) -> tuple[str, str, None] | None:
        return (templates[name], name, None) if name in templates else None

    made = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("lipsum", "cycler", "joiner"):
        del made.globals[name]
    return made


def _template_failure(error: Exception, templates: Mapping[str, str]) -> Failure:
    """The error with the file and line of the template where it happened."""
    file, line = getattr(error, "filename", None) or "", getattr(error, "lineno", 1)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in templates:
            file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    why = str(error).splitlines() or [type(error).__name__]
    return Failure("template", file=file, line=line, why=why[0][:300])


@lru_cache(maxsize=1)
def chinese_font() -> bool:
    """Whether fontconfig, which WeasyPrint chooses fonts by, knows a font with Chinese.

    Where fontconfig cannot be asked, there is nothing to complain about.
    """
    for name in (
        ctypes.util.find_library("fontconfig"),
        "libfontconfig.so.1",
        "libfontconfig.1.dylib",
    ):
        try:
            fontconfig = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if fontconfig is not None:
            return _has_font(fontconfig)
    return True


def _has_font(fontconfig: ctypes.CDLL) -> bool:
    for function in ("FcNameParse", "FcObjectSetCreate", "FcFontList"):
        getattr(fontconfig, function).restype = ctypes.c_void_p
    pattern = ctypes.c_void_p(fontconfig.FcNameParse(f":charset={_FONT_SAMPLE:x}".encode()))
    objects = ctypes.c_void_p(fontconfig.FcObjectSetCreate())
    found = fontconfig.FcFontList(None, pattern, objects)
    return bool(found) and ctypes.c_int.from_address(found).value > 0
