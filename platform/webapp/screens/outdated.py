"""Forms that were opened under an earlier revision: what was typed finds its fields again.

1. A form carries a mark: the revision that it was drawn for, a digest of what it asks, and the
   permanent key behind each name (rule 1). It is signed, so nobody can make one up.
2. Where the present form asks the same, nothing happens: another object has changed.
3. Otherwise what was typed goes by the keys to the fields of today, options likewise. A field
   without a key of today falls back on its name (its type was changed).
4. What finds no field is told with its label, and the form is shown again; nothing is saved then.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Response, jsonify, request
from werkzeug.datastructures import MultiDict

from engine.definition.objects import Field, Object
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Collection, Lines
from engine.fieldtypes.secret import Secret
from engine.loading.storing import restore
from engine.problems import Refusal
from engine.schema.state import revision_definitions
from engine.vault import DOTS
from webapp.keys import same
from webapp.screens.controls import ABSENT, ID, WAS, enterable
from webapp.screens.here import Here
from webapp.shell import shell

MADE_FOR = "_made_for"
"""The control with the mark."""
CHANGED = "form-changed"
"""The code under which scripts are told that the form asks something else by now."""
AGAIN = "_again"
"""A form that is sent with it wants to be shown as it is now, not to be saved."""
LONGEST = 200
_CONTROL = re.compile(r"([a-z][a-z0-9_]*)(?:\.(\w+)\.([a-z][a-z0-9_]*))?(.*)", re.DOTALL)
_OF_A_LINE = frozenset(("id",))


@dataclass(frozen=True)
class Carried:
    """What was typed, under the names of today.

    `changed` says that the form asks something else by now. `lost` is what found no field: its
    label and its value. `names` are the present names of the controls and of the fields that the
    form knew, empty where there is none.
    """

    form: MultiDict[str, str]
    changed: bool = False
    lost: tuple[tuple[str, str], ...] = ()
    names: dict[str, str] = field(default_factory=dict)

    def name(self, control: str) -> str:
        """The present name of a control or field; empty where it is gone."""
        return self.names.get(control, control)


def mark_of(at: Here, definition: Object) -> str:
    """What a form of the object carries, signed."""
    roles = None if at.actor.is_system else at.actor.roles
    text: str = at.gate.statements.lately(
        ("form mark", definition.name, roles), lambda: _mark(at, definition)
    )
    return f"{shell().keys.sign('form', text)} {text}"


def carried(at: Here, definition: Object, sent: MultiDict[str, str] | None = None) -> Carried:
    """The form of the current request, carried over from the revision that it was made for."""
    form = request.form if sent is None else sent
    signature, _, text = form.get(MADE_FOR, "").partition(" ")
    if not text or not same(shell().keys.sign("form", text), signature):
        return Carried(form)
    revision, digest, *tokens = text.split(" ")
    now = _mark(at, definition).split(" ")
    if digest == now[1]:
        return Carried(form)
    return _Carrying(at, definition, tokens, now[2:], int(revision)).run(form)


def lost_sentences(at: Here, brought: Carried) -> list[str]:
    """What was typed and has no place any more, a sentence for each field."""
    return [at.t("field_gone", field=label, value=value) for label, value in brought.lost]


def look_again(at: Here, definition: Object, brought: Carried) -> Response:
    """Tells a script whose dialog has lost something: what, and how its controls are called now.

    With these names and the new mark it can be sent again, without what has no place any more.
    """
    told = [at.t("form_changed"), *lost_sentences(at, brought)]
    response = jsonify(
        again=True,
        problems=[{"field": "", "code": CHANGED, "message": one} for one in told],
        names={old: new for old, new in brought.names.items() if old != new},
        mark=mark_of(at, definition),
    )
    response.status_code = 409
    return response


def _mark(at: Here, definition: Object) -> str:
    asked, tokens = [], []
    for prefix, found in _asked(at, definition):
        options = found.type.keys if isinstance(found.type, Choice) else {}
        conditions = (found.required_when, found.visible_when, found.read_only_when)
        asked.append(
            (
                prefix, found.name, _key_of(at, found), type(found.type).__name__, found.required,
                sorted(options), [str(one.source) if one else "" for one in conditions],
            )
        )  # fmt: skip
        tokens.append(f"{prefix}{found.name}={_key_of(at, found)}")
        tokens += [f"{prefix}{found.name}:{n}={key}" for n, key in options.items() if n != key]
    digest = hashlib.sha256(repr(asked).encode()).hexdigest()[:16]
    return " ".join((str(at.application.revision), digest, *tokens))


def _key_of(at: Here, found: Field) -> str:
    """What stays the same when the field is renamed: of lines, which have no column, their link."""
    if not isinstance(found.type, Collection) or found.stored:
        return found.column
    of = at.catalog.objects[found.type.of]
    back = of.fields.get(found.type.by)
    return f"{of.table}.{back.column}" if back is not None else found.column


def _asked(at: Here, definition: Object) -> Iterator[tuple[str, Field]]:
    """The fields that the actor enters, those of lines behind the name of the lines."""
    for found in enterable(at, definition, True):
        yield "", found
        if isinstance(found.type, Lines):
            for one in enterable(at, at.catalog.objects[found.type.of], True):
                yield f"{found.name}/", one


class _Carrying:
    """One form on its way from the names that it was made with to those of today."""

    def __init__(
        self, at: Here, definition: Object, tokens: list[str], now: list[str], revision: int
    ) -> None:
        self.at, self.definition, self.revision = at, definition, revision
        self.before = _pairs(tokens)
        self.now = _pairs(now)
        self.by_key = {(_place(n), key): n for n, key in self.now.items()}
        self._labels: dict[str, Any] | None = None

    def run(self, form: MultiDict[str, str]) -> Carried:
        found: MultiDict[str, str] = MultiDict()
        names = {n: self._present(n) for n in self.before if "/" not in n and ":" not in n}
        gone: dict[str, str] = {}
        for control in dict.fromkeys((*form, *request.files)):
            values = form.getlist(control)
            old, new = self._fields(control)
            if old is None:
                found.setlist(control, values)
                continue
            names[control] = self._renamed(control, new) if new else ""
            if new:
                found.setlist(names[control], [self._option(old, new, v) for v in values])
                continue
            files = [one.filename or "" for one in request.files.getlist(control)]
            told = [v.strip() for v in (*values, *files) if v.strip()]
            if told and not control.endswith((ID, WAS, ABSENT, ":lines", ".id")):
                label, secret = self._label(old)
                told = [DOTS] if secret else told
                told = [*filter(None, [gone.get(label)]), *told]
                gone[label] = self.at.t("list_and").join(told)[:LONGEST]
        return Carried(found, True, tuple(gone.items()), names)

    def _fields(self, control: str) -> tuple[str | None, str]:
        """The field of a control as the form knew it, None for no field, and that of today."""
        match = _CONTROL.fullmatch(control)
        if match is None or match[1] not in self.before:
            return None, ""
        lines = self._present(match[1])
        if not match[3]:
            return match[1], lines
        old = f"{match[1]}/{match[3]}"
        if match[3] in _OF_A_LINE or old not in self.before:
            return (None, "") if lines == match[1] else (old, lines)
        return old, self._present(old, f"{lines}/") if lines else ""

    def _present(self, name: str, place: str = "") -> str:
        return self.by_key.get((place, self.before[name])) or (
            name if name in self.now and _place(name) == place else ""
        )

    def _renamed(self, control: str, new: str) -> str:
        match = _CONTROL.fullmatch(control)
        assert match is not None
        lines, _, name = new.rpartition("/")
        if not match[3]:
            return f"{new}{match[4]}"
        return f"{lines or new}.{match[2]}.{name if lines else match[3]}{match[4]}"

    def _option(self, old: str, new: str, value: str) -> str:
        """The name that the chosen option has today."""
        key = self.before.get(f"{old}:{value}", value)
        return self.by_key.get((f"{new}:", key), key).rpartition(":")[2]

    def _label(self, name: str) -> tuple[str, bool]:
        """What the field was called, in the words of its revision, and whether it was a secret."""
        if self._labels is None:
            self._labels = _fields_of(self.at, self.definition, self.revision)
        known = self._labels.get(name.partition("/")[0]) or {}
        said = known.get("label", "")
        if isinstance(said, dict):
            said = said.get(self.at.locale) or next(iter(said.values()), "")
        label = str(said or name.partition("/")[0].replace("_", " ").capitalize())
        return label, known.get("type") == Secret.name


def _pairs(tokens: list[str]) -> dict[str, str]:
    """Names with their keys: `name`, `lines/name`, and of options `name:option`."""
    return {name: key for name, _, key in (token.partition("=") for token in tokens)}


def _place(name: str) -> str:
    """What a name is unique within: nothing, lines, or a field with options."""
    owner, colon, _ = name.rpartition(":")
    if colon:
        return f"{owner}:"
    lines, slash, _ = name.rpartition("/")
    return f"{lines}/" if slash else ""


def _fields_of(at: Here, definition: Object, revision: int) -> dict[str, Any]:
    """The fields of the object as a former revision defined them; empty where that is gone."""
    try:
        with at.gate.databases.reading() as connection:
            data = json.loads(revision_definitions(connection, revision) or "{}")
        objects = data["definitions"]["object"]
        kept = {name: objects[name] for name in definition.names if name in objects}
        trees = restore({**data, "definitions": {"object": kept}})
        plain = next(iter(trees["object"].values())).to_plain()
        return dict(plain.get("fields") or {})
    except (Refusal, KeyError, ValueError, StopIteration):
        return {}
