"""Match rules: when two records are probably the same thing, and what each way in does about it.

    duplicates:
      - name: same_company
        match: {name: company}
        on: {screen: warn, api: block}
      - {name: similar_company, match: {name: company}, fuzzy: {name: 88}}

All values that a rule matches must agree once they are normalised (`engine.matching`); those under
`fuzzy` need only be similar. A rule `against` that of another object asks that object's records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.expressions import Expression
from engine.fieldtypes.link import Link
from engine.problems import Message, Place, Text, did_you_mean

if TYPE_CHECKING:
    from engine.definition.catalog import Catalog
    from engine.definition.objects import Field, Object

BLOCK, WARN, ALLOW = "block", "warn", "allow"
ENTRIES = ("screen", "api", "import", "bulk", "conversion")
"""The ways in for which a rule can say what it does."""
CONFIRM = "confirm_duplicates"
"""What input says to go on in spite of a warning."""
SAME = "same"
"""The normaliser that leaves a value as it is; the only one for links."""

Condition = Callable[[Node, str, str], Expression | None]

NO_SUCH_FIELD = Message(
    "duplicates-unknown-field",
    en="{object} has no field {name!r} that can be matched",
    zh="{object} 没有可用于查重的字段 {name!r}",
    hint_en="did you mean {best}?",
    hint_zh="是否想写 {best}？",
)
NOT_MATCHABLE = Message(
    "duplicates-not-matchable",
    en="{field} cannot be matched as {normaliser!r}: texts can, and links as `same`",
    zh="{field} 不能按 {normaliser!r} 查重：文本字段可以，关联字段只能用 `same`",
)
NOT_MATCHED = Message(
    "duplicates-not-matched",
    en="`fuzzy` names {name!r}, which the rule does not match",
    zh="`fuzzy` 中的 {name!r} 不在该规则的 `match` 中",
    hint_en="name one field of `match`, with a text normaliser",
    hint_zh="请填写 `match` 中的一个文本字段",
)
UNKNOWN_RULE = Message(
    "duplicates-unknown-rule",
    en="there is no match rule {name!r}",
    zh="没有查重规则 {name!r}",
    hint_en="write it as object.rule; known are: {known}",
    hint_zh="写法为 对象.规则；已有：{known}",
)
OTHER_SHAPE = Message(
    "duplicates-other-shape",
    en="the rule matches {found}, that of {other} matches {expected}",
    zh="该规则按 {found} 匹配，而 {other} 按 {expected} 匹配",
    hint_en="use the same normalisers in the same order",
    hint_zh="请按相同顺序使用相同的规范化方式",
)
TWICE = Message(
    "duplicates-rule-twice",
    en="there are two match rules called {name!r}",
    zh="有两条名为 {name!r} 的查重规则",
)
NOT_HERE = Message(
    "duplicates-not-here",
    en="{object} has lines of another record or settings, which are never duplicates",
    zh="{object} 是明细或设置对象，不能查重",
)


@dataclass(frozen=True, kw_only=True)
class MatchRule:
    """One match rule of an object.

    `match` are fields with their normaliser, in order. `fuzzy` is the field that needs only be
    similar, `least` how similar (0 to 100). `where` says which existing records count; `policies`
    what each way in does. `against` is the object and rule whose records are asked instead.
    """

    name: str
    object: str
    label: Text
    match: tuple[tuple[str, str], ...]
    fuzzy: str = ""
    least: int = 0
    where: Expression | None = None
    policies: Mapping[str, str] = field(default_factory=dict, hash=False)
    against: tuple[str, str] | None = None
    countries: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: Node | None = field(default=None, compare=False, repr=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it matches."""
        return tuple(name for name, _ in self.match)

    @property
    def normalisers(self) -> tuple[str, ...]:
        """Their normalisers."""
        return tuple(normaliser for _, normaliser in self.match)

    @property
    def match_place(self) -> int:
        """The place of the similar field among the matched ones, -1 where there is none."""
        return self.fields.index(self.fuzzy) if self.fuzzy in self.fields else -1

    def policy(self, entry: str) -> str:
        """What it does for a way in: block, warn (unless it says otherwise) or allow."""
        return self.policies.get(entry, WARN)

    def place(self, *path: str | int) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("", 1, 1)


