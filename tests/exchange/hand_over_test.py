"""Hand-over: what somebody owns moves, what they once did stays; preview, refusals, undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.files import Files
from engine.permissions.actors import SYSTEM
from exchange.bulk_work import bulk_here
from exchange.hand_over import HandOver, parts
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, codes, small_site

SITE = f"""
{PEOPLE}
---
object: client
fields:
  name: {{type: text}}
  signed_by: {{type: link, to: person}}
---
object: deal
fields:
  name: {{type: text}}
  state: {{type: choice, options: {{open: Open, shut: Shut}}}}
checks:
  - {{that: 'state != "shut" or owner.name == "ann"', say: Shut deals stay.}}
---
role: seller
grants:
  client: {{read: own, update: own, fields: {{"*": write, owner: write}}}}
  person: {{read: all, fields: {{name: read}}}}
"""


@pytest.fixture(params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("leaver"), SITE) as site:
        yield site


def test_hand_over(site: SmallSite, tmp_path: Path) -> None:
    """Owned records and reports go to their takers, other people's stay, refusals are named."""
    ann, ben, eve = (site.create("person", name=n, account=n) for n in ("ann", "ben", "eve"))
    site.update("person", eve, manager=ann)
    mine = site.create("client", name="a", owner=ann, signed_by=ann)
    other = site.create("client", name="b", owner=eve, signed_by=ann)
    deals = [
        site.create("deal", name=n, owner=ann, state=s) for n, s in (("x", "open"), ("y", "shut"))
    ]
    order = HandOver(leaver=ann, taker=ben, takers={"deal": eve})
    found = parts(site.gate, SYSTEM, order)
    shown = [(p.object, p.field.name, p.count, p.request is not None) for p in found]
    assert shown == [
        ("client", "owner", 1, True), ("client", "signed_by", 2, False),
        ("deal", "owner", 2, True), ("person", "manager", 1, True),
    ]  # fmt: skip
    files = Files("files", tmp_path)
    ended = [
        bulk_here(site.gate, SYSTEM, files, part.request, lambda done, total: None)
        for part in found
        if part.request is not None
    ]
    assert [one.counts.get("rejected", 0) for one in ended] == [0, 1, 0]
    assert site.values("client", mine, "owner", "signed_by") == [ben, ann]
    assert site.values("client", other, "owner") == [eve]
    assert [site.values("deal", deal, "owner")[0] for deal in deals] == [eve, ann]
    assert site.values("person", eve, "manager") == [ben]
    assert [(p.object, p.count) for p in parts(site.gate, SYSTEM, order) if p.request] == [
        ("deal", 1)
    ]
    also = HandOver(leaver=ann, taker=ben, objects=("client",), also=(("client", "signed_by"),))
    moving = [p.field.name for p in parts(site.gate, SYSTEM, also) if p.request]
    assert moving == ["signed_by"]
    assert [p.object for p in parts(site.gate, actor(ben, "seller"), also)] == ["client"]


def test_refused(site: SmallSite) -> None:
    """Names that mean nothing, and a hand-over to the leaver."""
    ann, ben = (site.create("person", name=n, account=n) for n in ("ann", "ben"))
    for more, code in (
        ({"objects": ("cliant",)}, "unknown-object"), ({"also": (("client", "x"),)},
            "unknown-field"), ({"also": (("client", "name"),)}, "hand-over-field"),
        ({"takers": {"deal": ann}}, "hand-over-to-same"),
    ):  # fmt: skip
        order = HandOver(leaver=ann, taker=ben, **more)
        assert [c for c, _ in codes(lambda o=order: parts(site.gate, SYSTEM, o))] == [code]
