"""Conversions through the gate: what is made, what is taken over, what is refused and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Thread
from typing import Any

import pytest

from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from support.small import KINDS_OF_DATABASE, SmallSite, actor, codes, refusal, small_site
from workflow.conversions.converting import Outcome
from workflow.conversions.definitions import Conversion
from workflow.conversions.service import Conversions, Preview

SITE = """
object: lead
owned: false
title: name
fields:
  name: {type: text, required: true}
  person: {type: text}
  phone: {type: text}
  budget: {type: money}
  secret: {type: text, restricted: true}
  firm: {type: link, to: firm, on_delete: clear}
  state: {type: stage, workflow: leading}
---
object: firm
owned: false
title: name
fields:
  name: {type: text, required: true, unique: true}
  phone: {type: text, max_length: 10}
  size: {type: choice, default: small, options: {small: Small, large: Large}}
  lead: {type: link, to: lead, on_delete: clear}
  rank: {type: integer, restricted: true}
  worth: {type: money, restricted: true}
  note: {type: text}
---
object: deal
owned: false
title: name
number: "D-{seq:03}"
fields:
  name: {type: text, required: true}
  firm: {type: link, to: firm, required: true}
  amount: {type: money}
  close: {type: date, required: true}
  hint: {type: text, suggest: '"for " + firm.name'}
  lines: {type: lines, of: deal_line}
  total: {type: money, rollup: sum(l.amount for l in lines)}
  open: {type: boolean, default: true}
---
object: deal_line
owned: false
title: thing
fields:
  deal: {type: link, to: deal, on_delete: cascade}
  thing: {type: text}
  quantity: {type: number, scale: 2}
  amount: {type: money}
  cost: {type: money, restricted: true}
---
object: bill
owned: false
title: name
fields:
  name: {type: text, required: true}
  deal: {type: link, to: deal, on_delete: cascade}
  lines: {type: lines, of: bill_line, required: true}
  total: {type: money, rollup: sum(l.amount for l in lines)}
  cost: {type: money, rollup: sum(l.cost for l in lines), restricted: true}
---
object: bill_line
owned: false
title: thing
fields:
  bill: {type: link, to: bill, on_delete: cascade}
  thing: {type: text, required: true}
  quantity: {type: number, scale: 2}
  amount: {type: money}
  cost: {type: money, restricted: true}
  deal_line: {type: link, to: deal_line, on_delete: clear}
checks:
  - {name: some, that: quantity > 0, field: quantity, say: {en: Say how many., zh: 请填写数量。}}
---
workflow: leading
object: lead
field: state
stages:
  open: {label: Open, state: open}
  won: {label: Won, state: won}
  lost: {label: Lost, state: lost}
start: [open, lost]
transitions:
  win: {label: Win, from: [open, lost], to: won, require: [budget]}
---
conversion: lead_to_firm
object: lead
label: {en: Make a customer, zh: 转为客户}
icon: building
when: state != "lost"
say: {en: The lead is lost., zh: 线索已失效。}
then: win
asks: [budget]
creates:
  firm:
    use: firm
    set: {name: name, phone: phone, note: secret}
    back: lead
  deal:
    when: budget is not empty
    asks: [close]
    set: {name: '"Deal with " + name', firm: made.firm, amount: budget}
updates: {firm: made.firm}
---
conversion: lead_to_ranked_firm
object: lead
creates:
  client:
    object: firm
    set: {name: name, note: secret, rank: 1 + 1}
    as_system: [note, rank]
    back: lead
roles: [boss]
once: false
---
conversion: deal_to_bill
object: deal
once: false
creates:
  bill:
    set: {name: name}
    back: deal
    lines:
      lines:
        from: lines
        where: quantity > 0
        set: {thing: thing, quantity: quantity, amount: amount, cost: cost}
        as_system: [cost]
        back: deal_line
        quantity: quantity
---
conversion: lead_to_told_deal
object: lead
creates:
  deal: {set: {name: firm.name, firm: firm, amount: firm.worth}}
