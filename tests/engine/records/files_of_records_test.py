"""Files of records through the gate: who may use which, what they belong to, what is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.files import Files
from engine.permissions.actors import SYSTEM, Actor
from engine.records.media import as_picture, clean_name, looked_at
from engine.records.uploading import FileLimits, scanner, take_file
from support.small import PEOPLE, SmallSite, actor, codes, small_site

SITE = (
    PEOPLE
    + """
---
object: case
title: name
attachments: true
fields:
  name: {type: text, required: true}
  contract:
    {type: file, accept: [application/pdf, .csv], max_mb: 1, required_when: photo is not empty}
  photo: {type: image, max_pixels: 10000}
  more: {type: file, multiple: true}
  parts: {type: lines, of: part}
---
object: part
fields:
  case: {type: link, to: case}
  drawing: {type: file}
---
role: worker
grants:
  case: {read: own, create: true, update: own, fields: {"*": write}}
  part: {fields: {"*": write}}
---
role: reader
grants:
  case: {read: all, fields: {name: read}}
"""
)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """The site; its tests make records of their own."""
    folder = tmp_path_factory.mktemp("filing")
    with small_site(request.param, folder, SITE) as made:
        yield made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A store for files."""
    return Files("files", tmp_path_factory.mktemp("store"))


@pytest.fixture
def wang(site: SmallSite) -> Actor:
    """Somebody who works on their own cases."""
    return actor(site.create("person", name="Wang"), "worker", name="wang")


def put(
    site: SmallSite, store: Files, by: Actor, content: bytes = PDF, name: str = "a.pdf",
    field: str = "more", limits: FileLimits | None = None,
) -> int:  # fmt: skip
    """Uploads a file; returns its id."""
    object, _, own = field.rpartition(".")
    found = site.application.catalog.objects[object or "case"].fields[own]
    stream = io.BytesIO(content)
    return take_file(site.gate, by, store, limits or FileLimits(), found, name, stream).id


def picture(width: int = 40, height: int = 20, format: str = "PNG") -> bytes:
    """A picture of that size."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(out, format)
    return out.getvalue()


def test_a_waiting_file_becomes_the_records_own(site: SmallSite, store: Files, wang: Actor) -> None:
    """Saving attaches it; readers get name, type and size; order is kept."""
    first, second = put(site, store, wang), put(site, store, wang, b"a,b\n1,2\n", "b.csv")
    id = site.create("case", wang, name="x", more=[second, {"id": first}], contract=first)
    record = site.read("case", id, wang)
    assert [(f.id, f.name, f.media) for f in record.values["more"]] == [
        (second, "b.csv", "text/csv"), (record.values["more"][1].id, "a.pdf", "application/pdf"),
    ]  # fmt: skip
    contract = record.values["contract"]
    assert (contract.name, contract.size, contract.place) == (
        "a.pdf",
        len(PDF),
        ("case", id, "contract"),
    )
    owned = {r["id"]: (r["state"], r["record"], r["field"]) for r in site.rows("fw_file")}
    assert owned[second] == ("attached", id, "more")
    assert {owned[contract.id], owned[record.values["more"][1].id]} == {
        ("attached", id, "contract"), ("attached", id, "more"),
    }  # fmt: skip
    site.update("case", id, wang, more={"remove": [second]})
    assert [f.name for f in site.read("case", id).values["more"]] == ["a.pdf"]
    site.update("case", id, wang, more=[second])  # it was this record's before
    assert [f.id for f in site.read("case", id).values["more"]] == [second]


def test_files_of_others_cannot_be_named(site: SmallSite, store: Files, wang: Actor) -> None:
    """Not somebody's waiting file, not one of a record out of sight, not one that never was."""
    li = actor(site.create("person", name="Li"), "worker", name="li")
    mine, theirs = put(site, store, wang), put(site, store, li)
    hidden = site.create("case", li, name="hidden", more=[theirs])
    waiting = put(site, store, li)
    for foreign in (theirs, waiting, 999_999):
        refused = codes(lambda: site.create("case", wang, name="x", more=[mine, foreign]))  # noqa: B023
        assert refused == [("file-not-yours", "more")]
    nameless = replace(wang, person=None, name="api")
    assert codes(lambda: site.create("case", nameless, name="x", more=[waiting]))
    # what somebody may read they may use again: the record gets a row of its own
    both = replace(li, roles=frozenset({"worker"}))
    copy = site.create("case", both, name="copy", more=[theirs])
    (file,) = site.read("case", copy).values["more"]
    assert file.id != theirs and file.place == ("case", copy, "more")
    assert [f.id for f in site.read("case", hidden).values["more"]] == [theirs]


