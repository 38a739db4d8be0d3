"""What was seen, by policy: each access once, by people only, and nothing beyond the policy."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM
from engine.problems import Refusal
from engine.records.chain_verifying import verify_audit
from engine.records.chaining import seal_rows
from engine.records.query import Query
from engine.vault import scratch_vault
from exchange.exporting import ExportOrder, export_records
from support.patience import PATIENCE
from support.small import PEOPLE, SmallSite, actor, small_site

SITE = (
    PEOPLE
    + """
---
object: secret_thing
owned: false
search: [name]
audit: {opened: true, listed: true, searched: true}
fields:
  name: {type: text}
  pin: {type: secret}
---
object: plain_thing
owned: false
search: [name]
fields:
  name: {type: text}
  pin: {type: secret}
---
role: reader
grants:
  secret_thing: {read: all, export: all, fields: {"*": read}, reveal: [pin]}
  plain_thing: {read: all, fields: {"*": read}, reveal: [pin]}
"""
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """Two objects: one with a policy, one without."""
    folder = tmp_path_factory.mktemp("access")
    with small_site(request.param, folder, SITE, vault=scratch_vault()) as made:
        for number in range(3):
            made.create("secret_thing", name=f"thing {number}", pin="1234")
            made.create("plain_thing", name=f"thing {number}", pin="1234")
        yield made


def seen(site: SmallSite, work: Any) -> list[tuple[str, int, dict[str, Any]]]:
    """The rows about what `work` reads: action, record, data."""
    site.databases.accesses.flush()
    before = len(site.rows("fw_access"))
    work()
    site.databases.accesses.flush()
    rows = site.rows("fw_access")[before:]
    return [(r["action"], r["record"], json.loads(r["data"] or "{}")) for r in rows]


def test_policy(site: SmallSite) -> None:
    """A list, a search and a record that was opened, each with what it was."""
    me = actor(site.create("person", name="Me"), "reader")
    reader = site.application.reader
    assert seen(site, lambda: reader.one(me, "secret_thing", 2)) == [("opened", 2, {})]
    query = Query(where='name != "thing 0"', filters={"pin": "1234"}, sort=("id",))
    assert seen(site, lambda: reader.page(me, "secret_thing", query)) == [
        (
            "listed", 0,
            {"count": 2, "ids": [2, 3], "where": 'name != "thing 0"', "filters": {"pin": None}},
        )
    ]  # fmt: skip
    words = seen(site, lambda: reader.page(me, "secret_thing", Query(words="thing")))
    assert [(action, data["words"]) for action, _, data in words] == [("searched", "thing")]
    row = site.rows("fw_access")[-1]
    assert (row["actor"], row["object"], row["via"]) == (me.person, "secret_thing", me.via)


def test_nobody(site: SmallSite) -> None:
    """The system, an object without a policy, and what was refused leave nothing."""
    me = actor(site.create("person", name="You"), "reader")
    reader = site.application.reader
    assert seen(site, lambda: reader.one(SYSTEM, "secret_thing", 1)) == []
    assert seen(site, lambda: reader.one(me, "plain_thing", 1)) == []
    assert seen(site, lambda: reader.page(me, "plain_thing", Query(words="thing"))) == []

    def refused() -> None:
        with pytest.raises(Refusal):
            reader.one(me, "secret_thing", 99)

    assert seen(site, refused) == []


def test_export(site: SmallSite) -> None:
    """An export is in the audit at once: what, by which condition, how many, why."""
    me = actor(site.create("person", name="She"), "reader")
    order = ExportOrder(object="secret_thing", where="id > 1", reason="yearly report")
    export_records(site.application.reader, me, order, io.BytesIO())
    row = site.rows("fw_audit")[-1]
    assert (row["action"], row["object"], row["actor"]) == ("export", "secret_thing", me.person)
    assert json.loads(row["data"]) == {
        "count": 2, "format": "csv", "where": "id > 1", "reason": "yearly report", "whole": True,
    }  # fmt: skip


def test_cut_short(site: SmallSite) -> None:
    """An export that ends half-way is noted with what had left by then."""
    me = actor(site.create("person", name="He"), "reader")

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    order = ExportOrder(object="secret_thing")
    with pytest.raises(KeyboardInterrupt):
        export_records(site.application.reader, me, order, io.BytesIO(), stop)
    assert json.loads(site.rows("fw_audit")[-1]["data"])["count"] == 3


def test_written_by_itself(site: SmallSite) -> None:
    """Within about a second, without anybody asking; sealed like everything else."""
    me = actor(site.create("person", name="They"), "reader")
    before = len(site.rows("fw_access"))
    site.application.reader.one(me, "secret_thing", 1)
    end = time.monotonic() + PATIENCE
    while len(site.rows("fw_access")) == before and time.monotonic() < end:
        time.sleep(0.05)
    assert len(site.rows("fw_access")) == before + 1
    while seal_rows(site.gate):
        pass
    assert list(verify_audit(site.gate)) == []


def test_what_it_costs(site: SmallSite) -> None:
    """Noting that a record was opened adds less than a fifth to opening it."""
    me = actor(site.create("person", name="Fast"), "reader")
    reader = site.application.reader

    def took(object: str) -> float:
        start = time.thread_time()
        for _ in range(50):
            reader.one(me, object, 1)
        return time.thread_time() - start

    took("secret_thing"), took("plain_thing")
    # what else the machine does may hit the one and not the other
    assert any(took("secret_thing") < 1.2 * took("plain_thing") for _ in range(40))


def test_an_unusable_row_keeps_no_other_waiting(site: SmallSite) -> None:
    """What the database will not take is left out; what came with it is written."""
    me = actor(site.create("person", name="Odd"), "reader")
    buffer = site.databases.accesses
    buffer.flush()
    before = len(site.rows("fw_access"))
    with buffer._writing:  # until all of them are there
        for record in (1, 2, 3):
            site.application.reader.one(me, "secret_thing", record)
        buffer._rows[-2]["version"] = object()
    buffer.flush()
    assert [row["record"] for row in site.rows("fw_access")[before:]] == [1, 3]


def test_a_child_has_a_buffer_of_its_own(site: SmallSite) -> None:
    """A process that is forked while rows wait, or are being written, has none of that."""
    buffer = site.databases.accesses
    with buffer._lock, buffer._writing:
        child = os.fork()
        if child == 0:
            buffer.forget()
            free = not (buffer._lock.locked() or buffer._writing.locked() or buffer._rows)
            os._exit(0 if free else 1)
    assert os.waitpid(child, 0)[1] == 0
