"""Documents made in the background: as whom, where they are kept, and who is told how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from documents.connecting import DOCUMENT
from documents.made import AREA, MadeDocument
from documents.making import Maker
from documents.rendering import Renderer
from engine.files import Files
from engine.problems import Problem
from engine.records.transaction import Transaction
from jobs.handlers import Claimed, Handler
from jobs.outbox import Effect, put
from jobs.tables import URGENT
from notices.directory import Directory
from notices.telling import NOTICE, Notice, telling

OF = "document"
"""Where these notices come from: `document:7` is the made document 7."""
READY = {"en": "Ready: {}", "zh": "已生成：{}"}
READY_TEXT = {"en": "The document is kept for 30 days.", "zh": "单据将保留 30 天。"}
NOT_MADE = {"en": "Could not be made: {}", "zh": "无法生成：{}"}


def document_handlers(
    directory: Directory, renderer: Renderer, layers: Sequence[Path], files: Files
) -> Iterable[Handler]:
    """What makes documents and removes old ones. `files` is the whole store."""
    maker = Maker(
        renderer=renderer,
        layers=layers,
        files=files.area(AREA),
        actor_of=directory.actor_of,
        tell=tell,
        tell_why_not=tell_why_not,
    )
    return maker.handlers()


def tell(tx: Transaction, made: MadeDocument) -> None:
    """Tells whoever asked that the document can be fetched."""
    notice = Notice(
        to=(made.person,),
        title=_filled(READY, dict.fromkeys(READY, made.file_name)),
        text=READY_TEXT,
        of=f"{OF}:{made.id}",
    )
    put(tx, [telling(notice, made.object, made.record)])


def tell_why_not(tx: Transaction, effect: Claimed, problem: Problem) -> None:
    """Tells whoever asked why there is no document."""
    layout = tx.catalog.of(DOCUMENT).get(str(effect.payload["name"]))
    names = {key: layout.label.in_(key) if layout else effect.payload["name"] for key in NOT_MADE}
    notice = Notice(
        to=(int(effect.payload["person"]),),
        title=_filled(NOT_MADE, names),
        text={key: _plain(problem.sentence(key)) for key in NOT_MADE},
        of=OF,
    )
    # of no record: it may be the reason that there is none any more
    put(tx, [Effect(kind=NOTICE, payload=notice.payload(), queue=URGENT)])


def _filled(texts: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {key: text.format(_plain(names[key])) for key, text in texts.items()}


def _plain(text: str) -> str:
    """The text as a template that says nothing else."""
    return text.replace("{", "{{").replace("}", "}}")
