"""Records: the one gate through which everything is read and written, as some actor.

May import engine.permissions, engine.schema, engine.definition and what lies below them.
Start reading at `gate.py` (the list of steps), then `reading.py`.
"""
