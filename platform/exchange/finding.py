"""Records by the values of their fields: one statement per batch, as the actor sees them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine.definition.catalog import as_member
from engine.definition.objects import Field
from engine.expressions.among import among_words
from engine.expressions.folding import fold
from engine.fieldtypes.link import Link
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.problems import Problem, Refusal
from engine.records import messages as gate_say
from engine.records.gate import Gate
from engine.records.transaction import Transaction
from engine.vault import Hidden
from exchange.translating import Draft

Key = tuple[Any, ...]
CHUNK = 2_000
"""Most values in one statement."""
KNOWN = 50_000
"""Most found records that are remembered of one link."""
_BY_ID = re.compile(r"#(\d{1,18})")


class Finder:
    """Finds linked and matching records for one import."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._known: dict[tuple[str, str], dict[Any, int]] = defaultdict(dict)

    def forget(self) -> None:
        """Drops what was found: another transaction may have written since."""
        self._known.clear()

    def resolve(
        self, tx: Transaction, object: str, drafts: Sequence[Draft], finds: Mapping[str, str]
    ) -> None:
        """Turns the words in `Draft.finds` into ids; a problem where there is not one record."""
        for name, find in finds.items():
            waiting = [draft for draft in drafts if name in draft.finds]
            if waiting:
                self._resolve(tx, self.gate.catalog.objects[object].fields[name], find, waiting)

    def _resolve(self, tx: Transaction, link: Field, find: str, waiting: list[Draft]) -> None:
        assert isinstance(link.type, Link)
        target = self.gate.catalog.objects[link.type.to]
        known = self._known[target.name, find]
        unknown = {draft.finds[link.name] for draft in waiting} - known.keys()
        found: dict[Any, list[int] | Refusal] = {}
        if unknown:
            found = self._words(tx, target.name, find, unknown)
            if len(known) < KNOWN and target.name != link.object:
                known.update(
                    (word, ids[0])
                    for word, ids in found.items()
                    if isinstance(ids, list) and len(ids) == 1
                )
        for draft in waiting:
            word = draft.finds[link.name]
            id = known.get(word)
            if id is None:
                ids = found.get(word, [])
                if isinstance(ids, Refusal):
                    draft.problems += [p.on(link.name) for p in ids.problems]
                    continue
                if len(ids) != 1:
                    draft.problems.append(_not_one(link, target.label, word, ids))
                    continue
                id = ids[0]
            draft.given[link.name] = id

    def _words(
        self, tx: Transaction, object: str, find: str, words: Iterable[Any]
    ) -> dict[Any, list[int] | Refusal]:
        """The ids that words of the file stand for; a refusal for words that are no values."""
        field = self.gate.catalog.objects[object].fields[find]
        result: dict[Any, list[int] | Refusal] = {}
        keys: dict[Any, Key] = {}
        by_id: dict[Any, Key] = {}
        for word in words:
            match = _BY_ID.fullmatch(word) if isinstance(word, str) else None
            if match:
                by_id[word] = (int(match[1]),)
                continue
            try:
                keys[word] = (normal(field, field.type.read(word)),)
            except Refusal as refusal:
                result[word] = refusal
        for names, wanted in (((find,), keys), (("id",), by_id)):
            found = self.by_values(tx, object, names, set(wanted.values())) if wanted else {}
            result.update((word, found.get(key, [])) for word, key in wanted.items())
        return result

    def by_values(
        self, tx: Transaction, object: str, names: Sequence[str], keys: Iterable[Key]
    ) -> dict[Key, list[int]]:
        """Live records that the actor may see, by the normal values of these fields.

        Keys may hold None, which records match that have nothing there.
        """
        found: dict[Key, list[int]] = defaultdict(list)
        wanted = sorted(set(keys), key=repr)
        whole = [key for key in wanted if None not in key]
        partial = [key for key in wanted if None in key]
        for start in range(0, len(whole), CHUNK):
            self._select(tx, object, names, whole[start : start + CHUNK], found)
        for key in partial:
            self._select(tx, object, names, [key], found)
        return found

    def _select(
        self,
        tx: Transaction,
        object: str,
        names: Sequence[str],
        keys: Sequence[Key],
        found: dict[Key, list[int]],
    ) -> None:
        definition = self.gate.catalog.objects[object]
        table = self.gate.tables.table(object)
        binds = Binds()
        roles = None if tx.actor.is_system else tx.actor.roles
        view = ActorView(self.gate.lenses, roles, binds)
        fields = [definition.fields[name] for name in names]
        columns = [
            view.masked(object, f.name, table.c[f.folded], table)
            if f.folded
            else view.column(object, as_member(f), table)
            for f in fields
        ]
        if len(keys) == 1:
            pairs = zip(columns, keys[0], strict=True)
            among = sa.and_(*(c.is_(None) if v is None else c == v for c, v in pairs))
        elif len(columns) == 1 and fields[0].type.textual:
            among = among_words(columns[0], "words_", self.gate.dialect)
        elif len(columns) == 1:
            among = columns[0].in_([key[0] for key in keys])
        else:
            among = sa.tuple_(*columns).in_(keys)
        seen = view.visible(object, table)
        statement = sa.select(table.c.id, *columns).where(among).order_by(table.c.id)
        if seen is not None:
            statement = statement.where(seen)
        parameters = binds.values(tx.actor, tx.context)
        if len(columns) == 1:
            parameters["words_"] = tuple(key[0] for key in keys)
        for id, *values in tx.connection.execute(statement, parameters):
            found[tuple(values)].append(id)


def normal(field: Field, value: Any) -> Any:
    """A field's value as it is compared: folded where the field is, options by their keys."""
    if value is None:
        return None
    if field.folded and not isinstance(value, Hidden):
        return fold(value)
    keys: Mapping[str, str] = getattr(field.type, "keys", {})
    return keys.get(value, value) if keys and isinstance(value, str) else value


def _not_one(link: Field, target: Any, word: Any, ids: list[int]) -> Problem:
    message = gate_say.LINK_AMBIGUOUS if ids else gate_say.LINK_NOT_FOUND
    return message(path=link.name, field=link.label, target=target, found=repr(word))
