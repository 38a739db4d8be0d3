"""From the tree of a file to a scenario or a background; and which keys of a step go together."""

from __future__ import annotations

from dataclasses import dataclass

from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.problems import Place
from scenarios import messages as say
from scenarios.definitions import (
    EMPTY,
    Background,
    Department,
    Expectation,
    Given,
    Person,
    Scenario,
    Setting,
    Standing,
    Step,
)

FOLDER = "scenarios"


@dataclass(frozen=True, kw_only=True)
class Act:
    """The keys that go with what happens in a step: `needs` must be there, `may` can be."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    refusable: bool = True


ACTS = {
    "create": Act(may=("named", "fields")),
    "update": Act(needs=("fields",), may=("version",)),
    "perform": Act(needs=("on",), may=("fields", "version")),
    "convert": Act(needs=("on",), may=("values", "made", "version")),
    "approve": Act(may=("comment",)),
    "reject": Act(may=("comment",)),
    "withdraw": Act(may=("comment",)),
    "delete": Act(may=("version",)),
    "restore": Act(),
    "comment_on": Act(needs=("comment",)),
    "import": Act(may=("rows", "file", "mapping", "columns", "match", "result")),
    "export": Act(may=("where", "count", "contains", "lacks")),
    "document": Act(needs=("of",), may=("locale", "contains", "lacks")),
    "pass": Act(refusable=False),
    "until": Act(refusable=False),
    "sees": Act(may=("where", "view", "search", "records", "only", "not", "count")),
    "reads": Act(may=("fields", "hidden")),
    "may": Act(needs=("on",), refusable=False),
    "inbox": Act(refusable=False),
}
"""What can happen in a step."""
COMMON = ("about", "as", "then")
EXPECTATIONS = ("fields", "that", "approval", "found", "notice", "mail", "webhook")
"""What can be expected after a step."""
ABOUT_RECORDS = ("fields", "that", "approval")
"""Expectations about one record, which `of` names."""


def build_background(name: str, node: Node, problems: Problems) -> Background:
    """The background from its file."""
    return Background(name=name, setting=_setting(node))


def build_scenario(name: str, node: Node, problems: Problems) -> Scenario:
    """The scenario from its file, its background still to be connected."""
    steps = node.get("steps") or EMPTY
    return Scenario(
        name=name,
        about=node.text("about"),
        background=None,
        setting=_setting(node),
        steps=tuple(_step(step, problems) for step in steps.elements()),
        node=node,
    )


def _setting(node: Node) -> Setting:
    departments = {
        name: Department(
            name=name,
            parent=child.plain("parent", ""),
            fields=child.get("fields") or EMPTY,
            place=child.key_place or child.place,
        )
        for name, child in (node.get("departments") or EMPTY).items()
    }
    people = {
        name: Person(
            name=name,
            roles=tuple(child.plain("roles", ())),
            department=child.plain("department", ""),
            manager=child.plain("manager", ""),
            locale=child.plain("locale", ""),
            fields=child.get("fields") or EMPTY,
            place=child.key_place or child.place,
            node=child,
        )
        for name, child in (node.get("people") or EMPTY).items()
    }
    given = {
        name: Given(
            name=name,
            object=child.plain("object", ""),
            actor=child.plain("as", ""),
            fields=child.get("fields") or EMPTY,
            perform=tuple(child.plain("perform", ())),
            node=child,
        )
        for name, child in (node.get("given") or EMPTY).items()
    }
    deputies = tuple(
        Standing(
            person=child.plain("person", ""),
            deputy=child.plain("deputy", ""),
            given={k: str(child.plain(k)) for k in ("from", "until", "what") if child.get(k)},
            node=child,
        )
        for child in (node.get("deputies") or EMPTY).elements()
    )
    return Setting(
        now=node.plain("now", ""),
        departments=departments,
        people=people,
        given=given,
        deputies=deputies,
        node=node,
    )


def _step(node: Node, problems: Problems) -> Step:
    keys = [key for key, _ in node.items()]
    acts = [key for key in keys if key in ACTS]
    act = acts[0] if acts else ""
    if len(acts) > 1:
        place = _key(node, acts[1])
        problems.append(say.SEVERAL_ACTS(place, first=acts[0], other=acts[1]))
    elif not act and "then" not in keys:
        problems.append(say.NOTHING_DONE(node.place))
    else:
        _check_keys(node, act, keys, problems)
    then = node.get("then") or EMPTY
    expected = tuple(_expectation(entry, problems) for entry in then.elements())
    return Step(act=act, actor=node.plain("as", ""), node=node, expected=expected)


def _check_keys(node: Node, act: str, keys: list[str], problems: Problems) -> None:
    rule = ACTS.get(act, Act(refusable=False))
    known = {act, *COMMON, *rule.needs, *rule.may, *(("refused",) if rule.refusable else ())}
    for key in keys:
        if key not in known:
            others = ", ".join(name for name, one in ACTS.items() if _takes(one, key))
            place = _key(node, key)
            problems.append(say.KEY_ELSEWHERE(place, act=act or "then", key=key, others=others))
    for key in rule.needs:
        if key not in keys:
            problems.append(say.KEY_NEEDED(_key(node, act), act=act, key=key))
    if act == "import" and ("rows" in keys) == ("file" in keys):
        problems.append(say.ONE_OF(_key(node, act), possible="rows, file"))
    if "mapping" in keys and "columns" in keys:
        problems.append(say.ONE_OF(_key(node, "columns"), possible="mapping, columns"))


def _takes(act: Act, key: str) -> bool:
    return key in (*act.needs, *act.may) or (key == "refused" and act.refusable)


def _expectation(node: Node, problems: Problems) -> Expectation:
    kinds = [key for key, _ in node.items() if key in EXPECTATIONS]
    if len(kinds) != 1:
        problems.append(say.ONE_OF(node.place, possible=", ".join(EXPECTATIONS)))
    kind = kinds[0] if kinds else ""
    if kind and kind not in ABOUT_RECORDS and node.get("of"):
        others = ", ".join(ABOUT_RECORDS)
        problems.append(say.KEY_ELSEWHERE(_key(node, "of"), act=kind, key="of", others=others))
    return Expectation(kind=kind, node=node)


def _key(node: Node, key: str) -> Place:
    """Where the key stands."""
    child = node.get(key)
    return (child.key_place if child else None) or node.place


SCENARIO = DefinitionKind(
    "scenario", FOLDER, "scenario.schema.json", build_scenario, lambda catalog, problems: catalog
)
BACKGROUND = DefinitionKind(
    "background",
    FOLDER,
    "background.schema.json",
    build_background,
    lambda catalog, problems: catalog,
)
KINDS = (SCENARIO, BACKGROUND)
"""The kinds of file in a folder of scenarios. They are no part of what is applied."""
