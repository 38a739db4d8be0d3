"""`formwright check`: ten broken files, ten lines, each at the place and with the cure."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main

GOOD = {
    "site.yaml": "site: Test\nlocales: [en, zh]\n",
    "objects/customer.yaml": "object: customer\ntitle: name\nowned: false\n"
    "fields: {name: {type: text}}\n",
}
MISSPELT = "object: a\ntitle: name\nowned: false\nfields: {name: {type: text}}\nfeilds: {}\n"
BROKEN = {
    "objects/bracket.yaml": """\
        object: bracket
        fields:
          name: {type: text, label: {en: Name, zh: 名称}
        """,
    "objects/contract.yaml": """\
        object: contract
        title: name
        owned: false
        fields:
          name: {type: text}
          signed:
            type: date
            lable: {en: Signed, zh: 签订日期}
        """,
    "objects/delivery.yaml": """\
        object: delivery
        title: name
        owned: false
        fields:
          name: {type: text}
          customer: {type: link, to: custmer}
        """,
    "objects/invoice.yaml": """\
        object: invoice
        title: name
        owned: false
        fields:
          name: {type: text}
          net: {type: money}
          gross: {type: money, formula: "net * 1.13 + ntt"}
        """,
    "objects/machine.yaml": """\
        object: machine
        title: name
        owned: false
        fields:
          name: {type: text}
          built: {type: date}
        checks:
          - that: built > 5
            say: Too old.
        """,
    "objects/order.yaml": """\
        object: order
        title: name
        owned: false
        fields:
          name: {type: text}
          class: {type: text}
        """,
    "objects/ticket.yaml": """\
        object: tickets
        title: name
        owned: false
        fields:
          name: {type: text}
        """,
    "objects/visit.yaml": "object: visit\nfields:\n\tname: {type: text}\n",
    "roles/clerk.yaml": """\
        role: clerk
        grants:
          customer: {read: all, fields: {"*": read, nmae: write}}
        """,
    "workflow/ticket_process.yaml": "workflow: ticket_process\n",
}
EXPECTED = """\
app/objects/bracket.yaml:3:9: unclosed-bracket the bracket { that opens here is not closed \
(close it with }, and separate entries by commas)
app/objects/contract.yaml:8:5: unknown-key there is no key 'lable' here (did you mean 'label'?)
app/objects/delivery.yaml:6:30: unknown-object there is no object 'custmer' \
(did you mean 'customer'?)
app/objects/invoice.yaml:7:47: unknown-name 'invoice' has no member 'ntt' (did you mean 'net'?)
app/objects/machine.yaml:8:19: not-comparable a date and a number cannot be compared with '>'
app/objects/order.yaml:6:3: keyword-name 'class' is a word of the expression language, \
so it cannot be a name (choose another name, such as 'class_')
app/objects/ticket.yaml:1:9: file-name the file is called 'ticket.yaml', but it defines \
'tickets' (give both the same name)
app/objects/visit.yaml:3:1: tab a tab stands here (use spaces; in a quoted text write \\t)
app/roles/clerk.yaml:3:45: unknown-field customer has no field 'nmae' (did you mean 'name'?)
app/workflow:1:1: unknown-folder no kind of definition lies in a folder 'workflow' \
(did you mean 'workflows'?)
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "FORMWRIGHT_LAYERS"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_ten_broken_files() -> None:
    """Syntax, keys, names, references, expressions, grants: one line each, sorted by place."""
    write(Path("app"), GOOD | BROKEN)
    result = run("app")
    assert result.stdout == EXPECTED
    assert result.stderr == "10 problems in 10 files (9 definitions in 1 layer)\n"
    assert result.exit_code == 1


def test_chinese() -> None:
    """The same lines in the language of the environment or of the option."""
    write(Path("app"), GOOD | {"objects/a.yaml": MISSPELT})
    line = "app/objects/a.yaml:5:1: unknown-key 此处没有名为 'feilds' 的键 (是否想写 'fields'？)\n"
    environment = {"LANG": "zh_CN.UTF-8"}
    by_environment = CliRunner().invoke(main, ["check", "app"], env=environment)
    assert by_environment.stdout == line
    assert by_environment.stderr == "1 个文件中有 1 个问题（1 层，3 项定义）\n"
    assert run("app", "--locale", "zh").stdout == line
    wanted = CliRunner().invoke(main, ["check", "app", "--locale", "en"], env=environment)
    assert "did you mean 'fields'?" in wanted.stdout


def test_json() -> None:
    """For programs: every part of a problem by itself."""
    write(Path("app"), GOOD | {"objects/order.yaml": BROKEN["objects/contract.yaml"]})
    result = run("app", "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["ok"] is False
    assert data["definitions"]["object"] == 2
    assert data["problems"][1] == {
        "file": "app/objects/order.yaml",
        "line": 8,
        "column": 5,
        "code": "unknown-key",
        "sentence": "there is no key 'lable' here",
        "hint": "did you mean 'label'?",
    }


def test_good() -> None:
    """Nothing on standard output, a summary on standard error, exit status 0."""
    write(Path("app"), GOOD)
    result = run("app")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "no problems (2 definitions in 1 layer)\n"


def test_default_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config`, or what the setting names, lowest first."""
    write(Path("config"), GOOD)
    assert run().stderr == "no problems (2 definitions in 1 layer)\n"
    write(Path("client"), {"objects/customer.yaml": "object: customer\nlabel: Client\n"})
    monkeypatch.setenv("FORMWRIGHT_LAYERS", "config:client")
    assert run().stderr == "no problems (2 definitions in 2 layers)\n"


@pytest.mark.parametrize("arguments", [["nowhere"], []])
def test_no_folder(arguments: list[str]) -> None:
    """A wrong folder is wrong usage: one sentence, exit status 2."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "There is no folder " in result.stderr


@pytest.mark.parametrize("client", ["northstar", "ruixi"])
def test_shipped_layers(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped system and the clients worked out over it have no problems."""
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    result = run("config", f"clients/{client}")
    assert (result.stdout, result.exit_code) == ("", 0)
