"""What kinds of effects are called where people read of them. An unknown kind goes by its name."""

from __future__ import annotations

from collections.abc import Mapping

from engine.problems import Text

LABELS: Mapping[str, Text] = {
    kind: Text({"en": en, "zh": zh})
    for kind, en, zh in (
        ("notice", "Notice", "通知"),
        ("mail", "Mail", "邮件"),
        ("webhook", "Webhook", "Webhook 推送"),
        ("document", "Document", "生成单据"),
        ("document.prune", "Removal of old documents", "清理旧文档"),
        ("work", "Long work", "批量任务"),
        ("comment", "Comment told", "评论通知"),
        ("timer", "Timer", "定时触发"),
        ("schedule", "Schedule", "定时计划"),
        ("timers.refill", "Timers set anew", "更新定时器"),
        ("work.prune", "Old files of long work removed", "清理批量任务文件"),
        ("document.prune", "Old documents removed", "清理旧单据"),
        ("automation", "Automation", "自动化"),
        ("comment", "Comment", "评论"),
        ("schedule", "Schedule", "定时计划"),
        ("timers.refill", "Setting of timers", "设置定时器"),
        ("approval.requested", "Approval asked for", "发起审批"),
        ("approval.decided", "Approval decided", "审批结果"),
        ("approval.withdrawn", "Approval withdrawn", "撤回审批"),
    )
}


def label_of(kind: str) -> Text:
    """What the kind is called."""
    return LABELS.get(kind) or Text.of(kind)
