"""`formwright why`: the decision, and each rule with the place where it is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from support.sites import CONFIG, Company, make_company
from webapp import accounts
from webapp.mirroring import sync_roles
from webapp.tables import account_tables


@pytest.fixture
def company(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """The small company with accounts for wang (a representative) and nobody (no role)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(CONFIG))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    made = make_company(sqlite_url)
    for metadata in account_tables():
        metadata.create_all(made.databases.accounts)
    with made.databases.writing() as connection:
        sync_roles(connection, made.application.catalog)
        accounts.add_account(connection, "wang", "long enough", ["sales_representative"])
        accounts.add_account(connection, "nobody", "long enough")
    yield made
    made.databases.dispose()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["why", *arguments])


def test_own_record(company: Company) -> None:
    """A representative reads a customer of her own: allowed by the scope `own`, with its values."""
    id = company.create(company.actor("wang"), "customer", name="Acme")
    told = run("wang", "read", "customer", str(id))
    assert (told.exit_code, told.stderr) == (0, "")
    first, role, scope = told.stdout.splitlines()
    assert first == f"wang · read · customer {id}: allowed"
    assert role.startswith("  ✓ Sales representative  ")
    assert scope.startswith("    ✓ read: their own records  [Owner: Wang; this person: Wang]  ")
    file, line = scope.rpartition("  ")[2].rsplit(":", 1)
    assert Path(file).name == "sales_representative.yaml"
    lines = (CONFIG / "roles" / "sales_representative.yaml").read_text().splitlines()
    assert "read: own" in lines[int(line) - 1]


def test_somebody_elses_record(company: Company) -> None:
    """A colleague's customer, by its number: not allowed, exit status 1."""
    id = company.create(company.actor("li"), "customer", name="Acme")
    number = company.reader.one(company.actor("li"), "customer", id).values["number"]
    told = run("wang", "read", "customer", number, "--locale", "zh")
    assert told.exit_code == 1
    first, second, third, *_ = told.stdout.splitlines()
    assert first == f"wang · read · customer {number}：不允许"
    assert second.startswith("  ✗ 销售代表  ")
    assert third.startswith("    ✗ 查看：本人记录  ")


def test_a_field(company: Company) -> None:
    """One field of a record: its level and the line that says so."""
    id = company.create(company.actor("wang"), "customer", name="Acme")
    told = run("wang", "update", "customer", str(id), "open_amount")
    assert told.exit_code == 1
    assert "✗ Open amount is computed and takes no input" in told.stdout
    told = run("wang", "read", "product", "-", "cost")
    assert told.exit_code == 1 and "✗ Cost: hidden" in told.stdout


def test_json(company: Company) -> None:
    """For programs; without a record it is about the object."""
    told = run("wang", "import", "customer", "--json")
    assert told.exit_code == 1
    decision = json.loads(told.stdout)
    (role,) = decision.pop("findings")
    proposals = decision.pop("proposals")
    assert proposals[0]["kind"] == "grant" and "import: true" in proposals[0]["yaml"]
    assert decision == {
        "user": "wang",
        "action": "import",
        "object": "customer",
        "record": None,
        "field": None,
        "level": None,
        "allowed": False,
        "note": None,
        "ask": [],
    }
    assert (role["kind"], role["name"], role["holds"]) == ("role", "sales_representative", False)
    (scope,) = role["parts"]
    assert scope["text"] == "import: not granted"
    assert scope["file"].endswith("sales_representative.yaml") and scope["line"] > 1


def test_no_roles(company: Company) -> None:
    """An account without roles may do nothing, and that is the reason."""
    told = run("nobody", "read", "customer")
    assert told.exit_code == 1
    assert told.stdout.startswith(
        "nobody · read · customer: not allowed\n  The account has no roles.\n"
    )
    assert "• give nobody the role Sales representative" in told.stdout


@pytest.mark.parametrize(("arguments", "status", "said"), [
    (("wong", "read", "customer"), 1, "no-account"),
    (("wang", "read", "custmer"), 1, "not-found"),
    (("wang", "paint", "customer"), 2, "paint"),
    (("wang", "read", "customer", "99"), 1, "no such record"),
])  # fmt: skip
def test_unknown(company: Company, arguments: tuple[str, ...], status: int, said: str) -> None:
    """Names that nothing has: a sentence, never a traceback."""
    told = run(*arguments)
    assert told.exit_code == status
    assert said in told.output
