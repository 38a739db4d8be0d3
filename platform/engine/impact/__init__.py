"""What a change of definitions does to the records that exist: findings, and what mends them.

May import everything in the engine except `engine.matching`. One family of findings a file.
Start reading at `ground.py` (what a family is given), then `families.py` (the list of them).
"""
