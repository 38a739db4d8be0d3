"""Texts with expressions in braces: "We hold these prices until {valid_until}."

`{{` and `}}` stand for braces. Each language has its own text, so each is compiled by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.objects import Field
from engine.definition.tree import Node
from engine.expressions import Expression, compile_expression
from engine.expressions.types import Kind, Member, Type
from engine.fieldtypes.link import Link
from engine.problems import Message, Place, Refusal, Text
from engine.texts import messages as say

_NONE: Mapping[str, Message] = MappingProxyType({})
_NO_VARIABLES: Mapping[str, Type] = MappingProxyType({})
_FIRST_OF = re.compile(r"coalesce\(([\w., ]+)\)")
_UNPRINTABLE = (Kind.RECORDS, Kind.LIST, Kind.EMPTY)


@dataclass(frozen=True, slots=True)
class Piece:
    """An expression within a text, and the field that it is, when it is nothing but one."""

    expression: Expression
    field: Field | None = None


@dataclass(frozen=True)
class Phrase:
    """A text by locale, in pieces."""

    by_locale: Mapping[str, tuple[str | Piece, ...]]

    def in_(self, locale: str) -> tuple[str | Piece, ...]:
        """The pieces in `locale`, found like those of a `Text`."""
        return self.by_locale[Text({key: key for key in self.by_locale}).in_(locale)]


class AsRead:
    """The catalog's names, every member as it is read.

    A computed field has its own grant: what somebody may not read of it must not be computed for
    them from what they may read, nor wrongly from what they may not.
    """

    def __init__(
        self,
        catalog: Catalog,
        unread: Mapping[str, Message] = _NONE,
        variables: Mapping[str, Type] = _NO_VARIABLES,
    ) -> None:
        """Names for texts.

        `unread` are the types of fields that whoever evaluates does not read, each with what is
        said of such a field (arguments `object` and `name`). `variables` are names besides.
        """
        self.catalog = catalog
        self.unread = unread
        self.variables = variables

    @property
    def user_object(self) -> str:
        return self.catalog.user_object

    def members(self, object: str) -> Iterable[str]:
        return self.catalog.members(object)

    def tree(self, object: str) -> str:
        return ""  # whoever reads for texts reads single records

    def member(self, object: str, name: str) -> Member | None:
        found = self.catalog.member(object, name)
        return None if found is None else replace(found, formula=None)

    def field(self, object: str, path: Sequence[str]) -> Field | None:
        """The field at the end of a path through links, or None."""
        found: Field | None = None
        first, *rest = path
        if first == "this":
            path = rest
        elif first in self.variables or first == "user":
            known = {"user": self.user_object, **{n: t.object for n, t in self.variables.items()}}
            object, path = known[first], rest
        for step in path:
            found = self.catalog.objects[object].fields.get(step) if object else None
            if found is None:
                return None
            object = found.type.to if isinstance(found.type, Link) else ""
        return found


def compile_phrase(node: Node, object: str, names: AsRead, problems: Problems) -> Phrase:
    """The text at `node`, about a record of `object`; what is wrong with it is added."""
    texts = dict(node.items()) or {"": node}
    return Phrase(
        {
            locale: tuple(_pieces(str(child.value), child.place, object, names, problems))
            for locale, child in texts.items()
        }
    )


def compile_for(
    node: Node, object: str, names: AsRead, problems: Problems, expected: Type | None = None
) -> Expression | None:
    """The expression at `node` about a record of `object`, or None after adding its problems."""
    return _compiled(str(node.value), node.place, object, names, problems, expected)


def _compiled(
    source: str,
    place: Place,
    object: str,
    names: AsRead,
    problems: Problems,
    expected: Type | None = None,
) -> Expression | None:
    try:
        found = compile_expression(
            source, object, names, expected=expected, place=place, variables=names.variables
        )
    except Refusal as refusal:
        problems.extend(refusal.problems)
        return None
    for object_, name in sorted(found.reads):
        refused = names.unread.get(names.catalog.objects[object_].fields[name].type.name)
        if refused is not None:
            problems.append(refused(place, object=object_, name=name))
    return found


def _pieces(
    text: str, place: Place, object: str, names: AsRead, problems: Problems
) -> Iterator[str | Piece]:
    for start, part, is_expression in split(text):
        at = _shifted(place, text, start)
        if not is_expression:
            yield part
        elif not part.strip():
            problems.append(say.BRACES(at))
        elif found := _compiled(part, at, object, names, problems):
            if found.type.kind in _UNPRINTABLE:
                problems.append(say.NOT_PRINTABLE(at, source=part.strip()))
            else:
                yield Piece(found, _field(part.strip(), object, names))


def _field(source: str, object: str, names: AsRead) -> Field | None:
    """The field whose way of writing a piece takes: its own, or that of all it chooses from."""
    first_of = _FIRST_OF.fullmatch(source)
    paths = first_of[1].split(",") if first_of else [source]
    fields = [names.field(object, path.strip().split(".")) for path in paths]
    kinds = {found.type.name for found in fields if found is not None}
    return fields[0] if None not in fields and len(kinds) == 1 else None


def split(text: str) -> Iterator[tuple[int, str, bool]]:
    """The parts of a text: where each starts, the part, and whether it stood in braces.

    A brace that is not closed, or only closes, comes as an empty part that stood in braces.
    """
    plain, position = "", 0
    while position < len(text):
        character = text[position]
        if character not in "{}" or text[position : position + 2] in ("{{", "}}"):
            plain += character
            position += 1 if character not in "{}" else 2
            continue
        if plain:
            yield position - len(plain), plain, False
            plain = ""
        end = _end(text, position + 1) if character == "{" else position
        if end == position or end == len(text):
            yield position, "", True
        else:
            yield position + 1, text[position + 1 : end], True
        position = end + 1
    if plain:
        yield position - len(plain), plain, False


def _end(text: str, position: int) -> int:
    """Where the brace closes that was opened before `position`; quotes may hold braces."""
    quote = ""
    while position < len(text):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "}":
            break
        position += 1
    return position


def _shifted(place: Place, text: str, start: int) -> Place:
    """The place of `text[start]`, where the text begins at `place`."""
    before = text[:start].split("\n")
    return Place(place.file, place.line + len(before) - 1, place.column + len(before[-1]))
