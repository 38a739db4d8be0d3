"""Mutations of definition files: what people, editors and broken merges do to YAML.

`mutant(text, chance, words)` is one changed text. Some mutations are made on the lines, so that
YAML itself may break; others on what the file says, so that it stays YAML and means nonsense.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
HOSTILE: tuple[Any, ...] = (
    "",
    " ",
    "\u200b",
    "\u202e",
    "名称",
    "é" * 300,
    "x" * 5_000,
    "\ud83d\ude00",
    "null",
    "~",
    "yes",
    "-",
    "*",
    "a.b.c.d",
    "../../etc/passwd",
    "{{ 7 * 7 }}",
    "%s%n",
    "'; DROP TABLE x; --",
    "id",
    "number",
    "limit",
    "class",
    "__class__",
    "lambda",
    "Ⅻ",
    "ﬀ",
    "İ",
    "x\ty",
    0,
    -1,
    10**30,
    1e308,
    True,
    None,
    [],
    {},
    [[]],
    {"": ""},
    {"en": 1},
    [None],
    {"a": {"b": {"c": {}}}},
)
"""Values where something else was expected."""
EXPRESSIONS = (
    "",
    "(",
    ")",
    "1 +",
    "a and",
    "this",
    "user",
    "settings",
    "this.this",
    "user.user.user",
    "1/0",
    "sum(x for x in x)",
    "sum(x.y for x in lines if x)",
    "count(this)",
    "level(this)",
    "root(root(this))",
    "under(this, this)",
    "under(user, this)",
    "descendants(this)",
    "count(x for x in descendants(this))",
    "[1, 2][0]",
    "lambda: 1",
    "f'{1}'",
    "a if b",
    "not",
    "not not not true",
    "1 < 2 < 3",
    "-" * 200 + "1",
    "(" * 100 + "1" + ")" * 100,
    " + ".join(["1"] * 500),
    "9" * 60,
    "1e99",
    "'" + "x" * 3_000 + "'",
    "name.name",
    "id == id == id",
    "name in [name]",
    "name is empty is empty",
    "x := 1",
    "await x",
    "*a",
    "**a",
    "a[0]",
    "a@b",
    "é + ü",
    "名称 == 1",
    "true + true",
    "days(3) + days(3)",
    "today() + 99999999",
    "years(10**9)",
    "\x00",
    "a\nb",
    "max()",
    "max(1)",
    "round(1, 2, 3)",
    "exists(x for x in lines for y in x.lines)",
    "empty",
    "empty is empty",
    "date('9999-12-31') + days(1)",
    "any(true for line in lines)",
    "parent.parent.parent",
    "(yield 1)",
    "...",
    "b''",
)
"""Texts where an expression was expected."""
_FORMULAS = frozenset(
    (
        "formula",
        "rollup",
        "that",
        "guard",
        "where",
        "visible_when",
        "required_when",
        "when",
        "read_only_when",
        "suggest",
        "default_from",
        "read",
        "update",
        "offered_when",
        "copy",
        "of",
        "value",
    )
)

Change = Callable[[str, random.Random, tuple[str, ...]], str]


def mutant(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    """The text with one to three mutations; `words` are names that mean something elsewhere."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(_CHANGES)
        text = change(text, chance, words)
    return text


def names_in(texts: Iterator[str]) -> tuple[str, ...]:
    """The keys and short words of files, to be put where they do not belong."""
    found: set[str] = set()
    for text in texts:
        for path, value in _walk(yaml.load(text, _LOADER)):
            found.update(step for step in path if isinstance(step, str))
            if isinstance(value, str) and len(value) < 30:
                found.add(value)
    return tuple(sorted(found))


# On the lines


def _drop_line(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        del lines[chance.randrange(len(lines))]
    return "".join(lines)


def _double_line(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        at = chance.randrange(len(lines))
        lines.insert(chance.choice((at, chance.randrange(len(lines)))), lines[at])
    return "".join(lines)


def _indent_line(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        at = chance.randrange(len(lines))
        lines[at] = chance.choice(("  ", " ", "    ", "\t")) + lines[at].lstrip(" ")
    return "".join(lines)


def _cut(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _sign(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    at = chance.randrange(len(text) + 1)
    sign: str = chance.choice(
        (
            *"{}[]:,&*!|>'\"%@`#-?\t\x00\x07\ufeff\u2028\u200b\\",
            "<<: ",
            "---\n",
            "!!python/name:os ",
        )
    )
    return text[:at] + sign + text[at + chance.choice((0, 1)) :]


def _nest(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
    depth = chance.choice((5, 39, 60, 3_000))
    opening, closing = chance.choice((("[", "]"), ("{a: ", "}")))
    return f"{text}\nextra: {opening * depth}{closing * depth}\n"


# On what the file says


def _renamed(key: str, chance: random.Random, words: tuple[str, ...]) -> str:
    return str(
        chance.choice(
            (
                key[:-1],
                key + "x",
                key.upper(),
                chance.choice(words),
                str(chance.choice(HOSTILE)),
                key[::-1],
            )
        )
    )


def _of_tree(change: Callable[[Any, list[Any], random.Random, tuple[str, ...]], None]) -> Change:
    """A mutation of one place in what the file says."""

    def mutate(text: str, chance: random.Random, words: tuple[str, ...]) -> str:
        try:
            tree = yaml.load(text, _LOADER)
        except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
            return text
        places = [path for path, _ in _walk(tree) if path]
        if not places:
            return text
        path = list(chance.choice(places))
        change(_parent(tree, path), path, chance, words)
        try:
            return str(yaml.dump(tree, Dumper=_DUMPER, allow_unicode=True, sort_keys=False))
        except (yaml.YAMLError, ValueError, RecursionError):
            return text

    return mutate


def _drop(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    del parent[path[-1]]


def _rename(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    if isinstance(parent, dict):
        value = parent.pop(path[-1])
        parent[_renamed(str(path[-1]), chance, words)] = value


def _retype(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    parent[path[-1]] = chance.choice(HOSTILE)


def _elsewhere(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    parent[path[-1]] = chance.choice(words)


def _express(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    parent[path[-1]] = chance.choice(
        (*EXPRESSIONS, f"{chance.choice(words)}.{chance.choice(words)}")
    )


def _add(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    key, value = chance.choice(sorted(_FORMULAS)), chance.choice(EXPRESSIONS)
    target = parent[path[-1]]
    if isinstance(target, dict):
        target[chance.choice((key, chance.choice(words)))] = chance.choice(
            (value, chance.choice(words))
        )


def _swap(parent: Any, path: list[Any], chance: random.Random, words: tuple[str, ...]) -> None:
    if isinstance(parent, dict):
        other = chance.choice(list(parent))
        parent[path[-1]], parent[other] = parent[other], parent[path[-1]]


_CHANGES: tuple[Change, ...] = (
    _drop_line,
    _double_line,
    _indent_line,
    _cut,
    _sign,
    _nest,
    *map(_of_tree, (_drop, _rename, _retype, _elsewhere, _express, _express, _add, _swap)),
    *map(_of_tree, (_drop, _rename, _retype, _elsewhere, _express, _add)),
)


def _walk(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, value
    if len(path) > 50:  # nested by a mutation before
        return
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _walk(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _walk(child, (*path, index))


def _parent(tree: Any, path: list[Any]) -> Any:
    for step in path[:-1]:
        tree = tree[step]
    return tree
