"""Comments on records: plain text, for whoever may read the record.

They live beside the records, not in them: a comment raises no version and starts no rule. Every
call asks the reader for the record first, so its permission is the record's own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from engine.expressions.sqltypes import Id, Moment, String
from engine.fieldtypes.text import TextType
from engine.matching.merged import with_merged
from engine.permissions.actors import Actor
from engine.problems import Message, Refusal
from engine.records.gate import Gate
from engine.records.reading import Reader
from engine.records.viewing import read_only
from jobs.outbox import Effect, put
from jobs.tables import URGENT

TABLE = "fw_comment"
COMMENTED = "comment"
"""The kind of effect that tells people of a comment (`notices.commenting`)."""
LONGEST = 5_000
MOST = 200
"""Comments that are read at once, the latest ones."""

EMPTY_COMMENT = Message("empty-comment", en="a comment needs some text", zh="请填写评论内容")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `person` is the id of the person who wrote it, None for the system."""

    id: int
    at: dt.datetime
    person: int | None
    text: str


def add_tables(metadata: sa.MetaData) -> None:
    """Adds the table of comments to the platform's own."""
    sa.Table(
        TABLE,
        metadata,
        sa.Column("id", Id(), sa.Identity(), primary_key=True),
        sa.Column("object", String(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("person", Id()),
        sa.Column("text", String(), nullable=False),
        sa.Index("ix_fw_comment_record", "object", "record", "id"),
        sqlite_strict=True,
    )


def add_comment(
    gate: Gate, reader: Reader, actor: Actor, object: str, record: int, text: str
) -> None:
    """Writes a comment on a record that the actor may read, and has people told of it.

    Raises Refusal for records that do not exist for the actor, for those of views, whose rows
    are not kept, and for unusable texts.
    """
    reader.one(actor, object, record)
    definition = gate.catalog.objects[object]
    if definition.is_view:
        raise Refusal(read_only(definition))
    written = TextType(multiline=True, max_length=LONGEST).read(text)
    if written is None:
        raise Refusal(EMPTY_COMMENT(path="comment"))
    with gate.transaction(actor) as tx:
        row = {
            "object": object, "record": record, "at": tx.now, "person": actor.person,
            "text": written,
        }  # fmt: skip
        table = tx.tables.system(TABLE)
        (id,) = tx.take_ids(table, 1)
        tx.insert(table, [{"id": id, **row}])
        put(
            tx,
            [
                Effect(
                    kind=COMMENTED,
                    object=object,
                    record=record,
                    payload={"comment": id},
                    queue=URGENT,
                )
            ],
        )


def comments_of(
    gate: Gate, reader: Reader, actor: Actor, object: str, record: int
) -> list[Comment]:
    """The comments on a record that the actor may read, the latest first.

    Raises Refusal for records that do not exist for the actor.
    """
    reader.one(actor, object, record)
    table = gate.tables.system(TABLE)
    with gate.databases.reading() as connection:
        statement = (
            sa.select(table.c.id, table.c.at, table.c.person, table.c.text)
            .where(
                table.c.object == object,
                table.c.record.in_(with_merged(gate, connection, object, record)),
            )
            .order_by(table.c.id.desc())
            .limit(MOST)
        )
        return [Comment(*row) for row in connection.execute(statement)]
