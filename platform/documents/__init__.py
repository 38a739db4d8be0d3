"""Paper: layouts of records, filled in (sandboxed Jinja2) and made into PDFs (WeasyPrint).

Imports `jobs` and `engine`; none of its neighbours. `paper` and `worker` are another process.
Start with `printing` (the outside), then `layouts` (what a definition says).
"""
