"""Approvals: who must agree before a record goes on, from the definition to the inbox.

May import engine and the modules of `workflow` above it.
Start reading at `definitions.py`, then `steps.py` (the gate), `deciding.py` and `service.py`.
"""
