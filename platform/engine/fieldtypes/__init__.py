"""Field types: reading input, checking, column, formatting, JSON and control of each kind of value.

May import engine.expressions and engine.problems.
Start reading at `base.py`, then any one type, say `date.py`; `registry.py` lists them all.
"""
