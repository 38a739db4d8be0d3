"""The part of the reference that is written from the table of functions.

    python -m engine.expressions.documenting docs/reference/expressions.md

writes it anew between the page's two marks; a test fails where the page is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.expressions.functions import Form, describe_functions

BEGIN = "<!-- functions: written by engine.expressions.documenting -->"
END = "<!-- end of functions -->"


def functions_section() -> str:
    """The tables of forms and functions, each with what it does and its examples."""
    meanings, examples = [], []
    for entry in describe_functions():
        written = f"{entry.name}({entry.form})" if isinstance(entry, Form) else entry.form
        meanings.append(f"| `{written}` | {entry.does.in_('en')} | {entry.does.in_('zh')} |")
        examples += [f"| `{one.source}` | `{one.gives}` |" for one in entry.examples]
    first = ["| form | gives | 含义 |", "| --- | --- | --- |", *meanings]
    second = ["| expression | gives |", "| --- | --- |", *examples]
    return "\n".join([*first, "", "Examples:", "", *second])


def with_functions(page: str) -> str:
    """`page` with its part about functions written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{functions_section()}\n\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_functions(path.read_text(encoding="utf-8")), encoding="utf-8")
