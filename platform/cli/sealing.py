"""Plans that are kept in a file: shown to somebody today, carried out by somebody else later."""

from __future__ import annotations

import json
from pathlib import Path

from assembly.kept_plans import KeptPlan, kept, kept_plan
from engine.problems import Message, Refusal
from engine.schema.planning import Plan

NO_PLAN = Message(
    "no-plan-file",
    en="{file} is not a plan: {why}",
    zh="{file} 不是计划文件：{why}",
    hint_en="`formwright plan --out FILE` writes one",
    hint_zh="请用 `formwright plan --out FILE` 生成",
)


def write_plan(file: Path, made: Plan, back_to: int | None = None) -> None:
    """Keeps a plan in a file. Raises Refusal when the file cannot be written."""
    data = kept(made, back_to)
    try:
        file.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Refusal(NO_PLAN(file=str(file), why=error.strerror or str(error))) from None


def read_plan(file: Path) -> KeptPlan:
    """The plan in a file. Raises Refusal when there is none in it."""
    try:
        return kept_plan(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise Refusal(NO_PLAN(file=str(file), why=error.strerror or str(error))) from None
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(NO_PLAN(file=str(file), why=f"{type(error).__name__} {error}")) from None
