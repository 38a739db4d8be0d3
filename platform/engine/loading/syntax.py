"""YAML's syntax errors in words that a person understands.

PyYAML (and libyaml, whose wording differs slightly) says where it stopped and what it then
expected. The usual mistakes are recognised from that and from the line itself; the rest keeps the
parser's own words.
"""

from __future__ import annotations

import re

from yaml import MarkedYAMLError

from engine.problems import Message, Place, Problem

MISSING_COLON = Message(
    "missing-colon",
    en="a colon is missing after {word!r}",
    zh="{word!r} 之后缺少冒号",
    hint_en="write `key: value`, with a space after the colon",
    hint_zh="请写成 `键: 值`，冒号后留一个空格",
)
STRAY_COLON = Message(
    "stray-colon",
    en="a second colon stands in this value",
    zh="此值中出现了第二个冒号",
    hint_en="put the whole value in quotes",
    hint_zh="请用引号括起整个值",
)
BAD_INDENTATION = Message(
    "bad-indentation",
    en="the indentation of this line does not match the lines above",
    zh="此行的缩进与上文不一致",
    hint_en="keys of one map begin in the same column",
    hint_zh="同一层的键必须从同一列开始",
)
UNCLOSED_QUOTE = Message(
    "unclosed-quote",
    en="the quote that begins here is never closed",
    zh="此处开始的引号没有闭合",
    hint_en="close it with {quote}",
    hint_zh="请用 {quote} 闭合",
)
UNCLOSED_BRACKET = Message(
    "unclosed-bracket",
    en="the bracket {bracket} that opens here is not closed",
    zh="此处的括号 {bracket} 没有闭合",
    hint_en="close it with {closing}, and separate entries by commas",
    hint_zh="请用 {closing} 闭合，各项之间用逗号分隔",
)
MISSING_COMMA = Message(
    "missing-comma",
    en="a comma or {closing} is missing before this",
    zh="此处之前缺少逗号或 {closing}",
    hint_en="separate entries by commas; quote a value that holds `: `",
    hint_zh="各项之间用逗号分隔；含有 `: ` 的值请加引号",
)
UNEXPECTED = Message(
    "unexpected-text",
    en="{found} does not fit here",
    zh="{found} 不应出现在此处",
    hint_en="if it belongs to the value, put the whole value in quotes",
    hint_zh="如果它属于该值，请用引号括起整个值",
)
NEEDS_QUOTES = Message(
    "needs-quotes",
    en="a value cannot begin with {found}",
    zh="值不能以 {found} 开头",
    hint_en="put it in quotes",
    hint_zh="请加上引号",
)
BAD_ESCAPE = Message(
    "bad-escape",
    en="this is no escape that YAML knows",
    zh="YAML 不支持此转义",
    hint_en="write two backslashes, or use single quotes",
    hint_zh="请写两个反斜杠，或改用单引号",
)
BAD_BLOCK = Message(
    "bad-block",
    en="after {found} the text begins on the next line",
    zh="{found} 之后的文本必须另起一行",
    hint_en="move the text to the next line and indent it",
    hint_zh="请将文本移到下一行并缩进",
)
LIST_ON_LINE = Message(
    "list-on-line",
    en="a list item must begin on a line of its own",
    zh="列表项必须另起一行",
    hint_en="move it to the next line, or write the list as [a, b]",
    hint_zh="请另起一行，或写成 [a, b]",
)
UNEXPECTED_END = Message(
    "unexpected-end",
    en="the file ends in the middle of something",
    zh="文件在内容未完成处结束",
    hint_en="close every bracket and quote",
    hint_zh="请闭合所有括号和引号",
)
BAD_YAML = Message(
    "bad-yaml",
    en="this is not valid YAML: {why}",
    zh="此处不是有效的 YAML：{why}",
)

CLOSING = {"[": "]", "{": "}"}


