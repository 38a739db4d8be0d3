"""`formwright test` from the outside: what it prints, writes and answers."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from support.project import ROOT

CONFIG = str(ROOT / "config")
GOOD = "scenario: zz_good\nbackground: company\nsteps: [{as: lin, sees: customer, only: [acme]}]\n"
BAD = (
    "scenario: zz_bad\nbackground: company\nsteps:\n"
    "  - {as: lin, update: acme, fields: {grade: b}, then: [{fields: {grade: c}}]}\n"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # what is kept goes with the test
    (tmp_path / "client" / "scenarios").mkdir(parents=True)
    for name, text in (("zz_good", GOOD), ("zz_bad", BAD)):
        (tmp_path / "client" / "scenarios" / f"{name}.yaml").write_text(text)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["test", CONFIG, "client", "--jobs", "1", *arguments])


def test_passed() -> None:
    """A line for each, a summary, 0."""
    told = run("--match", "zz_good")
    assert told.exit_code == 0
    assert told.stdout.startswith("✓ zz_good (")
    assert told.stderr.startswith("1 scenario passed (")


def test_failed() -> None:
    """What was expected and found, where, in which step, and the record; 1."""
    told = run("--match", "zz_*")
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    bad = next(number for number, line in enumerate(lines) if line.startswith("✗ zz_bad ("))
    assert lines[bad + 1] == (
        "  client/scenarios/zz_bad.yaml:4:73: expected-value acme: expected grade c, found b"
    )
    assert lines[bad + 2] == "    step 1: as: lin, update: acme, fields: {grade: b}"
    assert lines[bad + 3].startswith("    acme: number: CUS-00001, name: 北方机械有限公司")
    assert "1 passed, 1 failed (" in told.stderr


def test_chinese() -> None:
    """The same for those who read Chinese."""
    told = run("--match", "zz_bad", "--locale", "zh")
    assert "acme：grade 应为 c，实际为 b" in told.stdout
    assert "第 1 步：" in told.stdout
    assert "0 个通过，1 个失败" in told.stderr


def test_json() -> None:
    """Everything for programs on standard output."""
    told = run("--match", "zz_*", "--json")
    data = json.loads(told.stdout)
    assert (told.exit_code, data["ok"]) == (1, False)
    bad, good = data["scenarios"]
    assert (bad["name"], bad["passed"], good["passed"]) == ("zz_bad", False, True)
    (failure,) = bad["failures"]
    assert (failure["file"], failure["line"], failure["column"]) == (
        "client/scenarios/zz_bad.yaml", 4, 73,
    )  # fmt: skip
    assert (failure["code"], failure["step"]) == ("expected-value", 1)


def test_junit(tmp_path: Path) -> None:
    """The form that build servers read, with what is switched off as skipped."""
    off = "scenario: leads_are_assigned\nremove: true\nwhy: {en: No leads here., zh: 不用线索。}\n"
    (tmp_path / "client" / "scenarios" / "leads_are_assigned.yaml").write_text(off)
    told = run("--match", "zz_*", "--junit", "reports/junit.xml")
    assert told.exit_code == 1
    assert "off: leads_are_assigned: No leads here. (client/scenarios/" in told.stderr
    suite = ET.parse("reports/junit.xml").getroot()
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped")} == {
        "tests": "3", "failures": "1", "skipped": "1",
    }  # fmt: skip
    failure = suite.find("testcase[@name='zz_bad']/failure")
    assert failure is not None and "expected grade c, found b" in str(failure.get("message"))


def test_keep() -> None:
    """The database of what failed stays, and is named."""
    told = run("--match", "zz_*", "--keep")
    (line,) = (one for one in told.stdout.splitlines() if "its database: " in one)
    file = Path(line.partition("its database: ")[2])
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM customer").fetchone() == (2,)


def test_problems(tmp_path: Path) -> None:
    """Files with mistakes are not run: every problem, 1; `check` tells the same ones."""
    file = tmp_path / "client" / "scenarios" / "zz_bad.yaml"
    file.write_text(BAD.replace("grade: c", "grad: c"))
    line = (
        "client/scenarios/zz_bad.yaml:4:66: unknown-field Customer has no field 'grad' "
        "(did you mean 'grade'?)\n"
    )
    told = run()
    assert (told.exit_code, told.stdout) == (1, line)
    checked = CliRunner().invoke(main, ["check", CONFIG, "client"])
    assert (checked.exit_code, checked.stdout) == (1, line)
    assert checked.stderr.startswith("1 problem in 1 file")


def test_wrong_usage() -> None:
    """Nothing of that name, no such folder, no such number: 2."""
    for arguments in (["--match", "nothing_like_it"], ["missing"], ["--jobs", "0"]):
        assert run(*arguments).exit_code == 2
    assert (
        "No scenario is called like 'nothing_like_it'" in run("--match", "nothing_like_it").stderr
    )


def test_no_scenarios() -> None:
    """A layer without any has nothing to run, and that is said."""
    (Path("bare") / "objects").mkdir(parents=True)
    (Path("bare") / "site.yaml").write_text("site: Bare\n")
    (Path("bare") / "objects" / "thing.yaml").write_text(
        "object: thing\ntitle: name\nowned: false\nfields: {name: {type: text}}\n"
    )
    told = CliRunner().invoke(main, ["test", "bare"])
    assert (told.exit_code, told.stdout, told.stderr) == (0, "", "no scenarios\n")
