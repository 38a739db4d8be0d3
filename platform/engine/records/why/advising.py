"""The smallest grant that would change an answer, and whom to ask.

Candidates are tried one by one: each is a change in one place, carried out on a copy of the
definitions, and kept only where the very predicate then allows what was asked. What it opens
besides is counted on the real data (`deltas`); the one that opens the least comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.permissions.actors import Actor
from engine.permissions.lens import Lens, Lenses
from engine.permissions.roles import PLAIN_ACTIONS, Role
from engine.permissions.sharing import NEEDED
from engine.permissions.ways import SHARE, ways_of
from engine.records.seen import Count
from engine.records.why.asked import WRITING, Asked
from engine.records.why.budget import Budget
from engine.records.why.crowds import by_roles
from engine.records.why.deltas import Side, gained
from engine.records.why.findings import Delta, Proposal, pair, said
from engine.records.why.hypothetical import Amendment, amended, named_scopes
from engine.records.why.levels import level_of, reaches
from engine.records.why.rows import verdict
from engine.records.why.who import holders

SECONDS, EACH = 6.0, 1.5
"""How long all that is counted may take, and each of it."""
MOST_PROPOSALS = 6
MOST_ASKABLE = 5
MOST_SCOPES = 3
"""So many scopes of one role are counted, the narrowest that would do; the least is proposed."""
_ORDER = ("share", "grant", "role")

_SHARE = pair("share this record with {person} ({level})", "将此记录共享给{person}（{level}）")
_GIVE = pair(
    "give {person} the role {role}, with everything else that it grants",
    "为{person}添加角色“{role}”（同时获得该角色的其他权限）",
)
_WIDEN = pair("change the role {role}", "修改角色“{role}”")
_LEVELS = {"read": pair("read", "查看"), "update": pair("write", "修改")}


def proposals(asked: Asked, people: Sequence[Actor]) -> list[Proposal]:
    """Changes that would allow what is asked, the one that opens the least first.

    `people` are all who can sign in; what a grant opens is counted for those among them.
    """
    budget = Budget(SECONDS, EACH)
    found = [
        *_shares(asked),
        *_roles(asked, budget),
        *_grants(asked, budget, people),
    ]
    return sorted(found, key=lambda one: (one.width, _ORDER.index(one.kind)))[:MOST_PROPOSALS]


def askable(asked: Asked, people: Sequence[Actor]) -> list[Actor]:
    """People who may do it and could be asked to: the record's owner first, then those with the
    fewest people below them."""
    if asked.top_id is None or asked.id is None:
        return []
    action = "read" if asked.row_action in PLAIN_ACTIONS else asked.row_action
    found = holders(
        asked.gate, asked.connection, people, action, asked.top.definition.name, asked.top_id
    )
    actors = [one.actor for one in found if one.actor.person != asked.subject.person]
    if asked.field is not None:
        actors = [actor for actor in actors if _has_field(asked, actor)]
    owner = None
    if asked.top_conditions is not None and "owner" in asked.top.definition.fields:
        view = asked.top_conditions.record.value("owner")
        owner = view.id if view is not None else None
    return sorted(actors, key=lambda a: (a.person != owner, len(a.team), a.name))[:MOST_ASKABLE]


def owner_of(asked: Asked) -> list[Actor]:
    """The record's owner, as far as the asking person may know of them.

    Whether others may do it can follow from what that person cannot read, so no more is said.
    """
    if asked.top_conditions is None or "owner" not in asked.top.definition.fields:
        return []
    view = asked.top_conditions.record.value("owner")
    people = asked.gate.catalog.user_object
    if view is None or view.id is None or view.id == asked.subject.person:
        return []
    title = asked.sight.title(people, view.id) if asked.top_conditions.reads("owner") else None
    return [] if title is None else [Actor(person=view.id, name=title)]


def _has_field(asked: Asked, actor: Actor) -> bool:
    assert asked.field is not None
    lens = asked.gate.lenses.lens(asked.definition.name, actor.roles)
    if asked.action in WRITING:
        return lens.may_write(asked.field.name)
    return lens.may_read(asked.field.name)


def _shares(asked: Asked) -> Iterator[Proposal]:
    """Sharing the record helps where roles grant everything but the row."""
    top, person = asked.top, asked.subject.person
    if asked.id is None or person is None or asked.row_action not in NEEDED:
        return
    if SHARE not in ways_of(top, asked.row_action):
        return
    roles = top.allowing("read") & top.allowing(asked.row_action)
    assert asked.verdict is not None
    reached = {action: top.allowing(action) for action in ("read", asked.row_action)}
    shared = replace(asked, verdict=replace(asked.verdict, roles=reached))
    if not roles or not reaches(shared, level_of(shared)):
        return
    sharing = top.definition.sharing
    assert sharing is not None
    if NEEDED[asked.row_action] not in sharing.levels:
        return
    text = said(_SHARE, person=asked.subject.name, level=_LEVELS[asked.row_action])
    yield Proposal("share", text, _one(asked.subject))


def _roles(asked: Asked, budget: Budget) -> Iterator[Proposal]:
    """Roles that the person does not have, and that allow it."""
    known: dict[str, Role] = dict(asked.gate.catalog.of("role"))
    for name in sorted(known.keys() - asked.subject.roles):
        roles = asked.subject.roles | {name}
        subject = replace(asked.subject, roles=roles)
        if not _allowed(replace(asked, subject=subject), asked.gate.lenses):
            continue
        now = asked.subject.roles if asked.field is None else frozenset[str]()
        before, after = (_side(asked, asked.gate.lenses, r) for r in (now, roles))
        opens = gained(asked.gate, budget, before, after, _counted_action(asked), [asked.subject])
        text = said(_GIVE, person=asked.subject.name, role=known[name].label)
        source = known[name].source
        yield Proposal("role", text, opens, place=source.place if source else None)


def _grants(asked: Asked, budget: Budget, people: Sequence[Actor]) -> Iterator[Proposal]:
    """The narrowest changes of each of the person's roles."""
    known: dict[str, Role] = dict(asked.gate.catalog.of("role"))
    for name in sorted(asked.subject.roles & known.keys()):
        role = known[name]
        bearers = [one for one in people if name in one.roles] or [asked.subject]
        kept = list(_amendments(asked, role))
        if len(kept) > 1:  # what everybody sees is proposed only where nothing else helps
            kept = [one for one in kept if "all" not in one.actions.values()] or kept
        made = []
        for amendment in kept[:MOST_SCOPES]:
            lenses = amended(asked.gate, amendment)
            opens = _opened(asked, budget, lenses, amendment, bearers)
            grant = role.grants.get(amendment.object)
            source = (grant.source if grant else None) or role.source
            text = said(_WIDEN, role=role.label)
            place = source.place if source else None
            made.append(Proposal("grant", text, opens, amendment.yaml(grant), place))
        if made:
            yield min(made, key=lambda one: one.width)


