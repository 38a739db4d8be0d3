"""What is wrong with an automation is said at the place where it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.kinds import KINDS
from engine.loading.explaining import explain
from engine.loading.loading import load
from support.rulebook import WEBHOOK, loaded_with, write_automation

GOOD = """\
automation: remind
object: claim
on: {at: due_on - days(3), time: "09:00", late: days(2)}
if: state == "asked" and amount > 100
then:
  tell:
    notify: [owner, owner.manager, {role: boss}]
    title: {en: "{name} is due on {due_on}", zh: "{name} 将于 {due_on} 到期"}
    text: "{amount}"
    mail: true
  call: {webhook: erp}
"""


def problems(folder: Path, automation: str) -> list[str]:
    """The problems of the automation: line, column and code."""
    found = loaded_with(folder, WEBHOOK, automation)
    assert all(
        p.place is not None and p.place.file.endswith("remind.yaml") for p in found.problems
    ), found.problems
    for problem in found.problems:
        assert problem.sentence("zh") != problem.sentence("en")
    return [
        f"{p.place.line}:{p.place.column} {p.code}" for p in found.problems if p.place is not None
    ]


def test_good(tmp_path: Path) -> None:
    """The example that the others spoil."""
    assert problems(tmp_path, GOOD) == []


ON = 'on: {at: due_on - days(3), time: "09:00", late: days(2)}'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("object: claim", "object: cliam", ["2:9 unknown-object"]),
        ("object: claim", "object: part", ["2:9 unknown-object"]),
        # timers
        ("due_on - days(3)", "due_onn - days(3)", ["3:10 unknown-name"]),
        ("due_on - days(3)", "amount", ["3:10 timer-without-moment"]),
        ("due_on - days(3)", "today()", ["3:10 timer-not-its-own"]),
        ("due_on - days(3)", "due_on if tense else empty", ["3:10 timer-not-its-own"]),
        ("due_on - days(3)", "due_on if owner == user else empty", ["3:10 timer-not-its-own"]),
        ("due_on - days(3)", "due_on if room.name is empty else empty",
         ["3:10 timer-not-its-own"]),
        ("due_on - days(3)", "max(n.on for n in notes)", ["3:10 timer-not-its-own"]),
        ("due_on - days(3)", "next_on", []),
        ("due_on - days(3)", "called_at", ["3:28 automation-key"]),
        ('time: "09:00"', "time: 9 o'clock", ["3:34 wrong-value"]),
        ('time: "09:00"', 'time: "24:00"', ["3:35 wrong-value"]),
        ("late: days(2)", "late: skip", []),
        ("late: days(2)", "late: hours(4)", []),
        ("late: days(2)", "late: months(1)", ["3:49 timer-late"]),
        ("late: days(2)", "late: due_on - due_on", ["3:49 timer-late"]),
        ("late: days(2)", "late: 2 days", ["3:49 timer-late"]),
        ("object: claim", "object: claim\nlate: days(2)", ["3:1 key-belongs-under"]),
        ("late: days(2)", "late: -days(1)", ["3:49 timer-late"]),
        ("late: days(2)", "late: days(3660)", []),
        ("late: days(2)", "late: days(900000)", ["3:49 timer-late-long"]),
        ("late: days(2)", f"late: days({'9' * 14} * {'9' * 18} * {'9' * 15})",
         ["3:49 timer-late-long"]),
        ("late: days(2)", "missed: all", ["3:51 automation-key"]),
        # schedules
        (ON, 'on: {every: "0 8 * * mon-fri", missed: all}', []),
        (ON, 'on: {every: "0 8 * *"}', ["3:14 bad-cron"]),
        (ON, 'on: {every: "0 25 * * *"}', ["3:14 bad-cron"]),
        (ON, 'on: {every: "0 8 31 2 *"}', ["3:14 bad-cron"]),
        (ON, 'on: {every: "@daily"}', ["3:14 bad-cron"]),
        (ON, 'on: {every: "0 8 * * *", missed: twice}', ["3:34 not-in-list"]),
        # triggers
        (ON, "on: created", []),
        (ON, "on: [created, {changed: owner}]", []),
        (ON, "on: creatd", ["3:5 unknown-trigger"]),
        (ON, "on: stage", ["3:5 unknown-trigger"]),
        (ON, "on: [created, deletd]", ["3:15 unknown-trigger"]),
        (ON, "on: [created, deleted]", ["7:13 notice-of-deleted"]),
        (ON, "on: {}", ["3:5 trigger-shape"]),
        (ON, "on: {changed: amount, stage: paid}", ["3:5 trigger-shape"]),
        (ON, "on: [{at: due_on}]", ["3:7 unknown-key", "3:6 trigger-shape"]),
        (ON, "on: {stage: paid, from: asked}", ["3:25 automation-key"]),
        (ON, "on: {changed: amuont}", ["3:15 unknown-field"]),
        (ON, "on: {changed: [amount, nonsense]}", ["3:24 unknown-field"]),
        (ON, "on: {changed: parts}", []),
        (ON, "on: {changed: part_total}", []),
        (ON, "on: {changed: notes}", ["3:15 change-not-noticed"]),
        (ON, "on: {changed: next_on}", ["3:15 change-not-noticed"]),
        (ON, "on: {changed: tense}", ["3:15 change-not-noticed"]),
        (ON, "on: {changed: kind, from: small, to: [large]}", []),
        (ON, "on: {changed: urgent, to: true}", []),
        (ON, "on: {changed: state, to: paid}", []),
        (ON, "on: {changed: kind, to: larg}", ["3:25 unknown-option"]),
        (ON, "on: {changed: kind, to: [small, larg]}", ["3:33 unknown-option"]),
        (ON, "on: {changed: amount, to: small}", ["3:27 trigger-without-options"]),
        (ON, "on: {changed: [kind, state], to: small}", ["3:34 trigger-without-options"]),
        (ON, "on: {transition: pya}", ["3:18 unknown-transition"]),
        (ON, "on: {stage: [asked, piad]}", ["3:21 unknown-stage"]),
        # conditions
        ("amount > 100", "amuont > 100", ["4:26 unknown-name"]),
        ("if: state", "if: amount and state", ["4:5 not-a-condition"]),
        ('state == "asked"', "owner == user", ["4:14 automation-no-user"]),
        ('state == "asked"', "due_on <= today()", []),
        # notices
        ("owner.manager", "name", ["7:21 wrong-result"]),
        ("owner.manager", "owner.boss", ["7:21 unknown-name"]),
        ("role: boss", "role: [boss, bosss]", ["7:50 unknown-role"]),
        ("role: boss", "role: clerk", ["7:43 notice-unreadable"]),
        ("role: boss", "team: boss", ["7:36 missing-key", "7:37 unknown-key"]),
        ("{name} is due", "{nam} is due", ["8:19 unknown-name"]),
        ("    text: \"{amount}\"\n", "    text: \"{amount\"\n", ["9:12 text-braces"]),
        ("    text:", "    documents: [paper]\n    text:", ["9:17 notice-document"]),
        ("    mail: true\n", "    documents: [paper]\n",
         ["10:16 automation-key", "10:17 notice-document"]),
        # actions
        ("webhook: erp", "webhook: erpp", ["11:19 unknown-webhook"]),
        ("webhook: erp", "webhook: erp, mail: true", ["11:30 automation-key"]),
        ("webhook: erp", "webhook: erp, notify: owner", ["11:3 action-shape"]),
        ("webhook: erp", "", ["11:3 action-shape"]),
        ("call: {webhook: erp}", "call: {notify: owner}", ["11:3 notice-without-title"]),
    ],
)  # fmt: skip
def test_places(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    """One thing changed in the example."""
    assert old in GOOD
    assert sorted(problems(tmp_path, GOOD.replace(old, new, 1))) == sorted(expected)


def test_an_overlay_changes_one_action(tmp_path: Path) -> None:
    """The moment, one title and the webhook; all else stays, and `explain` tells who set it."""
    base, upper = tmp_path / "base", tmp_path / "upper"
    assert loaded_with(base, WEBHOOK, GOOD).problems == ()
    write_automation(
        upper,
        """
        automation: remind
        on: {at: due_on - days(7)}
        then:
          tell: {title: {zh: 请处理}, notify: owner}
          call: {remove: true}
          again: {before: tell, notify: helper, title: Again}
        """,
    )
    found = load([base, upper], KINDS)
    assert found.problems == ()
    assert found.catalog is not None
    automation = found.catalog.of("automation")["remind"]
    assert list(automation.actions) == ["again", "tell"]
    tell = automation.actions["tell"]
    assert (tell.title["zh"], tell.title["en"]) == ("请处理", "{name} is due on {due_on}")
    assert (len(tell.to), tell.roles, tell.mail) == (1, (), True)
    assert automation.timer.at.source == "due_on - days(7)"
    assert f"{automation.timer.time:%H:%M}" == "09:00"
    told = explain(found, "remind").to_text()
    line = next(line for line in told.splitlines() if "at: due_on - days(7)" in line)
    assert "upper/automations/remind.yaml" in line


def test_nobody_to_tell(tmp_path: Path) -> None:
    """A site whose objects are no people."""
    text = (
        "object: thing\nfields: {name: {type: text}}\n---\n"
        "role: boss\ngrants: {thing: {read: all, fields: {'*': read}}}\n"
    )
    automation = (
        "automation: hello\nobject: thing\non: created\n"
        "then: {tell: {notify: owner, title: Hello}, all: {notify: [{role: boss}], title: Hello}}\n"
    )
    found = loaded_with(tmp_path, automation, text=text)
    assert [problem.code for problem in found.problems] == ["notice-without-people"]
