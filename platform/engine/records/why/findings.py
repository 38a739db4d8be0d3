"""What a decision consists of: sentences that hold or do not, each with where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.permissions.actors import Actor
from engine.problems import Place, Text
from engine.records.seen import Count

NOTHING = Count(0, True)
LEVELS = ("none", "mask", "read", "write")
"""What somebody may do with a field, the least first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of a decision.

    `kind` is one of role, seen, scope, way, condition, field and lock. `holds` is None where it
    may not be told, or where nobody can know before somebody tries. `values` are the values that
    it was worked out from, as far as the asking person may read them. A lock that `bars` decides,
    told or not.
    """

    kind: str
    text: Text
    holds: bool | None = None
    place: Place | None = None
    parts: tuple[Finding, ...] = ()
    values: Text | None = None
    name: str = ""
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """What people gain (or lose) of one action on one object.

    `rows` are the records that at least one of `people` gains; None where they could not be
    counted in time, or not before the change is made.
    """

    people: tuple[Actor, ...] = ()
    rows: Count | None = NOTHING

    def __bool__(self) -> bool:
        return bool(self.people)

    def __add__(self, other: Delta) -> Delta:
        """Both together. Records that both hold count twice, so the sum is at most an upper bound
        and no longer exact."""
        if not self or not other:
            return self or other
        people = (*self.people, *other.people)
        if self.rows is None or other.rows is None:
            return Delta(people, None)
        return Delta(people, Count(self.rows.value + other.rows.value, False))


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change that would turn the answer.

    `kind` is share, role (one more for the person) or grant. `yaml` is what to write, and `place`
    where. `opens` is what people gain besides: of a share nothing but this record.
    """

    kind: str
    text: Text
    opens: Delta
    yaml: str = ""
    place: Place | None = None

    @property
    def width(self) -> tuple[bool, int]:
        """How much it opens, to be sorted by: records times people; what is not counted last."""
        if self.opens.rows is None:
            return True, len(self.opens.people)
        return False, self.opens.rows.value * max(len(self.opens.people), 1)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and what led to it.

    `record` is the id, where the asking person may know of the record; `level` what may be done
    with the field, where one is asked about. `note` tells what no rule could change. Of a refusal,
    `proposals` are changes that would turn it, `ask` people who may do it.
    """

    allowed: bool
    action: str
    object: str
    record: int | None = None
    field: str = ""
    level: str = ""
    findings: tuple[Finding, ...] = ()
    note: Text | None = None
    proposals: tuple[Proposal, ...] = ()
    ask: tuple[Actor, ...] = ()


def said(template: Text, /, **args: Any) -> Text:
    """A sentence in both languages, filled in; texts among the arguments in the same language."""
    return Text(
        {
            locale: text.format(
                **{k: v.in_(locale) if isinstance(v, Text) else v for k, v in args.items()}
            )
            for locale, text in template.by_locale.items()
        }
    )


def pair(en: str, zh: str) -> Text:
    """A text in both languages."""
    return Text({"en": en, "zh": zh})


def enumerated(texts: Iterable[Text]) -> Text:
    """Texts one after another, in each language."""
    found = list(texts)
    return pair(
        "; ".join(text.in_("en") for text in found), "；".join(text.in_("zh") for text in found)
    )


def every(holds: Iterable[bool | None]) -> bool | None:
    """Whether all hold, of conditions of which some may not be told (Kleene's logic)."""
    found = list(holds)
    return False if False in found else None if None in found else True


def some(holds: Iterable[bool | None]) -> bool | None:
    """Whether one holds, of conditions of which some may not be told."""
    found = list(holds)
    return True if True in found else None if None in found else False


def unsettled(finding: Finding) -> Finding:
    """The finding of a rule that could not be asked of any record: what it grants stays open."""
    parts = tuple(unsettled(part) for part in finding.parts)
    return replace(finding, parts=parts, holds=None if finding.holds else finding.holds)


def finding_json(finding: Finding, locale: str) -> Mapping[str, Any]:
    """A finding for programs."""
    return {
        "kind": finding.kind,
        "name": finding.name or None,
        "text": finding.text.in_(locale),
        "values": finding.values.in_(locale) if finding.values else None,
        "holds": finding.holds,
        "file": finding.place.file if finding.place else None,
        "line": finding.place.line if finding.place else None,
        "parts": [finding_json(part, locale) for part in finding.parts],
    }


def decision_json(decision: Decision, locale: str) -> dict[str, Any]:
    """A decision for programs."""
    return {
        "action": decision.action,
        "object": decision.object,
        "record": decision.record,
        "field": decision.field or None,
        "level": decision.level or None,
        "allowed": decision.allowed,
        "note": decision.note.in_(locale) if decision.note else None,
        "findings": [finding_json(finding, locale) for finding in decision.findings],
        "proposals": [proposal_json(proposal, locale) for proposal in decision.proposals],
        "ask": [{"person": one.person, "name": one.name} for one in decision.ask],
    }


def proposal_json(proposal: Proposal, locale: str) -> Mapping[str, Any]:
    """A proposal for programs; `records` is null where they could not be counted in time."""
    rows = proposal.opens.rows
    return {
        "kind": proposal.kind,
        "text": proposal.text.in_(locale),
        "yaml": proposal.yaml or None,
        "file": proposal.place.file if proposal.place else None,
        "line": proposal.place.line if proposal.place else None,
        "records": rows.value if rows else None,
        "exact": rows.exact if rows else False,
        "people": len(proposal.opens.people),
    }


def opened(delta: Delta) -> Text:
    """What a change opens, in words."""
    people, rows = len(delta.people), delta.rows
    if not delta:
        return pair("opens nothing besides", "不会额外开放任何记录")
    if rows is None:
        return pair(
            f"opens records to {people} people (not counted in time)",
            f"向 {people} 人开放记录（未能及时统计）",
        )
    en = f"{rows.value:,} {'record' if rows.value == 1 else 'records'}"
    zh = f"{rows.value:,} 条记录"
    if not rows.exact:
        en, zh = f"about {en} or more", f"约 {zh}或更多"
    who = "person" if people == 1 else "people"
    return pair(f"opens {en} to {people} {who}", f"向 {people} 人开放 {zh}")
