"""Duplicates: normal forms, their keys beside the records, and the gate's steps that use them.

May import everything else of the engine; nothing of the engine imports it.
Start reading in `normalising.py`, then `steps.py`.
"""
