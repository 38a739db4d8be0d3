"""Formatted text: Markdown becomes HTML that can do no harm.

markdown-it-py reads CommonMark with tables and strikethrough, raw HTML left as text; nh3 (the
Ammonia sanitiser) then keeps a short list of elements. Pictures are left out: loading one would
tell its host who reads the record.
"""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

ELEMENTS = frozenset(
    ("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre",
     "blockquote", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td")
)  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


def to_html(source: str) -> str:
    """The sanitised HTML of a Markdown text."""
    return nh3.clean(
        _reader().render(source),
        tags=set(ELEMENTS),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    return reader.enable(["table", "strikethrough"]).disable("image")
