"""Comments over the API."""

from __future__ import annotations

from support.world import Client


def test_comments(rep: Client, boss: Client, other: Client) -> None:
    """Whoever may read a record reads and writes its comments; for others there is nothing."""
    id = rep.made("customer", name="Commented on")["id"]
    path = f"o/customer/{id}/comments"
    assert rep.get(path).get_json() == {"items": []}
    made = boss.call("POST", path, {"text": " 请本周跟进 \r\n<b>!</b> "})
    assert made.status_code == 201
    assert made.get_json()["text"] == "请本周跟进 \n<b>!</b>"
    (found,) = rep.items(path)
    assert found == made.get_json()
    assert found["by"]["title"] == "Boss"
    assert found["at"].endswith("Z")
    assert other.get(path).status_code == 404
    assert other.call("POST", path, {"text": "x"}).status_code == 404


def test_unusable_comments(rep: Client) -> None:
    """Anything but one text is refused, and nothing is written."""
    id = rep.made("customer", name="Not commented on")["id"]
    path = f"o/customer/{id}/comments"
    for body in ({}, {"text": 3}, {"text": "x", "by": 1}, [{"text": "x"}], {"text": "\x00"}):
        assert rep.call("POST", path, body).status_code in (400, 422), body
    assert rep.call("POST", path, {"text": "  "}).get_json()["errors"][0]["code"] == "empty-comment"
    assert rep.get(f"{path}?limit=3").status_code == 400
    assert rep.items(path) == []