def test_a_field_refuses_what_it_does_not_take(site: SmallSite, store: Files, wang: Actor) -> None:
    """By content and not by name; also where the file was uploaded for another field."""
    page = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
    for content, name, field, code in (
        (page, "a.pdf", "contract", "file-not-accepted"),
        (b"MZ\x90\x00" + b"\0" * 60, "a.csv", "contract", "file-not-accepted"),
        (PDF + b"\0" * 1024 * 1024, "a.pdf", "contract", "stored-file-too-large"),
        (svg, "a.png", "photo", "file-not-accepted"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "a.png", "photo", "file-not-accepted"),
        (picture(200, 100), "a.png", "photo", "too-many-pixels"),
        (b"", "a.pdf", "contract", "file-empty"),
    ):
        refused = codes(lambda: put(site, store, wang, content, name, field))  # noqa: B023
        assert [c for c, _ in refused] == [code], name
    other = put(site, store, wang, page, "a.html")
    refused = codes(lambda: site.create("case", wang, name="x", contract=other))
    assert refused == [("file-not-accepted", "contract")]
    many = codes(lambda: site.create("case", wang, name="x", contract=[1, 2]))
    assert many == [("one-file-only", "contract")]
    text = codes(lambda: site.create("case", wang, name="x", contract="contract.pdf"))
    assert text == [("file-not-an-id", "contract")]


def test_pictures_get_a_small_one_and_their_size(
    site: SmallSite, store: Files, wang: Actor
) -> None:
    """Each format that browsers show."""
    for format in ("PNG", "JPEG", "GIF", "WEBP"):
        id = put(site, store, wang, picture(format=format), f"p.{format.lower()}", "photo")
        row = next(r for r in site.rows("fw_file") if r["id"] == id)
        assert (row["width"], row["height"], row["media"]) == (40, 20, f"image/{format.lower()}")
        assert store.area("files").has(row["thumb"])
    contract = put(site, store, wang)
    case = site.create("case", wang, name="x", photo=id, contract=contract)
    photo = site.read("case", case).values["photo"]
    assert photo.small and photo.is_picture


def test_lines_hold_files(site: SmallSite, store: Files, wang: Actor) -> None:
    """A line's file belongs to the line."""
    file = put(site, store, wang, field="part.drawing")
    id = site.create("case", wang, name="lined", parts=[{"drawing": file}, {}])
    line = site.read("case", id, wang).values["parts"][0]
    assert line.values["drawing"].place == ("part", line.id, "drawing")
    site.update("case", id, wang, parts=[{"id": line.id}])
    assert site.read("case", id).values["parts"][0].values["drawing"].id == file


