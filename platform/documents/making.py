"""Documents made in the background: asked for, rendered with limits, kept, and told of.

    put(tx, [making("quotation_pdf", "quotation", 7, person=3, locale="zh")])

The PDF is made as that person. Row, notice and the end of the effect are one transaction, so it is
told once, whatever happens; an attempt that dies before leaves a file that nobody names.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documents.made import MadeDocument, any_old, forget, keep
from documents.printing import Documents, Printed
from documents.rendering import Busy, Renderer
from engine.files import Files
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Problem, Refusal
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.records.transaction import Transaction
from jobs.claims import real_now
from jobs.handlers import Claimed, Handler, Later, Running
from jobs.outbox import Effect, put
from jobs.tables import SLOW

DOCUMENT_EFFECT = "document"
PRUNE_EFFECT = "document.prune"
TIMEOUT = 180.0
"""Seconds of one attempt: waiting for a free process, and the renderer's own limit."""


def making(name: str, object: str, record: int, *, person: int, locale: str) -> Effect:
    """The effect that makes the document `name` of a record, and tells the person when it is done.

    As long as it waits, asking again for the same changes nothing.
    """
    return Effect(
        kind=DOCUMENT_EFFECT,
        object=object,
        record=record,
        payload={"name": name, "person": person, "locale": locale},
        queue=SLOW,
        key=f"document:{name}:{record}:{person}:{locale}",
    )


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes documents. `files` is their area of the store.

    `actor_of` says as whom a person reads (None: may not sign in). `tell` asks, in a transaction,
    for a notice about a document, `tell_why_not` for one that says why there is none.
    """

    renderer: Renderer
    layers: Sequence[Path]
    files: Files
    actor_of: Callable[[Gate, int], Actor | None]
    tell: Callable[[Transaction, MadeDocument], None]
    tell_why_not: Callable[[Transaction, Claimed, Problem], None]

    def handlers(self) -> tuple[Handler, Handler]:
        """What makes documents, and what removes old ones."""
        return (
            Handler(kind=DOCUMENT_EFFECT, run=self.run, timeout=TIMEOUT, attempts=5),
            Handler(kind=PRUNE_EFFECT, run=self.prune, timeout=600.0),
        )

    def run(self, running: Running) -> None:
        """One attempt. Raises Later where all rendering processes are busy."""
        gate, effect = running.gate, running.effect
        about = _about(effect)
        actor = self.actor_of(gate, about["person"])
        if actor is None or effect.object not in gate.catalog.objects:
            return
        try:
            printed = self._printed(gate, actor, about, str(effect.payload["locale"]))
        except Busy as busy:
            raise Later(busy.problems[0]) from None
        except Refusal as refusal:
            with gate.transaction(SYSTEM) as tx:
                running.finish(tx)
                self.tell_why_not(tx, effect, refusal.problems[0])
            return
        stored = self.files.put(io.BytesIO(printed.data))
        with gate.transaction(SYSTEM) as tx:
            running.finish(tx)
            self.tell(tx, keep(tx, stored, about, printed.file_name))

    def prune(self, running: Running) -> None:
        """Removes what nobody can fetch any more."""
        forget(running.gate, self.files, real_now())

    def _printed(self, gate: Gate, actor: Actor, about: dict[str, Any], locale: str) -> Printed:
        documents = Documents(Reader(gate), self.renderer, self.layers, self.files)
        return documents.pdf(actor, about["name"], about["record"], locale)


def ask_to_prune(gate: Gate) -> int:
    """Asks for the removal of documents if there are old ones; for the scheduler.

    A worker removes them, which has the store at hand. Returns 0: nothing is gone yet.
    """
    if any_old(gate):
        effect = Effect(kind=PRUNE_EFFECT, queue=SLOW, key=PRUNE_EFFECT)
        gate.write(SYSTEM, lambda tx: put(tx, [effect]))
    return 0


def _about(effect: Claimed) -> dict[str, Any]:
    return {
        "name": str(effect.payload["name"]),
        "person": int(effect.payload["person"]),
        "object": effect.object,
        "record": effect.record,
    }
