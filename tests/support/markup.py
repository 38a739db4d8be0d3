"""Whether a screen is a well-formed document that needs nothing that CSP forbids."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset(("meta", "link", "input", "br", "hr", "img", "path", "circle", "rect", "line"))


class Balanced(HTMLParser):
    """Notes tags that are not closed in their order, ids that come twice, and inline scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "id" in given and "template" not in self.open:
            self.ids.append(given["id"] or "")
        self.wrong += [
            f"{tag} {name}" for name in given if name.startswith("on") or name == "style"
        ]
        if tag == "script" and "src" not in given:
            self.wrong.append("inline script")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def checked(html: str) -> None:
    """The document is well-formed, its ids are unique, and it needs nothing that CSP forbids."""
    parser = Balanced()
    parser.feed(html)
    assert "built-in" not in html and "object at 0x" not in html
    assert parser.wrong == [] and parser.open == []
    assert len(parser.ids) == len(set(parser.ids)), sorted(parser.ids)
