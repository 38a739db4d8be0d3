"""When … if … then …: triggers, timers, schedules and the actions that follow.

Imports `workflow`, `documents`, `analytics`, `exchange`, `notices`, `jobs` and `engine`.
Start with `definitions` (the language), then `steps` (changes), `firing` (timers).
"""