once: false
---
conversion: deal_to_summed_lead
object: deal
creates:
  lead: {set: {name: name, budget: sum(l.cost for l in lines)}}
once: false
---
object: house
kind: settings
fields:
  motto: {type: text, default: Always}
  margin: {type: money, default: "3", restricted: true}
---
conversion: lead_to_settled_deal
object: lead
creates:
  deal: {set: {name: settings.house.motto, firm: firm, amount: settings.house.margin}}
once: false
---
role: boss
grants:
  lead: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  firm: {create: true, read: all, update: all, delete: all, restore: all, fields: {"*": write}}
  deal: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  deal_line: {fields: {"*": write}}
  bill: {create: true, read: all, update: all, delete: all, fields: {"*": write}}
  bill_line: {fields: {"*": write}}
---
role: seller
grants:
  lead: {create: true, read: all, update: all, fields: {"*": write}}
  firm: {create: true, read: all, fields: {"*": write}}
  house: {read: all, fields: {"*": read}}
  deal: {create: true, read: all, update: all, fields: {"*": write, hint: read}}
  deal_line: {fields: {"*": write}}
---
role: near
grants:
  lead: {read: all, fields: {"*": write}}
  firm: {read: name != "unseen", fields: {"*": read, worth: read}}
  deal: {create: true, read: all, fields: {"*": write}}
---
role: reader
grants:
  lead: {read: state == "open", fields: {"*": read}}
