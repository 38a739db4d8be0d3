"""The receiver in the guide works as it stands there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from notices.webhooks_signing import signed_headers
from support.project import ROOT

KEY = "a-key-of-the-guide"


def test_the_receiver_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a signed message once, and refuses what is forged, changed or old."""
    guide = (ROOT / "docs" / "consultant" / "webhooks.md").read_text()
    program = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert program is not None
    monkeypatch.setenv("ERP_KEY", KEY)
    names: dict[str, Any] = {"__name__": "guide", "work_on": (worked := []).append}
    exec(program[1], names)
    client, now = names["app"].test_client(), int(names["time"].time())

    def post(body: bytes, headers: Any) -> int:
        return int(
            client.post(
                "/hooks/orders", data=body, headers=headers, content_type="application/json"
            ).status_code
        )

    body = '{"record": {"name": "甲"}}'.encode()
    signed = signed_headers("m1", now, body, f"another-key {KEY}")
    assert [post(body, signed), post(body, signed)] == [204, 204]
    assert worked == [{"record": {"name": "甲"}}]
    assert post(body + b" ", signed) == 401
    assert post(body, signed_headers("m2", now, body, "another-key")) == 401
    assert post(body, signed_headers("m3", now - 301, body, KEY)) == 401
    assert len(worked) == 1
