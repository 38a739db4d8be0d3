"""Import and export: mappings, dry runs, rejects, undo.

Imports `jobs` and `engine`; none of its neighbours.
Start with the import.
"""
