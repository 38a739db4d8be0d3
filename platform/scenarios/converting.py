"""The step that converts a record: `convert`, with values by part and names for what is made."""

from __future__ import annotations

from engine.definition.objects import Object
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal, did_you_mean
from scenarios.definitions import EMPTY, Step
from scenarios.lookups import Lookups
from scenarios.stage import Named, Stage
from scenarios.values import Giving
from workflow.conversions.definitions import Conversion
from workflow.conversions.service import Conversions, conversion_of

NO_CONVERSION = Message(
    "scenario-no-conversion",
    en="{object} has no conversion {name!r}",
    zh="{object}没有转换 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
NO_PART = Message(
    "scenario-no-part",
    en="the conversion {conversion!r} makes no {name!r}",
    zh="转换 {conversion!r} 不会生成 {name!r}",
    hint_en="it makes: {possible}",
    hint_zh="会生成：{possible}",
)
LEFT_OUT = Message(
    "scenario-part-left-out",
    en="the conversion {conversion!r} left out {part!r}, so {name!r} names nothing",
    zh="转换 {conversion!r} 未生成 {part!r}，名称 {name!r} 没有对应记录",
    hint_en="look at the `when` of that part",
    hint_zh="请检查该部分的 `when`",
)


def convert(stage: Stage, giving: Giving, step: Step, actor: Actor, subject: Named) -> None:
    """Converts the record and names what was made. Raises Refusal like any other step."""
    gate = stage.gate
    definition = gate.catalog.objects[subject.object]
    conversion = conversion_of(gate.catalog, definition, step.target)
    values = {
        part: giving.values(_object(conversion, part), node.to_plain())
        for part, node in (step.node.get("values") or EMPTY).items()
    }
    version = step.node.plain("version")
    outcome = Conversions(gate, stage.reader).convert(
        actor, conversion, subject.id, values, version
    )
    for part, node in (step.node.get("made") or EMPTY).items():
        made = outcome.made.get(part)
        if made is None or made.id is None:
            raise Refusal(
                LEFT_OUT(node.place, conversion=conversion.name, part=part, name=node.value)
            )
        stage.names[str(node.value)] = Named(made.part.object, made.id)


def check_conversion(checker: Lookups, step: Step, definition: Object) -> None:
    """Holds the step against the conversion: its name, the parts, their fields."""
    catalog, problems = checker.catalog, checker.problems
    known = {c.name: c for c in catalog.of("conversion").values() if c.object == definition.name}
    node, name = step.node, step.target
    if name not in known:
        if not step.refusal:
            best = did_you_mean(name, known)
            place = node.at("convert")
            problems.append(NO_CONVERSION(place, object=definition.label, name=name, best=best))
        return
    conversion: Conversion = known[name]
    possible = ", ".join(conversion.parts)
    for part, values in (node.get("values") or EMPTY).items():
        if part == definition.name or part in conversion.parts:
            if not step.refusal:
                checker.values.given(values, _object(conversion, part))
        elif not step.refusal:
            place = values.key_place or values.place
            problems.append(NO_PART(place, conversion=name, name=part, possible=possible))
    for part, named in (node.get("made") or EMPTY).items():
        place = named.key_place or named.place
        if part not in conversion.parts:
            problems.append(NO_PART(place, conversion=name, name=part, possible=possible))
        elif not step.refusal:
            object = conversion.parts[part].object
            checker.symbols.add(str(named.value), object, named.place, problems)


def _object(conversion: Conversion, part: str) -> str:
    """The object of a part, or of the source, which stands under its own name."""
    found = conversion.parts.get(part)
    return found.object if found is not None else conversion.object
