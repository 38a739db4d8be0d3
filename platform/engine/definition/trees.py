"""Checks of trees: objects with a link of type `parent`."""

from __future__ import annotations

from engine.definition.kinds import Problems
from engine.definition.objects import Object
from engine.fieldtypes.parent import Parent
from engine.problems import Message

TWO_TREES = Message(
    "two-trees",
    en="{object} has more than one field of type parent: {first} and {second}",
    zh="{object} 有多个 parent 类型的字段：{first} 和 {second}",
    hint_en="one makes the tree; let the other be a link",
    hint_zh="树形结构只能有一个，其他请改为 link",
)
TREE_OF_LINES = Message(
    "tree-of-lines",
    en="{object} are lines of another object and cannot be a tree",
    zh="{object} 是其他对象的明细，不能为树形",
    hint_en="use a link, or make it an object of its own",
    hint_zh="请改用 link，或将其设为独立对象",
)


def check_tree(definition: Object, problems: Problems) -> None:
    """Adds what is wrong with the links that make the object a tree."""
    links = [f for f in definition.links if isinstance(f.type, Parent)]
    for other in links[1:]:
        problems.append(
            TWO_TREES(other.place(), object=definition.name, first=links[0].name, second=other.name)
        )
    if links and definition.parent:
        problems.append(TREE_OF_LINES(links[0].place(), object=definition.name))
