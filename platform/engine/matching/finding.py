"""Finding the records that a row may be a duplicate of, and what of them somebody may know.

1. The keys of all rows are looked up together: one statement for whole keys and one for blocks.
2. What shares a block is compared; what is similar enough stays.
3. What somebody found to be different from the row's own record is left out.
4. Of what stays, one statement asks which records live, fulfil the rule's condition, and which of
   them the actor may see, with the values that the rule matches: to name a record is to say what
   stands in those cells. Of the others only what `reveal` names is told (rule 31), not even the id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from rapidfuzz.fuzz import ratio
from rapidfuzz.process import extract

from engine.definition.catalog import as_member
from engine.definition.duplicates import MatchRule
from engine.definition.objects import Field, Object
from engine.expressions import Context, JoinSet, to_sql
from engine.expressions.among import among_ids, among_words
from engine.expressions.sqltypes import String
from engine.fieldtypes.choice import Choice
from engine.fieldtypes.link import Link
from engine.matching.apart import known_apart
from engine.matching.keys import BETWEEN, BLOCK_MARK, WHOLE, Keys, keys_of, stored_under
from engine.matching.tables import MATCH
from engine.permissions.actors import Actor
from engine.permissions.binds import Binds
from engine.permissions.lens import ActorView
from engine.problems import Text
from engine.records.prepared import Prepared
from engine.schema.tables import DELETED

if TYPE_CHECKING:
    from engine.records.gate import Gate

MOST_IN_BLOCK = 500
"""Records of a block that a row is compared with; a block that more records share says little."""
MOST_READ = 20_000
"""Records of all blocks of one look-up together. A limit also keeps PostgreSQL from sorting and
hashing all keys for a handful of blocks."""
MOST_TOLD = 5
"""Candidates that are told of one record, the most similar first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the same. Without an `id` the actor may not see it, only `reveal`.

    `similarity` is from 0 to 100; it is not for telling of a record that may not be seen, whose
    value could be found by trying what comes nearer.
    """

    object: str
    rule: MatchRule
    similarity: int
    id: int | None
    title: str
    reveal: tuple[tuple[Text, Text], ...]
    record: int = field(repr=False)
    """Which record it is, for ourselves: never told to somebody who may not see it."""

    def words(self) -> Text:
        """The candidate in one phrase."""
        told = {
            locale: "、".join(f"{a.in_(locale)}：{b.in_(locale)}" for a, b in self.reveal)
            if locale == "zh"
            else ", ".join(f"{a.in_(locale)}: {b.in_(locale)}" for a, b in self.reveal)
            for locale in ("en", "zh")
        }
        if self.id is not None:
            return Text({locale: self.title for locale in told})
        return Text(
            {
                "en": f"a record that you may not see ({told['en'] or '–'})",
                "zh": f"您无权查看的记录（{told['zh'] or '–'}）",
            }
        )


@dataclass(slots=True)
class Asked:
    """A row that is looked for. `id` is its own, where it has one."""

    row: Mapping[str, Any]
    id: int | None = None


class Finder:
    """Looks duplicates up in one transaction or reading connection."""

    def __init__(
        self, gate: Gate, connection: sa.Connection, actor: Actor, context: Context
    ) -> None:
        self.gate = gate
        self.connection = connection
        self.actor = actor
        self.context = context
        self.match = gate.tables.system(MATCH)

    def find(self, rule: MatchRule, asked: Sequence[Asked]) -> dict[int, list[Candidate]]:
        """The candidates of each row under one rule, by its place, the most similar first."""
        keys = {n: made for n, one in enumerate(asked) if (made := keys_of(rule, one.row))}
        if not keys:
            return {}
        hits = self._hits(rule, keys)
        target = rule.against[0] if rule.against else rule.object
        own = target == rule.object
        scores: dict[int, dict[int, float]] = defaultdict(dict)
        for place, record, score in hits:
            if not (own and record == asked[place].id):
                scores[place][record] = max(score, scores[place].get(record, 0.0))
        self._leave_apart(rule, target, asked, scores)
        known = self.told(rule, target, {id for found in scores.values() for id in found})
        result = {}
        for place, found in scores.items():
            best = sorted((id for id in found if id in known), key=lambda id: (-found[id], id))
            if best:
                result[place] = [known[id](int(found[id])) for id in best[:MOST_TOLD]]
        return result

    def _leave_apart(
        self,
        rule: MatchRule,
        target: str,
        asked: Sequence[Asked],
        scores: Mapping[int, dict[int, float]],
    ) -> None:
        """Takes out what is known to be different from the record that the row is of."""
        own = sorted({id for place in scores if (id := asked[place].id) is not None})
        keys = [self.gate.catalog.objects[name].table for name in (rule.object, target)]
        apart = known_apart(self.gate, self.connection, keys[0], own, keys[1])
        for place, found in scores.items() if apart else ():
            for record in [one for one in found if (asked[place].id, one) in apart]:
                del found[record]

    def _hits(self, rule: MatchRule, keys: Mapping[int, Keys]) -> Iterable[tuple[int, int, float]]:
        """The rows' places with the records that match them, and how similar they are."""
        name = stored_under(self.gate.catalog, rule)
        by_whole: dict[str, list[int]] = defaultdict(list)
        by_block: dict[str, list[int]] = defaultdict(list)
        for place, found in keys.items():
            by_whole[found.whole].append(place)
            for block in found.blocks:
                by_block[block].append(place)
        exact = {"rule": name, "words": tuple(by_whole)}
        for key, record in self._statement("exact", self._exact).rows(self.connection, exact):
            yield from ((place, record, 100.0) for place in by_whole[key])
        if not by_block:
            return
        for key, (records, texts) in self._blocks(rule, name, tuple(by_block)).items():
            for place in by_block[key]:
                near = extract(
                    keys[place].text, texts, scorer=ratio, score_cutoff=rule.least, limit=None
                )
                yield from ((place, records[number], score) for _, score, number in near)

    def _blocks(
        self, rule: MatchRule, name: str, blocks: tuple[str, ...]
    ) -> dict[str, tuple[list[int], list[str]]]:
        """The records of each block with the texts that are compared."""
        found: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
        near = {"rule": name, "words": blocks}
        for key, record, text in self._statement("near", self._near).rows(self.connection, near):
            parts = text.removeprefix(WHOLE).split(BETWEEN)
            if rule.match_place < len(parts) and len(found[key][0]) < MOST_IN_BLOCK:
                found[key][0].append(record)
                found[key][1].append(parts[rule.match_place])
        return found

    def _statement(self, name: str, build: Callable[[], sa.Select[Any]]) -> Prepared:
        statements = self.gate.statements
        found: Prepared = statements.once(("matching", name), lambda: statements.prepared(build()))
        return found

    def _exact(self) -> sa.Select[Any]:
        """The records with one of the whole keys `words` under `rule`."""
        t = self.match
        return sa.select(t.c.key, t.c.record).where(
            t.c.rule == sa.bindparam("rule", type_=String()),
            among_words(t.c.key, "words", self.gate.dialect),
        )

    def _near(self) -> sa.Select[Any]:
        """The records with one of the blocks `words` under `rule`, with their whole keys."""
        t, whole = self.match, self.match.alias()
        rule = sa.bindparam("rule", type_=String())
        return (
            sa.select(t.c.key, t.c.record, whole.c.key)
            .join(whole, sa.and_(whole.c.record == t.c.record, whole.c.rule == rule))
            .where(
                t.c.rule == rule,
                among_words(t.c.key, "words", self.gate.dialect),
                whole.c.key >= WHOLE,
                whole.c.key < BLOCK_MARK,
            )
            .limit(MOST_READ)
        )

    def told(
        self,
        rule: MatchRule,
        target: str,
        ids: Iterable[int],
        *,
        counting: bool = True,
        own: bool = False,
    ) -> dict[int, Callable[[int], Candidate]]:
        """For each live record of `target`, what makes its candidate from a similarity.

        Those that do not fulfil the rule's condition are left out where `counting`. With `own` they
        are records that the rule asks for, not those that it asks.
        """
        ids = set(ids)
        if not ids:
            return {}
        gate = self.gate
        definition, table = gate.catalog.objects[target], gate.tables.table(target)
        binds, joins = Binds(), JoinSet()
        roles = None if self.actor.is_system else self.actor.roles
        view = ActorView(gate.lenses, roles, binds)
        seen = view.visible(target, table)
        lens = gate.lenses.lens(target, roles)
        matched = rule.fields if own else self._matched(rule)
        may_read = lens.may("read") and all(lens.may_read(name) for name in matched)
        cells = (lens.cell(name, table, binds) for name in matched) if may_read else ()
        needed = [condition for condition in (seen, *cells) if condition is not None]
        flag = sa.case((sa.and_(*needed), 1), else_=0) if needed else sa.literal(1)
        title = definition.fields[definition.title]
        name = view.column(target, as_member(title), table) if title.stored else sa.null()
        revealed = [definition.fields[n] for n in definition.reveal]
        columns = [table.c[f.column].label(f"r_{n}") for n, f in enumerate(revealed)]
        conditions = [among_ids(table.c.id, "ids_", gate.dialect), table.c[DELETED].is_(None)]
        if rule.where is not None and counting:
            compiled = to_sql(rule.where, gate.tables, table, gate.dialect, joins)
            binds.add(compiled)
            conditions.append(compiled.condition)
        statement = (
            sa.select(table.c.id, flag, name, *columns)
            .select_from(joins.applied(table))
            .where(*conditions)
        )
        parameters = binds.values(self.actor, self.context) | {"ids_": sorted(ids)}
        rows = list(self.connection.execute(statement, parameters))
        texts = self._texts(revealed, [row[3:] for row in rows])
        found = {}
        for row, told in zip(rows, texts, strict=True):
            shown = bool(row[1]) and may_read
            found[row[0]] = _maker(target, rule, row[0], row[0] if shown else None, row[2], told)
        return found

    def _matched(self, rule: MatchRule) -> tuple[str, ...]:
        """The fields of the other record that the rule compares with those of the row."""
        if rule.against is None:
            return rule.fields
        object, name = rule.against
        rules = self.gate.catalog.objects[object].duplicates
        return next(one.fields for one in rules if one.name == name)

    def _texts(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[tuple[Text, Text], ...]]:
        """What `reveal` names, as labels and values; of links what their target is called."""
        titles: dict[int, dict[Any, str]] = {}
        for n, one in enumerate(fields):
            if isinstance(one.type, Link):
                titles[n] = self._titles(one.type.to, {row[n] for row in rows} - {None})
        return [
            tuple(
                (one.label, _value(one, value, titles.get(n, {})))
                for n, (one, value) in enumerate(zip(fields, row, strict=True))
                if value is not None
            )
            for row in rows
        ]

    def _titles(self, object: str, ids: set[Any]) -> dict[Any, str]:
        definition: Object = self.gate.catalog.objects[object]
        title = definition.fields[definition.title]
        table = self.gate.tables.table(object)
        if not ids or not title.stored:
            return {}
        statement = sa.select(table.c.id, table.c[title.column]).where(
            among_ids(table.c.id, "ids_", self.gate.dialect)
        )
        found = self.connection.execute(statement, {"ids_": sorted(ids)})
        return {id: str(name or f"#{id}") for id, name in found}


def _maker(
    object: str,
    rule: MatchRule,
    record: int,
    id: int | None,
    title: Any,
    told: tuple[tuple[Text, Text], ...],
) -> Callable[[int], Candidate]:
    name = str(title or f"#{id}") if id is not None else ""

    def make(score: int) -> Candidate:
        return Candidate(object, rule, score, id, name, told, record)

    return make


def _value(of: Field, value: Any, titles: Mapping[Any, str]) -> Text:
    if isinstance(of.type, Link):
        return Text.of(titles.get(value, "–"))
    if isinstance(of.type, Choice):
        names = {key: name for name, key in of.type.keys.items()}
        option = next((o for o in of.type.options if o.name == names.get(value, value)), None)
        return option.label if option is not None else Text.of(str(value))
    return Text.of(str(value))
