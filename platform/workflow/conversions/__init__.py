"""Conversions: records made from a record by a declared map, and where each one came from.

May import engine and the modules of `workflow` above it.
Start reading at `definitions.py`, then `converting.py` and `service.py`.
"""
