"""What is wrong with texts that have expressions in them."""

from __future__ import annotations

from engine.problems import Message

BRACES = Message(
    "text-braces",
    en="a brace is not closed, is not opened, or there is nothing in it",
    zh="花括号未成对，或其中没有内容",
    hint_en="write {{{{ and }}}} for braces that are to be printed",
    hint_zh="需要打印花括号时请写作 {{{{ 与 }}}}",
)
NOT_PRINTABLE = Message(
    "text-not-printable",
    en="{source!r} is no single value, so it cannot be printed in a text",
    zh="{source!r} 不是单个值，无法在文本中打印",
)
