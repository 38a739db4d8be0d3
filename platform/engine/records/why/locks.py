"""What the engine's own rules say besides roles: kinds of objects, closed fields, the recycle bin.

The gate decides (`settings`, `viewing`, `locks`, `rules`, `inputs`); this says the same beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.expressions import Expression
from engine.permissions.lens import ONCE, READING
from engine.problems import Place, Text
from engine.records.why.asked import WRITING, Asked
from engine.records.why.findings import Finding, pair, said

_VIEW = pair("a view: its records are only read", "视图：其记录只能查看")
_SETTINGS = pair(
    "exactly one record: none is added, deleted or restored",
    "有且只有一条记录，不能新增、删除或恢复",
)
_BIN = pair("the record is in the recycle bin", "该记录在回收站中")
_NO_BIN = pair("the record is not in the recycle bin", "该记录不在回收站中")
_COMPUTED = pair("{field} is computed and takes no input", "{field}由系统计算，不接受输入")
_SYSTEM = pair("{field} is set by the system", "{field}由系统设置")
_ONCE_FULL = pair("{field} can be set once only, and it is filled", "{field}只能填写一次，且已填写")
_ONCE = pair("{field} can be set once only", "{field}只能填写一次")
_CLOSED = pair("{field} is closed where {source}", "满足 {source} 时{field}锁定")
_PLACE = pair("{field} has a place only where {source}", "仅当 {source} 时可填写{field}")


def engine_locks(asked: Asked) -> Iterator[Finding]:
    """What keeps everybody from the action."""
    definition, action = asked.definition, asked.action
    if definition.is_view and action not in READING:
        yield barring(_VIEW, definition.place("view"))
    if definition.is_settings and action in ONCE:
        yield barring(_SETTINGS, definition.place("kind"))
    if asked.id is not None and asked.deleted is not (action == "restore"):
        yield barring(_BIN if asked.deleted else _NO_BIN)
    if asked.field is not None and action in WRITING:
        yield from _of_field(asked)


def barring(text: Text, place: Place | None = None) -> Finding:
    """A lock that bars the way and may be told."""
    return Finding("lock", text, False, place, bars=True)


def conditional(
    asked: Asked, text: Text, condition: Expression, place: Place, *, opens: bool
) -> Finding:
    """A lock that is open where the condition holds, or, unless it `opens`, where it does not."""
    if asked.conditions is None:
        return Finding("lock", text, None, place)
    part = asked.conditions.finding(condition)
    (true,) = asked.conditions.truth([condition])
    told = part.holds if opens or part.holds is None else not part.holds
    return Finding("lock", text, told, place, (part,), bars=true is not opens)


def _of_field(asked: Asked) -> Iterator[Finding]:
    found = asked.field
    assert found is not None
    label = found.label
    if found.name != "owner" and not found.writable:
        key = next((k for k in ("formula", "rollup", "copy") if getattr(found, k)), "")
        text = said(_COMPUTED if found.derived else _SYSTEM, field=label)
        yield barring(text, found.place(key) if found.source else None)
        return
    if asked.action != "update":
        return
    if found.set_once:
        yield _set_once(asked)
    if (closing := found.read_only_when) is not None:
        text = said(_CLOSED, field=label, source=closing.source)
        yield conditional(asked, text, closing, found.place("read_only_when"), opens=False)
    if (placing := found.visible_when) is not None:
        text = said(_PLACE, field=label, source=placing.source)
        yield conditional(asked, text, placing, found.place("visible_when"), opens=True)


def _set_once(asked: Asked) -> Finding:
    found, conditions = asked.field, asked.conditions
    assert found is not None
    place = found.place("set_once")
    if conditions is None:
        return Finding("lock", said(_ONCE, field=found.label), None, place)
    full = conditions.record.value(found.name) not in (None, ())
    if not conditions.reads(found.name):
        return Finding("lock", said(_ONCE, field=found.label), None, place, bars=full)
    text = said(_ONCE_FULL if full else _ONCE, field=found.label)
    return Finding("lock", text, not full, place, bars=full)


LOCKS = (engine_locks,)
"""The engine's own; higher rooms add theirs."""
