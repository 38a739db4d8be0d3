"""Settings in expressions: `settings.company.fiscal_year_start`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from engine.expressions import messages
from engine.expressions.nodes import Setting
from engine.problems import did_you_mean

if TYPE_CHECKING:
    from engine.expressions.checking import Checker, Failed

WORD = "settings"


def stands_for(checker: Checker, tree: ast.expr) -> bool:
    """Whether the word `settings` stands there and means no field, loop or variable."""
    if not (isinstance(tree, ast.Name) and tree.id == WORD):
        return False
    taken = WORD in checker.loops or WORD in checker.variables
    return not taken and checker.names.member(checker.object, WORD) is None


def one_record(checker: Checker, tree: ast.Attribute) -> Setting:
    """The one record of the settings object that is named. Raises Failed where there is none."""
    member = checker.names.member("", tree.attr)
    if member is None:
        best = did_you_mean(tree.attr, checker.names.members(""))
        raise checker.fail(tree, messages.UNKNOWN_SETTINGS, name=tree.attr, best=best)
    checker.uses_settings = True
    return Setting(type=member.type, object=tree.attr)


def no_records(checker: Checker, tree: ast.AST, name: str) -> Failed:
    """Notes that settings are asked for records; to be raised."""
    return checker.fail(tree, messages.SETTINGS_RECORDS, name=name)
