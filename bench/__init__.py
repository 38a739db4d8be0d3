"""Benchmarks: the product against hand-written routes that do only the work itself.

May import everything. `python -m bench` prints the ratios; `python -m bench --small` is quick.
Start reading at `__main__.py`, then `baseline.py`.
"""
