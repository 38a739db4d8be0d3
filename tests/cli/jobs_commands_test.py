"""`formwright jobs`, `undo` and imports in the background, as they are called."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assembly.background import Background
from assembly.long_work import AREA, work_files
from assembly.revisions import Site
from assembly.settings import read_settings
from cli.main import main
from cli.running import site_services
from engine.schema.engines import open_databases
from support.exchange_site import SITE
from support.small import write_files
from webapp.accounts import add_account


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a site that was applied to a SQLite file, and accounts."""
    folder = tmp_path_factory.mktemp("site")
    write_files(folder / "config", SITE)
    url = f"sqlite:///{folder / 'site.db'}"
    environment = os.environ | {"FORMWRIGHT_DATABASE_URL": url, "FORMWRIGHT_LAYERS": "config"}
    command = [sys.executable, "-m", "cli.main", "apply", "--yes"]
    path = os.pathsep.join(sys.path)
    subprocess.run(command, cwd=folder, env=environment | {"PYTHONPATH": path}, check=True)
    databases = open_databases(url)
    with databases.writing() as connection:
        add_account(connection, "clerk", "a long password", ["clerk"])
        add_account(connection, "other", "a long password", ["clerk"])
    databases.dispose()
    return folder


@pytest.fixture
def here(applied: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder for files, the settings leading to a copy of the site's database."""
    (tmp_path / "site.db").write_bytes((applied / "site.db").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'site.db'}")
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(applied / "config"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def carried_out() -> None:
    """What a worker would do."""
    chosen = read_settings(os.environ, Path.cwd())
    site = Site(open_databases(chosen.database_url))
    Background(site, site_services(chosen, site)).drain()
    site.close()


def told(*arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(run("jobs", "show", *arguments, "--json").stdout)
    return found


def test_an_import_and_its_undo(here: Path) -> None:
    """A foreground import is work that others see; its batch goes back."""
    (here / "in.csv").write_text("name,staff\nA,1\nB,x\nC,3\n")
    run("import", "company", "in.csv", code=1)
    assert run("jobs").stdout == "     1  done  3/3  Import Company from in.csv\n"
    work = told("1")
    assert (work["status"], work["by"], work["batch"]) == ("done", "system", 1)
    assert work["counts"]["rejected"] == 1  # type: ignore[index]
    rejected = run("jobs", "show", "1", "--file", "in-rejected.csv").stdout
    assert rejected.splitlines()[1].startswith("3,")
    assert "work-no-file" in run("jobs", "show", "1", "--file", "x", code=1).stderr
    tried = run("undo", "1", "--dry-run")
    assert (tried.stdout, tried.stderr) == ("deleted 2\n", "dry run: nothing was written\n")
    assert run("export", "company").stderr == "exported 2\n"
    assert run("undo", "1", "--locale", "zh").stdout == "删除 2\n"
    assert run("export", "company").stderr == "exported 0\n"
    assert "undo-no-batch" in run("undo", "9", code=1).stderr
    lines = run("jobs", "show", "2").stdout.splitlines()
    assert lines[:2] == ["     2  done  2/2  Undo of #1: Import Company from in.csv", "deleted 2"]
    assert json.loads(run("undo", "2", "--json").stdout)["restored"] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["jobs", "show", "99"], "不存在"),
        (["jobs", "retry", "99"], "不存在"),
        (["undo", "9"], "undo-no-batch"),
        (["change", "nonsense", "--set", "a=1"], "不存在"),
    ],
)
def test_refusals_in_the_language_asked_for(here: Path, arguments: list[str], told: str) -> None:
    """`--locale` counts for what is refused, whatever the environment says."""
    refused = run(*arguments, "--locale", "zh", code=1).stderr
    assert told in refused and re.search("[\u4e00-\u9fff]", refused)
    assert not re.search("[\u4e00-\u9fff]", run(*arguments, code=1).stderr)


def test_conflicts_are_told(here: Path) -> None:
    """By name and reason; the exit status is 1."""
    (here / "in.csv").write_text("name,staff\nA,1\n")
    run("import", "company", "in.csv")
    (here / "in.csv").write_text("name,staff\nA,2\n")
    run("import", "company", "in.csv", "--match", "name")
    result = run("undo", "1", code=1)
    assert result.stderr.startswith("Company #1: the record has been changed since")
    assert result.stdout == "conflicts 1\n"


def test_in_the_background(here: Path) -> None:
    """Its number is printed; workers do it, with the permissions of the account."""
    (here / "in.csv").write_text("name,staff\nA,1\n")
    assert run("import", "company", "in.csv", "--background").stdout == "1\n"
    assert told("1")["status"] == "waiting"
    assert run("jobs", "pause", "1").stdout.split()[1] == "paused"
    assert run("jobs", "resume", "1").stdout.split()[1] == "waiting"
    carried_out()
    assert told("1", "--follow")["status"] == "done"
    run("import", "company", "in.csv", "--background", "--rejects", "r.csv", code=2)
    assert run("jobs", "cancel", "1", code=1).stderr.startswith("work-not-now")


def test_with_an_account_that_has_no_person(here: Path) -> None:
    """It acts as that account; others do not see its work."""
    (here / "in.csv").write_text("name\nA\n")
    run("import", "company", "in.csv", "--background", "--as", "clerk")
    assert "no-work" in run("jobs", "show", "1", "--as", "other", code=1).stderr
    assert run("jobs", "list", "--as", "other").stdout == ""
    assert "Import" in run("jobs", "list", "--as", "clerk", "--status", "waiting").stdout
    carried_out()
    work = told("1", "--as", "clerk")
    assert (work["status"], work["by"]) == ("done", "clerk")


