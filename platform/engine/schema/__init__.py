"""Tables: from the catalog to SQLAlchemy Core tables, and from one state of a database to the next.

May import engine.definition, engine.fieldtypes, engine.expressions and engine.problems.
Start reading at `tables.py`, then `planning.py`.
"""
