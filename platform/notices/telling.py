"""Asking for a notice: something that people are told in the bell, and by mail if wanted.

    put(tx, [telling(Notice(to=(7,), title={"en": "{number} expires"}), "invoice", 12)])

Title and text are templates about the record, with expressions in braces. They are evaluated for
each recipient with that recipient's permission (`notices.tellers`), so whoever asks need not know
what the recipients may see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.outbox import Effect
from jobs.tables import URGENT
from notices.templates import check_template

__all__ = ["NOTICE", "Notice", "check_template", "notice_of", "telling"]

NOTICE = "notice"
"""The kind of the effect."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What people are told, and who.

    `to` are ids of people, `roles` names of roles whose members are told besides. `title` (one
    line) and `text` are templates by locale. With `mail` they get it by mail, too, with the PDFs
    of the `documents` named. `by` is the person whose doing it is, who is not told; templates
    may name that person as `{by}`. `of` says in a short word where it comes from
    ("automation:quote_expires").
    """

    to: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    title: Mapping[str, str]
    text: Mapping[str, str] = field(default_factory=dict)
    mail: bool = False
    documents: tuple[str, ...] = ()
    by: int | None = None
    of: str = ""

    def payload(self) -> dict[str, Any]:
        """The notice as plain JSON."""
        return {
            "to": list(self.to),
            "roles": list(self.roles),
            "title": dict(self.title),
            "text": dict(self.text),
            "mail": self.mail,
            "documents": list(self.documents),
            "by": self.by,
            "of": self.of,
        }


def notice_of(payload: Mapping[str, Any]) -> Notice:
    """The notice that an effect was asked for with."""
    return Notice(
        to=tuple(payload.get("to") or ()),
        roles=tuple(payload.get("roles") or ()),
        title=payload["title"],
        text=payload.get("text") or {},
        mail=bool(payload.get("mail")),
        documents=tuple(payload.get("documents") or ()),
        by=payload.get("by"),
        of=str(payload.get("of") or ""),
    )


def telling(
    notice: Notice,
    object: str = "",
    record: int | None = None,
    *,
    due: dt.datetime | None = None,
    key: str = "",
) -> Effect:
    """The effect that tells about a record, or about none.

    `due` and `key` are those of `jobs.outbox.Effect`.
    """
    return Effect(
        kind=NOTICE,
        object=object,
        record=record,
        payload=notice.payload(),
        queue=URGENT,
        due=due,
        key=key,
    )
