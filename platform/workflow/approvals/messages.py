"""Why the gate refuses something for the sake of an approval."""

from __future__ import annotations

from engine.problems import Message

LOCKED = Message(
    "approval-running",
    en="the {object} is waiting for {approval}: {step}, asked is {asked}",
    zh="该{object}正在等待{approval}：{step}，审批人为{asked}",
    hint_en="wait for the decision, or withdraw it from approval first",
    hint_zh="请等待审批结果，或先撤回审批",
)
NOBODY = Message(
    "approval-nobody",
    en="{approval}: nobody can be asked in the step {step}",
    zh="{approval}：步骤“{step}”找不到审批人",
    hint_en="ask an administrator to enter the manager, or to set `if_nobody` of the step",
    hint_zh="请联系管理员补充直属上级，或设置该步骤的 `if_nobody`",
)
RESERVED = Message(
    "transition-by-approval",
    en="{transition} happens by {approval} only",
    zh="{transition}只能通过{approval}完成",
    hint_en="perform {start} first, and let the approvers decide",
    hint_zh="请先执行{start}，由审批人决定",
)
NEEDED = Message(
    "approval-needed",
    en="in the stage {stage} this {object} needs {approval}",
    zh="该{object}须经{approval}才能进入阶段“{stage}”",
    hint_en="perform {start} first",
    hint_zh="请先执行{start}",
)
FROZEN = Message(
    "approval-frozen",
    en="in the stage {stage} {fields} cannot change, since the {object} needs {approval}",
    zh="该{object}须经{approval}，处于阶段“{stage}”时不能修改{fields}",
    hint_en="bring it back to {before} first, and ask again",
    hint_zh="请先退回到{before}，修改后重新提交",
)
NOT_OPEN = Message(
    "approval-not-open",
    en="the steps before {step} are not decided yet",
    zh="“{step}”之前的步骤尚未审批",
    hint_en="wait until it is its turn",
    hint_zh="请等待轮到该步骤",
)
DECIDED = Message(
    "approval-decided",
    en="{step} is no longer open: {state} by {person}",
    zh="“{step}”已处理：{person}{state}",
    hint_en="load the record again to see where it stands",
    hint_zh="请刷新记录查看当前状态",
)
ENDED = Message(
    "approval-ended",
    en="{approval} has ended: {state}",
    zh="{approval}已结束：{state}",
    hint_en="load the record again to see where it stands",
    hint_zh="请刷新记录查看当前状态",
)
NOT_YOURS = Message(
    "forbidden-decision",
    en="{step} is for {asked} to decide; your roles are {roles}",
    zh="“{step}”由{asked}审批；您的角色是{roles}",
)
OWN = Message(
    "forbidden-own-decision",
    en="you submitted it, so {step} is for somebody else to decide",
    zh="这是您提交的，“{step}”须由他人审批",
    hint_en="withdraw it, or wait for the decision",
    hint_zh="请撤回，或等待审批结果",
)
NOT_YOURS_TO_WITHDRAW = Message(
    "forbidden-withdrawal",
    en="only {person}, who submitted it, or an administrator can withdraw {approval}",
    zh="只有提交人{person}或管理员可以撤回{approval}",
)
NO_PERSON = Message(
    "forbidden-without-person",
    en="your account belongs to no person, so it can decide nothing",
    zh="您的账号未关联人员，不能审批",
    hint_en="let an administrator enter the account name at a person",
    hint_zh="请管理员在人员资料中填写您的账号",
)
COMMENT_NEEDED = Message(
    "approval-comment-needed",
    en="say why you reject it",
    zh="请填写驳回原因",
)
NO_DECISION = Message(
    "unknown-decision",
    en="there is no decision {found!r}",
    zh="不存在审批操作 {found!r}",
    hint_en="decisions are: {possible}",
    hint_zh="可用操作：{possible}",
)
