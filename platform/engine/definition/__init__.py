"""What an application is made of: objects, fields, roles, …, frozen, and the tree they come from.

Imports `engine.fieldtypes`, `engine.expressions` and `engine.problems`.
Start with `tree` (YAML that knows its places), then `kinds`.
"""