def test_filters_and_conditions_ask_whether_there_is_a_file(
    site: SmallSite, store: Files, wang: Actor
) -> None:
    """In lists and in rules, on both databases; nothing else can be asked."""
    contract, photo = put(site, store, wang), put(site, store, wang, picture(), "p.png", "photo")
    missing = codes(lambda: site.create("case", wang, name="x", photo=photo))
    assert missing == [("required", "contract")]
    id = site.create("case", wang, name="full", photo=photo, contract=contract, more=[contract])
    empty = site.create("case", wang, name="empty")
    mine = {"id": [id, empty]}
    for field in ("contract", "more"):
        assert site.ids("case", filters=mine, where=f"{field} is not empty") == [id]
        assert site.ids("case", filters=mine, where=f"{field} is empty") == [empty]
        assert site.ids("case", filters=mine | {field: None}) == [empty]
    refused = codes(lambda: site.ids("case", where="contract == 3"))
    assert refused[0][0] in ("only-whether-empty", "not-comparable")
    assert codes(lambda: site.ids("case", where="text(contract) == 'a'"))
    assert codes(lambda: site.ids("case", filters={"contract": 3})) == [("file-filter", "contract")]


def test_attachments_follow_the_record(site: SmallSite, store: Files, wang: Actor) -> None:
    """Whoever may change it may add; a role that only reads sees them."""
    fields = site.application.catalog.objects["case"].fields
    assert fields["attachments"].attached and fields["attachments"].type.multiple
    reader = actor(wang.person, "reader")
    id = site.create("case", wang, name="x", attachments=[put(site, store, wang)])
    site.update("case", id, wang, attachments={"add": [put(site, store, wang, name="c.pdf")]})
    assert [f.name for f in site.read("case", id, reader).values["attachments"]] == [
        "a.pdf",
        "c.pdf",
    ]
    lens = site.gate.lenses.lens("case", frozenset({"reader"}))
    assert lens.levels["attachments"] == "read" and "contract" not in lens.levels


def test_quota_and_scanner(site: SmallSite, store: Files, wang: Actor, tmp_path: Path) -> None:
    """The site's limit is for different contents; a scanner says why, or that it is not there.

    It learns nothing of the settings.
    """
    small = FileLimits(quota_mb=1)
    put(site, store, wang, limits=small)
    big = b"x" * 1024 * 1024
    assert codes(lambda: put(site, store, wang, big, "x.txt", limits=small)) == [
        ("files-quota", "")
    ]
    script = tmp_path / "scan.sh"
    script.write_text(
        "#!/bin/sh\ngrep -q EICAR \"$1\" && echo 'a virus' && exit 1\n! env | grep -q FORMWRIGHT_\n"
    )
    script.chmod(0o700)
    scanned = FileLimits(scan=scanner(str(script)))
    put(site, store, wang, limits=scanned)
    assert codes(lambda: put(site, store, wang, b"EICAR text", "e.txt", limits=scanned)) == [
        ("file-refused-by-scanner", "")
    ]  # fmt: skip
    missing = FileLimits(scan=scanner(str(tmp_path / "nothing")))
    assert codes(lambda: put(site, store, wang, limits=missing)) == [("scanner-failed", "")]


def test_history_keeps_ids_and_the_system_may_use_any_file(
    site: SmallSite, store: Files, wang: Actor
) -> None:
    """Seeds, imports and conversions that run as the system."""
    file = put(site, store, wang)
    id = site.create("case", SYSTEM, name="by system", more=[file])
    assert [f.id for f in site.read("case", id).values["more"]] == [file]


def test_names_and_contents(tmp_path: Path) -> None:
    """Folders, control characters and right-to-left marks are no part of a name."""
    assert clean_name("../../etc/passwd") == "passwd"
    assert clean_name("a\u202egpj.exe\n") == "a gpj.exe"
    assert clean_name("C:\\x\\报价 单.pdf") == "报价 单.pdf"
    assert len(clean_name("x" * 400 + ".pdf")) == 150
    assert clean_name("...") == "file"
    (tmp_path / "t").write_text("无标题", encoding="utf-8")
    assert looked_at(tmp_path / "t", "a.txt").media == "text/plain"
    assert looked_at(tmp_path / "t", "a.html").media == "text/plain"
    (tmp_path / "p").write_bytes(picture(800, 10))
    assert as_picture(tmp_path / "p", "p.png", 100).startswith(b"\x89PNG")