"""
BOSS, SELLER, READER = actor(None, "boss"), actor(None, "seller"), actor(None, "reader")
NEAR = actor(None, "near")


@pytest.fixture(scope="module", params=KINDS_OF_DATABASE)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("conversions"), SITE) as made:
        yield made


_numbers = iter(range(1, 10_000))


def lead(site: SmallSite, **values: Any) -> int:
    """A lead with a name of its own."""
    return site.create("lead", **({"name": f"Lead {next(_numbers)}", "budget": 5} | values))


def known(site: SmallSite, name: str) -> Conversion:
    found: Conversion = site.gate.catalog.of("conversion")[name]
    return found


def convert(
    site: SmallSite, name: str, id: int, who: Actor = SYSTEM, /, **values: Mapping[str, Any]
) -> Outcome:
    return Conversions(site.gate, site.reader).convert(who, known(site, name), id, values)


def preview(
    site: SmallSite, name: str, id: int, who: Actor = SYSTEM, /, **values: Mapping[str, Any]
) -> Preview:
    return Conversions(site.gate, site.reader).preview(who, known(site, name), id, values)


DEAL = {"close": "2026-05-01"}


def test_everything_is_made(site: SmallSite) -> None:
    """All parts in one go: values, links among them, the way back, and the source moves on."""
    id = lead(site, phone="1", name="Everything")
    made = convert(site, "lead_to_firm", id, deal=DEAL).made
    firm, deal = made["firm"].id, made["deal"].id
    assert firm is not None and deal is not None
    assert site.values("firm", firm, "name", "phone", "lead", "size") == [
        "Everything", "1", id, "small",
    ]  # fmt: skip
    assert site.values("deal", deal, "name", "firm", "hint") == [
        "Deal with Everything", firm, "for Everything",
    ]  # fmt: skip
    assert site.read("deal", deal).values["number"].startswith("D-")
    assert site.values("lead", id, "state", "firm") == ["won", firm]


def test_existing_record_is_linked(site: SmallSite) -> None:
    """What there is already is used; it takes no values."""
    firm = site.create("firm", name=f"Firm {next(_numbers)}")
    id = lead(site, firm=firm)
    found = codes(lambda: convert(site, "lead_to_firm", id, deal=DEAL, firm={"name": "x"}))
    assert found == [("conversion-not-made", "firm.name")]
    made = convert(site, "lead_to_firm", id, deal=DEAL).made
    assert (made["firm"].id, made["firm"].new) == (firm, False)
    assert site.values("deal", made["deal"].id or 0, "firm") == [firm]


def test_part_left_out(site: SmallSite) -> None:
    """A part whose condition does not hold is left out; what the source needs can be given."""
    id = lead(site, budget=None)
    assert codes(lambda: convert(site, "lead_to_firm", id)) == [
        ("transition-requires", "lead.budget")
    ]
    made = convert(site, "lead_to_firm", id, lead={"budget": "7"}).made
    assert list(made) == ["firm"]
    assert site.values("lead", id, "budget") == [7]


def test_every_problem_at_its_place(site: SmallSite) -> None:
    """All parts are looked at; one that is refused does not blame those that build on it."""
    id = lead(site, budget=5, phone="far too long a number")
    before = site.ids("deal"), site.ids("firm")
    found = codes(lambda: convert(site, "lead_to_firm", id, lead={"budget": ""}))
    assert found == [
        ("text-too-long", "firm.phone"),
        ("required", "deal.close"),
        ("transition-requires", "lead.budget"),
    ]
    assert (site.ids("deal"), site.ids("firm")) == before
    assert site.values("lead", id, "state", "firm") == ["open", None]


def test_unknown_part_and_field(site: SmallSite) -> None:
    """What the conversion does not make is named."""
    id = lead(site)
    found = codes(lambda: convert(site, "lead_to_firm", id, frim={}, deal=DEAL))
    assert found == [("conversion-unknown-part", "frim")]
    given = DEAL | {"nmae": "x"}
    text = refusal(lambda: convert(site, "lead_to_firm", id, deal=given))
    assert "nmae" in text and "did you mean 'name'" in text


def test_only_when_it_may(site: SmallSite) -> None:
    """The condition, the roles, the sight of the source, and the right to create."""
    lost = lead(site, state="lost")
    assert codes(lambda: convert(site, "lead_to_firm", lost)) == [("conversion-not-now", "")]
    assert "线索已失效" in _zh(lambda: convert(site, "lead_to_firm", lost))
    id = lead(site)
    assert codes(lambda: convert(site, "lead_to_ranked_firm", id, SELLER)) == [
        ("forbidden-conversion", "")
    ]
    assert codes(lambda: convert(site, "lead_to_firm", lost, READER)) == [("not-found", "")]
    found = codes(lambda: convert(site, "lead_to_firm", id, READER))
    assert {code for code, _ in found} == {"forbidden"}


def _zh(action: Any) -> str:
    with pytest.raises(Refusal) as refused:
        action()
    return refused.value.problems[0].sentence("zh")


def test_only_once(site: SmallSite) -> None:
    """Not again while something lives that it has made."""
    id = lead(site)
    made = convert(site, "lead_to_firm", id, deal=DEAL).made
    site.gate.update(SYSTEM, "lead", id, {"firm": None})
    service = Conversions(site.gate, site.reader)
    assert codes(lambda: convert(site, "lead_to_firm", id, deal=DEAL)) == [("conversion-done", "")]
    offered = [c.name for c in service.offered(BOSS, "lead", id)]
    assert offered == ["lead_to_ranked_firm", "lead_to_settled_deal", "lead_to_told_deal"]
    site.delete("deal", made["deal"].id or 0)
    site.delete("firm", made["firm"].id or 0)
    assert len(service.offered(BOSS, "lead", id)) == 4


def test_only_once_among_many(site: SmallSite) -> None:
    """Several people at once: one makes it, the others are told."""
    id = lead(site, name=f"Race {next(_numbers)}")
    found: list[str] = []

    def run() -> None:
        try:
            convert(site, "lead_to_firm", id, deal=DEAL)
            found.append("made")
        except Refusal as refusal:
            found.append(refusal.problems[0].code)

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["conversion-done", "conversion-done", "made"]


def test_hidden_values_are_refused_by_name(site: SmallSite) -> None:
    """What reads beyond the actor's rights is refused, unless it is carried as the system."""
    id = lead(site, secret="s")
    found = codes(lambda: convert(site, "lead_to_firm", id, SELLER, deal=DEAL))
    assert found == [("conversion-hidden", "firm.note")]
    made = convert(site, "lead_to_firm", id, SELLER, deal=DEAL, firm={"note": "mine"}).made
    assert site.values("firm", made["firm"].id or 0, "note") == ["mine"]
    other = lead(site, secret="s")
    found = codes(lambda: convert(site, "lead_to_ranked_firm", other, BOSS, client={"rank": 9}))
    assert found == [("unknown-field", "client.rank")]  # nobody is told of fields they cannot see
    made = convert(site, "lead_to_ranked_firm", other, BOSS).made
    assert site.values("firm", made["client"].id or 0, "note", "rank") == ["s", 2]


