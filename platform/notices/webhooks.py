"""Asking for webhooks, and what carries them out.

    put(tx, [calling("erp", "order.confirmed", "sales_order", 7, fields=("stage",))])

The outbox keeps names only. What the record says is read when it is sent, as the role of the
webhook, and every attempt carries the same `webhook-id`, by which the receiver knows it again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.definition.catalog import Catalog
from engine.permissions.actors import Actor
from engine.problems import Problem, Refusal, did_you_mean
from engine.records.reading import Reader, Record
from engine.records.serial import to_json
from jobs.backoff import backoff
from jobs.handlers import Claimed, Handler, Hopeless, Later, Running
from jobs.outbox import Effect
from notices import webhooks_messages as say
from notices.outgoing import Client, NotSent
from notices.webhooks_answers import Breathers, judge
from notices.webhooks_definitions import WEBHOOK, Value, Webhook, sendable
from notices.webhooks_signing import SHORTEST, is_weak, signed_headers

log = logging.getLogger("formwright.webhooks")

WEBHOOK_EFFECT = "webhook"
ATTEMPTS = 12
"""By the usual back-off the last one is made after a day."""
TIMEOUT = 45.0
"""Seconds of one attempt: the longest `timeout` of a webhook, and reading before it."""


def calling(
    webhook: str, event: str, object: str, record: int, *, fields: Sequence[str] = ()
) -> Effect:
    """The effect that tells the receiver `webhook` of an `event` of a record.

    `event` is a word for the receiver ("sales_order.confirmed"), `fields` name what changed. What
    the record says is read when it is sent, as the webhook's role.
    """
    return Effect(
        kind=WEBHOOK_EFFECT,
        object=object,
        record=record,
        payload={"webhook": webhook, "event": event, "fields": list(fields)},
    )


def webhook_handler(client: Client, secrets: Mapping[str, str]) -> Handler:
    """What carries the effects out; `secrets` are the values of secrets by name."""
    caller = _Caller(client, secrets)
    return Handler(kind=WEBHOOK_EFFECT, run=caller.run, timeout=TIMEOUT, attempts=ATTEMPTS)


@dataclass(eq=False)
class _Caller:
    client: Client
    secrets: Mapping[str, str] = field(repr=False)
    breathers: Breathers = field(default_factory=Breathers)

    def run(self, running: Running) -> None:
        """One attempt. Raises Later, Hopeless or Refusal when it was not delivered."""
        effect, catalog = running.effect, running.gate.catalog
        webhook = _webhook(catalog, str(effect.payload.get("webhook")))
        url = self._value(webhook, webhook.url)
        key = self._key(webhook)
        headers = self._headers(webhook)
        about = _about(Reader(running.gate), catalog, webhook, effect)
        if about is None:
            log.info("webhook-nothing-to-send", extra=_names(webhook, effect))
            return
        body = json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()
        headers |= _headers(webhook, effect, body, key)
        self._send(webhook, effect, url, body, headers)

    def _send(
        self, webhook: Webhook, effect: Claimed, url: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        if (rest := self.breathers.left(webhook.name)) > 0:
            after = max(rest, backoff(effect.attempt))
            raise Later(say.RESTING(webhook=webhook.label), after=after)
        try:
            answer = self.client.post(url, body, headers, timeout=webhook.timeout)
        except NotSent as failure:
            self.breathers.failed(webhook.name)
            raise Later(failure.problem) from None
        self.breathers.answered(webhook.name)
        log.info("webhook-answered", extra=_names(webhook, effect) | {"status": answer.status})
        judge(webhook, answer, effect.attempt, hide=self._hidden(webhook))

    def _value(self, webhook: Webhook, value: Value) -> str:
        if not value.secret:
            return value.text
        found = self.secrets.get(value.secret, "")
        if not found:
            raise Hopeless(say.MISSING_SECRET(webhook=webhook.label, name=value.secret))
        return found

    def _headers(self, webhook: Webhook) -> dict[str, str]:
        headers = {name: self._value(webhook, value) for name, value in webhook.headers.items()}
        for name, text in headers.items():
            if not sendable(text):
                raise Hopeless(say.HEADER_VALUE(name=name))
        return headers

    def _key(self, webhook: Webhook) -> str:
        key = self._value(webhook, webhook.sign_with)
        if is_weak(key):
            raise Hopeless(say.SHORT_SECRET(name=webhook.sign_with.secret, least=SHORTEST))
        return key

    def _hidden(self, webhook: Webhook) -> list[str]:
        """The secrets that a receiver might repeat in its answer."""
        return [part for name in webhook.secrets for part in self.secrets.get(name, "").split()]


def missing_secrets(catalog: Catalog, secrets: Mapping[str, str]) -> list[Problem]:
    """The secrets that webhooks need and nobody has set, to be told when a process starts."""
    return [
        say.MISSING_SECRET(webhook=webhook.label, name=name)
        for webhook in catalog.of(WEBHOOK).values()
        for name in webhook.secrets
        if not secrets.get(name)
    ]


def _webhook(catalog: Catalog, name: str) -> Webhook:
    known: Mapping[str, Webhook] = catalog.of(WEBHOOK)
    if name not in known:
        raise Hopeless(say.UNKNOWN_WEBHOOK(name=name, best=did_you_mean(name, known)))
    return known[name]


def _about(
    reader: Reader, catalog: Catalog, webhook: Webhook, effect: Claimed
) -> dict[str, object] | None:
    """The message, with what the webhook's role may know; None where it may not see the record.

    Of a deleted record it may know that it was there: id and number.
    """
    roles = frozenset((webhook.run_as,))
    actor = Actor(name=f"webhook:{webhook.name}", roles=roles, via="automation")
    about: dict[str, object] = {
        "id": effect.token,
        "event": str(effect.payload.get("event", "")),
        "at": effect.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "object": effect.object,
    }
    if (found := _read(reader, actor, effect, deleted=False)) is not None:
        lens = reader.gate.lenses.lens(effect.object, roles)
        names = effect.payload.get("fields") or ()
        about["record"] = to_json(catalog, found)
        about["changed"] = [name for name in names if lens.may_read(name)]
        return about
    if (found := _read(reader, actor, effect, deleted=True)) is None:
        return None
    kept = to_json(catalog, found)
    about["record"] = {name: kept[name] for name in ("id", "number") if name in kept}
    about["deleted"] = True
    return about


def _read(reader: Reader, actor: Actor, effect: Claimed, *, deleted: bool) -> Record | None:
    if effect.record is None or effect.object not in reader.gate.catalog.objects:
        return None
    try:
        return reader.one(actor, effect.object, effect.record, deleted=deleted)
    except Refusal:
        return None


def _headers(webhook: Webhook, effect: Claimed, body: bytes, key: str) -> Mapping[str, str]:
    # a receiver judges the age of a message by a clock of its own, so this is the real time
    try:
        signed = signed_headers(effect.token, int(time.time()), body, key)
    except ValueError:
        raise Hopeless(say.BAD_SECRET(name=webhook.sign_with.secret)) from None
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": effect.token,
        "X-Formwright-Trace": effect.trace,
        **signed,
    }


def _names(webhook: Webhook, effect: Claimed) -> dict[str, object]:
    """What a log line says of a delivery; `webhook_event`, since a line has an event of its own."""
    return {
        "effect": effect.id,
        "webhook": webhook.name,
        "webhook_event": effect.payload.get("event"),
        "object": effect.object,
        "record": effect.record,
    }
