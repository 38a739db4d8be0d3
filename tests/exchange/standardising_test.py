"""Bulk standardising: values written in one way, seen beforehand, undone as a batch."""

from __future__ import annotations

from typing import Any

import pytest

from engine.matching.normalising import NORMALISERS
from engine.matching.spelling import SPELLINGS
from engine.permissions.actors import SYSTEM, Actor
from exchange import bulk
from exchange.bulk import BulkRequest
from exchange.standard_work import standard_work
from exchange.standardising import StandardRequest, check_standard, preview_standard
from exchange.undo_work import undo_work
from jobs.work_rows import WorkRow
from support.exchange_site import Exchange
from support.long_work import Works
from support.small import actor, codes


@pytest.mark.parametrize(
    ("name", "written", "standard"),
    [
        ("trim", "  a\u200b  b ", "a b"),
        ("width", "ＡＢ－１２　号，好", "AB-12 号，好"),
        ("company", "ＡＢＣ 电子 (上海)有限公司", "ABC 电子（上海）有限公司"),
        ("company", "深圳 市 华强（中国） 有限公司", "深圳市华强（中国）有限公司"),
        ("company", "ACME trading co,ltd", "ACME trading Co., Ltd."),
        ("company", "Foo, INC", "Foo, Inc."),
        ("company", "Bar GMBH", "Bar GmbH"),
        ("company", "Zinc", "Zinc"),
        ("phone", "0755-8366 1200", "+8675583661200"),
        ("email", " Ann.Lee＠Example.COM", "ann.lee@example.com"),
        ("code", "91 44ａｂ-x", "9144AB-X"),
    ],
)
def test_spellings(name: str, written: str, standard: str) -> None:
    """A spelling is made once; it says what the value said, for the rules as well."""
    made = SPELLINGS[name].make(written, "CN")
    assert made == standard
    assert SPELLINGS[name].make(made, "CN") == made
    if name == "company":
        assert NORMALISERS[name](made, "") == NORMALISERS[name](written, "")


@pytest.fixture
def works(it: Exchange) -> Works:
    return Works(it.site, it.folder)


def request(field: str, spelling: str, **chosen: Any) -> StandardRequest:
    asked = BulkRequest(**{"object": "contact", **chosen})
    return StandardRequest(chosen=asked, field=field, spelling=spelling)


def run(works: Works, wanted: StandardRequest, by: Actor = SYSTEM) -> WorkRow:
    row = works.run(standard_work(works.site.gate, by, wanted), by)
    assert row.status == "done", row.problem
    return row


NAMES = ("Acme co,ltd", "Acme Co., Ltd.", "华强 电子(中国)有限公司", "Plain")
SPELLED = ["Acme Co., Ltd.", "Acme Co., Ltd.", "华强电子（中国）有限公司", "Plain"]


def test_preview_change_and_undo(
    it: Exchange, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preview says before and after, the work does it in one batch, undo takes it back."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    it.site.gate.create(SYSTEM, "contact", [{"name": n} for n in NAMES])
    wanted = request("name", "company")
    seen = preview_standard(it.site.gate, SYSTEM, wanted)
    assert (seen.count, seen.looked, dict(seen.counts)) == (4, 4, {"updated": 2, "unchanged": 2})
    assert [(one.before, one.after) for one in seen.changing] == [
        (NAMES[0], SPELLED[0]), (NAMES[2], SPELLED[2]),
    ]  # fmt: skip
    row = run(works, wanted)
    assert row.counts == {"updated": 2, "unchanged": 2}
    assert [n for (n,) in it.rows("contact", "name")] == SPELLED
    assert len(works.audit(row.batch or 0)) == 2
    works.run(undo_work(it.site.gate, SYSTEM, row.batch or 0))
    assert [n for (n,) in it.rows("contact", "name")] == list(NAMES)


def test_what_has_no_such_spelling(it: Exchange, works: Works) -> None:
    """It stays as it is and is listed with its reason; only chosen records are looked at."""
    given = [{"name": n} for n in ("021-5555 1234", "ask Ann")]
    it.site.gate.create(SYSTEM, "contact", given)
    wanted = request("name", "phone")
    (refused,) = preview_standard(it.site.gate, SYSTEM, wanted).refused
    assert refused.problem is not None and refused.problem.code == "phone-not-readable"
    row = run(works, wanted)
    assert row.counts == {"updated": 1, "rejected": 1}
    assert "ask Ann" in works.file(row.id, "contact-refused.csv")
    assert run(works, request("name", "code", where='name == "ask Ann"')).progress.total == 1


def test_refusals(it: Exchange) -> None:
    """Unknown spellings, fields that cannot have them, and people without the right."""
    gate = it.site.gate
    for field, spelling, by, code in (
        ("name", "none", SYSTEM, "spelling-unknown"),
        ("company", "trim", SYSTEM, "spelling-not-for-field"),
        ("nothing", "trim", SYSTEM, "unknown-field"),
        ("name", "trim", actor(None, "onlooker"), "forbidden"),
    ):
        wanted = request(field, spelling)
        (found, *_) = codes(lambda by=by, w=wanted: check_standard(gate, by, w))
        assert found[0] == code