def test_hidden_values_behind_links_are_refused(site: SmallSite) -> None:
    """What is read through links and lines is shown by no conversion either: fields and records."""
    firm = site.create("firm", name=f"Firm {next(_numbers)}", worth=7)
    id = lead(site, firm=firm)
    given = {"close": "2026-05-01"}
    found = codes(lambda: convert(site, "lead_to_told_deal", id, SELLER, deal=given))
    assert found == [("conversion-hidden", "deal.amount")]
    assert convert(site, "lead_to_told_deal", id, SELLER, deal=given | {"amount": 2}).made
    unseen = site.create("firm", name="unseen")
    other = lead(site, firm=unseen)
    found = codes(lambda: convert(site, "lead_to_told_deal", other, NEAR, deal=given))
    assert ("conversion-hidden", "deal.name") in found
    lines = [{"thing": "x", "quantity": 1, "cost": 3}]
    deal = site.create("deal", name="d", firm=firm, close="2026-05-01", lines=lines)
    found = codes(lambda: convert(site, "deal_to_summed_lead", deal, SELLER))
    assert found == [("conversion-hidden", "lead.budget")]
    made = convert(site, "deal_to_summed_lead", deal).made
    assert site.values("lead", made["lead"].id or 0, "budget") == [3]


def test_hidden_settings_are_refused(site: SmallSite) -> None:
    """Settings are read as the actor may read them, too."""
    id = lead(site, firm=site.create("firm", name=f"Firm {next(_numbers)}"))
    found = codes(lambda: convert(site, "lead_to_settled_deal", id, SELLER, deal=DEAL))
    assert found == [("conversion-hidden", "deal.amount")]
    found = codes(lambda: convert(site, "lead_to_settled_deal", id, BOSS, deal=DEAL))
    assert {path for code, path in found if code == "conversion-hidden"} == {
        "deal.name", "deal.amount",
    }  # fmt: skip
    made = convert(site, "lead_to_settled_deal", id, deal=DEAL).made
    assert site.values("deal", made["deal"].id or 0, "name", "amount") == ["Always", 3]


def test_forbidden_fields_are_refused_by_name(site: SmallSite) -> None:
    """What the actor gives on the way is their input like any other."""
    id = lead(site)
    note = {"note": "x"}
    found = codes(
        lambda: convert(site, "lead_to_firm", id, SELLER, deal=DEAL | {"hint": "h"}, firm=note)
    )
    assert found == [("forbidden-field", "deal.hint")]


def test_lines_come_along(site: SmallSite) -> None:
    """Lines are mapped, those left out that do not fulfil the condition, each with its origin."""
    lines = [
        {"thing": "a", "quantity": 2, "amount": 3, "cost": 1},
        {"thing": "b", "quantity": 0, "amount": 9},
        {"thing": "c", "quantity": 4, "amount": 5, "cost": 2},
    ]
    firm = site.create("firm", name=f"Firm {next(_numbers)}")
    deal = site.create("deal", name="d", firm=firm, close="2026-01-01", lines=lines)
    made = convert(site, "deal_to_bill", deal, BOSS)
    bill = site.read("bill", made.made["bill"].id or 0).values
    assert [(x.values["thing"], x.values["cost"]) for x in bill["lines"]] == [("a", 1), ("c", 2)]
    assert (bill["total"], bill["cost"], bill["deal"].id) == (8, 3, deal)
    known = {line.values["thing"]: line.id for line in site.read("deal", deal).values["lines"]}
    assert [x.values["deal_line"].id for x in bill["lines"]] == [known["a"], known["c"]]
    rows = [row for row in site.rows("fw_conversion") if row["run"] == made.run]
    assert [(r["line"], r["source"], r["quantity"]) for r in rows] == [
        (False, deal, None), (True, known["a"], 2), (True, known["c"], 4),
    ]  # fmt: skip
    again = convert(site, "deal_to_bill", deal, BOSS)
    assert again.run != made.run
    found = codes(lambda: convert(site, "deal_to_bill", deal, BOSS, bill={"lines": []}))
    assert found == [("conversion-lines-given", "bill.lines")]


