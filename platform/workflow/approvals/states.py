"""What screens and programs are told about approvals, as an actor may read it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from engine.problems import Text
from engine.records.query import LIMIT
from engine.records.reading import Linked


@dataclass(frozen=True, kw_only=True)
class InboxQuery:
    """One page of an inbox: the oldest first; `after` is the last task of the page before.

    `object` limits it to one object's records. With `submitted` it lists what the actor has
    submitted and is still running, instead of what the actor is asked.
    """

    limit: int = LIMIT
    after: int = 0
    object: str = ""
    submitted: bool = False


@dataclass(frozen=True, kw_only=True)
class InboxItem:
    """A task that waits for a decision, and the record that it is about.

    `on_behalf_of` is the person for whom the actor would decide, standing in for them.
    """

    task: int
    approval: int
    name: str
    label: Text
    step: Text
    asked: Text
    object: str
    record: int
    title: str
    submitted_by: Linked | None
    submitted_on: dt.datetime
    on_behalf_of: Linked | None
    opened: dt.datetime
    due: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A page of an inbox; `next` is what the page after it begins behind."""

    items: tuple[InboxItem, ...]
    next: int | None = None


@dataclass(frozen=True, kw_only=True)
class TaskState:
    """One vote of an approval; `mine` tells whether the actor can decide it now."""

    id: int
    step: Text
    state: str
    asked: Text
    opened: dt.datetime | None
    due: dt.datetime | None
    decided_by: Linked | None
    decided_on: dt.datetime | None
    on_behalf_of: Linked | None
    comment: str | None
    mine: bool


@dataclass(frozen=True, kw_only=True)
class ApprovalState:
    """An approval of a record, running or ended, with its votes in order."""

    id: int
    object: str
    record: int
    name: str
    label: Text
    state: str
    submitted_by: Linked | None
    submitted_on: dt.datetime
    ended_by: Linked | None
    ended_on: dt.datetime | None
    comment: str | None
    tasks: tuple[TaskState, ...]
    may_withdraw: bool
