"""Deputies over the API: rows, approvals, and whose they are."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

import sqlalchemy as sa

from support.world import Client, World
from webapp.tables import USER

_numbers = count(1)
PATH = "me/deputies"


def today(world: World) -> dt.date:
    gate = world.site.current.gate
    return gate.clock().astimezone(gate.zone).date()


def activate(world: World, name: str, active: bool) -> None:
    with world.site.databases.writing() as connection:
        connection.execute(sa.update(USER).where(USER.c.username == name).values(active=active))


def submitted(rep: Client) -> tuple[int, int]:
    """A quotation of a representative that waits for the manager: its id and the task's."""
    customer = rep.made("customer", name=f"Deputised {next(_numbers)} Ltd.")
    lines = [{"description": "Lathe", "price": "10", "discount": "0.15"}]
    made = rep.made("quotation", customer=customer["id"], lines=lines)
    assert rep.call("POST", f"o/quotation/{made['id']}/do/submit").status_code == 200
    found = rep.items("approvals?show=submitted&limit=1000")
    return made["id"], next(i["id"] for i in found if i["record"]["id"] == made["id"])


def test_the_whole_way(world: World, rep: Client, other: Client, boss: Client) -> None:
    """Named, seen at once, decided for somebody, written down, and taken back."""
    quotation, task = submitted(rep)
    assert other.get(f"o/quotation/{quotation}").status_code == 404
    day = today(world).isoformat()
    made = boss.call("POST", PATH, {"deputy": world.people["other"], "until": day})
    assert made.status_code == 201, made.get_json()
    deputy = made.get_json()
    assert (deputy["deputy"]["title"], deputy["what"], deputy["from"]) == ("Other", "both", day)
    listed = other.get(PATH).get_json()
    assert listed["items"] == [] and [one["id"] for one in listed["standing_in_for"]] == [
        deputy["id"]
    ]
    assert boss.items(PATH) == [deputy]
    assert other.get(f"o/quotation/{quotation}").status_code == 200
    assert other.get("me").status_code == 200
    waiting = [i for i in other.items("approvals?limit=1000") if i["id"] == task]
    assert [i["on_behalf_of"]["title"] for i in waiting] == ["Boss"]
    assert rep.call("POST", f"approvals/{task}/approve").status_code == 403
    decided = other.call("POST", f"approvals/{task}/approve", {"comment": "ok"}).get_json()
    vote = next(one for one in decided["tasks"] if one["id"] == task)
    assert (vote["decided_by"]["title"], vote["on_behalf_of"]["title"]) == ("Other", "Boss")
    entries = rep.items(f"o/quotation/{quotation}/history")
    told = next(entry for entry in entries if entry["action"] == "approve")
    assert told["by"]["title"] == "Other"
    assert told["for"] == [{"id": world.people["boss"], "title": "Boss"}]
    assert other.call("DELETE", f"{PATH}/{deputy['id']}").status_code == 404
    assert boss.call("DELETE", f"{PATH}/{deputy['id']}").status_code == 204
    assert other.get(f"o/quotation/{quotation}").status_code == 404


def test_four_eyes_stay(world: World, rep: Client, boss: Client) -> None:
    """Nobody decides as a deputy what they have submitted themselves."""
    _, task = submitted(rep)
    day = today(world).isoformat()
    made = boss.call("POST", PATH, {"deputy": world.people["rep"], "until": day}).get_json()
    refused = rep.call("POST", f"approvals/{task}/approve")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden-own-decision")
    assert task not in [i["id"] for i in rep.items("approvals?limit=1000")]
    assert boss.call("DELETE", f"{PATH}/{made['id']}").status_code == 204


def test_unusable_deputies(world: World, rep: Client, admin: Client) -> None:
    """What is wrong is named; of others' deputies only administrators hear and decide."""
    day, people = today(world).isoformat(), world.people

    def attempt(body: Any) -> int:
        return rep.call("POST", PATH, body).status_code

    assert attempt({"x": 1}) == 400 and attempt([]) == 400
    assert attempt({}) == 422
    assert attempt({"deputy": people["other"], "person": people["boss"], "until": day}) == 403
    assert rep.get(f"{PATH}?person={people['boss']}").status_code == 403
    assert rep.get(f"{PATH}?person=x").status_code == 400
    given = {"deputy": people["other"], "person": people["rep"], "until": day}
    made = admin.call("POST", PATH, given).get_json()
    assert admin.items(f"{PATH}?person={people['rep']}") == [made]
    assert rep.call("DELETE", f"{PATH}/{made['id']}").status_code == 204


def test_a_principal_who_is_locked_out_gives_nothing(
    world: World, rep: Client, other: Client
) -> None:
    """An account that is closed counts from the deputy's next request on."""
    id = rep.made("customer", name=f"Locked {next(_numbers)}")["id"]
    day = today(world).isoformat()
    made = rep.call("POST", PATH, {"deputy": world.people["other"], "until": day}).get_json()
    assert other.get(f"o/customer/{id}").status_code == 200
    activate(world, "rep", False)
    assert other.get(f"o/customer/{id}").status_code == 404
    activate(world, "rep", True)
    assert other.get(f"o/customer/{id}").status_code == 200
    assert rep.call("DELETE", f"{PATH}/{made['id']}").status_code == 204
