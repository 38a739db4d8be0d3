"""Relations of people with days: who reports to whom, who is a member of what, from when to when.

Each is an object of its own, or lines of one, that links a person to a manager, a department or
a team. The simple links of `people:` stay the main ones; these join them while they count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.tree import Node
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Link
from engine.problems import Message, Text, did_you_mean

if TYPE_CHECKING:
    from engine.definition.catalog import Catalog

BAD_RELATION = Message(
    "relation-field",
    en="{field!r} of {object} must be {expected}",
    zh="{object} 的 {field!r} 须为{expected}",
    hint_en="name another field of {object}",
    hint_zh="请填写 {object} 的其他字段",
)
_DATE = Text({"en": "a date", "zh": "日期字段"})


@dataclass(frozen=True, slots=True)
class Relation:
    """Records of `object` link the person `of` to the record `to`, from one day to another.

    Both days are included; an empty day, or no such field, leaves that end open.
    """

    object: str = ""
    of: str = "person"
    to: str = ""
    from_on: str = ""
    until_on: str = ""

    def __bool__(self) -> bool:
        return bool(self.object)


def build_relation(plain: dict[str, Any] | None, to: str) -> Relation:
    """A relation from its map in site.yaml; `to` is the key, and the default name, of its end."""
    given = plain or {}
    return Relation(
        object=given.get("object", ""),
        of=given.get("person", "person"),
        to=given.get(to, to),
        from_on=given.get("from", ""),
        until_on=given.get("until", ""),
    )


def check_relations(catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with the site's relations of people."""
    site = catalog.site
    source = site.source
    for path, key, relation, target in (
        (("people", "reports"), "to", site.reports, site.person),
        (("memberships",), "department", site.memberships, site.department),
        (("teams", "members"), "team", site.team_members, site.team),
    ):
        node = source
        for step in path:
            node = node.get(step) if node is not None else None
        if node is not None and relation:
            _check(node, key, relation, target, catalog, problems)


def _check(
    node: Node, key: str, relation: Relation, target: str, catalog: Catalog, problems: Problems
) -> None:
    definition = catalog.objects.get(relation.object)
    if definition is None:
        best = did_you_mean(relation.object, catalog.objects)
        problems.append(UNKNOWN_OBJECT(node.at("object"), name=relation.object, best=best))
        return
    links = {"person": (relation.of, catalog.site.person), key: (relation.to, target)}
    for name, (field_name, to) in links.items():
        field = definition.fields.get(field_name)
        place = node.at(name)
        if field is None:
            best = did_you_mean(field_name, definition.fields)
            problems.append(
                UNKNOWN_FIELD(place, object=definition.name, name=field_name, best=best)
            )
        elif not (isinstance(field.type, Link) and field.type.to == to and field.stored):
            expected = Text({"en": f"a link to {to!r}", "zh": f"指向 {to!r} 的链接"})
            problems.append(
                BAD_RELATION(place, object=definition.name, field=field_name, expected=expected)
            )
    for name, field_name in (("from", relation.from_on), ("until", relation.until_on)):
        field = definition.fields.get(field_name)
        if field_name and (field is None or not isinstance(field.type, Date) or not field.stored):
            problems.append(
                BAD_RELATION(
                    node.at(name), object=definition.name, field=field_name, expected=_DATE
                )
            )
