"""One process that works for several sites: a thread for each, so that none waits for another.

A site with a million effects has one thread, as has one with a single effect. A site that cannot
be opened is tried again while the others go on, and sites that are added are taken in.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from assembly.settings import Settings
from assembly.sites import site_names
from cli.choosing import all_sites, overlooked
from cli.printing import print_problems
from cli.running import start_logging
from engine.problems import Refusal
from engine.tracing import enter_site

log = logging.getLogger("formwright.sites")

LOOK_EVERY = 5.0
"""Seconds between two looks for sites that were added."""
AGAIN_AFTER = 10.0
"""Seconds after which a site whose work ended with an error is opened again."""

Work = Callable[[Settings, "Ending"], None]
"""Works for one site until `Ending` says so."""


class Ending:
    """Tells the threads to end; what cannot look at it by itself is told by a call."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._told: list[Callable[[], None]] = []

    def tell(self, stop: Callable[[], None]) -> None:
        """Has `stop` called at the end; at once, if that has come."""
        self._told.append(stop)
        if self.event.is_set():
            stop()

    def set(self) -> None:
        """The end has come. May be called from a signal handler.

        The thread that the signal interrupts may just hold the event's lock, so another one sets
        it.
        """
        threading.Thread(target=self._end, name="ending").start()

    def _end(self) -> None:
        self.event.set()
        for stop in [*self._told]:
            stop()


def work_for_all(folder: Path, work: Work, ending: Ending, *, once: bool = False) -> bool:
    """Works for every site in the folder until `ending`; with `once`, until each is done.

    Whether nothing went wrong (with `once`). Raises Refusal for settings that cannot be used.
    """
    for problem in overlooked():
        print_problems([problem], err=True)
    found = all_sites(folder)
    start_logging(*found)
    threads = {one.site: _begun(one, work, ending, once) for one in found}
    failed: set[str] = set()
    if not once:
        told = ""
        while not ending.event.wait(LOOK_EVERY):
            if set(site_names(folder)) <= threads.keys():
                continue
            try:
                found = all_sites(folder)
            except Refusal as refusal:
                told = _told(refusal, told)
                continue
            start_logging(*found)
            for one in found:
                if one.site not in threads:
                    threads[one.site] = _begun(one, work, ending, once)
    for thread, outcome in threads.values():
        thread.join()
        failed.update(outcome)
    return not failed


def _begun(
    one: Settings, work: Work, ending: Ending, once: bool
) -> tuple[threading.Thread, Sequence[str]]:
    outcome: list[str] = []

    def run() -> None:
        enter_site(one.site)
        while not ending.event.is_set():
            try:
                work(one, ending)
                return
            except Exception as error:
                known = isinstance(error, Refusal | SQLAlchemyError)
                why = str(error).splitlines()[0] if known else type(error).__name__
                log.error("site-away", extra={"why": why}, exc_info=None if known else error)
            if once:
                outcome.append(one.site)
                return
            ending.event.wait(AGAIN_AFTER)

    thread = threading.Thread(target=run, name=f"site {one.site}")
    thread.start()
    return thread, outcome


def _told(refusal: Refusal, before: str) -> str:
    said = "; ".join(problem.line() for problem in refusal.problems)
    if said != before:
        log.error("sites-settings", extra={"why": said})
    return said