def _amendments(asked: Asked, role: Role) -> Iterator[Amendment]:
    """Changes of one role's grant that would allow it, the narrowest scopes first."""
    top = asked.top.definition
    if asked.definition.parent:
        return  # of lines, the grant of their record is asked about
    fields = _fields(asked, role)
    actions = [asked.row_action]
    if asked.row_action not in ("read", *PLAIN_ACTIONS):
        actions = ["read", asked.row_action]
    missing = [a for a in actions if not _has(asked, role, a)]
    scopes = named_scopes(top, asked.gate.catalog) if missing else ("",)
    for scope in scopes:
        given = {a: "true" if a in PLAIN_ACTIONS else scope for a in missing}
        amendment = Amendment(role.name, top.name, given, fields)
        if (given or fields) and _allowed(asked, amended(asked.gate, amendment)):
            yield amendment
        if all(action in PLAIN_ACTIONS for action in missing):
            return


def _has(asked: Asked, role: Role, action: str) -> bool:
    """Whether the role grants the action already, on the record where one is asked about."""
    if role.name not in asked.top.allowing(action):
        return False
    return asked.verdict is None or role.name in asked.verdict.granting(action)


def _fields(asked: Asked, role: Role) -> dict[str, str]:
    """The levels that the role would have to grant."""
    grant = role.grants.get(asked.definition.name)
    if asked.field is None:
        if grant is not None and grant.fields:
            return {}
        return {asked.definition.title: "read"} if asked.definition.title else {}
    needed = "write" if asked.action in WRITING else "read"
    now = grant.fields.get(asked.field.name) if grant else None
    return {} if now in (needed, "write") else {asked.field.name: needed}


def _allowed(asked: Asked, lenses: Lenses) -> bool:
    """Whether the person would be allowed it under these lenses."""
    lens = top = lenses.lens(asked.definition.name, asked.subject.roles)
    while top.parent is not None:
        top = top.parent
    found = asked.verdict
    if asked.top_id is not None and asked.id is not None:
        found = verdict(
            asked.gate, asked.connection, asked.subject, top, asked.row_action, asked.top_id
        )
    changed = replace(asked, lens=lens, top=top, verdict=found)
    return reaches(changed, level_of(changed))


def _opened(
    asked: Asked, budget: Budget, lenses: Lenses, amendment: Amendment, bearers: Sequence[Actor]
) -> Delta:
    """What everybody with the role would gain by the amendment."""
    total = Delta()
    for roles, some in by_roles(bearers).items():
        after = _side(asked, lenses, roles)
        before = _side(asked, asked.gate.lenses, roles)
        if not amendment.actions:  # a field opens on every record that the role has
            before = _side(asked, asked.gate.lenses, frozenset())
        total += gained(asked.gate, budget, before, after, _counted_action(asked), some)
    return total


def _side(asked: Asked, lenses: Lenses, roles: frozenset[str]) -> Side:
    lens: Lens = lenses.lens(asked.top.definition.name, roles)
    return Side(lens, asked.gate.tables)


def _counted_action(asked: Asked) -> str:
    return "read" if asked.row_action in PLAIN_ACTIONS else asked.row_action


def _one(actor: Actor) -> Delta:
    return Delta((actor,), Count(1, True))
