"""What automations say when they cannot do what they are asked to."""

from __future__ import annotations

from engine.problems import Message

NOT_EVALUATED = Message(
    "automation-failed",
    en="the automation {automation!r} could not be worked out for this record: {why}",
    zh="自动化 {automation!r} 无法对此记录求值：{why}",
    hint_en="correct the record or the automation; the record itself was saved",
    hint_zh="请修正记录或该自动化规则；记录本身已保存",
)
