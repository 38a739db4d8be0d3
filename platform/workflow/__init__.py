"""Stages and transitions (and approvals): how a record moves, as steps of the one gate.

May import jobs and engine.
Start reading at `definitions.py`, then `steps.py`.
"""
