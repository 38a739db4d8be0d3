"""When … if … then …: triggers, actions and assignment by rule.

Imports `workflow`, `documents`, `analytics`, `exchange`, `notices`, `jobs` and `engine`.
Start with how a rule is matched with a change.
"""
