"""Reading scenarios: what is wrong is told at its place, and layers lie over each other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assembly.establishing import establish
from assembly.kinds import KINDS
from engine.loading import load
from engine.schema.engines import open_databases
from scenarios.loading import load_scenarios
from support.sites import CONFIG
from support.stages import Theatre

HEAD = "scenario: mine\nbackground: company\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: []", "3:8: empty-value this must not be empty (fill it, or delete the key)"),
        (
            "steps: [{as: lin}]",
            "3:9: scenario-empty-step nothing happens in this step, and nothing is expected "
            "(add what is done, such as `update: …`, or `then: […]`)",
        ),
        (
            "steps: [{create: quotation, update: acme, fields: {}}]",
            "3:29: scenario-several-acts one step does one thing, here are 'create' and 'update' "
            "(make two steps of it)",
        ),
        (
            "steps: [{craete: quotation}]",
            "3:10: unknown-key there is no key 'craete' here (did you mean 'create'?)",
        ),
        (
            "steps: [{create: quotaton}]",
            "3:18: unknown-object there is no object 'quotaton' (did you mean 'quotation'?)",
        ),
        (
            "steps: [{create: quotation_line}]",
            "3:18: scenario-line-object Quotation line is part of Quotation and is made with it "
            "(give it under the field of Quotation that holds it)",
        ),
        (
            "steps: [{create: customer, fields: {nmae: x}}]",
            "3:37: unknown-field Customer has no field 'nmae' (did you mean 'name'?)",
        ),
        (
            "steps: [{create: quotation, fields: {lines: [{prise: 1}]}}]",
            "3:47: unknown-field Quotation line has no field 'prise' (did you mean 'price'?)",
        ),
        (
            "steps: [{create: quotation, fields: {lines: pump}}]",
            "3:45: scenario-lines Lines takes a list of maps, one for each line",
        ),
        (
            "steps: [{as: line, sees: customer}]",
            "3:14: scenario-no-person nobody is called 'line' (did you mean 'lin'?)",
        ),
        (
            "people: {kim: {department: north}}\nsteps: [{as: kim, sees: customer}]",
            "4:14: scenario-no-account 'kim' has no roles, so nobody can sign in as 'kim' "
            "(give the person `roles: […]`)",
        ),
        (
            "people: {kim: {roles: [sales]}}\nsteps: [{sees: customer}]",
            "3:24: scenario-no-role there is no role 'sales'",
        ),
        (
            "people: {kim: {department: nroth}}\nsteps: [{sees: customer}]",
            "3:28: scenario-no-department there is no department 'nroth' here "
            "(add it to `departments:`)",
        ),
        (
            "people: {kim: {locale: fr}}\nsteps: [{sees: customer}]",
            "3:24: scenario-no-locale the site has no language 'fr' (it has: zh, en)",
        ),
        (
            "people: {lin: {roles: [finance]}}\nsteps: [{sees: customer}]",
            "3:10: scenario-name-twice 'lin' is the name of something else already, in line 14 "
            "(choose another name)",
        ),
        (
            "steps: [{update: akme, fields: {}}]",
            "3:18: scenario-no-record no record is called 'akme' up to here "
            "(did you mean 'acme'?)",
        ),
        (
            "steps: [{reads: first}, {create: customer, named: first}]",
            "3:17: scenario-no-record no record is called 'first' up to here",
        ),
        (
            "steps: [{perform: submit, on: acme}]",
            "3:19: scenario-no-transition Customer has no transition 'submit'",
        ),
        (
            "steps: [{perform: submit}]",
            "3:10: scenario-key-needed with 'perform' the key 'on' is needed (add `on: …`)",
        ),
        (
            "steps: [{sees: customer, fields: {name: x}}]",
            "3:26: scenario-key-elsewhere with 'sees' there is no key 'fields' "
            "(it goes with: create, update, perform, reads)",
        ),
        (
            "steps: [{sees: customer, view: al}]",
            "3:32: scenario-no-view Customer has no view 'al' (did you mean 'all'?)",
        ),
        (
            "steps: [{sees: customer, where: nam == \"x\"}]",
            "3:33: unknown-name 'customer' has no member 'nam' (did you mean 'name'?)",
        ),
        (
            "steps: [{document: order_confirmation, of: acme}]",
            "3:20: scenario-no-document there is no document 'order_confirmation' of Customer",
        ),
        (
            "steps: [{may: {print: true}, on: acme}]",
            "3:16: scenario-no-right there is no action 'print' "
            "(actions are: read, update, delete, restore, export, create, import)",
        ),
        (
            "steps: [{import: customer}]",
            "3:10: scenario-one-of exactly one of rows, file belongs here",
        ),
        (
            "steps: [{import: customer, file: ../secret.csv}]",
            "3:34: scenario-no-file there is no file '../secret.csv' beside the scenario",
        ),
        (
            "steps: [{import: customer, rows: [{a: 1}], columns: {a: nmae}}]",
            "3:57: unknown-field Customer has no field 'nmae' (did you mean 'name'?)",
        ),
        (
            "now: 2026-02-30\nsteps: [{sees: customer}]",
            "3:6: scenario-bad-time there is no such day or time as '2026-02-30'",
        ),
        (
            "steps: [{pass: {dais: 3}}]",
            "3:17: unknown-key there is no key 'dais' here (did you mean 'days'?)",
        ),
        (
            "steps: [{then: [{fields: {name: x}}]}]",
            "3:18: scenario-no-subject it is not said which record is meant (add `of: …`)",
        ),
        (
            "steps: [{then: [{of: acme}]}]",
            "3:17: scenario-one-of exactly one of fields, that, approval, found, notice, mail, "
            "webhook belongs here",
        ),
        (
            "steps: [{then: [{of: acme, fields: {grade: e}}]}]",
            "3:44: not-an-option 'e' is not one of the options",
        ),
        (
            "steps: [{then: [{of: acme, that: grade}]}]",
            "3:34: wrong-result the expression gives a choice, expected yes or no",
        ),
        (
            "steps: [{then: [{of: acme, approval: {step: x}}]}]",
            "3:45: scenario-no-step no approval of Customer has a step 'x'",
        ),
        (
            "steps: [{then: [{notice: {to: nobody}}]}]",
            "3:31: scenario-no-person nobody is called 'nobody'",
        ),
        (
            "steps: [{then: [{webhook: {name: erp}}]}]",
            "3:34: scenario-no-webhook there is no webhook 'erp'",
        ),
        (
            "remove: true\nsteps: [{sees: customer}]",
            "3:1: scenario-removed-without-why a scenario that is switched off says why "
            "(add `why: …`)",
        ),
    ],
)  # fmt: skip
def test_problems(theatre: Theatre, text: str, said: str) -> None:
    """One mistake, one sentence, at the very word that is wrong."""
    found = theatre.problems(mine=HEAD + text + "\n")
    assert said in found
    assert len(found) == 1 or "remove" in text, found


def test_an_expected_mistake_is_none(theatre: Theatre) -> None:
    """Where a refusal is expected, the input may be as wrong as it likes."""
    text = "steps: [{as: lin, create: customer, fields: {nmae: x}, refused: unknown-field}]\n"
    assert theatre.problems(mine=HEAD + text) == []


def test_a_background_that_is_missing(theatre: Theatre) -> None:
    """It is told once, at the key that names it."""
    text = "scenario: mine\nbackground: compny\nsteps: [{as: lin, sees: customer}]\n"
    assert theatre.problems(mine=text) == [
        "2:13: scenario-no-background there is no background 'compny' (did you mean 'company'?)"
    ]


def test_layers_lie_over_each_other(theatre: Theatre) -> None:
    """Given records merge, steps are replaced, and what is added runs beside what is there."""
    changed = """
        scenario: leads_are_assigned
        given:
          more: {object: lead, fields: {name: B, phone: "010 60000009"}}
        steps: [{as: lin, sees: lead, only: []}]
    """
    found = theatre.read(leads_are_assigned=changed, mine=HEAD + "steps: [{sees: customer}]\n")
    assert found.problems == ()
    by_name = {one.name: one for one in found.scenarios}
    over = by_name["leads_are_assigned"]
    assert [*over.setting.given] == ["more"]
    assert [step.act for step in over.steps] == ["sees"]
    assert over.about is not None and over.background is not None
    assert over.place.file.endswith("layer/scenarios/leads_are_assigned.yaml")
    assert "mine" in by_name
    assert theatre.runner.run(over).passed


def test_switching_off(theatre: Theatre) -> None:
    """A scenario of a lower layer that does not hold here goes, and its reason stays."""
    text = "scenario: leads_are_assigned\nremove: true\nwhy: {en: No leads here., zh: 不用线索。}\n"
    found = theatre.read(leads_are_assigned=text)
    assert "leads_are_assigned" not in [one.name for one in found.scenarios]
    (off,) = found.off
    assert (off.name, off.why.in_("zh"), off.place.line) == ("leads_are_assigned", "不用线索。", 1)


def test_switching_off_what_is_not_there(theatre: Theatre) -> None:
    """A typing mistake in the name switches nothing off."""
    text = "scenario: leads_are_asigned\nremove: true\nwhy: no\n"
    assert theatre.problems(leads_are_asigned=text) == [
        "1:1: nothing-to-remove there is no 'leads_are_asigned' in a lower layer that could be "
        "removed"
    ]


def test_scenarios_are_no_part_of_what_is_applied(tmp_path: Path) -> None:
    """With and without them the revision has one digest: what runs is the same."""
    bare = tmp_path / "bare"
    shutil.copytree(CONFIG, bare, ignore=shutil.ignore_patterns("scenarios"))
    digests = []
    for number, layer in enumerate((CONFIG, bare)):
        databases = open_databases(f"sqlite:///{tmp_path / f'{number}.db'}")
        digests.append(establish(databases, [layer]).digest)
        databases.dispose()
    assert digests[0] == digests[1]
    assert load([CONFIG], KINDS).problems == ()


def test_without_definitions_the_form_is_checked(tmp_path: Path) -> None:
    """While the definitions have problems, scenarios are told what is wrong with their form."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "a.yaml").write_text("scenario: a\nsteps: [{x: 1}]\n")
    (problem,) = load_scenarios([tmp_path], None).problems
    assert problem.code == "unknown-key"
