"""Import, export, bulk change and undo: mappings, dry runs, rejected rows, files that come back.

Imports `jobs` and `engine`; none of its neighbours.
Start with importing.py; `…_work.py` makes each of them long work; undoing.py says what goes back.
"""
