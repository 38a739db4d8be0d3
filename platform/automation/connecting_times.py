"""Connecting timers and schedules: a moment of the record's own, times that come."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from automation import connecting_messages as say
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.expressions import Context, Expression, compile_expression, evaluate
from engine.expressions.describing import describe
from engine.expressions.types import Kind
from engine.problems import Refusal, Text
from jobs.cron import is_cron
from jobs.schedules import GRACE, SKIP

if TYPE_CHECKING:
    from automation.definitions import Schedule, Timer

LONGEST_LATE = dt.timedelta(days=3_660)
"""Moments are compared with the time less this, which must not leave the calendar."""
_CLOCK = Text({"en": "the clock", "zh": "当前时间"})
_USER = Text({"en": "the user", "zh": "当前用户"})


def timer(
    timer: Timer | None, on: Node, definition: Object, catalog: Catalog, problems: Problems
) -> Timer | None:
    """The timer with its moment."""
    if timer is None:
        return None
    at = _moment(on.get("at"), definition, catalog, problems)
    if at is not None and at.type.kind is Kind.MOMENT and on.get("time") is not None:
        belongs = Text({"en": "a date", "zh": "日期"})
        problems.append(say.KEY_OF(on.at("time"), key="time", belongs=belongs))
    late = _late(on.get("late"), definition, catalog, problems)
    return replace(timer, at=at, late=timer.late if late is None else late)


def _moment(
    node: Node | None, definition: Object, catalog: Catalog, problems: Problems
) -> Expression | None:
    if node is None or node.value is None:
        return None
    try:
        found = compile_expression(str(node.value), definition.name, catalog, place=node.place)
    except Refusal as refusal:
        problems.extend(refusal.problems)
        return None
    if found.type.kind not in (Kind.DATE, Kind.MOMENT):
        problems.append(say.NO_MOMENT(node.place, found=describe(found.type)))
        return None
    foreign = _foreign(found, definition, catalog)
    if foreign is not None:
        problems.append(say.NOT_ITS_OWN(node.place, found=foreign))
        return None
    return found


def _foreign(found: Expression, definition: Object, catalog: Catalog) -> Text | None:
    """What the moment depends on that is not the record's own."""
    if found.uses_clock:
        return _CLOCK
    if found.uses_user:
        return _USER
    for object, name in sorted(found.reads):
        member = catalog.member(object, name)
        kind = member.type.kind if member else None
        if object != definition.name or kind in (Kind.RECORD, Kind.RECORDS):
            return Text.of(f" {object}.{name}")
    return None


def _late(
    node: Node | None, definition: Object, catalog: Catalog, problems: Problems
) -> dt.timedelta | None:
    if node is None or node.value is None:
        return None
    source = str(node.value)
    if source.strip() == SKIP:
        return GRACE
    try:
        found = compile_expression(source, definition.name, catalog, place=node.place)
    except Refusal:  # its reasons speak of formulas, of which hardly anybody thinks here
        problems.append(say.BAD_LATE(node.place, source=source))
        return None
    fixed = not (found.reads or found.uses_clock or found.uses_user)
    if found.type.kind is Kind.DURATION and found.type.unit in ("days", "seconds") and fixed:
        # a constant asks neither for a record nor for the time
        nowhen = dt.datetime.min.replace(tzinfo=dt.UTC)
        context = Context(now=nowhen, zone=catalog.site.zone)
        try:
            value = evaluate(found, cast(Any, None), context)
        except Refusal:  # more than there is time
            value = dt.timedelta.max
        if isinstance(value, dt.timedelta) and value > LONGEST_LATE:
            most = LONGEST_LATE.days
            problems.append(say.LONG_LATE(node.place, source=source, most=most))
            return None
        if isinstance(value, dt.timedelta) and value >= dt.timedelta():
            return value
    problems.append(say.BAD_LATE(node.place, source=source))
    return None


def own_fields(
    timer: Timer, condition: Expression | None, catalog: Catalog
) -> frozenset[str] | None:
    """The fields that alone decide about a timer's moment and condition; None: others do, too."""
    read: set[str] = set()
    for expression in (timer.at, condition):
        if expression is None:
            continue
        for object, name in expression.reads:
            member = catalog.member(object, name)
            links = member is not None and member.type.kind in (Kind.RECORD, Kind.RECORDS)
            if object != expression.object or links:
                return None
            read.add(name)
        if expression.uses_clock:
            return None
    return frozenset(read)


def schedule(schedule: Schedule | None, on: Node, problems: Problems) -> Schedule | None:
    """The schedule, if its times ever come."""
    if schedule is not None and not is_cron(schedule.every):
        problems.append(say.BAD_CRON(on.at("every"), found=schedule.every))
    return schedule
