"""What a receiver's answer means for the message: delivered, another time, or never.

| answer | means |
| --- | --- |
| 2xx | delivered |
| 410 | the receiver is gone for good: failed at once |
| 400, 413, 415, 422 | this message is not accepted: again, but a few times only |
| 429, 503 | again by the back-off, for a day, and not before `Retry-After` |
| anything else, or nothing | again by the back-off, for a day |

A 401, 404 or redirect is often a receiver that is being set up or deployed, or a key that is being
replaced; it heals when somebody looks, so it is worth the whole day. A message that is refused for
what it says may be accepted after the receiver is mended, too, but somebody should look at it
soon: it gets `REFUSED_ATTEMPTS`, about ten minutes. Redirects are not followed (rule 34).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from engine.redaction import MASK, redacted, redacted_text
from jobs.backoff import backoff
from jobs.handlers import Hopeless, Later
from notices import webhooks_messages as say
from notices.outgoing import Answer
from notices.webhooks_definitions import Webhook

REFUSED_ATTEMPTS = 6
LONGEST_WAIT = 24 * 3600.0
"""Seconds that a receiver may ask us to wait."""
MOST_TOLD = 2_000
"""Characters of an answer that a problem repeats."""
_REFUSED = frozenset((400, 413, 415, 422))
_BUSY = frozenset((429, 503))


def judge(webhook: Webhook, answer: Answer, attempt: int, hide: Iterable[str] = ()) -> None:
    """Returns when the message is delivered. Raises Later or Hopeless with the reason otherwise.

    `hide` are texts that the reason must not repeat.
    """
    if 200 <= answer.status < 300:
        return
    if answer.status == 410:
        raise Hopeless(say.GONE(webhook=webhook.label))
    told = told_of(answer.body, hide)
    problem = say.NOT_ACCEPTED(webhook=webhook.label, status=answer.status, answer=told)
    if answer.status in _REFUSED and attempt >= REFUSED_ATTEMPTS:
        raise Hopeless(problem)
    asked = _wait(answer.header("retry-after")) if answer.status in _BUSY else 0.0
    raise Later(problem, after=max(asked, backoff(attempt)))


def told_of(body: bytes, hide: Iterable[str] = ()) -> str:
    """The beginning of an answer, readable and without secrets."""
    text = body.decode("utf-8", "replace")
    for secret in hide:
        text = text.replace(secret, MASK)
    try:
        text = json.dumps(redacted(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        pass  # no JSON, or only the beginning of some
    readable = "".join(c if c.isprintable() else " " for c in text)
    return redacted_text(" ".join(readable.split()), MOST_TOLD) or "–"


def _wait(header: str) -> float:
    """The seconds that Retry-After asks for (RFC 9110, 10.2.3); 0 where it asks for none."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        seconds = moment.timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)


@dataclass(eq=False)
class Breathers:
    """Receivers that are left alone for a moment, since they have just failed to answer.

    Without it a receiver that hangs would cost a full time-out per message, and whatever else
    is to be carried out would wait behind it.
    """

    after: int = 3
    seconds: float = 30.0
    _failures: dict[str, int] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def left(self, name: str) -> float:
        """Seconds for which the receiver is still left alone; 0 for none."""
        return max(self._until.get(name, 0.0) - time.monotonic(), 0.0)

    def failed(self, name: str) -> None:
        """Counts a message that got no answer; so many of them in a row make a breather."""
        with self._lock:
            count = self._failures.get(name, 0) + 1
            self._failures[name] = count
            if count >= self.after:
                self._until[name] = time.monotonic() + self.seconds

    def answered(self, name: str) -> None:
        """Forgets failures: the receiver is there."""
        with self._lock:
            self._failures.pop(name, None)
            self._until.pop(name, None)
