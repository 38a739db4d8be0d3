"""What carries out the effects of automations."""

from __future__ import annotations

from automation.acting import FAILED, failure_problem
from automation.firing import TIMER_HANDLER
from automation.refilling import REFILL_HANDLER
from automation.scheduling import SCHEDULE_HANDLER
from jobs.handlers import Handler, Running


def _fail(running: Running) -> None:
    """Fails, so that a person sees what could not be worked out."""
    payload = running.effect.payload
    raise failure_problem(payload["automation"], payload["why"])


AUTOMATION_HANDLERS = (
    TIMER_HANDLER,
    SCHEDULE_HANDLER,
    REFILL_HANDLER,
    Handler(kind=FAILED, run=_fail, attempts=1),
)
