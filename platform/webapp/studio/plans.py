"""`/studio/plan`: what publishing the draft would do, and publishing it; the same for a way back.

What is published is sealed to the plan that was shown: where it has become another one, the new
plan is shown with what differs, and nothing is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from assembly.drafting import back_proposal, draft_proposal, read_draft
from assembly.effects import effects_of, lines_of
from assembly.kept_plans import KeptPlan, differences, kept, kept_plan
from assembly.layering import settle
from assembly.publish_work import publish_work
from assembly.publishing import Proposal
from engine.problems import Message, Refusal
from engine.schema.findings import Finding, Severity
from engine.schema.planning import Plan
from engine.schema.steps import Phase, Step
from jobs.work import start_work
from webapp.directory import AccountDirectory
from webapp.screens.here import Here, here
from webapp.studio.examples import examples_for
from webapp.studio.parts import BROWSER, bench, drafted, editor, form, studio_page, told
from webapp.tables import account_tables

KINDS_OF_STEP = {
    Phase.CREATE: "plus", Phase.ALTER: "plus", Phase.INDEX: "plus", Phase.NOTE: "pencil",
    Phase.DROP: "minus",
}  # fmt: skip
LONGEST_MESSAGE = 2_000

NO_MESSAGE = Message(
    "publish-message",
    en="say what is changed and why",
    zh="请说明改了什么、为什么改",
)
NOT_AGREED = Message(
    "publish-agree",
    en="tick what you agree to",
    zh="请勾选确认各项",
    hint_en="nothing was published",
    hint_zh="尚未发布",
)
CHANGED = Message(
    "publish-plan-changed",
    en="the plan has changed since you looked at it; nothing was published",
    zh="您查看后计划已变化，尚未发布",
)

Make = Callable[[], Proposal]


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the plan."""

    icon: str
    text: str
    cost: str
    loses: bool


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding: its sentence, some records, the remedy and where it belongs."""

    text: str
    examples: tuple[str, ...]
    hidden: bool
    remedy: str
    place: str
    address: str


def show_plan() -> Response:
    """What publishing the draft would do."""
    at = here()
    return _show(at, None, _draft(at))


def publish_draft() -> AnyResponse:
    """Publishes the draft by the plan that was shown."""
    at = here()
    return _publish(at, None, _draft(at))


def show_way_back(number: int) -> Response:
    """What going back to a revision would do."""
    at = here()
    return _show(at, number, _way_back(at, number))


def publish_way_back(number: int) -> AnyResponse:
    """Goes back by the plan that was shown."""
    at = here()
    return _publish(at, number, _way_back(at, number))


def _draft(at: Here) -> Make:
    return lambda: draft_proposal(at.gate.databases, account_tables())


def _way_back(at: Here, number: int) -> Make:
    return lambda: back_proposal(at.gate.databases, account_tables(), number)


def _show(at: Here, back_to: int | None, make: Make) -> Response:
    try:
        proposed = make()
    except Refusal as refusal:
        return _unplannable(at, back_to, refusal)
    return _page(at, back_to, proposed, {}, ())


def _publish(at: Here, back_to: int | None, make: Make) -> AnyResponse:
    """Starts the work that publishes, if what was shown still is what would be done."""
    try:
        proposed = make()
    except Refusal as refusal:
        return _unplannable(at, back_to, refusal)
    made, given = proposed.plan, form()
    if made.digest != given.get("digest"):
        shown = _kept(given.get("kept", ""))
        differing = [at.sentence(one) for one in differences(shown, made)] if shown else []
        said = (at.sentence(CHANGED()), *differing)
        return _page(at, back_to, proposed, given, said, 409)
    if made.empty:  # the files differ, but not in what they define: they are only noted
        settle(proposed.databases, made, proposed.folders)
        return redirect("/studio/", 303)
    missing = list(_missing(made, given, back_to))
    if missing or made.problems:
        said = tuple(at.sentence(message()) for message in missing)
        return _page(at, back_to, proposed, given, said, 422)
    work = publish_work(
        made,
        message=_message(at, given, back_to),
        allow_loss=made.loses,
        answered=True,
        back_to=back_to,
        with_files="files" in given,
        despite=given.get("despite", "").strip()[:LONGEST_MESSAGE],
    )
    id = at.gate.write(at.actor, lambda tx: start_work(tx, work))
    return redirect(f"/studio/publishing/{id}", 303)


def _missing(made: Plan, given: Mapping[str, str], back_to: int | None) -> Iterator[Message]:
    if back_to is None and not given.get("message", "").strip():
        yield NO_MESSAGE
    if len(request.form.getlist("agree")) < len(_asked(made)):
        yield NOT_AGREED


def _message(at: Here, given: Mapping[str, str], back_to: int | None) -> str:
    said = given.get("message", "").strip()[:LONGEST_MESSAGE]
    return said or at.t("studio_back_message", number=back_to)


def _asked(made: Plan) -> list[str]:
    """What somebody has to agree to, one by one: each question, and what is lost in one."""
    asks = [str(n) for n, one in enumerate(made.findings) if one.severity == Severity.ASKS]
    return [*asks, *(["loses"] if made.loses else [])]


def _kept(text: str) -> KeptPlan | None:
    """What was shown, as the form has kept it; None for what no form of ours has sent."""
    try:
        return kept_plan(json.loads(text))
    except (ValueError, KeyError, TypeError):
        return None


def _unplannable(at: Here, back_to: int | None, refusal: Refusal) -> Response:
    """The problems of the draft, each with a way to its line."""
    on = bench(at)
    return studio_page(
        "studio_unplannable.html",
        at,
        "/studio/plan" if back_to is None else "",
        len(on.draft.changes()),
        422,
        back_to=back_to,
        problems=list(told(at, refusal.problems)),
    )


def _page(
    at: Here,
    back_to: int | None,
    proposed: Proposal,
    given: Mapping[str, str],
    said: Sequence[str],
    status: int = 200,
) -> Response:
    made, databases = proposed.plan, proposed.databases
    with databases.reading() as connection:
        draft = read_draft(connection)
    everybody = AccountDirectory(databases).everybody
    examples = examples_for(at, made.findings)

    def having(severity: Severity) -> list[tuple[str, FindingLine]]:
        return [
            (str(n), _finding(at, found, examples.get(n)))
            for n, found in enumerate(made.findings)
            if found.severity == severity
        ]

    loaded = proposed.loaded or bench(at).loaded()
    cost = made.publishing(databases.dialect).said()
    return studio_page(
        "studio_plan.html",
        at,
        "/studio/plan" if back_to is None else "",
        len(draft.changes()),
        status,
        back_to=back_to,
        drafted=drafted(at, draft, loaded),
        made=made,
        kept=json.dumps(kept(made, back_to), ensure_ascii=False),
        steps=[_step(at, made, step, databases.dialect) for step in made.steps],
        losing=[at.say(step.text) for step in made.steps if step.loses],
        publishing=at.say(cost) if cost else "",
        stopping=having(Severity.STOPS),
        questions=having(Severity.ASKS),
        losses=having(Severity.LOSES),
        looking=having(Severity.WARNS),
        telling=having(Severity.TELLS),
        effects=list(lines_of(effects_of(proposed, everybody), at.locale)),
        sql=_sql(at, made, proposed),
        problems=[at.sentence(problem) for problem in made.problems],
        given=given,
        agreed=request.form.getlist("agree") if status == 422 else (),
        said=said,
        despite="despite" in given or "despite" in request.args,
        stale=status == 409,
        ready=not made.problems and not made.empty,
    )


def _step(at: Here, made: Plan, step: Step, dialect: str) -> StepLine:
    cost = made.cost(step, dialect).said()
    return StepLine(
        icon="eye-off" if step.loses else KINDS_OF_STEP[step.phase],
        text=at.say(step.text),
        cost=at.say(cost) if cost else "",
        loses=step.loses,
    )


def _finding(at: Here, found: Finding, examples: tuple[str, ...] | None) -> FindingLine:
    file = found.place.file if found.place else ""
    mine = file.startswith(BROWSER)
    line = found.place.line if found.place else 0
    return FindingLine(
        text=at.say(found.text),
        examples=examples or (),
        hidden=bool(found.examples) and not examples,
        remedy=found.remedy,
        place=f"{file}:{line}" if file else "",
        address=editor(file.removeprefix(BROWSER), line) if mine else "",
    )


def _sql(at: Here, made: Plan, proposed: Proposal) -> str:
    dialect = proposed.databases.reads.dialect
    written = ((at.say(step.text), step.sql(dialect)) for step in made.steps)
    return "\n".join(f"-- {text}\n{sql}\n" for text, sql in written if sql)
