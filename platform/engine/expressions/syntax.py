"""From source text to Python's syntax tree, within limits.

The text may come from anybody, so it is measured before it is parsed:

1. its length;
2. its tokens: brackets may not nest too deeply (the parser would run out of stack);
3. parsing, where whatever the parser cannot bear is an ordinary problem;
4. the tree: number of nodes, nesting and loops, counted without recursion.
"""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from dataclasses import dataclass, replace

from engine.expressions import messages
from engine.problems import Place, Problem, Refusal, Text


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an expression may be.

    `length` in characters; `nodes`, `depth` and `aggregates` as written; `weight` and
    `full_depth` with virtual formulas written out.
    """

    length: int
    nodes: int
    depth: int
    aggregates: int
    weight: int
    full_depth: int


DEFINITION_LIMITS = Limits(
    length=4_000, nodes=1_000, depth=40, aggregates=20, weight=10_000, full_depth=60
)
WHERE_LIMITS = Limits(length=1_000, nodes=150, depth=20, aggregates=3, weight=1_500, full_depth=40)

_OPENING, _CLOSING = "([{", ")]}"
_MEASURES = {
    "length": Text({"en": "its length is", "zh": "长度"}),
    "nodes": Text({"en": "the number of its parts is", "zh": "组成部分数量"}),
    "depth": Text({"en": "its nesting is", "zh": "嵌套层数"}),
    "aggregates": Text({"en": "the number of its aggregates is", "zh": "聚合数量"}),
    "weight": Text({"en": "its size with formulas written out is", "zh": "展开公式后的大小"}),
    "full_depth": Text({"en": "its nesting with formulas is", "zh": "展开公式后的嵌套层数"}),
}
_REASONS = {
    "brackets": Text({"en": "its brackets do not match", "zh": "括号不匹配"}),
    "comment": Text({"en": "it contains '#'", "zh": "其中含有 '#'"}),
    "syntax": Text({"en": "it cannot be understood from here on", "zh": "从此处起无法理解"}),
    "token": Text({"en": "it cannot be read to its end", "zh": "无法读到末尾"}),
}


@dataclass(frozen=True, slots=True)
class Syntax:
    """A parsed source: the text as parsed (line breaks are blanks) and its tree."""

    source: str
    tree: ast.expr
    place: Place | None
    original: str

    def at(self, node: ast.AST) -> Place | None:
        """Where `node` was written. Python counts columns in UTF-8 bytes, people in characters."""
        offset = getattr(node, "col_offset", 0)
        prefix = self.source.encode()[: max(offset - 1, 0)].decode(errors="ignore")
        return shifted(self.place, self.original, len(prefix))

    def text(self, node: ast.AST) -> str:
        """What was written for `node`."""
        start, end = getattr(node, "col_offset", 1), getattr(node, "end_col_offset", 1)
        return self.source.encode()[start - 1 : end - 1].decode(errors="ignore")


def shifted(place: Place | None, source: str, offset: int) -> Place | None:
    """The place of character `offset` of a source that begins at `place`."""
    if place is None:
        return None
    before = source[:offset]
    lines = before.count("\n")
    if not lines:
        return place.shifted(offset)
    return Place(place.file, place.line + lines, offset - before.rfind("\n"))


def parse(source: str, place: Place | None, limits: Limits) -> Syntax:
    """The syntax tree of `source`. Raises Refusal with the first problem.

    What definitions say is parsed once: a plan, a rehearsal and the application that follows
    compile the same texts again and again. What anybody asks is not kept.
    """
    if limits is DEFINITION_LIMITS:
        try:
            return replace(_parsed_once(source), place=place)
        except Refusal:
            pass  # its problems have places, which depend on where it stands
    return _parsed(source, place, limits)


@functools.lru_cache(maxsize=2_048)
def _parsed_once(source: str) -> Syntax:
    return _parsed(source, None, DEFINITION_LIMITS)


def _parsed(source: str, place: Place | None, limits: Limits) -> Syntax:
    if not source.strip():
        raise Refusal(messages.BLANK(place))
    _check(place, limits, "length", len(source))
    flat = source.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    _check_tokens(flat, source, place, limits)
    try:
        # The brackets allow leading blanks; they move every column by one.
        tree = ast.parse(f"({flat})", mode="eval").body
    except SyntaxError as error:
        offset = max((error.offset or 2) - 2, 0)
        where = shifted(place, source, min(offset, len(source)))
        raise _bad(where, _REASONS["syntax"]) from None
    except (ValueError, RecursionError, MemoryError):
        raise _bad(place, _REASONS["token"]) from None
    _check_tree(tree, place, limits)
    return Syntax(flat, tree, place, source)


def too_large(place: Place | None, limits: Limits, measure: str, found: int) -> Problem | None:
    """The problem of exceeding a limit, or None."""
    limit: int = getattr(limits, measure)
    if found <= limit:
        return None
    shown = found if found < 10**9 else "> 10^9"
    return messages.TOO_LARGE(place, what=_MEASURES[measure], found=shown, limit=limit)


def _check(place: Place | None, limits: Limits, measure: str, found: int) -> None:
    if problem := too_large(place, limits, measure, found):
        raise Refusal(problem)


def _bad(place: Place | None, reason: Text) -> Refusal:
    return Refusal(messages.SYNTAX(place, reason=reason))


def _check_tokens(flat: str, source: str, place: Place | None, limits: Limits) -> None:
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(flat.strip()).readline):
            if token.type == tokenize.COMMENT:
                raise _bad(place, _REASONS["comment"])
            if token.type != tokenize.OP:
                continue
            depth += (token.string in _OPENING) - (token.string in _CLOSING)
            _check(place, limits, "depth", depth)
            if depth < 0:
                raise _bad(place, _REASONS["brackets"])
    except tokenize.TokenError:
        raise _bad(shifted(place, source, len(source)), _REASONS["brackets"]) from None
    except SyntaxError as error:
        raise _bad(shifted(place, source, (error.offset or 1) - 1), _REASONS["syntax"]) from None
    except UnicodeError:
        raise _bad(place, _REASONS["token"]) from None


def _check_tree(tree: ast.expr, place: Place | None, limits: Limits) -> None:
    nodes = deepest = aggregates = 0
    stack: list[tuple[ast.AST, int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, ast.expr | ast.comprehension):
            continue
        nodes += 1
        deepest = max(deepest, depth)
        aggregates += isinstance(node, ast.GeneratorExp)
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
    _check(place, limits, "nodes", nodes)
    _check(place, limits, "depth", deepest)
    _check(place, limits, "aggregates", aggregates)
