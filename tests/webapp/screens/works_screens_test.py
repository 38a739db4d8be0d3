"""Long work in the browser afterwards: whose results they still are, and what was asked twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from assembly.background import Background, Services
from documents.rendering import Renderer
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.records.transaction import Transaction
from exchange.export_work import ExportRequest, export_work
from jobs.work import start_work
from notices.bell import latest
from notices.tellers import Told, write
from notices.telling import Notice
from support.outbox import clear
from support.telling import taken
from support.world import World
from webapp.directory import AccountDirectory
from webapp.screens.works import clean_name, download


@pytest.fixture
def carry(world: World, tmp_path: Path) -> Iterator[Any]:
    """Carries out what was asked for."""
    clear(world.site.current.gate)
    files = Files("files", tmp_path)
    world.app.extensions["formwright"].files = files
    services = Services(
        directory=AccountDirectory(world.site.databases), renderer=Renderer(), files=files
    )
    yield Background(world.site, services).drain


def trial(visitor: Any, text: str, name: str = "in.csv") -> str:
    """Brings a file and starts its trial; the address of its work."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', visitor.text("/"))
    assert found
    part = "--B\r\nContent-Disposition: form-data; name="
    body = f'{part}"csrf_token"\r\n\r\n{found[1]}\r\n{part}"file"; '
    body += f"filename*=UTF-8''{quote(name)}\r\nContent-Type: text/csv\r\n\r\n{text}\r\n--B--\r\n"
    answer = visitor.client.post(
        "/o/customer/import", data=body.encode(), content_type="multipart/form-data; boundary=B"
    )
    address = answer.headers["Location"]
    answer = visitor.post(address, **{"column.0": "name", "column.1": "grade"})
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["location"])


def count(world: World, word: str) -> int:
    query = Query(where=f'contains(name, "{word}")', limit=1_000)
    return len(world.site.current.reader.page(SYSTEM, "customer", query).items)


def test_results_after_the_right_is_gone(visit: Any, world: World, carry: Any) -> None:
    """Neither files nor rows can be seen any more; the work itself can."""
    name = world.account("sales_manager")
    visitor, gate = visit(name), world.site.current.gate
    actor = AccountDirectory(world.site.databases).actor_of(gate, world.people[name])
    assert actor is not None
    wanted = export_work(gate.catalog, ExportRequest(object="customer"))
    id = gate.write(actor, lambda tx: start_work(tx, wanted))
    rejected = trial(visitor, "Name,Grade\n没有权限,nonsense\n")
    carry()
    assert visitor.get(f"/work/{id}/files/0").status_code == 200
    assert visitor.get(f"{rejected}/files/0").status_code == 200
    assert "nonsense" in visitor.text(rejected)
    of_account = "(SELECT id FROM ab_user WHERE username = :name)"
    statement = sa.text(f"DELETE FROM ab_user_role WHERE user_id = {of_account}")
    with world.site.databases.writing() as connection:
        connection.execute(statement, {"name": name})
    world.app.extensions["formwright"].actors.look_again()
    for address in (f"/work/{id}/files/0", f"{rejected}/files/0"):
        assert visitor.get(address).status_code == 403
    page = visitor.text(rejected)
    assert "nonsense" not in page and "no longer allow" in page and "/files/" not in page


def test_the_import_starts_once(visit: Any, world: World, carry: Any) -> None:
    """Not before the trial is done; a second press leads to the import that there is."""
    visitor = visit("admin")
    tried = trial(visitor, "Name,Grade\n只导入一次,a\n")
    assert visitor.post(f"{tried}/start").status_code == 409
    carry()
    assert f"{tried}/start" in visitor.text(tried)
    started = [visitor.post(f"{tried}/start").get_json()["location"] for _ in range(2)]
    assert started[0] == started[1]
    assert visitor.post(f"{tried}/start", script=False).headers["Location"] == started[0]
    carry()
    assert count(world, "只导入一次") == 1
    page = visitor.text(tried)
    assert f'href="{started[0]}"' in page and f"{tried}/start" not in page


def test_undone_once(visit: Any, world: World, carry: Any) -> None:
    """The page leads to the undo and offers no other; a second one is refused."""
    visitor = visit("admin")
    tried = trial(visitor, "Name,Grade\n只撤销一次,a\n")
    carry()
    started = visitor.post(f"{tried}/start").get_json()["location"]
    carry()
    assert f'href="{started}/undo"' in visitor.text(started)
    undo = visitor.post(f"{started}/undo").get_json()["location"]
    for _ in range(2):
        page = visitor.text(started)
        assert f'href="{undo}"' in page and f'href="{started}/undo"' not in page
        assert visitor.get(started, Accept="application/json").get_json()["undo"] is False
        assert visitor.get(f"{started}/undo").status_code == 409
        assert visitor.post(f"{started}/undo").status_code == 409
        carry()
    assert count(world, "只撤销一次") == 0


def test_seen_on_its_page(visit: Any, world: World, carry: Any) -> None:
    """Whoever opens the page has read the notices about that work, and no others."""
    visitor = visit("admin")
    seen, other = (trial(visitor, f"Name,Grade\n通知{n},a\n") for n in range(2))
    carry()
    gate, person = world.site.current.gate, world.people["admin"]

    def waiting() -> set[str]:
        rung, _ = latest(gate, person, 100)
        return {one.of for one in rung if one.read_on is None}

    def write_notices(tx: Transaction) -> None:
        told = Told(person, "over", "", False)
        for work in (seen, other):
            of = work.strip("/").replace("/", ":")
            write(tx, Notice(title={}, of=of), taken(tx, f"told {work}", "", None), [told])

    gate.write(SYSTEM, write_notices)
    of = [work.strip("/").replace("/", ":") for work in (seen, other)]
    assert set(of) <= waiting()
    visitor.get(seen, Accept="application/json")  # a script that waits has shown nobody anything
    assert of[0] in waiting()
    assert 'data-every="5"' in visitor.text(seen)  # just over: the notice may come yet
    assert of[0] not in waiting() and of[1] in waiting()


def test_names_of_files(visit: Any, carry: Any) -> None:
    """Whatever a file is called, what came of it can be saved."""
    visitor = visit("admin")
    work = trial(visitor, "Name,Grade\n换行文件,nonsense\n", "a\r\nb\u202e\u2028.csv")
    carry()
    assert "a b" in visitor.text(work)
    answer = visitor.get(f"{work}/files/0")
    assert answer.status_code == 200
    assert "filename*=UTF-8''a%20b%20-rejected.csv" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("客户.csv", "客户.csv"), ("a\nb.csv", "a b.csv"), ("\r\n\t", "file"), ("", "file"),
        ("x\x00\x7f.数据", "x .数据"), ("\ud800.csv", ".csv"), ('a"b\\.csv', 'a"b\\.csv'),
    ],
)  # fmt: skip
def test_clean_names(world: World, name: str, clean: str) -> None:
    """Nothing in them breaks a header."""
    assert clean_name(name) == clean
    with world.app.test_request_context():
        header = download(b"", name).headers["Content-Disposition"]
    header.encode("latin-1")
    assert header.isprintable()
    assert header.count('"') == 2 and "\\" not in header
