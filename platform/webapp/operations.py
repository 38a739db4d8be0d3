"""What those who run the application ask it: does it live, is it ready, how is it doing."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy.exc import SQLAlchemyError

from jobs.figures import look
from webapp.answers import answer
from webapp.identity import caller
from webapp.shell import application, shell

METRICS = "formwright_metrics"


LOOK_AGAIN_AFTER = 5.0
"""Seconds for which a process keeps the figures that it asks the database for."""


class Metrics:
    """The figures of one process of one site."""

    def __init__(self) -> None:
        self.looked = float("-inf")
        self.registry = CollectorRegistry()
        labels = ("method", "endpoint")
        self.requests = Counter(
            "formwright_requests", "Requests answered", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "formwright_request_seconds", "Time to the answer", labels, registry=self.registry
        )
        self.revision = Gauge(
            "formwright_revision", "The revision that this process serves", registry=self.registry
        )
        self.not_built = self._gauge(
            "revision_failed", "1 while a revision is in force that this process cannot run"
        )
        self.swaps = self._gauge("revision_swaps", "Revisions taken since this process began")
        self.swap_cpu = self._gauge("revision_swap_cpu_seconds", "CPU time that the last one cost")
        self.jobs = self._gauge("jobs", "Background jobs by queue and status", "queue", "status")
        self.oldest = self._gauge("jobs_oldest_seconds", "How long the oldest job has been due")
        self.failed = self._gauge("jobs_failed", "Jobs that failed and wait for a person")
        self.timers = self._gauge("timers_due", "Timers that are due and have not fired yet")
        self.finished = self._gauge("jobs_finished_last_minute", "Jobs done in the last minute")

    def text(self) -> bytes:
        """The figures as Prometheus reads them."""
        site = shell().site
        self.revision.set(application().revision)
        self.not_built.set(1 if site.failed else 0)
        self.swaps.set(site.swaps.count)
        self.swap_cpu.set(site.swaps.cpu)
        self._look()
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"formwright_{name}", text, labels, registry=self.registry)

    def _look(self) -> None:
        """Asks the database; the same figures, whichever process answers."""
        now = time.monotonic()
        if now - self.looked <= LOOK_AGAIN_AFTER:
            return
        self.looked = now
        found = look(application().gate)
        for (queue, status), depth in found.depth.items():
            self.jobs.labels(queue, status).set(depth)
        self.oldest.set(found.oldest)
        self.failed.set(found.failed)
        self.finished.set(found.finished)
        self.timers.set(found.timers)


def install(app: Flask) -> None:
    """Adds the routes, and counts all requests."""
    metrics = Metrics()
    app.extensions[METRICS] = metrics
    routes = Blueprint("operations", __name__)
    routes.add_url_rule("/healthz", "healthz", _healthz)
    routes.add_url_rule("/readyz", "readyz", _readyz)
    routes.add_url_rule("/metrics", "metrics", lambda: _metrics(metrics))
    app.register_blueprint(routes)
    app.before_request(_start)
    app.after_request(lambda response: _count(metrics, response))


def _healthz() -> Response:
    return answer({"status": "ok"})


def _readyz() -> Response:
    """Ready: the database answers. Another revision in force is no reason to send people away.

    It is built beside the one that is served, and a write waits for it: a balancer that took all
    processes out at every publish would make the outage that the swap avoids. So does one that
    cannot be built: reading goes on. `status` says so, as `formwright_revision_failed` does.
    """
    site = shell().site
    try:
        revision = shell().reachable()
    except SQLAlchemyError:
        return answer({"status": "database-not-reachable"}, 503)
    site.notice(revision)
    served = site.current.revision
    if revision == served:
        return answer({"status": "ok", "revision": served})
    status = "revision-not-built" if site.failed else "revision-changing"
    return answer({"status": status, "revision": served, "in_force": revision})


def _metrics(metrics: Metrics) -> Response:
    application().gate.require_right(caller().actor, "administer")
    return Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _start() -> None:
    g.started = time.perf_counter()


def _count(metrics: Metrics, response: Response) -> Response:
    endpoint: Any = request.endpoint or "none"
    started = g.get("started")
    # any word may stand where a method does, and each would be a figure of its own
    method = request.method if request.method in _METHODS else "other"
    metrics.requests.labels(method, endpoint, response.status_code).inc()
    if started is not None:
        metrics.seconds.labels(method, endpoint).observe(time.perf_counter() - started)
    return response


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
