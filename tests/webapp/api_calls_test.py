"""Every call of the REST API, as the contract has it."""

from __future__ import annotations

import threading

from support.world import Client, World

CONTACT = {"name": "Ms Li", "mobile": "13800000000"}


def test_nobody(world: World) -> None:
    """Without a token every call is refused, and says how to get one."""
    client = world.app.test_client()
    for path in ("o/customer", "o/customer/1", "me", "definitions/customer", "_openapi"):
        response = client.get(f"/api/v1/{path}", headers={"Accept-Language": "en"})
        assert response.status_code == 401, path
        assert response.content_type == "application/problem+json"
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.get_json()["code"] == "not-signed-in"


def test_create_read_change_delete(rep: Client) -> None:
    """A record's whole life, with its version."""
    response = rep.call("POST", "o/customer", {"name": "Whole Life Ltd."})
    assert response.status_code == 201
    made = response.get_json()
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Location"] == f"/api/v1/o/customer/{made['id']}"
    path = f"o/customer/{made['id']}"
    assert rep.get(path).get_json() == made
    assert rep.get(f"o/customer/{made['number']}").get_json() == made
    assert rep.get(path, If_None_Match='"1"').status_code == 304
    changed = rep.call("PATCH", path, {"phone": "010-1234567"}, If_Match='"1"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.get_json()["phone"]
    assert rep.call("DELETE", path).status_code == 403  # representatives delete no customers


def test_delete(boss: Client) -> None:
    """What was deleted is as if it had never been."""
    made = boss.made("customer", name="Short Life Ltd.")
    path = f"o/customer/{made['id']}"
    assert boss.call("DELETE", path, If_Match='"9"').status_code == 412
    response = boss.call("DELETE", path, If_Match='"1"')
    assert (response.status_code, response.data) == (204, b"")
    assert boss.get(path).status_code == 404
    assert boss.call("DELETE", path).status_code == 404


def test_lines(boss: Client) -> None:
    """A record is created, read and changed with its lines."""
    customer = boss.made("customer", name="Lines Ltd.", addresses=[{"address": "1 Main Street"}])
    (line,) = customer["addresses"]
    path = f"o/customer/{customer['id']}"
    changed = boss.call(
        "PATCH", path, {"addresses": [{"id": line["id"], "address_city": "Beijing"}]}
    )
    assert [a["address"] for a in changed.get_json()["addresses"]] == [
        {"city": "Beijing", "street": "1 Main Street"}
    ]


def test_list(rep: Client) -> None:
    """Filters, conditions, order, words, fields, count and pages."""
    for index in range(7):
        amount = str(100 + index)
        rep.made("opportunity", name=f"Listed {index}", amount=amount, tags=["listed"])
    base = "o/opportunity?tags=listed&fields=name,amount&sort=-amount"
    page = rep.get(base + "&limit=3&count=exact").get_json()
    assert "items" in page, page
    assert [item["name"] for item in page["items"]] == ["Listed 6", "Listed 5", "Listed 4"]
    assert set(page["items"][0]) == {"id", "version", "name", "amount"}
    assert page["items"][0]["amount"] == {"amount": "106.00", "currency": "CNY"}
    assert page["count"] == {"value": 7, "exact": True}
    second = rep.get(base + f"&limit=3&after={page['next']}").get_json()
    assert [item["name"] for item in second["items"]] == ["Listed 3", "Listed 2", "Listed 1"]
    third = rep.get(base + f"&limit=3&after={second['next']}").get_json()
    assert ([item["name"] for item in third["items"]], third["next"]) == (["Listed 0"], None)
    assert "count" not in third
    assert len(rep.items("o/opportunity?where='listed' in tags and amount < 103")) == 3
    assert rep.items("o/opportunity?where='unlisted' in tags") == []
    found = rep.items("o/opportunity?where=amount >= 105 and name == 'Listed 5'")
    assert [item["name"] for item in found] == ["Listed 5"]
    rep.made("opportunity", name="Zebra crossing 斑马线")
    for words in ("zebra", "cross zeb", "斑马"):
        found = rep.items(f"o/opportunity?q={words}")
        assert [item["name"] for item in found] == ["Zebra crossing 斑马线"], words
    both = rep.items("o/opportunity?name=Listed 1&name=Listed 2&sort=name")
    assert [item["name"] for item in both] == ["Listed 1", "Listed 2"]


def test_unknown_parameters(rep: Client) -> None:
    """A parameter that means nothing is refused, with a suggestion; so is one given twice."""
    for path, code in (
        ("o/opportunity?amuont=3", "unknown-parameter"),
        ("o/opportunity?limit=3&limit=4", "repeated-parameter"),
        ("o/opportunity?limit=many", "bad-query"),
        ("o/opportunity?limit=1001", "bad-query"),
        ("o/opportunity?limit=0", "bad-query"),
        ("o/opportunity?count=all", "bad-query"),
        ("o/opportunity?after=x", "bad-query"),
        ("o/opportunity?name=a%00b", "unusable-characters"),
        ("o/opportunity?where=name ==", "expression-syntax"),
        ("me?x=1", "unknown-parameter"),
        ("o/opportunity/1?expand=all", "unknown-parameter"),
    ):
        response = rep.get(path)
        assert (response.status_code, response.get_json()["code"]) == (400, code), path
    assert "amount" in rep.get("o/opportunity?amuont=3").get_json()["errors"][0]["hint"]
    assert rep.get("o/opportunity?sort=nothing").status_code == 422


def test_several_at_once(rep: Client) -> None:
    """A list of records is created as a whole, or not at all."""
    response = rep.call("POST", "o/customer", [{"name": "Bulk A"}, {"name": "Bulk B"}])
    assert response.status_code == 201
    assert [item["name"] for item in response.get_json()["items"]] == ["Bulk A", "Bulk B"]
    response = rep.call("POST", "o/customer", [{"name": "Bulk C"}, {"nmae": "Bulk D"}])
    assert response.status_code == 422
    errors = response.get_json()["errors"]
    assert {error["field"] for error in errors} == {"[1].nmae", "[1].name"}
    assert rep.items("o/customer?name=Bulk C") == []
    assert rep.call("POST", "o/customer", [{}] * 1001).get_json()["code"] == "too-many-records"
    assert rep.call("POST", "o/customer", []).get_json() == {"items": []}


def test_stale_change(rep: Client) -> None:
    """A change made from an old version is refused, and names what changed."""
    made = rep.made("opportunity", name="Contended", amount="5")
    path = f"o/opportunity/{made['id']}"
    assert rep.call("PATCH", path, {"notes": "first"}, If_Match='"1"').status_code == 200
    response = rep.call("PATCH", path, {"amount": "6"}, If_Match='"1"')
    assert response.status_code == 412
    problem = response.get_json()
    assert problem["code"] == "stale-version"
    assert [error["field"] for error in problem["errors"]] == ["notes"]
    assert rep.call("PATCH", path, {"amount": "6"}, If_Match="*").status_code == 200
    assert rep.call("PATCH", path, {"amount": "7"}).status_code == 200
    for bad in ("1", 'W/"1"', '"x"', '"1", "2"', ""):
        response = rep.call("PATCH", path, {"amount": "8"}, If_Match=bad)
        assert (response.status_code, response.get_json()["code"]) == (400, "bad-if-match"), bad


def test_only_one_wins(world: World, rep: Client) -> None:
    """Eight changes from the same version at the same moment: one is made, seven are refused."""
    made = rep.made("opportunity", name="Raced", amount="1")
    statuses: list[int] = []

    def change(amount: int) -> None:
        response = world.client("rep").call(
            "PATCH", f"o/opportunity/{made['id']}", {"amount": amount}, If_Match='"1"'
        )
        statuses.append(response.status_code)

    threads = [threading.Thread(target=change, args=(10 + index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 7
    assert rep.get(f"o/opportunity/{made['id']}").headers["ETag"] == '"2"'


def test_transition(rep: Client) -> None:
    """A transition by name; one that does not start here, and one that does not exist."""
    made = rep.made("opportunity", name="On its way", customer=_customer(rep), amount="100")
    path = f"o/opportunity/{made['id']}"
    known = rep.get("definitions/opportunity").get_json()["transitions"]
    (first, *_) = [t for t in known if made["stage"] in t["from"]]
    asked = {name: "100" for name in first["asks"] + first["requires"] if name == "amount"}
    response = rep.call("POST", f"{path}/do/{first['name']}", asked)
    assert response.status_code in (200, 422), response.text
    if response.status_code == 200:
        assert response.get_json()["stage"] == first["to"]
    response = rep.call("POST", f"{path}/do/fly")
    assert (response.status_code, response.get_json()["code"]) == (422, "no-such-transition")


def test_put_by_unique_field(world: World, admin: Client, rep: Client) -> None:
    """Created the first time, updated the second, whatever the case of the letters."""
    path = "o/department/by/code/EXT-7"
    first = admin.call("PUT", path, {"name": "External"})
    assert (first.status_code, first.get_json()["code"]) == (201, "EXT-7")
    second = admin.call("PUT", "o/department/by/code/ext-7", {"name": "External (new)"})
    assert second.status_code == 200
    assert second.get_json()["id"] == first.get_json()["id"]
    response = admin.call("PUT", path, {"name": "External", "code": "EXT-8"})
    assert (response.status_code, response.get_json()["code"]) == (422, "value-differs")
    response = admin.call("PUT", "o/department/by/name/Any", {})
    assert (response.status_code, response.get_json()["code"]) == (422, "not-a-unique-field")
    stale = admin.call("PUT", path, {"name": "Late"}, If_Match='"1"')
    assert stale.status_code == 412
    assert rep.call("PUT", path, {"name": "Mine"}).status_code == 403


def test_idempotency(rep: Client, other: Client) -> None:
    """The same key with the same body answers the same and makes nothing new."""
    body = {"name": "Once Ltd."}
    first = rep.call("POST", "o/customer", body, Idempotency_Key="once-1")
    again = rep.call("POST", "o/customer", body, Idempotency_Key="once-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(rep.items("o/customer?name=Once Ltd.")) == 1
    reused = rep.call("POST", "o/customer", {"name": "Other"}, Idempotency_Key="once-1")
    assert (reused.status_code, reused.get_json()["code"]) == (422, "idempotency-key-reused")
    # keys are each account's own, and a request that failed may be repeated
    assert (
        other.call("POST", "o/customer", {"nmae": 1}, Idempotency_Key="once-1").status_code == 422
    )
    body = {"name": "Twice Ltd."}
    assert other.call("POST", "o/customer", body, Idempotency_Key="once-1").status_code == 201
    bad = rep.call("POST", "o/customer", body, Idempotency_Key="k" * 201)
    assert (bad.status_code, bad.get_json()["code"]) == (400, "bad-idempotency-key")


def test_idempotency_at_once(world: World, rep: Client) -> None:
    """The same request six times at the same moment makes one record."""
    answers = []

    def send() -> None:
        client = world.client("rep")
        body = {"name": "Sixfold Ltd."}
        answers.append(client.call("POST", "o/customer", body, Idempotency_Key="six"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert len(rep.items("o/customer?name=Sixfold Ltd.")) == 1


def test_me(world: World, rep: Client) -> None:
    """Who I am and what I may do."""
    me = rep.get("me").get_json()
    assert me["account"] == "rep"
    assert me["person"] == {"id": world.people["rep"], "title": "Rep"}
    assert [role["name"] for role in me["roles"]] == ["sales_representative"]
    assert "delete" not in me["objects"]["customer"]["actions"]
    assert "csrf_token" not in me


def test_definition(rep: Client, boss: Client) -> None:
    """An object as this user sees it: hidden fields are not there."""
    mine, theirs = (c.get("definitions/product").get_json() for c in (rep, boss))
    assert "cost" not in mine["fields"]
    assert theirs["fields"]["cost"]["label"]
    assert mine["fields"]["name"] == {
        **mine["fields"]["name"], "type": "text", "required": True, "writable": False,
    }  # fmt: skip
    chinese = rep.get("definitions/product?_l_=zh").get_json()
    assert chinese["label"] == "产品"


def test_openapi(rep: Client, admin: Client) -> None:
    """The description names every object, for those who administer."""
    assert rep.get("_openapi").status_code == 403
    described = admin.get("_openapi").get_json()
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]["/o/customer"]) == {"get", "post"}
    assert set(described["paths"]["/o/customer/{record}"]) >= {"get", "patch", "delete"}
    references = set(_references(described))
    known = {
        f"#/components/{kind}/{name}"
        for kind, things in described["components"].items()
        for name in things
    }
    assert references <= known


def test_languages(world: World, rep: Client) -> None:
    """`_l_` before `Accept-Language` before the account's before the site's."""

    def sentence(**headers: str) -> str:
        return str(rep.get("o/opportunity?limit=x", **headers).get_json()["detail"])

    assert "expected" in sentence()
    assert "应为" in sentence(Accept_Language="zh-CN,zh;q=0.9,en;q=0.1")
    assert "应为" in rep.get("o/opportunity?limit=x&_l_=zh").get_json()["detail"]
    assert "应为" in sentence(Accept_Language="fr")


def test_history(rep: Client) -> None:
    """Who changed what, the newest first, in pages."""
    made = rep.made("opportunity", name="Historic", amount="1")
    path = f"o/opportunity/{made['id']}"
    for amount in ("2", "3"):
        rep.call("PATCH", path, {"amount": amount})
    history = rep.get(f"{path}/history").get_json()["items"]
    assert [entry["action"] for entry in history] == ["update", "update", "create"]
    assert history[0]["fields"]["amount"] == {
        "before": {"amount": "2.00", "currency": "CNY"},
        "after": {"amount": "3.00", "currency": "CNY"},
    }
    assert history[0]["by"]["title"] == "Rep"
    assert history[0]["via"] == "api"
    first = rep.get(f"{path}/history?limit=2").get_json()
    assert len(first["items"]) == 2
    last = rep.get(f"{path}/history?limit=2&after={first['next']}").get_json()
    assert [entry["action"] for entry in last["items"]] == ["create"]
    assert last["next"] is None


def _customer(client: Client) -> int:
    return int(client.made("customer", name=f"For {client.headers['Authorization'][-9:]}")["id"])


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [ref for inner in value.values() for ref in _references(inner)]
    if isinstance(value, list):
        return [ref for inner in value for ref in _references(inner)]
    return []
