"""The expression language: one small typed language with two readings, Python and SQL.

May import `engine.problems` and SQLAlchemy; of objects and tables it knows what `types` asks for.
Start with `language` (the outside), then docs/reference/expressions.md (the rules).
"""

from engine.expressions.checking import RESERVED
from engine.expressions.evaluation import Context
from engine.expressions.folding import fold
from engine.expressions.functions import describe_functions
from engine.expressions.joins import Join, JoinSet
from engine.expressions.language import Expression, compile_expression, evaluate
from engine.expressions.sql import Compiled, to_sql
from engine.expressions.sqlite import prepare_sqlite
from engine.expressions.syntax import DEFINITION_LIMITS, WHERE_LIMITS, Limits
from engine.expressions.types import Attribute, Kind, Member, Names, Row, Type, View

__all__ = [
    "DEFINITION_LIMITS", "RESERVED", "WHERE_LIMITS", "Attribute", "Compiled", "Context",
    "Expression", "Join", "JoinSet", "Kind", "Limits", "Member", "Names", "Row", "Type", "View",
    "compile_expression", "describe_functions", "evaluate", "fold", "prepare_sqlite", "to_sql",
]  # fmt: skip