def test_change(here: Path) -> None:
    """Many at once: tried, asked about, done, refused in part, taken back."""
    (here / "in.csv").write_text("name,staff\nA,1\nB,2\nC,3\n")
    run("import", "company", "in.csv")
    wanted = ("change", "company", "--where", "staff > 1", "--set", "sector=medical")
    tried = run(*wanted, "--dry-run")
    assert tried.stdout == "changed 2\n"
    assert tried.stderr == "dry run: nothing was written; 2 of 2 records were tried\n"
    assert run(*wanted, code=1).stderr.startswith("Change 2 records? [y/N]:")
    assert run(*wanted, "--yes").stdout == "changed 2\n"
    refused = run("change", "company", "--set", "name=A", "--set", "staff=", "--yes", code=1)
    assert refused.stdout == "changed 1, rejected 2\n"
    assert refused.stderr.startswith("C-0002 B: ")
    assert run("undo", "2").stdout == "changed 2\n"
    run("change", "company", "--where", "nonsense > 1", "--set", "staff=1", "--yes", code=1)
    run("change", "company", "--set", "staff", "--yes", code=2)
    deleted = run("change", "company", "--where", "staff > 2", "--delete", "--yes", "--background")
    carried_out()
    assert told(deleted.stdout.strip())["counts"] == {"deleted": 1}
    assert "bulk-nothing" in run("change", "company", "--yes", code=1).stderr


def test_an_export_in_the_background(here: Path) -> None:
    """Its file is kept with the work."""
    (here / "in.csv").write_text("name,staff\nA,1\n")
    run("import", "company", "in.csv")
    number = run("export", "company", "--format", "json", "--background").stdout.strip()
    carried_out()
    found = run("jobs", "show", number, "--file", "company.json").stdout
    assert json.loads(found) == json.loads(run("export", "company", "--format", "json").stdout)
    run("export", "company", "-o", "x.csv", "--background", code=2)


def test_effects(here: Path) -> None:
    """The outbox, too, for those who may administer."""
    (here / "in.csv").write_text("name\nA\n")
    run("import", "company", "in.csv", "--background")
    (effect,) = json.loads(run("jobs", "list", "--effects", "--status", "waiting", "--json").stdout)
    assert (effect["kind"], effect["payload"]) == ("work", {"work": 1})
    number = str(effect["id"])
    assert json.loads(run("jobs", "show", number, "--effect").stdout)["queue"] == "slow"
    run("jobs", "cancel", number, "--effect")
    assert told("1")["status"] == "cancelled"
    run("jobs", "retry", "1")
    assert told("1")["status"] == "waiting"
    assert "right-missing" in run("jobs", "list", "--effects", "--as", "clerk", code=1).stderr
    run("jobs", "list", "--status", "nonsense", code=2)


def importing(here: Path, count: int = 30_000) -> subprocess.Popen[str]:
    """A process that imports, once it has written some."""
    (here / "in.csv").write_text("name,staff\n" + "".join(f"N{i},{i}\n" for i in range(count)))
    command = [sys.executable, "-m", "cli.main", "import", "company", "in.csv"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # what is started in the background of a shell would not hear it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while written(here) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def written(folder: Path) -> int:
    with sqlite3.connect(folder / "site.db", timeout=20) as connection:
        return int(connection.execute("SELECT count(*) FROM company").fetchone()[0])


def test_asked_to_end_and_again(here: Path) -> None:
    """Ctrl-C: cancelled in good order; a retry brings in the rest, nothing twice."""
    process = importing(here, 12_000)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "it was asked to end" in err) == (1, True), err
    work = told("1")
    created = int(out.split(",")[0].removeprefix("created "))
    assert (work["status"], work["done"]) == ("cancelled", created)
    run("jobs", "retry", "1")
    carried_out()
    assert (told("1")["status"], written(here)) == ("done", 12_000)


def test_paused_by_somebody_else(here: Path) -> None:
    """The command ends, and says how to go on."""
    process = importing(here, 100_000)
    run("jobs", "pause", "1")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "work-halted" in err and "formwright jobs resume 1" in err
    assert told("1")["status"] == "paused"
    run("jobs", "cancel", "1")
    assert told("1")["status"] == "cancelled"


def test_a_command_that_was_killed(here: Path) -> None:
    """Its work is found paused: a person decides whether it goes on."""
    process = importing(here, 12_000)
    process.kill()
    process.communicate()
    assert told("1")["status"] == "running"
    with sqlite3.connect(here / "site.db") as connection:
        connection.execute("UPDATE fw_outbox SET lease = '2020-01-01 00:00:00'")
    chosen = read_settings(os.environ, Path.cwd())
    site = Site(open_databases(chosen.database_url))
    background = Background(site, site_services(chosen, site))
    background.carrier.reap()
    background.drain()
    work = told("1")
    assert (work["status"], work["code"]) == ("paused", "work-left")
    run("jobs", "resume", "1")
    background.drain()
    site.close()
    assert (told("1")["status"], written(here)) == ("done", 12_000)


def test_where_files_are(here: Path) -> None:
    """In their own area of the store that the settings name."""
    (here / "in.csv").write_text("name\nA\n")
    run("import", "company", "in.csv")
    files = work_files(read_settings(os.environ, Path.cwd()))
    assert len(list(files.everything())) == 1
    assert (here / "var" / "files" / AREA).is_dir()
