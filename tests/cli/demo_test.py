"""`formwright demo` with a story of two people: built once, used again, let in by new passwords."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from textwrap import dedent

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from cli.main import main
from engine.schema.engines import open_databases
from support.project import ROOT
from webapp.tables import USER

STORY = """\
    import datetime as dt
    from cli.demo_history import Deed, DemoAccount, Ref, Story

    def tell(seed, end, zone):
        def day(days):
            return end - dt.timedelta(days=days)
        deeds = [
            Deed(at=day(400), object="person", key="p/1", new=True,
                 values={"name": f"Chen {seed}", "account": "chen"}),
            Deed(at=day(300), object="person", key="p/2", new=True,
                 values={"name": "Wang", "manager": Ref("p/1")}),
            Deed(at=day(200), by="p/2", object="lead", key="l/1", new=True,
                 values={"name": "Acme", "mobile": "1990000"}),
            Deed(at=day(100), by="p/2", object="lead", key="l/1", transition="contact"),
            Deed(at=day(1), by="p/2", object="lead", key="l/1",
                 values={"rating": RATING, "owner": Ref("p/1")}, transition="qualify"),
        ]
        accounts = [DemoAccount(name="chen", person="p/1", roles=("sales_manager",), locale="zh")]
        return Story(deeds=deeds, order=("person", "lead"), live_from=day(2), accounts=accounts)
"""
DATA = Path("var/demo/formwright.db")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_LAYERS", str(ROOT / "config"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    write_story('"hot"')


def write_story(rating: str) -> None:
    Path("demo").mkdir(exist_ok=True)
    Path("demo/__init__.py").write_text("")
    Path("demo/company.py").write_text(dedent(STORY).replace("RATING", rating))


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", "--no-serve", *arguments])


def password(result: Result) -> str:
    """The password of the one account, from the line that introduces it."""
    found = re.fullmatch(r"  chen +(\S{12}) +(.+) \(Sales manager\)\n", result.stdout)
    assert found, result.output
    return found[1]


def test_built_once(tmp_path: Path) -> None:
    """A second start builds nothing and gives the account another password."""
    first = demo("--today", "2026-03-16")
    assert first.exit_code == 0, first.output
    assert "Building the company's year up to 2026-03-16" in first.stderr
    made = DATA.stat().st_ino
    second = demo()
    assert "Building" not in second.stderr
    assert "The history ends on 2026-03-16. To start over: make demo ARGS=--fresh" in second.stderr
    assert DATA.stat().st_ino == made
    assert password(first) != password(second)
    assert "Chen 7" in second.stdout


@pytest.mark.parametrize("wish", [("--fresh",), ("--seed", "8"), ("--today", "2026-03-17")])
def test_built_anew(wish: tuple[str, ...]) -> None:
    """When that is asked for, or another company or day."""
    demo("--today", "2026-03-16")
    made = DATA.stat().st_ino
    again = demo(*wish)
    assert "Building" in again.stderr
    assert DATA.stat().st_ino != made
    left = {path.name for path in DATA.parent.iterdir() if path.suffix in (".db", ".json")}
    assert left == {"demo.json", "formwright.db"}


def test_history_and_present() -> None:
    """What is long ago announces nothing; the last deeds do, under their own rules."""
    demo("--today", "2026-03-16")
    databases = open_databases(f"sqlite:///{DATA}")
    try:
        with databases.reading() as connection:
            announced = "SELECT kind, object FROM fw_outbox WHERE object = 'lead'"
            outbox = connection.execute(sa.text(announced)).all()
            stages = connection.execute(
                sa.text("SELECT target, transition FROM fw_stage_history ORDER BY at")
            ).all()
            assert list(map(tuple, outbox)) == [("notice", "lead")]
            assert list(map(tuple, stages)) == [
                ("new", None), ("contacted", "contact"), ("qualified", "qualify")
            ]  # fmt: skip
            assert connection.scalar(sa.select(sa.func.count()).select_from(USER)) == 1
    finally:
        databases.dispose()


def test_a_story_against_the_rules() -> None:
    """A guard that does not hold: the problem is told, and what was there before stays."""
    demo("--today", "2026-03-16")
    made = DATA.stat().st_ino
    write_story("None")
    refused = demo("--fresh")
    assert refused.exit_code == 1
    assert "Rate the lead first" in refused.stderr
    assert DATA.stat().st_ino == made
    assert "Building" not in demo().stderr


def test_no_story() -> None:
    """A folder without a program: a sentence with the cure."""
    told = demo("--company", "elsewhere")
    assert told.exit_code == 1
    assert told.stderr.startswith("demo-no-program there is no demonstration in")


def test_port_taken() -> None:
    """Somebody listens there already: said before anything is built."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = CliRunner().invoke(main, ["demo", "--port", str(port)])
    assert told.exit_code == 1
    assert told.stderr.startswith(f"demo-port port {port} of this machine cannot be used")
    assert not Path("var").exists()


def test_a_day_to_come() -> None:
    """There is no history of the future."""
    assert demo("--today", "2999-01-01").exit_code == 2
