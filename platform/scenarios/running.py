"""Running one scenario: what is given, then step by step, until something is not as expected.

1. The stage is set back: to the background's records, which are made once, or to nothing.
2. Departments, people and given records are made. What that causes is carried out, and forgotten.
3. Each step is carried out, together with everything that happens because of it; then everything
   that it expects is looked at. The first step with a problem is the last one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from engine.problems import Place, Problem, Refusal
from scenarios import told
from scenarios import verdicts as say
from scenarios.acting import Acting
from scenarios.afterwards import Then
from scenarios.clock import company_time, moment
from scenarios.definitions import DEFAULT_NOW, Background, Scenario, Setting, Step
from scenarios.expecting import Looking
from scenarios.given import Giver
from scenarios.messages import BAD_TIME, TOO_EARLY, TOO_MUCH
from scenarios.outcomes import Failure, Outcome, step_words
from scenarios.refusals import refusal_problems, said
from scenarios.seeing import Done
from scenarios.stage import Named, Snapshot, Stage
from scenarios.values import record_shown


class Runner:
    """Runs scenarios on one stage, one after the other."""

    def __init__(self, stage: Stage, *, keep: bool = False) -> None:
        """With `keep` the database of a scenario that fails stays where the stage is."""
        self.stage, self.keep = stage, keep
        self._backgrounds: dict[str, Snapshot] = {}

    def prepare(self, scenarios: Iterable[Scenario]) -> None:
        """Plays the backgrounds of scenarios; what is wrong with one is told by who needs it."""
        for background in {
            one.background.name: one.background for one in scenarios if one.background
        }.values():
            with suppress(Exception):
                self._backgrounds[background.name] = self._played(background, _Play(self.stage))

    def run(self, scenario: Scenario) -> Outcome:
        """Plays one scenario. Never raises for what it holds, nor for what it finds."""
        began = time.perf_counter()
        play = _Play(self.stage)
        try:
            self._begin(scenario, play)
            failures = play.steps(scenario)
        except _Broken as broken:
            failures = [broken.failure]
        except Refusal as refusal:
            failures = [Failure(problem=_placed(one, scenario.place)) for one in refusal.problems]
        except Exception as error:  # a mistake of the program shall cost one scenario, not the run
            failures = [Failure(problem=say.CRASHED(scenario.place, why=_why(error)))]
        kept = ""
        if failures and self.keep:
            file = self.stage.folder / f"{scenario.name}.db"
            self.stage.keep(file)
            kept = str(file)
        return Outcome(
            name=scenario.name,
            place=scenario.place,
            seconds=time.perf_counter() - began,
            about=scenario.about,
            failures=tuple(failures),
            kept=kept,
        )

    def _begin(self, scenario: Scenario, play: _Play) -> None:
        background = scenario.background
        if background is None:
            self.stage.set_back(self.stage.bare)
            play.begin(scenario.setting, DEFAULT_NOW)
            return
        known = self._backgrounds.get(background.name)
        if known is None:
            known = self._backgrounds[background.name] = self._played(background, play)
        self.stage.set_back(known)
        play.begin(scenario.setting, "")

    def _played(self, background: Background, play: _Play) -> Snapshot:
        self.stage.set_back(self.stage.bare)
        play.begin(background.setting, DEFAULT_NOW)
        return self.stage.snapshot(self.stage.folder / f"background-{background.name}.db")


class _Broken(Exception):
    """The scenario could not begin."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.problem.line())
        self.failure = failure


