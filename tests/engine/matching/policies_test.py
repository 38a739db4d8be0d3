"""Match rules at the gate: who is asked, what is told, and what each way in does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.definition.duplicates import CONFIRM
from engine.matching.searching import search_duplicates
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Problem, Refusal
from engine.records.changes import CREATE, Change
from support.small import KINDS_OF_DATABASE, PEOPLE, SmallSite, actor, small_site

SITE = f"""{PEOPLE}
---
object: firm
title: name
fields:
  name: {{type: text, required: true}}
  tax: {{type: text}}
  phone: {{type: phone}}
  status: {{type: choice, default: open, options: {{open: Open, closed: Closed}}}}
duplicates:
  - name: same_name
    label: {{en: same name, zh: 同名}}
    match: {{name: company}}
    where: status != "closed"
    on: {{api: warn, import: block, bulk: allow, screen: warn}}
  - {{name: similar_name, match: {{name: company}}, fuzzy: {{name: 85}}, on: {{import: allow}}}}
  - {{name: same_tax, match: {{tax: code}}, on: {{api: block}}}}
reveal: [owner, status]
---
object: hint
fields:
  company: {{type: text}}
duplicates:
  - {{name: known_firm, match: {{company: company}}, against: firm.same_name}}
---
role: seller
grants:
  firm: {{create: true, read: own, update: own, delete: own, fields: {{"*": write}}}}
  hint: {{create: true, read: own, fields: {{"*": write}}}}
  person: {{read: all, fields: {{"*": read}}}}
---
role: looker
grants:
  firm: {{create: true, read: all, fields: {{name: write, tax: mask}}}}
"""


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    """One site for all tests, each with names of its own."""
    with small_site(request.param, tmp_path_factory.mktemp("matching"), SITE) as made:
        yield made


@pytest.fixture
def ann(site: SmallSite) -> Actor:
    """Somebody who sees her own firms only."""
    return actor(site.create("person", name="Ann"), "seller")


@pytest.fixture
def ben(site: SmallSite) -> Actor:
    """Somebody else."""
    return actor(site.create("person", name="Ben"), "seller")


def refused(site: SmallSite, by: Actor, object: str = "firm", **values: object) -> Problem:
    """The only problem of creating a record."""
    with pytest.raises(Refusal) as caught:
        site.create(object, by, **values)
    (problem,) = caught.value.problems
    return problem


def test_warning_is_confirmed(site: SmallSite, ann: Actor) -> None:
    """Another spelling of a known name is warned of, shown as it is, and can be confirmed."""
    known = site.create("firm", ann, name="北极光电子有限公司")
    problem = refused(site, ann, name="北极光电子 股份有限公司")
    (candidate,) = problem.args["candidates"]
    assert problem.code == "possible-duplicate"
    assert (candidate.id, candidate.title) == (known, "北极光电子有限公司")
    assert "同名" in problem.sentence("zh")
    values = {"name": "北极光电子 股份有限公司", CONFIRM: True}
    site.create("firm", ann, **values)
    assert refused(site, ann, **(values | {CONFIRM: "maybe"})).code == "confirm-duplicates"


def test_unseen_candidate_tells_only_what_is_revealed(
    site: SmallSite, ann: Actor, ben: Actor
) -> None:
    """Of somebody else's record: owner and status, no id, no title, nothing else."""
    site.create("firm", ann, name="Secret Harbour Ltd", phone="+8675588886666")
    problem = refused(site, ben, name="SECRET HARBOUR")
    (candidate,) = problem.args["candidates"]
    assert candidate.id is None and candidate.title == ""
    assert [(str(a), str(b)) for a, b in candidate.reveal] == [("Owner", "Ann"), ("Status", "Open")]
    assert "Harbour" not in problem.sentence("en")


