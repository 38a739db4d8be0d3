"""The forms that go through records: `sum(line.amount for line in lines if line.amount > 0)`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.expressions.functions.table import Example, example, text
from engine.expressions.types import Kind
from engine.problems import Text


@dataclass(frozen=True, slots=True)
class Form:
    """A way of going through records. `takes` are the kinds of element; empty: any."""

    name: str
    takes: tuple[Kind, ...]
    form: str
    does: Text
    examples: tuple[Example, ...]


_ORDERED = (Kind.NUMBER, Kind.DATE, Kind.MOMENT, Kind.DURATION)

FORMS = {
    form.name: form
    for form in (
        Form(
            "sum",
            (Kind.NUMBER, Kind.DURATION),
            "x.amount for x in lines",
            text(
                "the sum of the values that are not empty; 0 of nothing", "非空值之和；没有时为 0"
            ),
            (
                example("sum(line.price for line in lines)", "30.00"),
                example("sum(line.price for line in lines if line.price > 1000)", "0.00"),
            ),
        ),
        Form(
            "count",
            (),
            "x for x in lines",
            text(
                "how many records there are, or how many values are not empty",
                "记录数，或非空值的个数",
            ),
            (
                example("count(line for line in lines)", "3"),
                example("count(line.price for line in lines)", "2"),
            ),
        ),
        Form(
            "avg",
            (Kind.NUMBER,),
            "x.amount for x in lines",
            text("the sum divided by the number of values; empty of nothing", "平均值；没有时为空"),
            (example("avg(line.price for line in lines)", "15.000000"),),
        ),
        Form(
            "min",
            _ORDERED,
            "x.amount for x in lines",
            text("the least value; empty of nothing", "最小值；没有时为空"),
            (example("min(line.price for line in lines)", "10.00"),),
        ),
        Form(
            "max",
            _ORDERED,
            "x.amount for x in lines",
            text("the greatest value; empty of nothing", "最大值；没有时为空"),
            (example("max(line.price for line in lines)", "20.00"),),
        ),
        Form(
            "any",
            (Kind.BOOLEAN,),
            "x.amount > 3 for x in lines",
            text("whether the condition holds for at least one", "是否至少有一条满足条件"),
            (example("any(line.price > 15 for line in lines)", "true"),),
        ),
        Form(
            "all",
            (Kind.BOOLEAN,),
            "x.amount > 3 for x in lines",
            text(
                "whether the condition holds for each; true of nothing",
                "是否全部满足条件；没有时成立",
            ),
            (example("all(line.price > 5 for line in lines)", "false"),),
        ),
        Form(
            "exists",
            (Kind.RECORD,),
            "x for x in lines",
            text("whether there is at least one", "是否至少有一条"),
            (example("exists(line for line in lines if line.price is empty)", "true"),),
        ),
    )
}
