"""What a scan for duplicates refuses, and what it says besides its groups."""

from __future__ import annotations

from engine.problems import Message

NO_GROUP = Message(
    "scan-no-group",
    en="the scan {work} has no group {number}",
    zh="查重任务 {work} 中没有第 {number} 组",
    hint_en="it has gone, or you may see none of its records; look at the list of groups",
    hint_zh="该组已不存在，或您无权查看其中的记录；请查看分组列表",
)
NO_SCAN = Message(
    "scan-not-one",
    en="the long work {id} is no scan for duplicates",
    zh="任务 {id} 不是查重任务",
    hint_en="`formwright duplicates list` names the scans",
    hint_zh="`formwright duplicates list` 会列出所有查重任务",
)
NOT_ALL_SEEN = Message(
    "scan-not-all-seen",
    en="you may not see all records of this group, so you cannot say that they are different",
    zh="您无权查看该组的全部记录，因此不能判定它们不重复",
    hint_en="ask the owners who are named, or leave the group as it is",
    hint_zh="请联系列出的负责人，或保留该组不变",
)
CROWDED = Message(
    "scan-crowded",
    en="{rule}: some values are shared by so many records that not all of them were compared",
    zh="{rule}：部分值被过多记录共用，未全部比较",
)
ENOUGH = Message(
    "scan-enough",
    en="the scan ended after {number} pairs; deal with them and scan again",
    zh="已找到 {number} 对记录，查重提前结束；请处理后再次查重",
)
