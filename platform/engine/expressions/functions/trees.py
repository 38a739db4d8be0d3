"""The forms about a record's place in its tree; what they mean stands in `expressions.trees`."""

from __future__ import annotations

from engine.expressions.functions.forms import Form
from engine.expressions.functions.table import example, text
from engine.expressions.types import Kind

TREES = {
    form.name: form
    for form in (
        Form(
            "level",
            (Kind.RECORD,),
            "record",
            text("the record's level in its tree; 1 at the top", "记录在树中的层级；顶层为 1"),
            (example("level(owner)", "2"),),
        ),
        Form(
            "root",
            (Kind.RECORD,),
            "record",
            text("the record at the top of its tree", "所在树的顶层记录"),
            (example("root(owner).name", '"Zhang Min"'),),
        ),
        Form(
            "ancestors",
            (Kind.RECORD,),
            "record",
            text("the records above it, for going through", "其上级记录，供遍历"),
            (example("count(p for p in ancestors(owner))", "1"),),
        ),
        Form(
            "descendants",
            (Kind.RECORD,),
            "record",
            text("the records below it, for going through", "其下级记录，供遍历"),
            (example("count(p for p in descendants(owner.manager))", "1"),),
        ),
    )
}
