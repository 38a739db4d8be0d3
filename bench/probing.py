"""Somebody who writes and somebody who reads, in a process of their own, while something else is
done: how long the longest of them waited."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from engine.schema.fence import FENCE

EVERY = 0.002
"""Seconds between two probes."""


@dataclass
class Waits:
    """Milliseconds that probes took: of writers and of readers."""

    writing: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)

    def said(self) -> str:
        """The longest and the 99th percentile of both."""
        return f"writers {_said(self.writing)}, readers {_said(self.reading)}"

    @staticmethod
    def worst(found: list[float]) -> float:
        """The longest."""
        return max(found, default=0.0)


def _said(found: list[float]) -> str:
    ordered = sorted(found)
    if not ordered:
        return "none"
    return f"longest {ordered[-1]:,.0f} ms, 99 % within {ordered[len(ordered) * 99 // 100]:,.1f} ms"


@contextmanager
def probing(url: str, table: str, column: str, highest: int) -> Iterator[Waits]:
    """Probes a table of PostgreSQL meanwhile; the waits are complete at the end."""
    context = multiprocessing.get_context("spawn")
    ending, told = context.Event(), context.Queue()
    started = context.Event()
    arguments = (url, table, column, highest, started, ending, told)
    process = context.Process(target=_probe, args=arguments, daemon=True)
    process.start()
    waits = Waits()
    try:
        started.wait(60)
        yield waits
    finally:
        ending.set()
        waits.writing, waits.reading = told.get(timeout=120)
        process.join(30)


def _probe(
    url: str, table: str, column: str, highest: int, started: Any, ending: Any, told: Any
) -> None:
    """One writer and one reader in turn; a writer takes the fence as every transaction does."""
    writing, reading = [], []
    chance = random.Random(7)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        started.set()
        while not ending.is_set():
            id = chance.randrange(1, highest)
            begin = time.perf_counter()
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock_shared({FENCE})")
                connection.execute(f'UPDATE "{table}" SET "{column}" = "{column}" WHERE id = {id}')
            middle = time.perf_counter()
            connection.execute(f'SELECT * FROM "{table}" WHERE id = {id}').fetchone()
            end = time.perf_counter()
            writing.append((middle - begin) * 1000)
            reading.append((end - middle) * 1000)
            time.sleep(EVERY)
    told.put((writing, reading))
