"""What must happen later: the outbox, its relay, queues (RQ or in-process), timers, long work.

Imports `engine`.
Start with `outbox` (asking), then `carrying` (carrying out).
"""
