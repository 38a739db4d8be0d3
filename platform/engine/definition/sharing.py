"""Records that are shown to more people than their owner's: shares, and members of a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.fieldtypes.date import Date
from engine.fieldtypes.link import Lines, Link
from engine.problems import Message, Place, Text, did_you_mean

if TYPE_CHECKING:
    from engine.definition.catalog import Catalog
    from engine.definition.objects import Object

READ, WRITE = "read", "write"
LEVELS = (READ, WRITE)
"""What somebody may do with a record that is shared with them, the least first."""

NOT_SHAREABLE = Message(
    "not-shareable",
    en="{object} cannot have {key!r}: its rows are those of another object, or of everybody",
    zh="{object} 不能使用 {key!r}：它是明细或设置对象",
    hint_en="put the key at the object that people open",
    hint_zh="请将该项写在用户直接打开的对象上",
)
MEMBERS_FIELD = Message(
    "members-field",
    en="{key!r} of the members of {object} must name {expected}, not {found!r}",
    zh="{object} 的成员设置中 {key!r} 须为{expected}，而非 {found!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
_EXPECTED = {
    "lines": Text({"en": "a field of lines", "zh": "明细字段"}),
    "person": Text({"en": "a link of the lines to a person", "zh": "明细中指向人员的链接"}),
    "role": Text({"en": "a text or choice of the lines", "zh": "明细中的文本或选项字段"}),
    "from": Text({"en": "a date of the lines", "zh": "明细中的日期字段"}),
    "until": Text({"en": "a date of the lines", "zh": "明细中的日期字段"}),
}


@dataclass(frozen=True, slots=True)
class Sharing:
    """How records of an object are shared one by one.

    `levels` are those offered. `by` says who may: "update" (who may change the record) or
    "owner" (its owner only; where they may change it).
    """

    levels: tuple[str, ...] = LEVELS
    by: str = "update"


@dataclass(frozen=True, slots=True)
class Members:
    """The people on a record who see it, or may change it, because its lines name them.

    `lines` is the field of lines; `person`, `role`, `from_on`, `until_on` are fields of a line
    (the last three may be empty). `rights` is the level by the role's value; `otherwise` that of
    roles which are not named there, empty for none.
    """

    lines: str
    person: str
    role: str = ""
    from_on: str = ""
    until_on: str = ""
    rights: Mapping[str, str] = field(default_factory=dict, hash=False)
    otherwise: str = ""

    def roles_reaching(self, level: str) -> tuple[str, ...]:
        """The values of the role that give a level, or a higher one."""
        return tuple(role for role, found in self.rights.items() if found in reaching(level))

    def all_reach(self, level: str) -> bool:
        """Whether every member has a level, whatever the role."""
        return self.otherwise in reaching(level)


def reaching(level: str) -> tuple[str, ...]:
    """The levels that include a level."""
    return LEVELS[LEVELS.index(level) :]


def build_sharing(node: Node) -> Sharing | None:
    """The key `sharing` of an object: true, or a map."""
    plain = node.plain("sharing")
    if not plain:
        return None
    if plain is True:
        return Sharing()
    levels = tuple(level for level in LEVELS if level in plain.get("levels", LEVELS))
    return Sharing(levels, plain.get("by", "update"))


def build_members(node: Node) -> Members | None:
    """The key `members` of an object."""
    plain = node.plain("members")
    if not plain:
        return None
    rights = plain.get("rights", READ)
    named = rights if isinstance(rights, dict) else {}
    return Members(
        lines=plain["lines"],
        person=plain["person"],
        role=plain.get("role", ""),
        from_on=plain.get("from", ""),
        until_on=plain.get("until", ""),
        rights=named,
        otherwise="" if isinstance(rights, dict) else rights,
    )


def check_sharing(definition: Object, catalog: Catalog, problems: Problems) -> None:
    """Adds what is wrong with an object's shares and members."""
    for key in ("sharing", "members"):
        if getattr(definition, key) and (definition.parent or definition.kind != "ordinary"):
            place = definition.place(key)
            problems.append(NOT_SHAREABLE(place, object=definition.name, key=key))
            return
    members = definition.members
    if members is None:
        return
    found = definition.fields.get(members.lines)
    if found is None or not isinstance(found.type, Lines):
        _wrong("lines", members.lines, definition, definition, problems)
        return
    child = catalog.objects.get(found.type.of)
    if child is None:  # of which something was said before
        return
    checks = {"person": members.person, "role": members.role}
    checks |= {"from": members.from_on, "until": members.until_on}
    for key, name in checks.items():
        if name and not _fits(key, name, child, catalog):
            _wrong(key, name, definition, child, problems)


def _fits(key: str, name: str, child: Object, catalog: Catalog) -> bool:
    field_ = child.fields.get(name)
    if field_ is None or not field_.stored:
        return False
    if key == "person":
        return isinstance(field_.type, Link) and field_.type.to == catalog.site.person
    return isinstance(field_.type, Date) if key in ("from", "until") else True


def _wrong(key: str, name: str, definition: Object, searched: Object, problems: Problems) -> None:
    place: Place = definition.place("members", key)
    problems.append(
        MEMBERS_FIELD(
            place,
            key=key,
            object=definition.name,
            expected=_EXPECTED[key],
            found=name,
            best=did_you_mean(name, searched.fields),
        )
    )
