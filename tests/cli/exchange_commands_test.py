"""`formwright import` and `export`, as they are called."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from engine.schema.engines import open_databases
from support.exchange_site import SITE
from support.small import write_files
from webapp.accounts import add_account


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a site that was applied to a SQLite file, and accounts."""
    folder = tmp_path_factory.mktemp("site")
    write_files(folder / "config", SITE)
    mapping = "mapping: people\nobject: company\nmatch: [name]\ncolumns: {who: name, n: staff}\n"
    (folder / "config/mappings").mkdir()
    (folder / "config/mappings/people.yaml").write_text(mapping)
    url = f"sqlite:///{folder / 'site.db'}"
    environment = os.environ | {"FORMWRIGHT_DATABASE_URL": url, "FORMWRIGHT_LAYERS": "config"}
    command = [sys.executable, "-m", "cli.main", "apply", "--yes"]
    path = os.pathsep.join(sys.path)
    subprocess.run(command, cwd=folder, env=environment | {"PYTHONPATH": path}, check=True)
    databases = open_databases(url)
    with databases.writing() as connection:
        add_account(connection, "clerk", "a long password", ["clerk"])
        add_account(connection, "onlooker", "a long password", ["onlooker"])
    databases.dispose()
    return folder


@pytest.fixture
def here(applied: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder for files, the settings leading to a copy of the site's database."""
    (tmp_path / "site.db").write_bytes((applied / "site.db").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'site.db'}")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_in_and_out(here: Path) -> None:
    """The contract's line on standard output, everything else beside it."""
    (here / "in.csv").write_text("name,staff,double\nA,1,\nB,x,\n")
    result = run("import", "company", "in.csv", "--rejects", "r.csv", code=1)
    assert result.stdout == "created 1, updated 0, unchanged 0, rejected 1\n"
    assert result.stderr.splitlines() == [
        "import-column-left-out left out, since the system sets or computes them: double",
        "line 3: staff: 'x' is not a number",
        "rejected rows and their reasons: r.csv",
    ]
    result = run("import", "company", "r.csv", "--locale", "zh", code=1)
    assert "第 2 行：staff: 'x' 不是数字" in result.stderr
    result = run("export", "company", "-o", "out.xlsx")
    assert result.stderr == "exported 1\n"
    result = run("import", "company", "out.xlsx")
    assert result.stdout == "created 0, updated 0, unchanged 1, rejected 0\n"
    assert run("export", "company", "--labels", "--locale", "zh").stdout.startswith(
        "\ufeff编号,名称"
    )
    assert json.loads(run("export", "company", "--format", "json").stdout)[0]["name"] == "A"


def test_modes(here: Path) -> None:
    """A mapping by its name, a dry run, all or nothing, and the outcome for programs."""
    (here / "in.csv").write_text("who,n\nA,1\nB,x\n")
    result = run("import", "company", "in.csv", "--map", "people", "--dry-run", code=1)
    assert result.stdout == "created 1, updated 0, unchanged 0, rejected 1\n"
    assert result.stderr.endswith("dry run: nothing was written\n")
    result = run(
        "import", "company", "in.csv", "--map", "people", "--all-or-nothing", "--json", code=1
    )
    told = json.loads(result.stdout)
    assert (told["written"], told["rejected"]) == (False, 1)
    assert told["problems"] == [
        {
            "line": 3,
            "field": "staff",
            "code": "value-not-readable",
            "message": "'x' is not a number",
        }
    ]
    assert "nothing was written, since not all rows could be" in result.stderr
    assert run("export", "company").stderr == "exported 0\n"


def test_as_somebody(here: Path) -> None:
    """With the permissions of an account."""
    (here / "in.csv").write_text("name,staff\nA,1\n")
    run("import", "company", "in.csv", "--as", "clerk")
    refused = run("import", "company", "in.csv", "--as", "onlooker", code=1)
    assert "forbidden" in refused.stderr
    assert "no-account" in run("import", "company", "in.csv", "--as", "nobody", code=1).stderr
    header = run("export", "company", "--as", "clerk").stdout.splitlines()[0]
    assert "revenue" not in header.split(",")
    assert "forbidden" in run("export", "company", "--as", "onlooker", code=1).stderr


def test_wrong_usage(here: Path) -> None:
    """No file, no object, no format: status 1 or 2 and one sentence."""
    assert "import-no-file" in run("import", "company", "none.csv", code=1).stderr
    assert "unknown-object" in run("export", "compny", code=1).stderr
    run("export", "company", "--format", "pdf", code=2)
    run("import", "company", code=2)


def test_a_file_appears_when_it_is_whole(here: Path) -> None:
    """A refused export leaves the old file as it was, and nothing beside it."""
    (here / "out.csv").write_text("old")
    run("export", "company", "-o", "out.csv", "--where", "nonsense > 1", code=1)
    assert (here / "out.csv").read_text() == "old"
    assert "exchange-unwritable" in run("export", "company", "-o", "no/out.csv", code=1).stderr
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


def test_asked_to_end(here: Path) -> None:
    """SIGTERM: what was written stays and is told; the next run does the rest."""
    count = 30_000
    (here / "in.csv").write_text("who,n\n" + "".join(f"N{i},{i}\n" for i in range(count)))
    command = [sys.executable, "-m", "cli.main", "import", "company", "in.csv", "--map", "people"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while written(here) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "it was asked to end" in err
    created = int(out.split(",")[0].removeprefix("created "))
    assert 0 < created < count
    assert written(here) == created


def written(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(folder / "site.db", timeout=20) as connection:
        return int(connection.execute("SELECT count(*) FROM company").fetchone()[0])
