"""The worked cases of docs/administrator/why.md: what the page shows is what the commands print.

Lines of files may move, so their numbers are not compared.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.permissions.actors import SYSTEM
from support.project import ROOT
from support.sites import Company, make_company
from webapp import accounts
from webapp.mirroring import sync_roles
from webapp.tables import account_tables

PAGE = ROOT / "docs" / "administrator" / "why.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
LINE = re.compile(r"(\.yaml):\d+")
ACCOUNTS = {
    "chen": "sales_manager", "wang": "sales_representative", "li": "sales_representative",
    "zhao": "finance",
}  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Chen leads Wang and Li; Zhao keeps the books; each has something."""
    folder = tmp_path_factory.mktemp("cases")
    url = f"sqlite:///{folder / 'cases.db'}"
    made = make_company(url)
    for metadata in account_tables():
        metadata.create_all(made.databases.accounts)
    with made.databases.writing() as connection:
        sync_roles(connection, made.application.catalog)
        for name, role in ACCOUNTS.items():
            accounts.add_account(connection, name, "long enough", [role])
    wang, li = made.actor("wang"), made.actor("li")
    acme = made.create(wang, "customer", name="Acme")
    made.create(li, "opportunity", name="Pumps", customer=None, amount="9000")
    made.create(SYSTEM, "contact", name="Xu", customer=acme, owner=li.person, mobile="13800138000")
    pump = made.create(SYSTEM, "product", code="P1", name="Pump", list_price="100", cost="50")
    lines = [{"product": pump, "quantity": 2}]
    made.create(wang, "quotation", customer=acme, discount="0.15", lines=lines)
    made.gate.perform(wang, "quotation", 1, "submit")
    yield made
    made.databases.dispose()


def console() -> list[tuple[str, str]]:
    """Each command of the page with what it prints."""
    text = PAGE.read_text(encoding="utf-8")
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            found.append((command, printed))
    return found


@pytest.mark.parametrize("number", range(6))
def test_the_page_shows_what_is_printed(
    company: Company, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every worked case, word for word."""
    command, shown = console()[number]
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", str(company.databases.url))
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "config")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    program, *arguments = shlex.split(command)
    assert program == "formwright"
    told = CliRunner().invoke(main, arguments).stdout
    told = told.replace(str(ROOT) + "/", "")
    assert LINE.sub(r"\1", told) == LINE.sub(r"\1", shown)


def test_all_cases_are_tried() -> None:
    """A case that is added is tried, too."""
    assert len(console()) == 6
    assert Path(PAGE).exists()


def test_plan_counts_what_roles_would_do(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another scope, counted on what there is, for people and for programs."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    file = tmp_path / "config/roles/sales_representative.yaml"
    opportunity = "  opportunity:\n    create: true\n    read: "
    text = file.read_text(encoding="utf-8")
    assert f"{opportunity}own" in text
    file.write_text(text.replace(f"{opportunity}own", f"{opportunity}all"), encoding="utf-8")
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", str(company.databases.url))
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(tmp_path / "config"))
    run = CliRunner().invoke
    assert "  +1 条商机对 1 人可查看\n" in run(main, ["plan", "--locale", "zh"]).stdout
    (told,) = json.loads(run(main, ["plan", "--json"]).stdout)["permissions"]
    assert (told["object"], told["action"]) == ("opportunity", "read")
    assert told["gains"] == {"people": 1, "records": 1, "exact": True}
