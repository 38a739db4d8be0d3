"""Long work of a site: its kinds, as whom it acts, where its files are, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from assembly.handing_over import hand_over_kind
from assembly.publish_work import Publisher, publish_kind
from assembly.rotating import ROTATE_KIND
from assembly.settings import Settings
from engine.files import Files
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Text
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from exchange.bulk_work import BULK_KIND
from exchange.export_work import EXPORT_KIND
from exchange.import_work import IMPORT_KIND
from exchange.scan_work import SCAN_KIND
from exchange.standard_work import STANDARD_KIND
from exchange.undo_work import UNDO_KIND
from jobs.handlers import Handler
from jobs.outbox import Effect, put
from jobs.tables import URGENT
from jobs.work_pruning import pruning_handler
from jobs.work_rows import WorkRow
from jobs.work_running import Workshop, work_handler
from jobs.work_tables import FAILED
from notices.directory import Directory
from notices.telling import NOTICE, Notice

KINDS = (
    IMPORT_KIND, EXPORT_KIND, BULK_KIND, UNDO_KIND, SCAN_KIND, STANDARD_KIND, ROTATE_KIND,
)  # fmt: skip
"""Everything that can be long work, besides what the rooms above have a part in: hand-over, which
closes accounts, and publishing, which mirrors roles."""
AREA = "work"
"""The area of the store for files of long work."""

ByAccount = Callable[[Gate, str], Actor | None]
"""As whom an account without a person acts; None for one that may not sign in."""


def work_files(settings: Settings) -> Files:
    """Where the files of long work are, by the settings."""
    return Files(settings.files_url, settings.folder, AREA)


def work_handlers(
    directory: Directory, by_account: ByAccount, files: Files, publisher: Publisher
) -> Iterable[Handler]:
    """What carries long work out, and removes the files of old work. `files` is the whole store."""
    area = files.area(AREA)
    above = (hand_over_kind(directory), publish_kind(publisher))
    kinds = {kind.name: kind for kind in (*KINDS, *above)}

    def acting(gate: Gate, row: WorkRow) -> Actor | None:
        if row.system:
            actor: Actor | None = SYSTEM
        elif row.person is not None:
            actor = directory.actor_of(gate, row.person)
        else:
            actor = by_account(gate, row.account)
        return replace(actor, via=row.via) if actor is not None else None

    return (work_handler(Workshop(kinds, area, acting, tell)), pruning_handler(area))


def tell(tx: Transaction, row: WorkRow) -> None:
    """Tells whoever asked how the work ended."""
    if row.person is None:
        return
    texts = FAILED_TEXTS if row.status == FAILED else DONE_TEXTS
    notice = Notice(
        to=(row.person,),
        title={k: _plain(v.format(title=row.title.in_(k))) for k, v in texts.items()},
        text={k: _plain(_said(row, k)) for k in texts},
        of=f"work:{row.id}",
    )
    put(tx, [Effect(kind=NOTICE, payload=notice.payload(), queue=URGENT)])


DONE_TEXTS = {"en": "Done: {title}", "zh": "已完成：{title}"}
FAILED_TEXTS = {"en": "Failed: {title}", "zh": "失败：{title}"}
COUNTED: Mapping[str, Text] = {
    "created": Text({"en": "created {}", "zh": "新建 {}"}),
    "updated": Text({"en": "changed {}", "zh": "修改 {}"}),
    "deleted": Text({"en": "deleted {}", "zh": "删除 {}"}),
    "restored": Text({"en": "restored {}", "zh": "恢复 {}"}),
    "unchanged": Text({"en": "unchanged {}", "zh": "未变更 {}"}),
    "rejected": Text({"en": "rejected {}", "zh": "拒绝 {}"}),
    "corrected": Text({"en": "corrected {}", "zh": "更正 {}"}),
    "conflicts": Text({"en": "conflicts {}", "zh": "冲突 {}"}),
    "groups": Text({"en": "groups {}", "zh": "分组 {}"}),
    "duplicates": Text({"en": "records in them {}", "zh": "涉及记录 {}"}),
    "exported": Text({"en": "exported {}", "zh": "导出 {}"}),
}
"""What the counts of long work are called."""


def counted(counts: Mapping[str, int], locale: str) -> str:
    """What work did, in one line; empty when that is nothing."""
    said = [
        COUNTED[name].in_(locale).format(number) if name in COUNTED else f"{name} {number}"
        for name, number in counts.items()
        if number
    ]
    return ("，" if locale == "zh" else ", ").join(said)


def _said(row: WorkRow, locale: str) -> str:
    """Why it failed, and what it did."""
    problem = row.problem.in_(locale) if row.problem else ""
    parts = [part for part in (problem, counted(row.counts, locale)) if part]
    return ("。" if locale == "zh" else ". ").join(parts)


def _plain(text: str) -> str:
    """The text as a template that says nothing else."""
    return text.replace("{", "{{").replace("}", "}}")
