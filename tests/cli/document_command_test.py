"""`formwright document`, as it is called."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from cli.main import main
from engine.schema.engines import open_databases
from webapp.accounts import add_account

FILES = {
    "site.yaml": "site: Shop\ncompany: {en: Shop Ltd., zh: 商店}\nlocales: [zh, en]\n",
    "objects/slip.yaml": """\
object: slip
label: {en: Slip, zh: 单据}
owned: false
title: name
number: "S-{seq:03}"
fields: {name: {type: text}, secret: {type: text, restricted: true}}
""",
    "roles/clerk.yaml": """\
role: clerk
grants: {slip: {read: all, fields: {"*": read}}}
""",
    "roles/guest.yaml": "role: guest\n",
    "reports/slip.yaml": """\
document: slip
object: slip
title: {en: Slip, zh: 单据}
meta: {name: name, secret: secret}
""",
    "data/slip.yaml": "data: slip\nrecords: {one: {name: Wang, secret: hush}}\n",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """A folder with a small site, applied, with one record and two accounts."""
    for file, text in FILES.items():
        path = tmp_path / "config" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMWRIGHT_DATABASE_URL", database_url)
    monkeypatch.delenv("FORMWRIGHT_LAYERS", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    run("apply", "--yes")
    databases = open_databases(database_url)
    with databases.writing() as connection:
        add_account(connection, "clerk", "a long password", ["clerk"])
        add_account(connection, "guest", "a long password", ["guest"])
    databases.dispose()
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_documents(here: Path) -> None:
    """To standard output, to a file, into a folder; by number and id; as somebody; refusals."""
    text = text_of(run("document", "slip", "S-001").stdout_bytes)
    assert "单据" in text and "商店" in text and "hush" in text
    run("document", "slip", "1", "-o", "a.pdf", "--locale", "en", "--as", "clerk")
    text = text_of((here / "a.pdf").read_bytes())
    assert "Shop Ltd." in text and "Wang" in text and "hush" not in text
    told = run("document", "slip", "S-001", "-o", str(here), "--locale", "en")
    assert told.stdout == ""
    assert told.stderr == f"written to {here / 'Slip S-001.pdf'}\n"
    assert text_of((here / "Slip S-001.pdf").read_bytes())
    for arguments, code in (
        (("slip", "S-002"), "not-found"),
        (("slop", "S-001"), "unknown-document"),
        (("slip", "S-001", "--as", "guest"), "not-found"),
        (("slip", "S-001", "--as", "nobody"), "no-account"),
        (("slip", "S-001", "-o", "none/a.pdf"), "document-unwritable"),
    ):
        result = run("document", *arguments, code=1)
        assert result.stderr.startswith(f"{code} ")
        assert result.stdout == ""
    assert sorted(path.name for path in here.glob("*.pdf")) == ["Slip S-001.pdf", "a.pdf"]
