"""Scenarios: what the application should do, written in YAML and run on a scratch database.

Imports `assembly` and every room below it.
Start with `running`.
"""
