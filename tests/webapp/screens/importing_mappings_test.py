"""Importing by a saved mapping in the browser: all that it knows counts."""

from __future__ import annotations

import io
import re
from pathlib import Path

from assembly.background import Background, Services
from assembly.establishing import establish
from assembly.revisions import Site
from documents.rendering import Renderer
from engine.files import Files
from engine.permissions.actors import SYSTEM
from engine.records.query import Query
from engine.schema.engines import open_databases
from support.project import ROOT
from support.world import Clock, World
from webapp.accounts import account_tables
from webapp.app import create_app
from webapp.directory import AccountDirectory
from webapp.mirroring import sync_roles

LAYERS = [ROOT / "config", ROOT / "examples" / "crm_sales"]
FILE = """account,sector,year_established,revenue,employees,office_location,subsidiary_of
Acme Ltd,technolgy,1996,1100.04,2822,Philipines,
Betasoloin,medical,1999,251.41,495,United States,Acme Ltd
"""


def test_corrections_constants_and_history(tmp_path: Path) -> None:
    """Columns as the mapping has them, with its corrections and its constants."""
    databases = open_databases(f"sqlite:///{tmp_path / 'formwright.db'}")
    application = establish(databases, LAYERS, extra=account_tables())
    with databases.writing() as connection:
        sync_roles(connection, application.catalog)
    site, clock, files = Site(databases), Clock(), Files("files", tmp_path)
    world = World(site, create_app(site, "a secret of the tests", clock=clock, files=files), clock)
    world.account("administrator", name="admin")
    client = world.browser("admin")
    token = re.findall(r'name="csrf-token" content="([^"]+)"', client.get("/").text)[0]
    data = {"csrf_token": token, "file": (io.BytesIO(FILE.encode()), "accounts.csv")}
    address = client.post("/o/customer/import", data=data).headers["Location"]
    page = client.get(f"{address}&mapping=accounts").text
    form = {"csrf_token": token, "mapping": "accounts"}
    for name, body in re.findall(r'<select[^>]*name="(column\.\d+)"[^>]*>(.*?)</select>', page):
        chosen = re.search(r'value="([^"]*)" selected', body)
        form[name] = chosen[1] if chosen else ""
    form |= dict.fromkeys(re.findall(r'name="(match\.\d+)"[^>]* checked', page), "1")
    assert [form[f"column.{n}"] for n in range(7)] == [
        "name", "industry", "founded_year", "annual_revenue", "employees", "country", "",
    ]  # fmt: skip
    assert form["match.0"] == "1" and "match.1" not in form
    trial = client.post(address, data=form).headers["Location"]
    directory = AccountDirectory(databases)
    drain = Background(site, Services(directory=directory, renderer=Renderer(), files=files)).drain
    drain()
    assert "technolgy" in client.get(f"{trial}?rows=corrected").text
    client.post(f"{trial}/start", data={"csrf_token": token})
    drain()
    query = Query(sort=("name",), fields=("name", "industry", "country"))
    items = site.current.reader.page(SYSTEM, "customer", query).items
    assert [(one.values["name"], one.values["industry"]) for one in items] == [
        ("Acme Ltd", "technology"), ("Betasoloin", "medical"),
    ]  # fmt: skip
    assert items[0].values["country"] == "Philippines"
    site.close()
