"""Permissions: roles and grants, and the one predicate per object and set of roles.

May import engine.definition, engine.fieldtypes, engine.expressions and engine.problems.
Start reading at `roles.py`, then `lens.py`.
"""
