"""Every kind of expectation fails where it should: at its line, with what was found."""

from __future__ import annotations

import pytest

from support.stages import Theatre

GIVEN = """\
background: company
given:
  q1:
    {object: quotation, as: lin, fields: {customer: acme, discount: 15%, lines: [{product: pump}]}}
steps:
"""


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            "- {then: [{of: q1, fields: {status: sent, gross_total: 850, customer: delta}}]}",
            [
                "7:39: expected-value q1: expected status sent, found draft",
                "7:73: expected-value q1: expected customer delta, found acme",
            ],
        ),
        (
            "- {then: [{of: q1, fields: {contact: acme, valid_until: empty}}]}",
            [
                "7:40: expected-value q1: expected contact acme, found empty",
                "7:59: expected-value q1: expected valid_until empty, found 2026-04-15",
            ],
        ),
        (
            "- {then: [{of: q1, fields: {lines: [{quantity: 2, tax_rate: vat_6}]}}]}",
            [
                "7:50: expected-value q1.lines[1]: expected quantity 2, found 1",
                "7:63: expected-value q1.lines[1]: expected tax_rate vat_6, found vat_13",
            ],
        ),
        (
            "- {then: [{of: q1, fields: {lines: []}}]}",
            ["7:38: expected-lines q1: expected 0 lines in lines, found 1"],
        ),
        (
            "- {then: [{of: q1, that: owner == wang or discount > 0.2}]}",
            [
                "7:28: expected-condition q1: expected `owner == wang or discount > 0.2`, "
                "which is not so"
            ],
        ),
        (
            "- {as: lin, perform: send, on: q1}",
            [
                "7:15: unexpected-refusal refused: approval-needed status: in the stage Sent this "
                "Quotation needs Discount approval "
                "(if that is right, add `refused: approval-needed` to the step)"
            ],
        ),
        (
            "- {as: lin, perform: submit, on: q1, refused: forbidden}",
            [
                "7:49: expected-refusal expected to be refused with forbidden, "
                "found that it was done"
            ],
        ),
        (
            "- {as: lin, perform: send, on: q1, refused: forbidden}",
            [
                "7:47: expected-other-refusal expected to be refused with forbidden, found "
                "approval-needed: status: in the stage Sent this Quotation needs Discount approval"
            ],
        ),
        (
            "- {as: lin, perform: send, on: q1, refused: {code: approval-needed, on: discount}}",
            [
                "7:75: expected-refused-field expected to be refused because of discount, "
                "found status"
            ],
        ),
        (
            "- {as: wang, update: acme, fields: {notes: x}, "
            "refused: {code: not-found, says: Deal}}",
            [
                "7:83: expected-refusal-text expected the refusal to say 'Deal', "
                "found 'there is no Customer 1'"
            ],
        ),
        (
            "- {as: lin, perform: submit, on: q1, then: [{approval: {state: granted, "
            "step: finance, asks: [fang]}}]}",
            [
                "7:66: expected-approval q1: expected an approval that is granted, found running",
                "7:81: expected-approval-step q1: expected to wait for the step finance, "
                "found manager",
                "7:96: expected-approvers q1: expected fang to be asked, found chen",
            ],
        ),
        (
            "- {as: chen, approve: q1}",
            [
                "7:16: unexpected-refusal refused: scenario-nothing-waits q1: nothing waits for "
                "the decision of chen "
                "(if that is right, add `refused: scenario-nothing-waits` to the step)"
            ],
        ),
        (
            "- {as: lin, sees: customer, records: [delta], not: [acme], count: 2}",
            [
                "7:41: expected-seen expected lin to see delta, found that it is hidden",
                "7:55: expected-unseen expected lin not to see acme, found that it is seen",
                "7:69: expected-count expected 2, found 1",
            ],
        ),
        (
            "- {as: gao, sees: customer, only: [acme]}",
            ["7:37: expected-only expected only [acme], found also [delta]"],
        ),
        (
            "- {as: chen, reads: q1, fields: {cost_total: 1}, hidden: [margin]}",
            [
                "7:48: expected-value q1: expected cost_total 1, found 600.00",
                "7:61: expected-hidden expected chen not to see margin of q1, found 152.21",
            ],
        ),
        (
            "- {as: lin, reads: q1, fields: {cost_total: 600}}",
            [
                "7:47: expected-readable expected lin to see cost_total of q1, "
                "found that it is hidden"
            ],
        ),
        (
            "- {as: lin, may: {update: false, delete: true}, on: acme}",
            [
                "7:29: expected-right lin · update · acme: expected not allowed, found allowed",
                "7:44: expected-right lin · delete · acme: expected allowed, found not allowed",
            ],
        ),
        (
            "- {as: chen, inbox: [q1]}",
            ["7:23: expected-inbox expected [q1] to wait for chen, found []"],
        ),
        (
            "- {as: lin, document: quotation, of: q1, locale: en, contains: [Invoice], "
            "lacks: [Draft]}",
            [
                "7:67: expected-text expected quotation to contain 'Invoice'",
                "7:85: expected-no-text expected quotation not to contain 'Draft'",
            ],
        ),
        (
            "- {as: lin, export: customer, count: 2, contains: [南方]}",
            [
                "7:54: expected-text expected customer to contain '南方'",
                "7:40: expected-count expected 2, found 1",
            ],
        ),
        (
            "- {as: chen, import: customer, "
            "rows: [{name: B, region: 华北}, {name: '', region: 华北}], result: {created: 2}}",
            [
                "7:107: expected-rows expected 2 rows created, found 1 (3: required Name must be "
                "filled in)",
                "7:24: expected-rows expected 0 rows rejected, found 1 (3: required Name must be "
                "filled in)",
            ],
        ),
        (
            "- {then: [{found: {object: customer, where: 'status == \"prospect\"', named: it}}, "
            "{of: it, fields: {name: x}}]}",
            ["7:21: expected-count expected 1, found 2"],
        ),
        (
            "- {as: lin, perform: submit, on: q1, then: [{notice: {to: lin}}, "
            "{notice: {to: chen, says: 报销}}]}",
            [
                "7:56: expected-notice expected notice to lin, found none",
                "7:77: expected-notice expected notice to chen '报销', found",
            ],
        ),
        (
            "- {as: lin, perform: submit, on: q1, then: [{notice: {to: chen, count: 0}}]}",
            ["7:74: expected-notices expected 0 notice to chen, found 1:"],
        ),
        (
            "- {as: chen, create: lead, fields: {name: A, phone: '010 60000000', owner: wang}, "
            "then: [{mail: {to: wang, subject: Order, attached: [x]}}, {mail: {to: a@b.cn}}]}",
            [
                "7:99: expected-notice expected mail to wang 'Order' 'x', found 'The lead A is "
                "yours now",
                "7:150: expected-notice expected mail to a@b.cn, found none",
            ],
        ),
        (
            "- {until: 2026-03-01}",
            [
                "7:13: scenario-too-early 2026-03-01 00:00 lies before 2026-03-16 09:00, where "
                "the scenario is by then (time only goes on)"
            ],
        ),
        (
            "- {pass: {weeks: 99999999999}}",
            ["7:12: scenario-bad-time there is no such day or time as '99999999999 weeks'"],
        ),
    ],
)  # fmt: skip
def test_told_where_it_stands(theatre: Theatre, step: str, said: list[str]) -> None:
    """`line:column: code expected …, found …`, at the very value that is not so."""
    found = theatre.told(GIVEN + "  " + step)
    assert len(found) == len(said), found
    for one, wanted in zip(found, said, strict=True):
        assert one.startswith(wanted), one