def build_rules(object: str, node: Node) -> tuple[MatchRule, ...]:
    """The match rules of an object, without their conditions."""
    found = node.get("duplicates")
    return tuple(_rule(object, child) for child in (found.elements() if found else ()))


def _rule(object: str, node: Node) -> MatchRule:
    match = node.get("match")
    fuzzy, on = node.get("fuzzy"), node.get("on")
    field_, least = next(iter(fuzzy.to_plain().items()), ("", 0)) if fuzzy else ("", 0)
    name = str(node.plain("name", ""))
    against = str(node.plain("against", "")).partition(".")
    return MatchRule(
        name=name,
        object=object,
        label=node.text("label") or Text.of(name.replace("_", " ")),
        match=tuple((str(k), str(v)) for k, v in (match.to_plain() if match else {}).items()),
        fuzzy=str(field_),
        least=int(least),
        policies=dict(on.to_plain()) if on else {},
        against=(against[0], against[2]) if against[0] else None,
        source=node,
    )


def connected_rules(
    definition: Object, catalog: Catalog, condition: Condition, problems: Problems
) -> tuple[MatchRule, ...]:
    """The object's match rules with their conditions; whatever they cannot mean is a problem."""
    if definition.duplicates and (definition.parent or definition.kind != "ordinary"):
        problems.append(NOT_HERE(definition.place("duplicates"), object=definition.name))
        return ()
    seen: set[str] = set()
    rules = []
    for rule in definition.duplicates:
        if rule.name in seen:
            problems.append(TWICE(rule.place("name"), name=rule.name))
        seen.add(rule.name)
        sound = _check_fields(definition, rule, problems)
        if rule.against is not None:
            sound = _check_against(rule, catalog, problems) and sound
        if not sound or rule.source is None:
            continue
        target = rule.against[0] if rule.against else definition.name
        countries = {n: getattr(definition.fields[n].type, "home", "") for n in rule.fields}
        where = condition(rule.source, "where", target)
        rules.append(replace(rule, where=where, countries=countries))
    _check_reveal(definition, problems)
    return tuple(rules)


def _check_fields(definition: Object, rule: MatchRule, problems: Problems) -> bool:
    count = len(problems)
    for name, normaliser in rule.match:
        field_ = definition.fields.get(name)
        if field_ is None or not field_.stored:
            best = did_you_mean(name, definition.fields)
            place = rule.place("match", name)
            problems.append(NO_SUCH_FIELD(place, object=definition.name, name=name, best=best))
        elif not _matchable(field_, normaliser):
            place = rule.place("match", name)
            problems.append(NOT_MATCHABLE(place, field=name, normaliser=normaliser))
    if rule.fuzzy and dict(rule.match).get(rule.fuzzy, SAME) == SAME:
        problems.append(NOT_MATCHED(rule.place("fuzzy"), name=rule.fuzzy))
    return len(problems) == count


def _matchable(field_: Field, normaliser: str) -> bool:
    if isinstance(field_.type, Link):
        return normaliser == SAME
    return field_.type.textual


def _check_against(rule: MatchRule, catalog: Catalog, problems: Problems) -> bool:
    assert rule.against is not None
    known = {
        f"{name}.{other.name}": other
        for name, o in catalog.objects.items()
        for other in o.duplicates
        if other.against is None and name != rule.object
    }
    name = ".".join(rule.against)
    other = known.get(name)
    if other is None:
        shown = ", ".join(sorted(known))
        problems.append(UNKNOWN_RULE(rule.place("against"), name=name, known=shown))
        return False
    looser = rule.fuzzy and rule.match_place != other.match_place  # nothing is kept to compare
    if other.normalisers != rule.normalisers or looser:
        found, expected = ", ".join(rule.normalisers), ", ".join(other.normalisers)
        place = rule.place("match")
        problems.append(OTHER_SHAPE(place, found=found, other=name, expected=expected))
        return False
    return True


def _check_reveal(definition: Object, problems: Problems) -> None:
    for index, name in enumerate(definition.reveal):
        field_ = definition.fields.get(name)
        if field_ is None or not field_.stored:
            best = did_you_mean(name, definition.fields)
            place = definition.place("reveal", index)
            problems.append(NO_SUCH_FIELD(place, object=definition.name, name=name, best=best))
