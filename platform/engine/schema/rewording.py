"""Expressions that were written before something was renamed, with the names of today.

1. The expression is read as Python (rule 23) and walked; what a name stands for is followed
   through links and collections, so that `customer.region` finds the object of `region`.
2. Names of fields, and of options that a field is compared with, are replaced where they stand.

What cannot be read stays as it is: whoever compiles it says why.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from engine.definition.objects import Field, Object
from engine.fieldtypes.link import Collection, Link
from engine.schema.since import Since

_Edit = tuple[int, int, str]
"""First byte, end, and what stands there instead."""
_Meaning = tuple[Object | None, Field | None]
"""The object whose records a part of an expression stands for; the object and field it reads."""


def reworded(text: str, definition: Object, since: Since) -> str:
    """The expression about records of `definition`, by the names of today."""
    if not text.strip() or not since.renamed:
        return text
    flat = " ".join(text.split("\n")).strip()
    try:
        tree = ast.parse(flat, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    walk = _Walk(definition, since)
    walk.node(tree.body, {})
    found = flat.encode()
    for start, end, name in sorted(walk.edits, reverse=True):
        found = found[:start] + name.encode() + found[end:]
    return found.decode()


class _Walk:
    def __init__(self, definition: Object, since: Since) -> None:
        self.definition, self.since = definition, since
        self.edits: set[_Edit] = set()

    def node(self, node: ast.AST, known: Mapping[str, Object | None]) -> _Meaning:
        """Walks a part; `known` are the variables of generators."""
        match node:
            case ast.Name(id=name):
                if name in known:
                    return known[name], None
                return self.member(node, self.definition, name)
            case ast.Attribute(value=value, attr=name):
                owner, _ = self.node(value, known)
                return self.member(node, owner, name) if owner is not None else (None, None)
            case ast.GeneratorExp(elt=elt, generators=generators):
                for one in generators:
                    over, _ = self.node(one.iter, known)
                    if isinstance(one.target, ast.Name):
                        known = {**known, one.target.id: over}
                    for condition in one.ifs:
                        self.node(condition, known)
                self.node(elt, known)
            case ast.Compare(left=left, comparators=others):
                sides = (left, *others)
                for side in sides:
                    self.options(side, [o for o in sides if o is not side], known)
            case _:
                for child in ast.iter_child_nodes(node):
                    self.node(child, known)
        return None, None

    def member(self, node: ast.Name | ast.Attribute, owner: Object, name: str) -> _Meaning:
        """A field after a record of `owner`; its place is the end of the node."""
        present = self.since.field(owner, name)
        if present != name:
            self.edit(node, present, len(name.encode()))
        found = owner.fields.get(present)
        if found is None:
            return None, None
        objects = self.since.catalog.objects
        if isinstance(found.type, Collection):
            return objects.get(found.type.of), found
        return objects.get(found.type.to) if isinstance(found.type, Link) else None, found

    def options(
        self, node: ast.expr, others: list[ast.expr], known: Mapping[str, Object | None]
    ) -> None:
        """One side of a comparison: where it is a field, the options on the other."""
        _, field = self.node(node, known)
        owner = self.since.catalog.objects.get(field.object) if field is not None else None
        if owner is None:
            return
        for other in others:
            for one in ast.walk(other):
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    present = self.since.value(owner, field, one.value)
                    if present != one.value:
                        self.edit(one, repr(present))

    def edit(self, node: ast.expr, text: str, width: int = 0) -> None:
        """Replaces the last `width` bytes of a node, or all of it."""
        end = node.end_col_offset
        assert end is not None
        self.edits.add((end - width if width else node.col_offset, end, text))
