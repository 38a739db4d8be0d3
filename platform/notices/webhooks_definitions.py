"""Webhooks as frozen values: who is told, how they know it is us, and what they may learn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.catalog import Catalog
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.tree import Node
from engine.permissions.roles import Grant, Role
from engine.problems import Place, Problem, Refusal, Text, did_you_mean
from notices import webhooks_messages as say
from notices.outgoing_urls import read_url

WEBHOOK = "webhook"
TIMEOUT = 10

_OF_OURS = re.compile(
    r"(?i)(host|content-.*|transfer-encoding|connection|upgrade|expect|te|trailer|user-agent"
    r"|cookie|proxy-.*|webhook-.*|idempotency-key|x-formwright-.*)"
)
_SECRET_HEADER = re.compile(r"(?i)auth|token|secret|passw|signature|(^|-)(api-?)?key$|credential")
_SECRET_PARAMETER = re.compile(
    r"(?i)[?&][^=&]*(token|secret|passw|signature|credential|api[_-]?key|(?<![a-z])(sig|key))[^=&]*="
)
_SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
_SENDABLE = re.compile(r"[\t -~]*")
_OWN_SCOPES = frozenset(("own", "team", "department", "department_and_below", "shared"))


@dataclass(frozen=True, slots=True)
class Value:
    """A text as it stands, or the name of the secret that holds it."""

    text: str = ""
    secret: str = ""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Another system that is told of changes. `timeout` is in seconds."""

    name: str
    label: Text
    url: Value
    sign_with: Value
    run_as: str
    headers: Mapping[str, Value] = field(default_factory=dict)
    timeout: int = TIMEOUT
    source: Node | None = field(default=None, compare=False, repr=False)

    def place(self, *path: str) -> Place:
        """Where it, or one of its keys, was written."""
        return self.source.at(*path) if self.source else Place("")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it needs, each once."""
        return tuple(dict.fromkeys(value.secret for _, value in self.values() if value.secret))

    def values(self) -> Iterator[tuple[tuple[str, ...], Value]]:
        """What may be a secret, and under which keys it stands."""
        yield ("url",), self.url
        yield ("sign_with",), self.sign_with
        for name, value in self.headers.items():
            yield ("headers", name), value


def build_webhook(name: str, node: Node, problems: Problems) -> Webhook | None:
    """The webhook from its file. Secrets that stand there themselves are refused (rule 38)."""
    headers = node.get("headers")
    made = Webhook(
        name=name,
        label=node.text("label") or Text.of(name),
        url=_value(node.get("url")),
        sign_with=_value(node.get("sign_with")),
        run_as=node.plain("run_as", ""),
        headers={key: _value(child) for key, child in (headers.items() if headers else ())},
        timeout=int(node.plain("timeout", TIMEOUT)),
        source=node,
    )
    if made.sign_with.text:
        problems.append(say.LITERAL_SECRET(made.place("sign_with")))
    if made.url.text:
        problems += _wrong_address(made.url.text, made.place("url"))
    for header, value in made.headers.items():
        problems += _wrong_header(header, value, made.place("headers", header))
    for path, value in made.values():
        # the name is not repeated: it may be the secret itself
        if value.secret and not _SECRET_NAME.fullmatch(value.secret):
            problems.append(say.SECRET_NAME(made.place(*path, "secret")))
    return made


def _value(node: Node | None) -> Value:
    if node is None:
        return Value()
    if isinstance(node.value, str):
        return Value(text=node.value)
    return Value(secret=node.plain("secret", ""))


def _wrong_address(text: str, place: Place) -> list[Problem]:
    try:
        target = read_url(text, place)
    except Refusal as refusal:
        return list(refusal.problems)
    if _SECRET_PARAMETER.search(target.path):
        return [say.LITERAL_SECRET(place)]
    if target.scheme == "http" and not target.internal:
        return [say.OPEN_ADDRESS(place, host=target.host)]
    return []


def _wrong_header(name: str, value: Value, place: Place) -> list[Problem]:
    if _OF_OURS.fullmatch(name):
        return [say.HEADER_RESERVED(place, name=name)]
    if value.text and _SECRET_HEADER.search(name):
        return [say.LITERAL_SECRET(place)]
    if not sendable(value.text):
        return [say.HEADER_VALUE(place, name=name)]
    return []


def sendable(text: str) -> bool:
    """Whether a header can hold the text."""
    return _SENDABLE.fullmatch(text) is not None


def connect_webhooks(catalog: Catalog, problems: Problems) -> Catalog:
    """The same catalog; roles that do not exist are added to `problems`."""
    roles = catalog.of("role")
    for webhook in catalog.of(WEBHOOK).values():
        if webhook.run_as not in roles:
            best = did_you_mean(webhook.run_as, roles)
            problems.append(
                say.UNKNOWN_RUN_AS(webhook.place("run_as"), name=webhook.run_as, best=best)
            )
    return catalog


def webhook_problems(catalog: Catalog, name: str, object: str, place: Place) -> list[Problem]:
    """What is wrong with telling the webhook `name` of records of `object`, as asked at `place`.

    Its role must read them without being anybody: all of them, or those of a condition.
    """
    known: Mapping[str, Webhook] = catalog.of(WEBHOOK)
    if name not in known:
        return [say.UNKNOWN_WEBHOOK(place, name=name, best=did_you_mean(name, known))]
    webhook, definition = known[name], catalog.objects.get(object)
    role: Role | None = catalog.of("role").get(webhook.run_as)
    if definition is None or role is None:
        return []  # told elsewhere
    above = definition.parent_object if definition.parent else definition.name
    grant: Grant | None = role.grants.get(above)
    about: dict[str, Any] = {
        "webhook": webhook.label,
        "role": role.label,
        "object": definition.label,
    }
    if grant is None or grant.scope("read").nothing or object not in role.grants:
        return [say.NEVER_READS(place, **about)]
    scope = grant.scope("read").name
    if scope in _OWN_SCOPES:
        return [say.READS_AS_NOBODY(place, scope=scope, **about)]
    return []


WEBHOOK_KIND = DefinitionKind(
    WEBHOOK, "automations", "webhook.schema.json", build_webhook, connect_webhooks
)
