"""What can be said about long work."""

from engine.problems import Message

NO_WORK = Message(
    "no-work",
    en="there is no long work with the number {id}",
    zh="不存在编号为 {id} 的批量任务",
    hint_en="`formwright jobs` lists what there is",
    hint_zh="可用 `formwright jobs` 查看列表",
)
NOT_NOW = Message(
    "work-not-now",
    en="long work {id} is {status}: it cannot be asked to {wish}",
    zh="批量任务 {id} 当前为“{status}”，无法{wish}",
)
NOBODY = Message(
    "work-nobody",
    en="whoever asked for this can no longer sign in",
    zh="发起人已无法登录",
    hint_en="somebody else has to ask for it again",
    hint_zh="请由其他人重新发起",
)
UNKNOWN_KIND = Message(
    "work-unknown-kind",
    en="there is no long work of the kind {kind!r}",
    zh="不存在类型为 {kind!r} 的批量任务",
)
LEFT = Message(
    "work-left",
    en="the command that was at it ended before it was done",
    zh="执行该任务的命令在完成前已结束",
    hint_en="resume it: it goes on after the last row that was written",
    hint_zh="可继续执行：将从最后写入的行之后接着处理",
)
HALTED = Message(
    "work-halted",
    en="somebody paused or ended it (long work {id})",
    zh="已被他人暂停或取消（批量任务 {id}）",
    hint_en="`formwright jobs resume {id}` or `retry {id}` goes on where it stands",
    hint_zh="可用 `formwright jobs resume {id}` 或 `retry {id}` 从中断处继续",
)
INTERRUPTED = Message(
    "work-interrupted",
    en="it was asked to end (long work {id})",
    zh="已被要求停止（批量任务 {id}）",
    hint_en="what was done stays; `formwright jobs retry {id}` goes on",
    hint_zh="已完成的部分保留；可用 `formwright jobs retry {id}` 继续",
)
FILES_GONE = Message(
    "work-file-gone",
    en="this file is no longer kept",
    zh="该文件已不再保留",
    hint_en="files of long work are kept for {days} days",
    hint_zh="批量任务的文件保留 {days} 天",
)
REPLACED = Message(
    "work-revision-replaced",
    en="the definitions were replaced by a new revision (long work {id})",
    zh="定义已被新版本替换（批量任务 {id}）",
    hint_en="`formwright jobs retry {id}` goes on under the new one",
    hint_zh="可用 `formwright jobs retry {id}` 在新版本下继续",
)
NO_DATABASE = Message(
    "work-database",
    en="the database did not answer as it should: {why} (long work {id})",
    zh="数据库未正常响应：{why}（批量任务 {id}）",
    hint_en="`formwright jobs retry {id}` goes on where it stands",
    hint_zh="可用 `formwright jobs retry {id}` 从中断处继续",
)
LEASE_GONE = Message(
    "work-lease-gone",
    en="this command gave no sign of life for too long, so long work {id} is no longer its own",
    zh="此命令过久没有响应，批量任务 {id} 已不再由它执行",
    hint_en="what was written stays; `formwright jobs show {id}` tells how far it is, and "
    "`formwright jobs resume {id}` goes on",
    hint_zh="已写入的数据保留；可用 `formwright jobs show {id}` 查看进度，"
    "用 `formwright jobs resume {id}` 继续",
)
UNDONE = Message(
    "work-undone",
    en="what long work {id} wrote has been taken back by long work {undo}",
    zh="批量任务 {id} 写入的内容已由批量任务 {undo} 撤销",
    hint_en="begin anew, or undo long work {undo} first",
    hint_zh="请重新发起，或先撤销批量任务 {undo}",
)
RESULTS_GONE = Message(
    "work-results-gone",
    en="what this was about ({object}) is no longer part of the system",
    zh="该任务所涉及的对象（{object}）已不在系统中",
)