def test_in_chinese(theatre: Theatre) -> None:
    """Whoever reads Chinese is told in Chinese."""
    steps = "  - {then: [{of: q1, fields: {status: sent}}]}"
    assert theatre.told(GIVEN + steps, "zh") == [
        "7:39: expected-value q1：status 应为 sent，实际为 draft"
    ]


def test_what_a_failure_shows(theatre: Theatre) -> None:
    """The step in its own words, its number, and the record as it stands."""
    outcome = theatre.play(GIVEN + "  - {as: lin, perform: send, on: q1}")
    (failure,) = outcome.failures
    assert (failure.number, failure.step) == (1, "as: lin, perform: send, on: q1")
    assert failure.record.startswith("q1: number: QT-2026-00001, customer: 北方机械有限公司, ")
    assert "discount: 15%" in failure.record
    assert not outcome.passed


def test_the_first_step_that_fails_is_the_last(theatre: Theatre) -> None:
    """What follows from it would only be noise."""
    steps = """
      - {as: lin, perform: send, on: q1}
      - {as: lin, perform: accept, on: q1}
    """
    assert len(theatre.told(GIVEN + steps)) == 1


def test_what_cannot_be_given(theatre: Theatre) -> None:
    """A record that the rules refuse is told at its own line, before any step."""
    text = """
        background: company
        given:
          deal: {object: opportunity, fields: {amount: 1}}
        steps: [{sees: customer}]
    """
    assert theatre.told(text) == [
        "4:3: given-refused deal cannot be given: required name: Name must be filled in"
    ]


def test_each_begins_anew(theatre: Theatre) -> None:
    """What one scenario leaves behind the next does not see: records, time, numbers, names."""
    text = """
        background: company
        steps:
          - {as: lin, create: quotation, named: q1, fields: {customer: acme}, then: [{fields: {number: QT-2026-00001, id: 1}}]}
          - {pass: {days: 40}}
    """  # noqa: E501
    assert [theatre.play(text).passed for _ in range(3)] == [True, True, True]
