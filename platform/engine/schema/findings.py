"""Findings: what a change does to the records that exist, as data.

A plan shows its findings beside its steps. Each is about one field or one thing, says how many
records it concerns with some examples, and offers its remedy as YAML.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.problems import Message, Place, Problem, Text

CAP = 100_000
"""Records that are counted exactly; of more it is only said that there are more."""
MOST_EXAMPLES = 5


class Severity(StrEnum):
    """What a finding means for applying.

    `stops`: the plan cannot be applied; `loses`: only with --allow-loss, something that people
    see would be hidden (it is parked); `asks`: probably not what was meant, somebody has to say
    so; `warns`: somebody should look at it, but nothing is held up; `tells`: worth knowing.
    """

    STOPS = "stops"
    LOSES = "loses"
    ASKS = "asks"
    WARNS = "warns"
    TELLS = "tells"


STOPPING = {
    message.code: message
    for message in (
        Message(
            "not-unique-yet",
            en="{what}",
            zh="{what}",
            hint_en="the plan names the values",
            hint_zh="计划中列出了这些值",
        ),
        Message("conversion-wrong", en="{what}", zh="{what}"),
        Message(
            "stage-in-use",
            en="{what}",
            zh="{what}",
            hint_en="say `was:` or `replace:` as the plan shows",
            hint_zh="请按计划所示写 `was:` 或 `replace:`",
        ),
        Message(
            "stage-since",
            en="{what}",
            zh="{what}",
            hint_en="move these records to another stage first",
            hint_zh="请先将这些记录移到其他阶段",
        ),
        Message(
            "approval-in-use",
            en="{what}",
            zh="{what}",
            hint_en="the plan names the records",
            hint_zh="计划中列出了这些记录",
        ),
    )
}
"""The problems of families that can stop a plan, by the family's word."""


class Number(str):
    """A number in a sentence, which chooses the words that fit it.

    `"{n:# record holds|# records hold}"` says "1 record holds" or "3 records hold"; `#` is the
    number. Without words it is the number alone.
    """

    one: bool

    def __new__(cls, said: str, one: bool) -> Number:
        """`said` is what people read."""
        made = super().__new__(cls, said)
        made.one = one
        return made

    def __format__(self, words: str) -> str:
        if not words:
            return str(self)
        one, _, more = words.partition("|")
        return (one if self.one else more).replace("#", str(self))


@dataclass(frozen=True, slots=True)
class Count:
    """How many; when not `exact`, there are more than `value`."""

    value: int
    exact: bool = True

    def in_(self, locale: str) -> Number:
        """The number as people read it in a language."""
        said = f"{self.value:,}"
        if not self.exact:
            said = f"超过 {said}" if locale.startswith("zh") else f"more than {said}"
        return Number(said, self.exact and self.value == 1)


@dataclass(frozen=True, slots=True)
class Example:
    """A record that the finding concerns: its id (0: none), its title, the value in question."""

    id: int
    title: str
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one change does to the records that exist.

    `family` is a word for programs ("required"). `object` and `field` name what it is about as
    it is called now. `remedy` is YAML that can be pasted into the file of `place`.
    """

    family: str
    severity: Severity
    text: Text
    object: str = ""
    field: str = ""
    count: Count | None = None
    examples: tuple[Example, ...] = ()
    remedy: str = ""
    place: Place | None = None

    def problem(self) -> Problem:
        """The finding as the problem that stops a plan."""
        return STOPPING[self.family](self.place, what=self.text)

    def seal(self) -> str:
        """What the plan's digest covers of it.

        Of what is lost or stands in the way, the number counts; of the rest only that it is so,
        or a plan would drift with every record that somebody saves.
        """
        counted = self.severity in (Severity.STOPS, Severity.LOSES)
        count = self.count.value if self.count is not None and counted else ""
        return f"{self.family} {self.severity} {self.object} {self.field} {count}"


def seal_of(findings: Iterable[Finding]) -> str:
    """What a digest covers of several findings, in their order."""
    return "\n".join(finding.seal() for finding in findings)
