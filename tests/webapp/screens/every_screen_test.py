"""Every screen in both languages for every role: it is drawn, or says why not."""

from __future__ import annotations

from typing import Any

import pytest

from support.markup import checked
from support.showroom import Showroom
from support.world import World


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("name", ["rep", "boss", "admin", "clerk"])
def test_screens(visit: Any, world: World, made: Showroom, name: str, locale: str) -> None:
    """Home, search, every list, board, form and record that the person may see."""
    visitor = visit(name, locale)
    for address in ("/", "/search?q=有限", "/search", "/styleguide"):
        checked(visitor.text(address))
    application = world.site.current
    roles = {"rep": "sales_representative", "boss": "sales_manager", "admin": "administrator"}
    role = frozenset((roles.get(name, "finance"),))
    for object, definition in application.catalog.objects.items():
        lens = application.gate.lenses.lens(object, role)
        if definition.parent:
            visitor.text(f"/o/{object}", 404)
            continue
        if definition.kind == "settings":  # its list is its one record
            answer = visitor.get(f"/o/{object}")
            assert answer.status_code == (302 if lens.may("read") else 403)
            if lens.may("read"):
                checked(visitor.text(answer.location))
            continue
        status = 200 if lens.may("read") else 403
        html = visitor.text(f"/o/{object}", status)
        checked(html)
        assert ("检" in html or "新" in html or locale == "en") or status == 403
        visitor.text(f"/o/{object}/filters", status)
        refused = 422 if definition.kind == "view" else 403
        checked(visitor.text(f"/o/{object}/new", 200 if lens.may("create") else refused))
        for view in definition.views:
            checked(visitor.text(f"/o/{object}?list={view}", status))
        if status == 200:
            checked(visitor.text(f"/o/{object}?list=all&view=board"))


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_records(visit: Any, made: Showroom, locale: str) -> None:
    """A record's page, its form, its related lists and its timeline."""
    visitor = visit("admin", locale)
    for object, ids in made.ids.items():
        checked(visitor.text(f"/o/{object}/{ids[0]}"))
        checked(visitor.text(f"/o/{object}/{ids[0]}/edit"))
        visitor.text(f"/o/{object}/{ids[0]}/timeline")
    customer = made.ids["customer"][0]
    for name in ("contacts", "follow_ups", "opportunities", "quotations", "orders"):
        visitor.text(f"/o/customer/{customer}/related/{name}")
        checked(visitor.text(f"/o/customer/{customer}?related={name}"))
    visitor.text(f"/o/customer/{customer}/related/nothing", 404)


def test_own_records_only(visit: Any, world: World, made: Showroom) -> None:
    """What is another's answers like what does not exist, on every address of a record."""
    visitor, theirs = visit("rep"), made.ids["customer"][1]
    gone = 10**9
    for part in ("", "/edit", "/value/name", "/timeline", "/related/contacts", "/do/win"):
        answers = [visitor.get(f"/o/customer/{id}{part}") for id in (theirs, gone)]
        assert [answer.status_code for answer in answers] == [404, 404], part
    for part in ("/edit", "/value/name", "/delete", "/comments", "/preview"):
        answers = [
            visitor.post(f"/o/customer/{id}{part}", name="x", comment="x") for id in (theirs, gone)
        ]
        assert answers[0].status_code == answers[1].status_code, part
        assert answers[0].status_code in (403, 404), part
        told = [answer.text.replace(str(theirs), "#").replace(str(gone), "#") for answer in answers]
        assert told[0] == told[1], part


def test_nobody(world: World, made: Showroom) -> None:
    """Without signing in, screens lead to the sign-in and back; scripts get a 401."""
    client = world.app.test_client()
    response = client.get("/o/customer?q=1", headers={"Accept": "text/html"})
    assert response.status_code == 302
    assert response.headers["Location"] == "/login/?next=/o/customer%3Fq%3D1"
    response = client.get("/o/customer/lookup", headers={"Accept": "application/json"})
    assert response.status_code == 401


def test_number_in_the_address(visit: Any, made: Showroom) -> None:
    """A record is found by its number too."""
    response = visit("admin").get("/o/customer/CUS-00001")
    assert response.status_code == 302
    assert response.headers["Location"] == f"/o/customer/{made.ids['customer'][0]}"
    assert visit("admin").get("/o/customer/CUS-99999").status_code == 404
