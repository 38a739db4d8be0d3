"""Whatever is sent, the answer is a sentence: never a 500, never a traceback."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.world import Client, World

NAMES = st.sampled_from(
    ["where", "sort", "fields", "q", "limit", "after", "count", "_l_", "id", "name", "amount",
     "stage", "customer", "owner", "tags", "start_date", "created_on", "overdue", "lines",
     "follow_ups", "probability", "version", "number", "deleted_on", "nothing", "", "a b"]
)  # fmt: skip
SHARP = st.sampled_from(
    ["", " ", "0", "-1", "1e400", "9" * 40, "NaN", "null", "true", "[]", "{}", "%", "_", "\\", "'",
     '"', "\x00", "\u202e", "\U0001f600", "²", "１２", "2026-02-30", "0000-01-01", "9999-12-31",
     "2026-01-01T00:00:00Z", "-amount", "-", ",", "name,name", "--name", "amount > ", "1/0 > 0",
     "amount ** 9 > 1", "__import__('os')", "name == name == name", "(" * 200, "not " * 100,
     "under(owner, user)", "any(l.amount > 1 for l in lines)", "id in [1,2,3]", "user.name == 'x'",
     "customer.owner.manager.manager.name == 'x'", "amount > 99999999999999999999", "a.b", "W10"]
)  # fmt: skip
TEXTS = SHARP | st.text(max_size=40)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS
    | st.just({"id": 1}) | st.just({"id": 2**80}) | st.just({"amount": "1", "currency": "XXX"})
    | st.just({"restricted": True}) | st.just([{"id": 1}]) | st.just([[[]]])
)  # fmt: skip


def sound(client: Client, method: str, path: str, data: bytes | None = None, **headers: str) -> Any:
    """The call's answer, which must not be an error of ours."""
    response = client.flask.open(
        "/api/v1/" + path,
        method=method,
        data=data,
        headers=client.headers | {k.replace("_", "-"): v for k, v in headers.items()},
    )
    assert response.status_code < 500, f"{method} {path} {data!r}: {response.text}"
    if response.status_code >= 400:
        problem = response.get_json()
        assert problem["status"] == response.status_code
        assert problem["code"] and problem["detail"] and problem["errors"]
        assert "Traceback" not in response.text
    return response


@settings(max_examples=120)
@given(parameters=st.lists(st.tuples(NAMES, TEXTS), max_size=4))
def test_query_parameters(world: World, parameters: list[tuple[str, str]]) -> None:
    """Any names with any values in the address of a list."""
    query = "&".join(f"{quote(name)}={quote(text, errors='replace')}" for name, text in parameters)
    sound(world.client("rep"), "GET", f"o/opportunity?{query}")


@settings(max_examples=80)
@given(
    object=st.sampled_from(["opportunity", "opportunity_line", "person", "site", "", "..", "%00"]),
    record=TEXTS,
    rest=st.sampled_from(["", "/history", "/do/lose", "/by/external_id/x", "/by/number/x"]),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUUX"]),
)
def test_addresses(world: World, object: str, record: str, rest: str, method: str) -> None:
    """Any object, record and method."""
    path = f"o/{object}/{quote(record, safe='', errors='replace')}{rest}"
    response = world.client("rep").call(method, path, {})
    assert response.status_code < 500, (method, path, response.text)


@settings(max_examples=150)
@given(data=st.data())
def test_bodies(world: World, data: st.DataObject) -> None:
    """Any fields of any object with any values, to create and to change."""
    objects = world.site.current.catalog.objects
    object = data.draw(st.sampled_from(sorted(objects)))
    names = st.sampled_from([*objects[object].fields, "nothing", ""])
    values = SCALARS | st.lists(SCALARS | st.dictionaries(NAMES, SCALARS, max_size=3), max_size=3)
    body = data.draw(st.dictionaries(names, values, max_size=5))
    client, sent = world.client("admin"), json.dumps(body).encode()
    sound(client, "POST", f"o/{object}", sent, Content_Type="application/json")
    sound(client, "PATCH", f"o/{object}/1", sent, Content_Type="application/json")


@settings(max_examples=80)
@given(data=st.data())
def test_lists_of_any_object(world: World, data: st.DataObject) -> None:
    """Any field of any object, filtered, sorted and shown."""
    objects = world.site.current.catalog.objects
    object = data.draw(st.sampled_from(sorted(objects)))
    name = data.draw(st.sampled_from([*objects[object].fields]))
    text = quote(data.draw(TEXTS), errors="replace")
    for query in (f"{name}={text}", f"sort=-{name}&limit=2", f"fields={name}", f"{name}=&{name}=x"):
        sound(world.client("admin"), "GET", f"o/{object}?{query}&count=capped")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-syntax"),
        (b"{", "json-syntax"),
        (b"\xff{}", "json-syntax"),
        (b"\xef\xbb\xbf{}", "json-syntax"),
        (b'{"name": NaN}', "json-syntax"),
        (b'{"name": -Infinity}', "json-syntax"),
        (b'{"name": "a", "name": "b"}', "json-syntax"),
        (b'{"name": "\\u0000"}', "unusable-characters"),
        (b'{"name": "\\ud800"}', "unusable-characters"),
        (b'{"\\udfff": 1}', "unusable-characters"),
        (b'{"name": ' + b"9" * 5000 + b"}", "json-syntax"),
        (b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}", "json-syntax"),
        (b"[" * 100_000, "json-syntax"),
        (b"1", "json-shape"),
        (b"[1]", "json-shape"),
        (b"null", "json-shape"),
        (b" " * (5 * 2**20 + 1), "body-too-large"),
    ],
)
def test_unusable_json(world: World, data: bytes, code: str) -> None:
    """Each is refused for what it is."""
    client = world.client("rep")
    response = sound(client, "POST", "o/customer", data, Content_Type="application/json")
    assert response.get_json()["code"] == code


def test_another_content_type(world: World) -> None:
    """A form is no JSON: the request that other sites can make."""
    client = world.client("rep")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        response = sound(client, "POST", "o/customer", b'{"name": "x"}', Content_Type=kind)
        assert response.status_code == 415, kind


def test_an_error_of_ours(world: World, rep: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Told by a number, under which the log has the traceback."""
    reader = world.site.current.reader
    original = type(reader).page
    try:
        type(reader).page = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
        response = rep.get("o/customer")
    finally:
        type(reader).page = original  # type: ignore[method-assign]
    assert response.status_code == 500
    problem = response.get_json()
    assert problem["code"] == "internal-error"
    assert "ZeroDivisionError" not in response.text
    number = problem["detail"].rstrip(".").split()[-1]
    assert number in caplog.text and "ZeroDivisionError" in caplog.text


def test_numbers_that_no_database_holds(world: World) -> None:
    """In every route with a number, one that is too large leads nowhere."""
    rep, browser = world.client("rep"), world.browser("rep")
    rules = [rule for rule in world.app.url_map.iter_rules() if "<int:" in rule.rule]
    assert len(rules) > 20
    for rule in rules:
        for number in ("9" * 19, "9" * 30, "9" * 5_000):
            path = re.sub("<int:[^>]+>", number, rule.rule).replace("<object>", "customer")
            path = re.sub("<[^>]+>", "x", path)
            method = next(m for m in ("DELETE", "POST", "GET") if m in (rule.methods or ()))
            if path.startswith("/api/v1/"):
                status = rep.call(method, path.removeprefix("/api/v1/")).status_code
            else:
                status = browser.open(path, method="GET").status_code
            assert status < 500, (method, rule.rule, len(number))
