"""What must happen later: the outbox and its relay, queues (RQ or in-process), timers, schedule.

Imports `engine`.
Start with the outbox.
"""
