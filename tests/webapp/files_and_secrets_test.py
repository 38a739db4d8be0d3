"""Files and secrets over HTTP: screens and API, for those who may and those who may not."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from assembly.establishing import establish
from assembly.revisions import Site
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.uploading import FileLimits
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from support.small import PEOPLE, fresh_url, write_files
from support.world import PASSWORD, Clock, World
from webapp.accounts import account_tables, add_account
from webapp.app import create_app
from webapp.mirroring import sync_roles

SITE = (
    PEOPLE
    + """
---
object: case
title: name
attachments: true
fields:
  name: {type: text, required: true}
  contract: {type: file, accept: [application/pdf]}
  photo: {type: image}
  account: {type: secret}
  parts: {type: lines, of: part}
---
object: part
fields:
  case: {type: link, to: case}
  drawing: {type: file, multiple: true}
---
role: worker
label: {en: Worker}
grants:
  case: {read: own, create: true, update: own, export: own, fields: {"*": write}, reveal: [account]}
  part: {fields: {"*": write}}
  person: {read: all, fields: {name: read}}
---
role: reader
label: {en: Reader}
grants:
  case: {read: all, fields: {name: read, account: read}}
"""
)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The site with two workers and a reader."""
    folder = tmp_path_factory.mktemp("filed")
    with fresh_url(request.param, folder) as url:
        databases = open_databases(url, vault=scratch_vault())
        application = establish(
            databases, [write_files(folder / "layer", SITE)], extra=account_tables()
        )
        with databases.writing() as connection:
            sync_roles(connection, application.catalog)
        site, clock = Site(databases), Clock()
        files = Files("files", folder)
        app = create_app(
            site, "a secret of tests", clock=clock, files=files, file_limits=FileLimits(max_mb=6)
        )
        made = World(site, app, clock)
        for name, role in (("wang", "worker"), ("li", "worker"), ("reader", "reader")):
            with databases.writing() as connection:
                add_account(connection, name, PASSWORD, [role])
            (person,) = site.current.gate.create(
                SYSTEM, "person", [{"name": name, "account": name}]
            )
            made.people[name] = person.id or 0
        app.extensions["formwright"].actors.look_again()
        yield made
        site.close()


