"""Reading the scenarios of all layers, and everything that is wrong with them.

They are laid over each other like every definition, but are no part of what is applied: what the
application should do changes nothing about what it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.tree import Node
from engine.loading.files import Layer, read_folder
from engine.loading.merging import merge_trees
from engine.loading.schemas import SCHEMAS, prepared
from engine.loading.sources import Source
from engine.loading.validating import validate
from engine.problems import Place, Problem, Text, did_you_mean
from scenarios import messages as say
from scenarios.building import (
    BACKGROUND,
    FOLDER,
    KINDS,
    SCENARIO,
    build_background,
    build_scenario,
)
from scenarios.checking import check_background, check_scenario
from scenarios.definitions import Background, Scenario, SwitchedOff


@dataclass(frozen=True, kw_only=True)
class Scenarios:
    """What was read: scenarios by name, those that are switched off, and problems by place."""

    scenarios: tuple[Scenario, ...]
    off: tuple[SwitchedOff, ...]
    problems: tuple[Problem, ...]


def load_scenarios(
    layers: Sequence[Source], catalog: Catalog | None, *, schemas: Path = SCHEMAS
) -> Scenarios:
    """The scenarios of the layers, lowest first, checked against the catalog where there is one.

    Never raises for what the files hold.
    """
    problems: Problems = []
    read = [read_folder(layer, FOLDER, KINDS, problems) for layer in layers]
    off = _switched_off(read, problems)
    by_kind = {kind.name: prepared(kind.schema, schemas) for kind in KINDS}
    trees = merge_trees([layer.trees for layer in read], by_kind, problems)
    backgrounds: dict[str, Background] = {}
    for name, node in trees[BACKGROUND.name].items():
        if usable := _sound(node, BACKGROUND.schema, problems, schemas):
            backgrounds[name] = build_background(name, usable, problems)
            if catalog is not None:
                check_background(backgrounds[name], catalog, problems)
    broken = set().union(*(layer.broken for layer in read)) | (
        trees[BACKGROUND.name].keys() - backgrounds.keys()
    )
    scenarios: list[Scenario] = []
    for name, node in trees[SCENARIO.name].items():
        usable = _sound(node, SCENARIO.schema, problems, schemas)
        scenario = build_scenario(name, usable, problems) if usable else None
        connected = scenario and _connected(scenario, backgrounds, broken, problems)
        if connected is not None:
            scenarios.append(connected)
            if catalog is not None:
                check_scenario(connected, catalog, problems)
    return Scenarios(
        scenarios=tuple(sorted(scenarios, key=lambda one: one.name)),
        off=tuple(one for one in off.values() if one.name not in trees[SCENARIO.name]),
        problems=_sorted(problems),
    )


def _sound(node: Node, schema: str, problems: Problems, schemas: Path) -> Node | None:
    """The tree, unless its form has problems: others would mostly follow from those."""
    found: Problems = []
    usable = validate(node, schema, found, schemas)
    problems += found
    return None if found else usable


def _connected(
    scenario: Scenario, backgrounds: Mapping[str, Background], broken: set[str], problems: Problems
) -> Scenario | None:
    """The scenario with its background; None where that one cannot be used."""
    node = scenario.node.get("background")
    if node is None:
        return scenario
    name = str(node.value)
    found = backgrounds.get(name)
    if found is None:
        if name not in broken:
            best = did_you_mean(name, backgrounds)
            problems.append(say.NO_BACKGROUND(node.place, name=name, best=best))
        return None
    return replace(scenario, background=found)


def _switched_off(layers: Sequence[Layer], problems: Problems) -> dict[str, SwitchedOff]:
    """What `remove: true` takes away, and why; a mark without a reason is a problem."""
    off: dict[str, SwitchedOff] = {}
    for layer in layers:
        for name, node in layer.trees[SCENARIO.name].items():
            mark = node.get("remove")
            if mark is None or mark.value is not True:
                continue
            why = node.get("why")
            if why is None or not _is_text(why):
                problems.append(say.NO_WHY(mark.key_place or mark.place))
                continue
            off[name] = SwitchedOff(
                name=name, why=node.text("why") or Text.of(""), place=node.place
            )
    return off


def _is_text(node: Node) -> bool:
    plain = node.to_plain()
    texts = list(plain.values()) if isinstance(plain, dict) else [plain]
    return bool(texts) and all(isinstance(text, str) and text.strip() for text in texts)


def _sorted(problems: Problems) -> tuple[Problem, ...]:
    """The problems by place, each once."""
    unique = {problem.line(): problem for problem in problems}
    nowhere = Place("", 0, 0)
    return tuple(sorted(unique.values(), key=lambda p: (p.place or nowhere, p.code)))
