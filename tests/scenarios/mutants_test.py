"""The shipped scenarios notice when something goes wrong in the definitions.

Each overlay breaks one rule of the shipped system; the scenarios about it must fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.kinds import KINDS
from engine.loading import load
from scenarios.loading import load_scenarios
from scenarios.many import run_scenarios
from support.sites import CONFIG

MUTANTS = {
    "approvals begin at 50 %": (
        {"workflows/quotation_approval.yaml": "approval: quotation_approval\nwhen: discount > 0.5"},
        ["quotation_discount_needs_manager", "quotation_large_discount_needs_finance"],
    ),
    "no finance": (
        {
            "workflows/quotation_approval.yaml": "approval: quotation_approval\n"
            "steps: {finance: {remove: true}}"
        },
        ["quotation_large_discount_needs_finance", "approval_news"],
    ),
    "representatives see everything": (
        {
            "roles/sales_representative.yaml": "role: sales_representative\n"
            "grants: {customer: {read: all}, product: {fields: {cost: read}}}"
        },
        ["customer_belongs_to_its_owner", "export_holds_what_one_may_see"],
    ),
    "tax is forgotten": (
        {
            "objects/quotation_line.yaml": "object: quotation_line\n"
            "fields: {gross: {formula: net + tax + 0.01}}"
        },
        ["quotation_totals_with_tax_included", "quotation_totals_without_tax"],
    ),
    "anything can be won": (
        {
            "workflows/sales_process.yaml": "workflow: sales_process\ntransitions:\n"
            "  win: {from: [first_contact, proposal, negotiation], guard: amount >= 0}"
        },
        ["opportunity_keeps_its_way"],
    ),
    "nobody is reminded": (
        {
            "automations/quotation_expires.yaml": "automation: quotation_expires\n"
            'if: status == "draft"',
            "automations/lead_assigned.yaml": "automation: lead_assigned\nremove: true",
        },
        ["quotation_expiry_is_announced", "quotation_expiry_moves", "leads_are_assigned"],
    ),
    "the paper changes": (
        {
            "reports/quotation.yaml": "document: quotation\nwords: {field: net_total}",
        },
        ["quotation_on_paper"],
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_noticed(mutant: str, tmp_path: Path) -> None:
    """Every scenario that is about the rule fails, and says where."""
    files, noticing = MUTANTS[mutant]
    layer, folder = tmp_path / "layer", tmp_path / "scratch"
    folder.mkdir()
    for name, text in files.items():
        (layer / name).parent.mkdir(parents=True, exist_ok=True)
        (layer / name).write_text(text + "\n", encoding="utf-8")
    layers = [CONFIG, layer]
    loaded = load(layers, KINDS)
    assert loaded.problems == ()
    found = load_scenarios(layers, loaded.catalog)
    chosen = [one for one in found.scenarios if one.name in noticing]
    assert len(chosen) == len(noticing)
    outcomes = list(run_scenarios(chosen, layers, folder))
    assert [outcome.name for outcome in outcomes if outcome.passed] == []
    for outcome in outcomes:
        for failure in outcome.failures:
            assert failure.problem.place is not None
            assert failure.problem.place.file == f"config/scenarios/{outcome.name}.yaml"
            assert failure.problem.code not in ("scenario-crashed", "given-refused")