class Browser:
    """Somebody who is signed in on the screens."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = TOKEN.search(client.get("/o/case").text)[1]  # type: ignore[index]

    def text(self, address: str) -> str:
        response = self.client.get(address, headers={"Accept-Language": "en"})
        assert response.status_code == 200, response.text[:1500]
        return response.text

    def post(self, address: str, *, script: bool = True, **form: Any) -> Any:
        headers = {"Accept-Language": "en"} | ({"Accept": "application/json"} if script else {})
        data = {"csrf_token": self.token, **form}
        return self.client.post(address, data=data, headers=headers)

    def upload(self, field: str, content: bytes, name: str, object: str = "case") -> Any:
        return self.post(f"/o/{object}/files/{field}", file=(io.BytesIO(content), name))


@pytest.fixture(scope="module")
def wang(world: World) -> Browser:
    return Browser(world.browser("wang"))


@pytest.fixture(scope="module")
def li(world: World) -> Browser:
    return Browser(world.browser("li"))


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 30), "teal").save(out, "PNG")
    return out.getvalue()


def made_case(who: Browser, **form: Any) -> int:
    response = who.post("/o/case/new", name="a case", **form)
    assert response.status_code == 200, response.text
    return int(response.get_json()["location"].rpartition("/")[2])


def test_a_form_sends_files_first_and_saves_their_ids(wang: Browser, li: Browser) -> None:
    """The way of the script: upload, then the id goes with the form; nobody else sees either."""
    contract = wang.upload("contract", PDF, "合同.pdf").get_json()
    photo = wang.upload("photo", picture(), "p.png").get_json()
    assert photo["small"] == f"/files/{photo['id']}/small"
    assert wang.client.get(photo["small"]).mimetype == "image/webp"
    assert li.client.get(photo["small"]).status_code == 404
    assert li.client.get(f"/files/{'9' * 30}/small").status_code == 404
    id = made_case(wang, contract=str(contract["id"]), photo=str(photo["id"]))
    page = wang.text(f"/o/case/{id}")
    address = f"/o/case/{id}/file/contract/{contract['id']}"
    assert address in page and "合同.pdf" in page and f"/file/photo/{photo['id']}/small" in page
    got = wang.client.get(address)
    assert got.data == PDF
    assert got.headers["Content-Disposition"].startswith(
        "attachment; filename=\"file.pdf\"; filename*=UTF-8''%E5%90%88"
    )
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    shown = wang.client.get(f"/o/case/{id}/file/photo/{photo['id']}")
    assert (
        shown.headers["Content-Disposition"].startswith("inline") and shown.mimetype == "image/png"
    )
    again = wang.client.get(address, headers={"If-None-Match": got.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    assert wang.client.get(photo["small"]).status_code == 404  # it waits no longer
    for forbidden in (address, f"{address}/small", f"/o/case/{id}/file/photo/{contract['id']}"):
        assert li.client.get(forbidden).status_code == 404
    stolen = li.post("/o/case/new", name="x", contract=str(contract["id"]))
    assert [p["code"] for p in stolen.get_json()["problems"]] == ["file-not-yours"]
    assert '"edit"' not in page and "合同.pdf" in wang.text(f"/o/case/{id}/edit")


def test_a_plain_form_brings_files_along(wang: Browser) -> None:
    """Without scripts: chosen files are saved with the form, ticked ones removed; lines too."""
    response = wang.post(
        "/o/case/new", script=False,
        **{
            "name": "plain", "contract": "", "contract:file": (io.BytesIO(PDF), "a.pdf"),
            "parts:lines:there": "1", "parts:lines": "0", "parts.0.drawing": "",
            "parts.0.drawing:file": [(io.BytesIO(b"one"), "1.txt"), (io.BytesIO(b"two"), "2.txt")],
        },
    )  # fmt: skip
    assert response.status_code == 303, response.text[:2000]
    address = response.headers["Location"]
    page = wang.text(address)
    assert "a.pdf" in page and "1.txt" in page and "2.txt" in page
    file = re.search(r"/file/contract/(\d+)", page)
    assert file is not None
    wang.post(f"{address}/edit", script=False, **{"contract": file[1], "contract:drop": file[1]})
    assert "/file/contract/" not in wang.text(address)
    refused = wang.post(
        "/o/case/new", script=False,
        **{"name": "kept", "contract": "", "contract:file": (io.BytesIO(b"hello"), "a.pdf")},
    )  # fmt: skip
    assert refused.status_code == 422 and "is not accepted here" in refused.text
    assert 'value="kept"' in refused.text


def test_attachments_are_added_and_removed(wang: Browser, li: Browser) -> None:
    """From the record's page, without opening the form; somebody else finds nothing."""
    id = made_case(wang)
    for script in (True, False):
        sent = wang.post(
            f"/o/case/{id}/attachments", script=script, file=(io.BytesIO(b"note"), "n.txt")
        )
        assert sent.status_code == (200 if script else 303)
    page = wang.text(f"/o/case/{id}")
    first, second = re.findall(rf'action="/o/case/{id}/attachments/(\d+)/remove"', page)
    assert li.client.get(f"/o/case/{id}/file/attachments/{first}").status_code == 404
    assert li.post(f"/o/case/{id}/attachments", file=(io.BytesIO(b"x"), "x")).status_code == 404
    wang.post(f"/o/case/{id}/attachments/{first}/remove")
    assert wang.client.get(f"/o/case/{id}/file/attachments/{first}").status_code == 404
    assert wang.client.get(f"/o/case/{id}/file/attachments/{second}").data == b"note"
    assert "n.txt" in wang.text(f"/o/case/{id}/timeline")


