"""What jobs say when they fail."""

from engine.problems import Message

HOLDER_GONE = Message(
    "job-interrupted",
    en="the process that was at it ended or hung",
    zh="执行该任务的进程已中断或无响应",
    hint_en="it is tried again by itself",
    hint_zh="系统会自动重试",
)
NEVER_ENDED = Message(
    "job-never-ended",
    en="the process that was at it ended or hung at the last of {attempts} attempts",
    zh="共尝试 {attempts} 次，最后一次执行该任务的进程中断或无响应",
    hint_en="it may need too much memory, or crash a library; the log of the workers tells more",
    hint_zh="可能占用内存过多或导致程序崩溃，详情见工作进程的日志",
)
UNKNOWN_KIND = Message(
    "job-unknown-kind",
    en="this process does not know how to carry out {kind!r}",
    zh="当前进程不支持执行 {kind!r}",
    hint_en="a process of a newer version will; if there is none, cancel it",
    hint_zh="新版本的进程会处理；若没有，请取消该任务",
)
UNEXPECTED = Message(
    "job-unexpected-error",
    en="an unexpected error occurred: {why}",
    zh="发生意外错误：{why}",
    hint_en="the log has the details under trace {trace}",
    hint_zh="详情见日志，追踪号 {trace}",
)
TOO_LONG = Message(
    "job-too-long",
    en="the attempt took longer than {seconds} seconds",
    zh="本次执行超过 {seconds} 秒",
)
