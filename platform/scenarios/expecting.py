"""Whether what is expected is so: each expectation gives the problems that it has with the world.

What a step itself names (`count`, `only`, `hidden` …) is looked at here; what stands under `then`
is in `afterwards`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.fieldtypes.link import Collection
from engine.fieldtypes.links import Links
from engine.problems import Problem, Text
from engine.records.reading import Record
from exchange.report import Report
from scenarios import verdicts as say
from scenarios.definitions import EMPTY, Step
from scenarios.seeing import Done
from scenarios.stage import Named, Stage
from scenarios.values import EMPTY_WORD, Comparing, shown

ALLOWED = {
    True: Text({"en": "allowed", "zh": "允许"}),
    False: Text({"en": "not allowed", "zh": "不允许"}),
}


SYSTEM = Text({"en": "the system", "zh": "系统"})


def who(step: Step) -> Text | str:
    """Who acts in a step, for people."""
    return step.actor or SYSTEM


class Looking:
    """What a step expects of what it did itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.catalog = stage.gate.catalog
        self.comparing = Comparing(self.catalog, stage.id_of)

    def problems(self, step: Step, done: Done) -> Iterator[Problem]:
        """Everything that is not as the step says."""
        node = step.node
        if step.act in ("sees", "inbox"):
            yield from self._seen(step, done)
        if step.act == "reads" and done.record is not None:
            yield from self._read(step, done.record)
        if step.act == "may":
            yield from self._rights(step, done)
        if step.act in ("document", "export"):
            yield from self._text(step, done)
        count = node.get("count")
        if count is not None and count.value != done.count:
            yield say.COUNT(count.place, expected=count.value, found=done.count)
        if step.act == "import" and done.report is not None:
            yield from self._imported(step, done)

    def fields(self, expected: Node, record: Record, called: str) -> Iterator[Problem]:
        """Each expected value against the record's own."""
        definition = self.catalog.objects[record.object]
        for name, node in expected.items():
            field = definition.fields[name]
            found = record.values.get(name)
            if isinstance(field.type, Collection) and not isinstance(field.type, Links):
                yield from self._lines(node, found or [], f"{called}.{name}")
            elif self.comparing.differs(field, node.to_plain(), found):
                yield say.FIELD(
                    node.place,
                    record=called,
                    field=name,
                    expected=_written(node.to_plain()),
                    found=self._found(definition, name, found),
                )

    def _lines(self, expected: Node, found: list[Record], called: str) -> Iterator[Problem]:
        wanted = expected.elements()
        if len(wanted) != len(found):
            record, _, name = called.rpartition(".")
            yield say.LINES(
                expected.place, record=record, field=name, expected=len(wanted), found=len(found)
            )
            return
        for number, (node, line) in enumerate(zip(wanted, found, strict=True), 1):
            yield from self.fields(node, line, f"{called}[{number}]")

    def _found(self, definition: Object, name: str, value: Any) -> str:
        id = getattr(value, "id", None)
        field = definition.fields[name]
        if id is not None and hasattr(field.type, "to"):
            called = self.stage.name_of(field.type.to, id)
            return called if "#" not in called else shown(field, value, self.catalog)
        return shown(field, value, self.catalog)

    def _seen(self, step: Step, done: Done) -> Iterator[Problem]:
        person = who(step)
        seen = set(done.seen)
        only = step.node.get("inbox" if step.act == "inbox" else "only")
        if step.act == "inbox" and only is not None:
            wanted = {self.stage.names[str(entry.value)] for entry in only.elements()}
            if wanted != seen:
                expected = _list(str(entry.value) for entry in only.elements())
                found = _list(self._names(seen))
                yield say.INBOX(only.place, expected=expected, person=person, found=found)
            return
        for key in ("records", "only"):
            for entry in (step.node.get(key) or EMPTY).elements():
                if self.stage.names[str(entry.value)] not in seen:
                    yield say.SEEN(entry.place, person=person, record=entry.value)
        for entry in (step.node.get("not") or EMPTY).elements():
            if self.stage.names[str(entry.value)] in seen:
                yield say.UNSEEN(entry.place, person=person, record=entry.value)
        if only is not None:
            wanted = {self.stage.names[str(entry.value)] for entry in only.elements()}
            if more := seen - wanted:
                expected = _list(str(entry.value) for entry in only.elements())
                found = _list(self._names(more))
                yield say.ONLY(only.place, expected=expected, found=found)

    def _names(self, records: Iterable[Named]) -> list[str]:
        return [self.stage.name_of(*named) for named in sorted(records)]

    def _read(self, step: Step, record: Record) -> Iterator[Problem]:
        person = who(step)
        fields = step.node.get("fields") or EMPTY
        missing = {name for name, _ in fields.items() if name not in record.values}
        for name in missing:
            node = fields.get(name) or EMPTY
            yield say.NOT_READ(node.place, person=person, field=name, record=step.target)
        readable = {name: node for name, node in fields.items() if name not in missing}
        yield from self.fields(Node(readable, fields.place), record, step.target)
        definition = self.catalog.objects[record.object]
        for entry in (step.node.get("hidden") or EMPTY).elements():
            name = str(entry.value)
            if name in record.values and not getattr(record.values[name], "restricted", False):
                yield say.HIDDEN(
                    entry.place,
                    person=person,
                    field=name,
                    record=step.target,
                    found=self._found(definition, name, record.values[name]),
                )

    def _rights(self, step: Step, done: Done) -> Iterator[Problem]:
        for action, node in (step.node.get("may") or EMPTY).items():
            if done.rights[action] is not node.value:
                yield say.RIGHT(
                    node.place,
                    person=who(step),
                    action=action,
                    on=step.word("on"),
                    expected=ALLOWED[bool(node.value)],
                    found=ALLOWED[done.rights[action]],
                )

    def _text(self, step: Step, done: Done) -> Iterator[Problem]:
        what = step.target
        for entry in (step.node.get("contains") or EMPTY).elements():
            if str(entry.value) not in done.text:
                yield say.TEXT(entry.place, what=what, expected=entry.value)
        for entry in (step.node.get("lacks") or EMPTY).elements():
            if str(entry.value) in done.text:
                yield say.NO_TEXT(entry.place, what=what, expected=entry.value)

    def _imported(self, step: Step, done: Done) -> Iterator[Problem]:
        report = done.report
        assert report is not None
        result = step.node.get("result")
        expected: Mapping[str, Node] = dict(result.items()) if result else {}
        counts = report.counts
        because = _reasons(report)
        for what, node in expected.items():
            if counts[what] != node.value:
                yield say.ROWS(
                    node.place, expected=node.value, what=what, found=counts[what], because=because
                )
        if not expected.get("rejected") and counts["rejected"]:
            place = step.node.at("import")
            found = counts["rejected"]
            yield say.ROWS(place, expected=0, what="rejected", found=found, because=because)


def _reasons(report: Report) -> Text:
    """Why rows were rejected, in each language."""
    texts = {}
    for locale in ("en", "zh"):
        reasons = "; ".join(
            f"{line}: {problem.code} {problem.sentence(locale)}"
            for line, problems in report.examples
            for problem in problems
        )
        texts[locale] = f" ({reasons})" if reasons else ""
    return Text(texts)


def _written(value: Any) -> str:
    if value is None:
        return EMPTY_WORD
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(sorted(names))}]"