class _Spot:
    """Where the parser stopped, and what stands there."""

    def __init__(self, lines: list[str], line: int, column: int) -> None:
        self.line, self.column, self.lines = line, column, lines
        self.text = lines[line] if line < len(lines) else ""
        self.before, self.rest = self.text[:column], self.text[column:]

    @property
    def character(self) -> str:
        """The character at the place, or an empty string at the end of a line."""
        return self.rest[:1]

    @property
    def starts_line(self) -> bool:
        """Whether only spaces stand in front of it."""
        return not self.before.strip()

    @property
    def above(self) -> tuple[int, str]:
        """Number and text of the last line above that is neither blank nor a comment."""
        for number in range(min(self.line, len(self.lines)) - 1, -1, -1):
            stripped = self.lines[number].strip()
            if stripped and not stripped.startswith("#"):
                return number, self.lines[number]
        return 0, ""


def translated(error: MarkedYAMLError, text: str, file: str) -> Problem:
    """The problem that `error`, raised for `text`, means."""
    mark = error.problem_mark or error.context_mark
    lines = re.split(r"\r\n|\r|\n", text)
    spot = _Spot(lines, mark.line, mark.column) if mark else _Spot(lines, 0, 0)
    begin = error.context_mark
    context = _Spot(lines, begin.line, begin.column) if begin else spot
    message, where, args = _diagnosis(error.problem or "", error.context or "", spot, context)
    return message(Place(file, where.line + 1, where.column + 1), **args)


def _diagnosis(
    why: str, during: str, spot: _Spot, context: _Spot
) -> tuple[Message, _Spot, dict[str, str]]:
    if "mapping values are not allowed" in why:
        return _colon(spot)
    if "quoted scalar" in during and "unexpected" in why:
        return UNCLOSED_QUOTE, context, {"quote": context.character}
    if "escape" in why or "hexdecimal" in why:
        return BAD_ESCAPE, spot, {}
    if "flow" in during and "expected ',' or" in why:
        return _bracket(spot, context)
    if "could not find expected ':'" in why:
        return MISSING_COLON, context, {"word": _short(context.rest)}
    if "cannot start any token" in why or "an alias" in during or "an anchor" in during:
        found = context if "a" in during and context.character in "*&" else spot
        return NEEDS_QUOTES, found, {"found": found.character}
    if "sequence entries are not allowed" in why:
        return LIST_ON_LINE, spot, {}
    if "block scalar" in during:
        return BAD_BLOCK, context, {"found": context.character}
    if "expected" in why and ("block" in during or "node" in during or "<document" in why):
        return _misplaced(spot)
    return BAD_YAML, spot, {"why": why}


def _colon(spot: _Spot) -> tuple[Message, _Spot, dict[str, str]]:
    """A colon where no key can be: a second one, wrong indentation, or none on the line above."""
    if ": " in spot.before:
        return STRAY_COLON, spot, {}
    number, above = spot.above
    if above and ": " not in above and not above.rstrip().endswith(":"):
        column = len(above) - len(above.lstrip())
        return MISSING_COLON, _Spot(spot.lines, number, column), {"word": _short(above)}
    indent = len(spot.text) - len(spot.text.lstrip())
    return BAD_INDENTATION, _Spot(spot.lines, spot.line, indent), {}


def _bracket(spot: _Spot, context: _Spot) -> tuple[Message, _Spot, dict[str, str]]:
    bracket = context.character
    closing = CLOSING.get(bracket, "]")
    if spot.line == context.line and spot.rest.strip():
        return MISSING_COMMA, spot, {"closing": closing}
    return UNCLOSED_BRACKET, context, {"bracket": bracket, "closing": closing}


def _misplaced(spot: _Spot) -> tuple[Message, _Spot, dict[str, str]]:
    if not spot.rest and spot.line >= len(spot.lines) - 1:
        return UNEXPECTED_END, spot, {}
    if spot.starts_line and spot.character not in ("]", "}", ","):
        return BAD_INDENTATION, spot, {}
    return UNEXPECTED, spot, {"found": _short(spot.rest)}


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 30 else text[:29] + "…"
