"""Sharing a record on its page."""

from __future__ import annotations

from typing import Any

from engine.permissions.actors import SYSTEM
from support.world import World


def test_the_whole_way(visit: Any, world: World) -> None:
    """The page gives and takes back without scripts; others are refused it."""
    gate, friend = world.site.current.gate, world.people["other"]
    values = {"name": f"共享客户 {next(world.numbers)}", "owner": world.people["rep"]}
    id = gate.create(SYSTEM, "customer", [values])[0].id
    page, rep, other = f"/o/customer/{id}", visit("rep", "zh"), visit("other")
    assert f'href="{page}/shares"' in rep.text(page)
    assert "尚未共享给任何人" in rep.text(f"{page}/shares")
    other.text(page, 404)
    wrong = rep.post(f"{page}/shares", script=False, level="read", until="2000-01-01")
    assert wrong.status_code == 422 and "只能指定一个" in wrong.text
    # of the four kinds the chosen one counts, whatever stands in the others
    both = {"kind": "role", "role": "finance", "person": "Other", "person:id": str(friend)}
    assert rep.post(f"{page}/shares", script=False, **both).status_code == 303
    assert "财务" in rep.text(f"{page}/shares")
    other.text(page, 404)
    typed = {
        "kind": "person",
        "person": "Other",
        "person:id": str(friend),
        "level": "write",
        "reason": "<b>",
    }
    given = rep.post(f"{page}/shares", script=False, **typed)
    assert given.status_code == 303, given.text
    shown = rep.text(f"{page}/shares")
    assert "可查看和修改" in shown and "&lt;b&gt;" in shown and "本人记录" in shown
    assert f'href="{page}/edit"' in other.text(page)
    assert "共享了记录" in rep.text(page)
    ending, _ = (part.split('"')[0] for part in shown.split(f'action="{page}/shares/')[1:])
    assert rep.post(f"{page}/shares/{ending}", script=False).status_code == 303
    other.text(page, 404)
    other.text(f"{page}/shares", 404)
