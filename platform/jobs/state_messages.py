"""What administrators are told about effects."""

from engine.problems import Message

NO_JOB = Message(
    "no-such-job",
    en="there is no job {id}",
    zh="不存在任务 {id}",
    hint_en="jobs that are done are cleared away after some time",
    hint_zh="已完成的任务会在一段时间后清除",
)
NO_STATUS = Message(
    "job-status",
    en="{found!r} is no status of a job",
    zh="{found!r} 不是任务状态",
    hint_en="use one of: {possible}",
    hint_zh="可用状态：{possible}",
)
NO_CURSOR = Message(
    "job-cursor",
    en="no page of jobs ended with {found!r}",
    zh="{found!r} 不是任务列表的分页标记",
    hint_en="begin with the first page",
    hint_zh="请从第一页开始",
)
NOT_RETRIED = Message(
    "job-not-retried",
    en="job {id} is {state}; only one that failed or was cancelled can be retried",
    zh="任务 {id} {state}；只有失败或已取消的任务可以重试",
)
KEY_WAITS = Message(
    "job-key-waits",
    en="another job for the same purpose waits already, so job {id} is not needed any more",
    zh="已有相同用途的任务在等待，任务 {id} 无需重试",
    hint_en="cancel this one",
    hint_zh="请取消此任务",
)
NOT_CANCELLED = Message(
    "job-not-cancelled",
    en="job {id} is {state}; only one that waits or failed can be cancelled",
    zh="任务 {id} {state}；只有等待中或失败的任务可以取消",
)
NOT_INTERRUPTED = Message(
    "job-running",
    en="job {id} is running and cannot be interrupted",
    zh="任务 {id} 正在执行，无法中断",
    hint_en="wait until it ends, or until its process is given up (two minutes)",
    hint_zh="请等待其结束；若进程中断，两分钟后会自动恢复等待",
)
