"""Handing effects over to workers on any number of hosts: RQ's queues in Redis.

Imports `jobs` and `engine`; nothing in `jobs` imports it.
Start with `queues` (what lies in Redis), then `pushing`, `relaying` and `listening`.
"""
