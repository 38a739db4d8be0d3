"""Uploaded files that nobody needs any more: asked for by the scheduler, removed by a worker."""

from __future__ import annotations

from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.gate import Gate
from engine.records.sweeping import anything_to_sweep, sweep
from jobs.claims import real_now
from jobs.handlers import Handler, Running
from jobs.outbox import Effect, put
from jobs.tables import SLOW

SWEEP = "file.sweep"


def sweeping(files: Files) -> Handler:
    """What removes them. `files` is the whole store."""

    def run(running: Running) -> None:
        sweep(running.gate, files, real_now())

    return Handler(kind=SWEEP, run=run, timeout=600.0)


def ask_to_sweep(gate: Gate) -> int:
    """Asks for it where there is something to do; for the scheduler. Returns 0: nothing is gone."""
    if anything_to_sweep(gate):
        effect = Effect(kind=SWEEP, queue=SLOW, key=SWEEP)
        gate.write(SYSTEM, lambda tx: put(tx, [effect]))
    return 0
