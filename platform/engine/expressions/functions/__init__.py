"""The functions of the expression language, one home for each: typing, both readings, examples.

May import `engine.problems` and, of the language, what lies below: types, nodes, typing rules.
Start with `table` (what a function consists of), then `numbers` for plain examples of it.
"""

from engine.expressions.functions.forms import FORMS, Form
from engine.expressions.functions.registry import FUNCTIONS, OPERATORS, describe_functions
from engine.expressions.functions.table import Example, Function

__all__ = ["FORMS", "FUNCTIONS", "OPERATORS", "Example", "Form", "Function", "describe_functions"]
