"""No module keeps anything: one process serves several sites (rule 6)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.project import PLATFORM, trees

REMEMBERED = {
    "engine/loading/schemas.py:prepared": "reads the platform's own schema files",
    "engine/loading/schemas.py:validator": "of the platform's own schema files",
    "engine/expressions/sqlite.py:_zone": "a time zone by its name",
    "engine/expressions/sqltypes.py:_steps": "arithmetic of scales",
    "engine/expressions/syntax.py:_parsed_once": "the syntax tree of a text",
    "engine/expressions/workdays.py:read_year": "a year by the text that says all of it",
    "engine/records/shapes.py:_reading": "the reading of one Chinese character",
    "engine/schema/searching.py:_token": "a gram by its characters",
    "engine/schema/tables.py:platform_tables": "the platform's own tables",
    "engine/texts/markdown.py:_reader": "a parser without state",
    "engine/vault.py:_derived": "a derivation of the key that it is given",
    "documents/paper.py:environment": "in the process that prints for one site only",
    "documents/paper.py:chinese_font": "what this machine has",
    "webapp/languages.py:_accepted": "a header by its text and the languages it is given",
    "webapp/screens/assets.py:assets": "the platform's own files",
    "webapp/screens/dates.py:_distance": "wordings of dates",
    "webapp/screens/dates.py:short_day": "wordings of dates",
    "webapp/screens/dates.py:_months": "wordings of dates",
    "webapp/screens/dates.py:month_name": "wordings of dates",
    "webapp/screens/dates.py:_whole_months": "wordings of dates",
    "webapp/screens/icons.py:icon": "the platform's own files",
    "webapp/screens/rendering.py:environment": "the platform's own templates",
    "webapp/screens/texts.py:texts": "the platform's own texts",
    "webapp/screens/texts.py:texts_in": "the platform's own texts",
    "webapp/screens/texts.py:attributes_in": "the platform's own texts",
    "webapp/screens/values.py:currency": "wordings of currencies",
}
"""Functions that remember what they worked out: of nothing but their arguments, and why."""
KEPT = {
    "engine/pausing.py:_frozen": "the process's own collector",
    "engine/tracing.py:_current": "the thread's own piece of work",
    "engine/tracing.py:_site": "the thread's own piece of work",
}
"""Whatever else is kept at module level."""
CHANGING = {
    "append", "extend", "insert", "add", "update", "setdefault", "pop", "popitem", "remove",
    "discard", "clear", "move_to_end", "appendleft",
}  # fmt: skip
CALCULATING = {"EXACT"}
"""What adds numbers."""
CONTAINERS = {
    "dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque", "ContextVar", "local",
    "Lock", "RLock", "Event", "Condition", "Semaphore", "WeakKeyDictionary", "WeakValueDictionary",
    "WeakSet", "count", "cycle",
}  # fmt: skip


def test_functions_remember_nothing_of_a_site() -> None:
    """What is remembered for all is a function of its arguments, and each has its reason."""
    found = {f"{short(path)}:{name}" for path, tree in trees() for name in remembering(tree)}
    assert found == REMEMBERED.keys()


def test_modules_keep_nothing() -> None:
    """No `global`, nothing at module level that a function changes, none that is made to change."""
    found = {f"{short(path)}:{name}" for path, tree in trees() for name in keeping(tree)}
    assert found == KEPT.keys()


def test_the_test_sees() -> None:
    """The kinds of state that are looked for are found."""
    source = """
from functools import cache, lru_cache
import threading
from other import KNOWN
CONSTANT = {"a": 1}
SEEN = {}
NOTHING: Mapping[str, str] = {}
names: list[str] = []
STEPS = [1]
lock = threading.Lock()
total = 0
class Page:
    known = []
def note(name):
    global total
    SEEN[name] = 1
    STEPS.append(2)
    KNOWN.clear()
@cache
def one(): ...
two = lru_cache(maxsize=1)(note)
def outer():
    @cache
    def inner(): ...
"""
    tree = ast.parse(source)
    assert set(remembering(tree)) == {"one", "two"}
    assert set(keeping(tree)) == {
        "SEEN", "names", "STEPS", "KNOWN", "lock", "total", "Page.known"
    }  # fmt: skip


def remembering(tree: ast.Module) -> Iterator[str]:
    """Functions of a module or a class that remember their results."""
    for node in [*tree.body, *(n for c in classes(tree) for n in c.body)]:
        if isinstance(node, ast.FunctionDef):
            if any(called(one) in ("cache", "lru_cache") for one in node.decorator_list):
                yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if called(node.value.func) in ("cache", "lru_cache"):
                yield ast.unparse(node.targets[0])


def keeping(tree: ast.Module) -> Iterator[str]:
    """Names of a module, or of its classes, that hold what changes."""
    names: dict[str, ast.expr | None] = {}
    for name, value in assigned(tree.body):
        names[name] = value
        if changeable(value, constant=name.isupper()):
            yield name
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):  # a constant of another module
            names |= {one.name: None for one in node.names if one.name.isupper()}
    for one in classes(tree):
        for name, value in assigned(one.body):
            if changeable(value):
                yield f"{one.name}.{name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
    for function in functions(tree):
        inside = [*ast.walk(function)]
        own = {one.arg for one in inside if isinstance(one, ast.arg)} | {
            one.id for one in inside if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
        yield from (name for name in changed(inside) if name in names and name not in own)


def functions(tree: ast.Module) -> Iterator[ast.stmt]:
    """Functions of the module and of its classes; others are within them."""
    for node in [*tree.body, *(one for each in classes(tree) for one in each.body)]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def changed(inside: Sequence[ast.AST]) -> Iterator[str]:
    """Names whose content is changed there."""
    for one in inside:
        match one:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)):
                if attr in CHANGING and name not in CALCULATING:
                    yield name


def changeable(value: ast.expr | None, *, constant: bool = False) -> bool:
    """Whether it is there to be changed: an empty container that is no constant, or a thing for
    threads."""
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return not constant
        case ast.Call(func=func):
            return called(func) in CONTAINERS and (
                not value.args or called(func) not in ("dict", "list", "set")
            )
    return False


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None]]:
    """What stands at this level."""
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield ast.unparse(target), node.value
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node.value


def classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def called(node: ast.expr) -> str:
    """The last name of what is called: `functools.cache`, `lru_cache(maxsize=1)`."""
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def short(path: Path) -> str:
    return path.relative_to(PLATFORM).as_posix()
