"""What people and other systems are told: bell, mail, webhooks and further channels.

Imports `jobs` and `engine`; none of its neighbours.
Start with `telling` (asking), then `tellers` and `mailing`; `webhooks` for other systems.
"""