def test_problems_of_lines(site: SmallSite) -> None:
    """A line that its target refuses is named by its place; no lines where some are needed."""
    firm = site.create("firm", name=f"Firm {next(_numbers)}")
    lines = [{"thing": "a", "quantity": 1}, {"quantity": 2}]
    deal = site.create("deal", name="d", firm=firm, close="2026-01-01", lines=lines)
    assert codes(lambda: convert(site, "deal_to_bill", deal)) == [
        ("required", "bill.lines[1].thing")
    ]
    empty = site.create("deal", name="d", firm=firm, close="2026-01-01")
    assert codes(lambda: convert(site, "deal_to_bill", empty)) == [("required", "bill.lines")]


def test_preview_makes_nothing(site: SmallSite) -> None:
    """What would be made is computed by the gate, with its problems; nothing stays."""
    id = lead(site, name=f"Preview {next(_numbers)}")
    before = [site.ids(name) for name in ("firm", "deal")], len(site.rows("fw_conversion"))
    found = preview(site, "lead_to_firm", id, BOSS, firm={"size": "large"})
    firm, deal = found.parts["firm"].record, found.parts["deal"].record
    assert firm is not None and deal is not None
    assert firm.values["size"] == "large"
    assert deal.values["hint"] == f"for {firm.values['name']}"
    assert [(p.code, p.path) for p in found.problems] == [
        ("conversion-hidden", "firm.note"), ("required", "deal.close"),
    ]  # fmt: skip
    after = [site.ids(name) for name in ("firm", "deal")], len(site.rows("fw_conversion"))
    assert after == before
    assert site.values("lead", id, "state") == ["open"]


def test_preview_of_a_name_taken(site: SmallSite) -> None:
    """What somebody else has already is told, and the rest is still shown."""
    name = f"Taken {next(_numbers)}"
    site.create("firm", name=name)
    found = preview(site, "lead_to_firm", lead(site, name=name), deal=DEAL)
    assert [(p.code, p.path) for p in found.problems] == [("not-unique", "firm.name")]
    assert found.parts["deal"].record is not None


def test_where_records_come_from(site: SmallSite) -> None:
    """Both ends know each other, as far as one may see them."""
    id = lead(site, name=f"Origin {next(_numbers)}")
    made = convert(site, "lead_to_firm", id, deal=DEAL).made
    service = Conversions(site.gate, site.reader)
    became = service.became(BOSS, "lead", id)
    assert {(r.record.object, r.record.id) for r in became} == {
        ("firm", made["firm"].id), ("deal", made["deal"].id),
    }  # fmt: skip
    (came,) = service.came_from(BOSS, "deal", made["deal"].id or 0)
    assert (came.record.object, came.record.id, came.conversion.in_("zh")) == (
        "lead", id, "转为客户",
    )  # fmt: skip
    assert service.became(READER, "lead", id) == []
    assert service.came_from(READER, "deal", made["deal"].id or 0) == []  # it is won by now


def test_audit_tells_the_cause(site: SmallSite) -> None:
    """Everything that a run writes is audited as its doing."""
    id = lead(site, name=f"Audit {next(_numbers)}")
    made = convert(site, "lead_to_firm", id, deal=DEAL).made
    causes = {
        row["cause"] for row in site.rows("fw_audit")
        if row["record"] == made["deal"].id and row["object"].startswith("deal")
    }  # fmt: skip
    assert causes == {"conversion:lead_to_firm"}