def test_uploads_have_their_limits(wang: Browser, world: World) -> None:
    """Too large, nothing chosen, a field that takes none, somebody who is not signed in."""
    large = wang.upload("attachments", b"x" * (7 * 2**20), "x.bin")
    assert [p["code"] for p in large.get_json()["problems"]] == ["stored-file-too-large"]
    assert wang.post("/o/case/files/attachments").status_code == 422
    for nowhere in ("name", "nothing"):
        assert wang.upload(nowhere, PDF, "a.pdf").status_code == 404
    assert Browser(world.browser("reader")).upload("contract", PDF, "a.pdf").status_code == 404
    stranger = world.app.test_client().post(
        "/o/case/files/contract", data={"file": (io.BytesIO(PDF), "a")}
    )
    assert stranger.status_code in (400, 401)


def test_files_over_rest(world: World) -> None:
    """Uploaded to wait, named by id, listed, attached; 404 for missing and forbidden alike."""
    wang, li = world.client("wang"), world.client("li")

    def send(path: str, content: bytes, name: str) -> Any:
        return wang.flask.post(
            f"/api/v1/{path}", data={"file": (io.BytesIO(content), name)}, headers=wang.headers
        )

    contract = send("o/case/files/contract", PDF, "a.pdf")
    assert contract.status_code == 201, contract.text
    made = wang.made("case", name="by rest", contract=contract.get_json()["id"])
    assert made["contract"]["name"] == "a.pdf" and made["attachments"] == []
    assert wang.get(made["contract"]["url"].removeprefix("/api/v1/")).data == PDF
    id = made["id"]
    assert send(f"o/case/{id}/files", b"note", "n.txt").status_code == 201
    assert [f["name"] for f in wang.items(f"o/case/{id}/files")] == ["n.txt"]
    replaced = send(f"o/case/{id}/files/contract", PDF + b"2", "b.pdf")
    assert [f["name"] for f in replaced.get_json()["items"]] == ["b.pdf"]
    for path in (f"o/case/{id}/files", "o/case/999999/files", f"o/case/{id}/files/name"):
        answer = li.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no-such-file")
    assert wang.get(f"o/case/{id}/history").status_code == 200


def test_secrets_on_screens_and_over_rest(world: World, wang: Browser) -> None:
    """Masked everywhere, revealed on request, noted; the form never shows what was typed."""
    id = made_case(wang, account="6222020200011234")
    page, form = wang.text(f"/o/case/{id}"), wang.text(f"/o/case/{id}/edit")
    assert "••••1234" in page and f'data-reveal="/o/case/{id}/reveal/account"' in page
    assert "6222020200011234" not in page + form + wang.text("/o/case")
    shown = wang.post(f"/o/case/{id}/reveal/account")
    assert shown.get_json() == {"value": "6222020200011234"}
    assert shown.headers["Cache-Control"] == "no-store"
    timeline = wang.text(f"/o/case/{id}/timeline")
    assert "looked at a secret" in timeline and "6222020200011234" not in timeline
    rest = world.client("wang")
    assert rest.get(f"o/case/{id}").get_json()["account"] == "••••1234"
    assert rest.get(f"o/case/{id}?reveal=account").get_json()["account"] == "6222020200011234"
    assert [r["id"] for r in rest.items("o/case?account=6222020200011234")] == [id]
    reader = world.client("reader")
    assert reader.get(f"o/case/{id}").get_json()["account"] == "••••1234"
    assert reader.get(f"o/case/{id}?reveal=account").status_code == 403
    assert reader.get("o/case?account=6222020200011234").status_code == 403
    assert reader.get(f"o/case/{id}?reveal=name").status_code == 404
    # a plain form that says nothing about it leaves it; the box empties it
    wang.post(f"/o/case/{id}/edit", name="renamed", account="")
    assert rest.get(f"o/case/{id}").get_json()["account"] == "••••1234"
    again = wang.post(f"/o/case/{id}/edit", script=False, name="", account="typed-and-refused")
    assert again.status_code == 422 and "typed-and-refused" not in again.text
    wang.post(f"/o/case/{id}/edit", **{"account": "", "account:clear": "1"})
    assert rest.get(f"o/case/{id}").get_json()["account"] is None
