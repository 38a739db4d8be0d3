"""The page on which people say that they are away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from engine.permissions.actors import SYSTEM
from support.world import World


def test_the_whole_way(visit: Any, world: World) -> None:
    """Named and taken back without scripts; the deputy is told, and what they do says for whom."""
    gate = world.site.current.gate
    day = gate.clock().astimezone(gate.zone).date()
    values = {"name": f"代理客户 {next(world.numbers)}", "owner": world.people["rep"]}
    id = gate.create(SYSTEM, "customer", [values])[0].id
    page, rep, other = f"/o/customer/{id}", visit("rep", "zh"), visit("other")
    assert 'href="/deputies"' in rep.text("/") and "尚无代理人" in rep.text("/deputies")
    other.text(page, 404)
    past = (day - dt.timedelta(1)).isoformat()
    wrong = rep.post("/deputies", script=False, until=past, what="both")
    assert wrong.status_code == 422 and "截止日期早于" in wrong.text and "缺少" in wrong.text
    typed = {"deputy": "Other", "deputy:id": str(world.people["other"]), "reason": "<b>"}
    typed |= {"until": day.isoformat(), "what": "both"}
    given = rep.post("/deputies", script=False, **typed)
    assert given.status_code == 303, given.text
    shown = rep.text("/deputies")
    assert "记录和审批" in shown and "&lt;b&gt;" in shown
    reader = world.site.current.reader
    name = reader.one(SYSTEM, "person", world.people["rep"]).values["name"]
    assert f"standing in for {name}" in other.text(page)
    assert "You stand in for" in other.text("/deputies")
    edited = other.post(f"{page}/value/short_name", short_name="B")
    assert edited.status_code == 200, edited.text
    assert f"for {name}</p>" in other.text(page) and f"代 {name}" in rep.text(page)
    assert "Everybody&#39;s deputies" in visit("admin").text("/deputies")
    (ending,) = (part.split('"')[0] for part in shown.split('action="/deputies/')[1:])
    assert other.post(f"/deputies/{ending}", script=False).status_code in (404, 405)
    assert rep.post(f"/deputies/{ending}", script=False).status_code == 303
    other.text(page, 404)
    audit = visit("admin").text("/audit?action=deputy")
    assert "Deputy named" in audit