class _Play:
    """One scenario on its way."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def begin(self, setting: Setting, default_now: str) -> None:
        """Makes what is given. Without `default_now` the clock stands already."""
        stage = self.stage
        since = told.mark(stage.gate, stage.afterwards.letters)
        now = setting.now or default_now
        if now:
            self._set_clock(setting, now, first=bool(default_now))
        giver = Giver(stage)
        for place, called, make in giver.all(setting):
            problem = _guarded(place, called, make)
            if problem is not None:
                raise _Broken(Failure(problem=problem))
        stage.afterwards.drain()
        for kind, sentence in stage.afterwards.failed(since.effect):
            place = setting.node.place
            raise _Broken(Failure(problem=say.EFFECT_FAILED(place, kind=kind, sentence=sentence)))

    def _set_clock(self, setting: Setting, now: str, *, first: bool) -> None:
        stage = self.stage
        zone = stage.gate.zone
        to = moment(now, zone)
        if first:
            stage.clock.now = to
            stage.afterwards.schedule()
        elif to < stage.clock.now:
            node = setting.node.get("now") or setting.node
            found, by = company_time(to, zone), company_time(stage.clock.now, zone)
            raise _Broken(Failure(problem=TOO_EARLY(node.place, found=found, now=by)))
        else:
            stage.afterwards.turn(to)

    def steps(self, scenario: Scenario) -> list[Failure]:
        """Plays the steps up to the first one that is not as expected."""
        acting, looking = Acting(self.stage), Looking(self.stage)
        then = Then(self.stage, looking)
        for number, step in enumerate(scenario.steps, 1):
            since = told.mark(self.stage.gate, self.stage.afterwards.letters)
            problems, subject = self._step(step, acting, looking, then, since)
            if problems:
                shown = self._shown(then, subject)
                words = step_words(step.node)
                return [
                    Failure(problem=one, number=number, step=words, record=shown)
                    for one in problems
                ]
        return []

    def _step(
        self, step: Step, acting: Acting, looking: Looking, then: Then, since: told.Mark
    ) -> tuple[list[Problem], Named | None]:
        subject = self.stage.names.get(step.subject)
        try:
            done = self._acted(step, acting)
            if isinstance(done, list):
                return done, subject
            subject = done.subject or subject
            self.stage.afterwards.drain()
            problems = list(looking.problems(step, done)) + list(self._after(step, since))
            for expectation in step.expected:
                found = list(then.problems(expectation, subject, since))
                problems += found
                if found and expectation.kind == "found":
                    break  # what follows may be about the record that was not found
            return problems, subject
        except Refusal as refusal:
            return [_placed(problem, step.node.place) for problem in refusal.problems], subject
        except Exception as error:
            return [say.CRASHED(step.node.place, why=_why(error))], subject

    def _acted(self, step: Step, acting: Acting) -> Done | list[Problem]:
        """What came of the step, or how its refusal differs from what is expected."""
        place = _act_place(step)
        try:
            done = acting.act(step)
        except Refusal as refusal:
            if step.refusal is not None:
                locale = self.stage.actor(step.actor).locale
                return list(refusal_problems(step, refusal, locale)) or Done()
            first = refusal.problems[0]
            if first.message in (BAD_TIME, TOO_EARLY, TOO_MUCH):
                return [_placed(first, place)]
            return [say.REFUSED(place, code=first.code, sentence=said(refusal))]
        if step.refusal is not None:
            node = step.refusal
            expected = node.value if isinstance(node.value, str) else node.plain("code")
            return [say.NOT_REFUSED(node.place, expected=expected)]
        return done

    def _after(self, step: Step, since: told.Mark) -> Iterator[Problem]:
        for kind, sentence in self.stage.afterwards.failed(since.effect):
            yield say.EFFECT_FAILED(_act_place(step), kind=kind, sentence=sentence)

    def _shown(self, then: Then, subject: Named | None) -> str:
        """The record that a step is about, on one line."""
        record = then.record(subject) if subject and subject.id else None
        if subject is None or record is None:
            return ""
        catalog = self.stage.gate.catalog
        shown = record_shown(record, catalog.objects[subject.object], catalog)
        return f"{self.stage.name_of(*subject)}: {shown}"


def _guarded(place: Place, called: str, make: Callable[[], Any]) -> Problem | None:
    """Why something cannot be given, or None once it is."""
    try:
        make()
    except Refusal as refusal:
        code = refusal.problems[0].code
        return say.GIVEN_REFUSED(place, record=called, code=code, sentence=said(refusal))
    except Exception as error:
        return say.CRASHED(place, why=_why(error))
    return None


def _why(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__


def _placed(problem: Problem, place: Place) -> Problem:
    return problem if problem.place is not None else problem.at(place)


def _act_place(step: Step) -> Place:
    node = step.node.get(step.act) if step.act else None
    return (node.key_place if node else None) or step.node.place
