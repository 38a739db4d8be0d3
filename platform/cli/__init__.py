"""The command `formwright`: check, plan, apply, serve and the others.

Imports every room; nothing imports it.
Start with `main`.
"""
