"""Import and export: mappings, dry runs, rejected rows, files that come back unchanged.

Imports `jobs` and `engine`; none of its neighbours.
Start with importing.py; mapping.py says what the columns of a file become.
"""
