"""The core: definitions are loaded, checked and turned into tables, and records read and written.

Imports nothing of the project; knows databases, but no Flask, no RQ, no WeasyPrint.
Start with `records` (the one gate for data), then `loading` (YAML to catalog).
"""
