"""Why a transition is refused."""

from __future__ import annotations

from engine.problems import Message

NO_SUCH_TRANSITION = Message(
    "no-such-transition",
    en="{object} has no transition {name!r}",
    zh="{object}没有流转 {name!r}",
    hint_en="possible here: {possible}",
    hint_zh="此处可用：{possible}",
)
NOT_FROM_HERE = Message(
    "transition-not-from-here",
    en="{transition} does not start from the stage {stage}",
    zh="{transition}不能从阶段“{stage}”开始",
    hint_en="possible here: {possible}",
    hint_zh="此处可用：{possible}",
)
NO_WAY = Message(
    "no-transition",
    en="no transition leads from {source} to {target}",
    zh="没有从“{source}”到“{target}”的流转",
    hint_en="possible here: {possible}",
    hint_zh="此处可用：{possible}",
)
NOT_A_START = Message(
    "not-a-start-stage",
    en="a new {object} cannot start in the stage {stage}",
    zh="新建的{object}不能从阶段“{stage}”开始",
    hint_en="start in {possible}, then move it",
    hint_zh="请从{possible}开始，再推进阶段",
)
NOT_YOUR_TRANSITION = Message(
    "forbidden-transition",
    en="{transition} is only for: {allowed}; your roles are {roles}",
    zh="{transition}仅限：{allowed}；您的角色是{roles}",
    hint_en="ask somebody with one of these roles",
    hint_zh="请联系拥有上述角色的同事",
)
GUARD = Message("transition-guard", en="{say}", zh="{say}")
GUARD_UNSAID = Message(
    "transition-condition",
    en="{transition} needs: {guard}",
    zh="{transition}需要满足：{guard}",
)
NEEDED = Message(
    "transition-requires",
    en="{transition} needs {field} to be filled in",
    zh="{transition}需要先填写{field}",
)
