"""Why somebody may or may not do something: the decision taken apart, and many people at once.

May import what engine.records may. Nothing here decides: it asks the one predicate and tells.
Start reading at `deciding.py`; `crowds.py` asks the predicate for many people in one statement.
"""
