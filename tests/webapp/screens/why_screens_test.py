"""`/why` and the list of who has access: for oneself, for administrators, and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from support.showroom import Showroom
from support.world import World


def answered(html: str, id: int) -> str:
    """What a page answers, whichever record was asked about."""
    return html.partition('<section class="why-answer">')[2].replace(f"#{id}", "#")


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_about_oneself(visit: Any, made: Showroom, locale: str) -> None:
    """Own record: the rules with their values and places; another's: as if it were not there."""
    visitor = visit("rep", locale)
    own, other = made.ids["customer"][:2]
    html = visitor.text(f"/why?action=update&object=customer&record={own}&field=name")
    assert ("Allowed" if locale == "en" else "允许") in html and "王伟" in html
    assert "sales_representative.yaml:" in html
    answers = [
        answered(visitor.text(f"/why?action=read&object=customer&record={id}"), id)
        for id in (other, 10**9)
    ]
    assert answers[0] == answers[1] != ""
    assert "why-proposals" not in answers[0]


def test_pages_that_say_no_lead_there(visit: Any, made: Showroom) -> None:
    """From a record that is not there, and from a form that one may not fill in."""
    other = made.ids["customer"][1]
    html = visit("rep").text(f"/o/customer/{other}", 404)
    assert f"/why?action=read&amp;object=customer&amp;record={other}" in html
    html = visit("clerk").text("/o/opportunity/new", 403)
    assert "/why?action=create&amp;object=opportunity" in html
    assert "/why?" in visit("rep").text(f"/o/customer/{made.ids['customer'][0]}")


def test_about_others(visit: Any, world: World, made: Showroom) -> None:
    """Administrators ask about anybody, and are told what would help; nobody else does."""
    customer = made.ids["customer"][1]
    question = f"action=update&object=customer&record={customer}"
    html = visit("admin").text(f"/why?person=rep&{question}")
    assert "Not allowed" in html and "why-yaml" in html and "customer:" in html
    assert visit("admin").get("/why?person=nobody&object=customer").status_code == 422
    assert visit("rep").get(f"/why?person=other&{question}").status_code == 403
    assert visit("boss").get(f"/why?person={world.people['rep']}&{question}").status_code == 403
    assert visit("rep").get(f"/why?person=rep&{question}").status_code == 200


@pytest.mark.parametrize("address", [
    "/why", "/why?object=nothing", "/why?object=customer&field=nothing", "/why?action=paint",
    "/why?object=customer&record=%F0%9F%98%80", "/why?object=customer&record=" + "9" * 50,
    "/why?object=customer&action=delete&field=name", "/why?object=sales_by_month&record=1",
    "/why?object=company&action=create", "/why?object=opportunity_line&record=1&action=update",
])  # fmt: skip
def test_whatever_is_asked(visit: Any, made: Showroom, address: str) -> None:
    """Names that nothing has, and kinds of objects: a page or a sentence, never a traceback."""
    assert visit("admin").get(address).status_code in (200, 404, 422)
    assert visit("rep").get(address).status_code in (200, 404, 422)


def test_who_has_access(visit: Any, made: Showroom) -> None:
    """The people with what gives it to them; for administrators and auditors only."""
    own = made.ids["customer"][0]
    html = visit("admin").text(f"/o/customer/{own}/who")
    assert "王伟" in html and "Sales representative: their own records" in html
    assert "陈思远" in html and "李静怡" not in html
    assert "王伟" in visit("admin", "zh").text(f"/o/customer/{own}/who?action=update")
    assert visit("rep").get(f"/o/customer/{own}/who").status_code == 403
    assert visit("admin").get(f"/o/customer/{10**9}/who").status_code == 404
    assert f"/o/customer/{own}/who" in visit("admin").text(f"/o/customer/{own}")
    assert f"/o/customer/{own}/who" not in visit("rep").text(f"/o/customer/{own}")
