"""`formwright audit`: verify, anchor and show, on a database of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from engine.records.chaining import seal_rows
from support.small import SmallSite, small_site

SITE = """
object: thing
owned: false
fields:
  name: {type: text}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    """Two things, sealed."""
    folder = tmp_path_factory.mktemp("audit")
    with small_site("sqlite", folder, SITE) as made, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        url = made.databases.url.render_as_string(hide_password=False)
        patch.setenv("FORMWRIGHT_DATABASE_URL", url)
        patch.setenv("LC_ALL", "C.UTF-8")
        for name in ("a", "b"):
            made.create("thing", name=name)
        while seal_rows(made.gate):
            pass
        yield made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


def test_verified_with_an_anchor(site: SmallSite) -> None:
    """The hash that was printed is in the chain, another one is not."""
    log, _, _, hash = run("anchor").stdout.split()
    assert log == "fw_audit"
    good = run("verify", "--anchor", hash)
    assert good.exit_code == 0, good.output
    assert "are as they were written." in good.stdout
    bad = run("verify", "--anchor", "f" * 64)
    assert bad.exit_code == 1
    assert "is in no chain" in bad.stdout


def test_shown(site: SmallSite) -> None:
    """Rows by object and action, as text, JSON and CSV."""
    lines = run("show", "--object", "thing").stdout.splitlines()
    assert len(lines) == 2
    assert "create  thing #2" in lines[0]
    (row,) = run("show", "--object", "thing", "--record", "1", "--json").stdout.splitlines()
    assert json.loads(row)["data"]["fields"]["name"] == [None, "a"]
    told = run("show", "--object", "thing", "--since", "9999d", "--limit", "1", "--csv").stdout
    assert told.splitlines()[0].startswith("id,at,person,actor,via,action,object,record")
    assert len(told.splitlines()) == 2
    assert run("show", "--action", "delete").stdout == ""
    assert run("show", "--since", "soon").exit_code == 1


def test_tampered(site: SmallSite) -> None:
    """What somebody changed is named, as text and as JSON; exit status 1."""
    with site.databases.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER fw_audit_no_change")
        connection.exec_driver_sql(
            "UPDATE fw_audit SET via = 'x' WHERE object = 'thing' AND record = 2"
        )
    told = run("verify", "--locale", "en")
    assert told.exit_code == 1
    assert "was altered (seal 1)" in told.stdout
    (found,) = json.loads(run("verify", "--json").stdout)["found"]
    assert found["what"] == "altered"
    assert "被改动" in run("verify", "--locale", "zh").stdout
