"""All functions, forms and operators, by name."""

from __future__ import annotations

from engine.expressions.functions.arithmetic import ADD, DIVIDE, MULTIPLY, NEGATE, SUBTRACT
from engine.expressions.functions.clock import CLOCK_FUNCTIONS
from engine.expressions.functions.dates import DATE_FUNCTIONS
from engine.expressions.functions.durations import DURATIONS
from engine.expressions.functions.forms import FORMS, Form
from engine.expressions.functions.moving import DATE_OPERATORS
from engine.expressions.functions.numbers import NUMBER_FUNCTIONS
from engine.expressions.functions.people import RECORD_FUNCTIONS
from engine.expressions.functions.spans import SPAN_FUNCTIONS, TOGETHER
from engine.expressions.functions.table import Function
from engine.expressions.functions.texts import JOIN, TEXT_FUNCTIONS
from engine.expressions.functions.trees import TREES
from engine.expressions.functions.workdays import WORKDAY_FUNCTIONS

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        *NUMBER_FUNCTIONS,
        *TEXT_FUNCTIONS,
        *CLOCK_FUNCTIONS,
        *DURATIONS,
        *SPAN_FUNCTIONS,
        *DATE_FUNCTIONS,
        *WORKDAY_FUNCTIONS,
        *RECORD_FUNCTIONS,
    )
}
OPERATORS = (ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, JOIN, *DATE_OPERATORS, *TOGETHER.values())


def describe_functions() -> tuple[Function | Form, ...]:
    """Every function and every form over records, with its documentation, in reading order."""
    return (*FORMS.values(), *FUNCTIONS.values(), *TREES.values())
