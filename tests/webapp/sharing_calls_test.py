"""Sharing a record over the API and on its page."""

from __future__ import annotations

from support.world import Client, World


def test_shares(world: World, rep: Client, other: Client) -> None:
    """Given, seen at once, listed for those who may share it, and taken back."""
    id = rep.made("customer", name="Shared over the API")["id"]
    path = f"o/customer/{id}/shares"
    assert other.get(f"o/customer/{id}").status_code == 404
    friend = world.people["other"]
    made = rep.call("POST", path, {"person": friend, "reason": "holidays"})
    assert made.status_code == 201, made.get_json()
    share = made.get_json()
    assert (share["kind"], share["with"]["id"], share["level"]) == ("person", friend, "read")
    assert rep.items(path) == [share]
    assert other.get(f"o/customer/{id}").status_code == 200
    assert other.get(path).status_code == 403
    assert other.call("DELETE", f"{path}/{share['id']}").status_code == 403
    told = [entry["action"] for entry in rep.items(f"o/customer/{id}/history")]
    assert told == ["share", "create"]
    assert rep.call("DELETE", f"{path}/{share['id']}").status_code == 204
    assert rep.call("DELETE", f"{path}/{share['id']}").status_code == 404
    assert other.get(f"o/customer/{id}").status_code == 404


def test_unusable_shares(rep: Client) -> None:
    """Unknown keys and holders are refused by name."""
    id = rep.made("customer", name="Not shared")["id"]
    path = f"o/customer/{id}/shares"
    for body, status in (({"x": 1}, 400), ({}, 422), ({"person": 99999}, 422), ([1], 400)):
        assert rep.call("POST", path, body).status_code == status, body
    for role in ([], {"id": 1}, ["finance"], 7, "x" * 100_000):
        response = rep.call("POST", path, {"role": role})
        assert response.status_code == 422 and len(response.data) < 1_000, role
    assert rep.call("DELETE", f"{path}/{10**30}").status_code == 404
    assert rep.get(path).get_json() == {"items": []}