def test_a_hidden_cell_is_not_told_by_its_match(site: SmallSite, ann: Actor, ben: Actor) -> None:
    """Who sees a record but not the value that matches is not told which record has it."""
    site.create("firm", ann, name="Tungsten Tubes", tax="9133 0000 TT")
    both = replace(ben, roles=frozenset(("seller", "looker")))
    (candidate,) = refused(site, both, name="Something new", tax="91330000tt").args["candidates"]
    assert candidate.id is None and candidate.title == ""
    (candidate,) = refused(site, both, name="tungsten tubes inc").args["candidates"]
    assert candidate.title == "Tungsten Tubes"
    looker = replace(ben, roles=frozenset(("looker",)))
    firm = site.gate.catalog.objects["firm"]
    assert search_duplicates(site.gate, looker, firm, {"tax": "91330000tt"}) == []
    assert len(search_duplicates(site.gate, looker, firm, {"name": "tungsten tubes"})) == 1


def test_similar_names(site: SmallSite, ann: Actor) -> None:
    """A slip of the pen is found by its block; what is too different is not."""
    site.create("firm", ann, name="Quartermain Robotics Ltd")
    problem = refused(site, ann, name="Quartermain Robottics")
    assert problem.args["candidates"][0].similarity >= 85
    site.create("firm", ann, name="Quartermain Bakery")


def test_block(site: SmallSite, ann: Actor) -> None:
    """A rule that blocks cannot be confirmed away; its problem stands at the field."""
    site.create("firm", ann, name="Blocked one", tax="91-1100 AB")
    problem = refused(site, ann, name="Wholly different", tax="911100ab", **{CONFIRM: True})
    assert (problem.code, problem.path) == ("duplicate", "tax")


def test_closed_and_deleted_records_do_not_count(site: SmallSite, ann: Actor) -> None:
    """The rule's condition and the recycle bin; a restored record counts again."""
    first = site.create("firm", ann, name="Yttrium Mining", status="closed")
    site.gate.update(ann, "firm", first, {"name": "Zirconium Mining", "status": "open"})
    site.delete("firm", first)
    second = site.create("firm", ann, name="Zirconium Mining Inc")
    site.delete("firm", second)
    site.restore("firm", first)
    assert refused(site, ann, name="zirconium mining").code == "possible-duplicate"
    site.create("firm", ann, name="Yttrium Mining")


def test_own_change_is_no_duplicate(site: SmallSite, ann: Actor) -> None:
    """A record is not its own duplicate; one that takes another's name is warned of."""
    one = site.create("firm", ann, name="Ulmenhof GmbH")
    site.update("firm", one, ann, name="Ulmenhof AG")
    other = site.create("firm", ann, name="Xerxes Foods")
    with pytest.raises(Refusal):
        site.update("firm", other, ann, name="ulmenhof")
    site.update("firm", other, ann, phone="13800138000")


def test_another_object_is_asked(site: SmallSite, ann: Actor, ben: Actor) -> None:
    """A hint that names a known firm is warned of."""
    site.create("firm", ann, name="Kestrel Optics Co., Ltd.")
    problem = refused(site, ben, "hint", company="KESTREL OPTICS")
    assert problem.args["candidates"][0].object == "firm"


def test_imports_and_batches(site: SmallSite, ann: Actor) -> None:
    """An import blocks what is there, and the second of two rows that agree; automations pass."""
    site.create("firm", ann, name="Palladium Works")
    importing = replace(ann, via="import")
    given = [{"name": n} for n in ("PALLADIUM WORKS LTD", "Rhodium Works", "rhodium works inc")]
    with site.gate.transaction(importing) as tx:
        changes = [Change(given=one) for one in given]
        batch = site.gate.pass_steps(tx, "firm", CREATE, list(changes), lenient=True)
        assert [change.row["name"] for change in batch.changes] == ["Rhodium Works"]
        assert [p.code for c in batch.rejected for p in c.problems] == ["duplicate", "duplicate"]
    site.create("firm", SYSTEM, name="Palladium Works")
    site.create("firm", replace(ann, via="automation"), name="Palladium Works")
