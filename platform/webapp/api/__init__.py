"""The REST API under `/api/v1`: one set of routes for all objects, driven by the catalog.

Imports the rest of `webapp` and what `webapp` may import.
Start with `routes`.
"""
