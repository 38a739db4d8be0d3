"""What `formwright test` tells: a line for each scenario, what went wrong, JSON and JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import click

from cli.printing import many, print_json, problem_json
from scenarios.definitions import SwitchedOff
from scenarios.outcomes import Failure, Outcome

STEP = {"en": "step {number}: {step}", "zh": "第 {number} 步：{step}"}
KEPT = {"en": "its database: {file}", "zh": "数据库：{file}"}
OFF = {"en": "off: {name}: {why} ({place})", "zh": "停用：{name}：{why}（{place}）"}
NONE = {"en": "no scenarios", "zh": "没有场景"}
MARKS = {True: "✓", False: "✗"}


def print_outcome(outcome: Outcome, locale: str, *, err: bool = False) -> None:
    """One line for the scenario, and below it what is not as expected."""
    about = f" {outcome.about.in_(locale)}" if outcome.failures and outcome.about else ""
    click.echo(f"{MARKS[outcome.passed]} {outcome.name} ({outcome.seconds:.2f} s){about}", err=err)
    for line in _lines(outcome, locale):
        click.echo(f"  {line}", err=err)


def _lines(outcome: Outcome, locale: str) -> list[str]:
    """What is not as expected, the step in which that is, and the record that it is about."""
    lines = [failure.problem.line(locale) for failure in outcome.failures]
    last: Failure | None = outcome.failures[-1] if outcome.failures else None
    if last is not None and last.number is not None:
        lines.append("  " + STEP[locale].format(number=last.number, step=last.step))
    if last is not None and last.record:
        lines.append(f"  {last.record}")
    if outcome.kept:
        lines.append("  " + KEPT[locale].format(file=outcome.kept))
    return lines


def print_summary(
    outcomes: Sequence[Outcome], off: Sequence[SwitchedOff], seconds: float, locale: str
) -> None:
    """How many passed and failed, and what is switched off."""
    for one in off:
        line = OFF[locale].format(name=one.name, why=one.why.in_(locale), place=one.place)
        click.echo(line, err=True)
    click.echo(_summary(outcomes, seconds, locale), err=True)


def _summary(outcomes: Sequence[Outcome], seconds: float, locale: str) -> str:
    if not outcomes:
        return NONE[locale]
    failed = sum(not outcome.passed for outcome in outcomes)
    passed = len(outcomes) - failed
    if locale == "zh":
        outcome = f"{passed} 个通过，{failed} 个失败" if failed else f"{passed} 个场景全部通过"
        return f"{outcome}（{seconds:.1f} 秒）"
    outcome = (
        f"{passed} passed, {failed} failed" if failed else f"{many(passed, 'scenario')} passed"
    )
    return f"{outcome} ({seconds:.1f} s)"


def report_json(
    outcomes: Sequence[Outcome], off: Sequence[SwitchedOff], seconds: float, locale: str
) -> None:
    """Everything for programs."""
    print_json(
        {
            "ok": all(outcome.passed for outcome in outcomes),
            "seconds": round(seconds, 3),
            "scenarios": [outcome_json(outcome, locale) for outcome in outcomes],
            "off": [
                {"name": one.name, "why": one.why.in_(locale), "file": one.place.file}
                for one in off
            ],
        }
    )


def outcome_json(outcome: Outcome, locale: str) -> dict[str, Any]:
    """What became of a scenario, for programs."""
    return {
        "name": outcome.name,
        "about": outcome.about.in_(locale) if outcome.about else None,
        "file": outcome.place.file,
        "passed": outcome.passed,
        "seconds": round(outcome.seconds, 3),
        "database": outcome.kept or None,
        "failures": [
            {
                **problem_json(failure.problem, locale),
                "step": failure.number,
                "does": failure.step or None,
                "record": failure.record or None,
            }
            for failure in outcome.failures
        ],
    }


def junit(
    outcomes: Sequence[Outcome], off: Sequence[SwitchedOff], seconds: float, locale: str
) -> str:
    """The outcome as JUnit XML, the form that build servers read."""
    failed = sum(not outcome.passed for outcome in outcomes)
    suite = ET.Element(
        "testsuite",
        name="formwright",
        tests=str(len(outcomes) + len(off)),
        failures=str(failed),
        skipped=str(len(off)),
        time=f"{seconds:.3f}",
    )
    for outcome in outcomes:
        case = _case(suite, outcome.name, outcome.place.file, outcome.seconds)
        if outcome.failures:
            message = outcome.failures[0].problem.line(locale)
            text = "\n".join(_lines(outcome, locale))
            ET.SubElement(case, "failure", message=_clean(message)).text = _clean(text)
    for one in off:
        case = _case(suite, one.name, one.place.file, 0)
        ET.SubElement(case, "skipped", message=_clean(one.why.in_(locale)))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, name: str, file: str, seconds: float) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname="scenarios", name=name, file=file, time=f"{seconds:.3f}"
    )


def _clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)
