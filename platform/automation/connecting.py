"""Connecting automations: names are looked up, expressions compiled, times and texts checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from automation import connecting_messages as say
from automation.connecting_times import own_fields, schedule, timer
from automation.connecting_triggers import check_trigger, check_trigger_keys
from automation.linking import link_paths
from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_OBJECT
from engine.definition.objects import Object
from engine.definition.tree import Node
from engine.expressions import DEFINITION_LIMITS, WHERE_LIMITS, Expression, compile_expression
from engine.expressions.messages import NO_USER
from engine.expressions.types import Kind, Type
from engine.permissions.roles import Role
from engine.problems import Refusal, did_you_mean
from notices.telling import check_template
from notices.webhooks_definitions import webhook_problems
from workflow.connecting import UNKNOWN_ROLE

if TYPE_CHECKING:
    from automation.definitions import Action, Automation

BOOLEAN = Type(Kind.BOOLEAN)
TELLING = ("title", "text", "mail", "documents")
"""The keys of an action that only mean something to people."""


def connect_automations(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog with connected automations."""
    automations = {
        name: _connected(automation, catalog, problems)
        for name, automation in catalog.of("automation").items()
    }
    return catalog.with_others("automation", automations)


def _connected(automation: Automation, catalog: Catalog, problems: Problems) -> Automation:
    definition = catalog.objects.get(automation.object)
    if definition is None or definition.parent:
        names = [name for name, found in catalog.objects.items() if not found.parent]
        best = did_you_mean(automation.object, names)
        place = automation.place("object")
        problems.append(UNKNOWN_OBJECT(place, name=automation.object, best=best))
        return automation
    source = automation.source
    assert source is not None
    on = source.get("on")
    assert on is not None
    check_trigger_keys(on, problems)
    for trigger in automation.triggers:
        check_trigger(trigger, definition, catalog, problems)
    connector = _Connector(automation, definition, catalog, problems)
    condition = connector.compiled(source.get("if"), BOOLEAN)
    timed = timer(automation.timer, on, definition, catalog, problems)
    connected = replace(
        automation,
        timer=timed and replace(timed, own=own_fields(timed, condition, catalog)),
        schedule=schedule(automation.schedule, on, problems),
        condition=condition,
        actions={name: connector.action(action) for name, action in automation.actions.items()},
    )
    return replace(connected, paths=link_paths(catalog, definition, _expressions(connected)))


def _expressions(automation: Automation) -> list[Expression]:
    found = [e for action in automation.actions.values() for e in action.to]
    return found if automation.condition is None else [automation.condition, *found]


class _Connector:
    """Connects what one automation does."""

    def __init__(
        self, automation: Automation, definition: Object, catalog: Catalog, problems: Problems
    ) -> None:
        self.automation, self.definition = automation, definition
        self.catalog, self.problems = catalog, problems

    def action(self, action: Action) -> Action:
        """The action with its recipients."""
        node = action.source
        assert node is not None
        notify = node.get("notify")
        if (notify is None) == (not action.webhook):
            self.problems.append(say.ACTION_SHAPE(node.key_place or node.place))
            return action
        if notify is None:
            self.webhook(action)
            return action
        self.notice(action, node)
        entries = notify.elements() or (notify,)
        expressions = [child for child in entries if not isinstance(child.value, Mapping)]
        roles = [role for child in entries if (role := child.get("role")) is not None]
        return replace(
            action,
            to=tuple(e for child in expressions if (e := self.person(child)) is not None),
            roles=tuple(name for node in roles for name in self.roles(node)),
        )

    def webhook(self, action: Action) -> None:
        """A webhook that exists, and nothing that only people read."""
        object, place = self.definition.name, action.place("webhook")
        self.problems.extend(webhook_problems(self.catalog, action.webhook, object, place))
        for key in TELLING:
            if action.source and action.source.get(key) is not None:
                self.problems.append(say.KEY_OF(action.place(key), key=key, belongs="notify"))

    def notice(self, action: Action, node: Node) -> None:
        """Texts whose expressions mean something, documents of this object."""
        if any(trigger.kind == "deleted" for trigger in self.automation.triggers):
            self.problems.append(say.OF_DELETED(node.at("notify")))
        if node.get("title") is None:
            self.problems.append(say.NO_TITLE_TOLD(node.key_place or node.place))
        for key in ("title", "text"):
            child = node.get(key)
            if child is not None and child.value is not None:
                self.problems.extend(check_template(child, self.definition.name, self.catalog))
        if action.documents and not action.mail:
            belongs = "mail: true"
            place = action.place("documents")
            self.problems.append(say.KEY_OF(place, key="documents", belongs=belongs))
        layouts = self.catalog.of("document")
        known = [name for name, found in layouts.items() if found.object == self.definition.name]
        for index, name in enumerate(action.documents):
            if name not in known:
                self.problems.append(
                    say.NO_DOCUMENT(
                        action.place("documents", index),
                        object=self.definition.name,
                        name=name,
                        best=did_you_mean(name, known),
                    )
                )

    def person(self, node: Node) -> Expression | None:
        """An expression that gives a person."""
        person = self.catalog.user_object
        if not person:
            self.problems.append(say.NOBODY(node.place))
            return None
        return self.compiled(node, Type(Kind.RECORD, object=person))

    def roles(self, node: Node) -> tuple[str, ...]:
        """Roles that exist and may read what they are told about."""
        known: dict[str, Role] = dict(self.catalog.of("role"))
        found = []
        for child in node.elements() or (node,):
            name = str(child.value)
            role = known.get(name)
            if role is None:
                best = did_you_mean(name, known)
                self.problems.append(UNKNOWN_ROLE(child.place, name=name, best=best))
                continue
            grant = role.grants.get(self.definition.name)
            if grant is None or grant.scope("read").nothing:
                object = self.definition.name
                self.problems.append(say.CANNOT_READ(child.place, role=name, object=object))
            found.append(name)
        return tuple(found)

    def compiled(self, node: Node | None, expected: Type) -> Expression | None:
        """The expression at `node`; where the clock starts an automation, nobody acts."""
        if node is None or node.value is None:
            return None
        by_clock = self.automation.timer is not None or self.automation.schedule is not None
        try:
            return compile_expression(
                str(node.value),
                self.definition.name,
                self.catalog,
                expected=expected,
                allow_user=not by_clock,
                place=node.place,
                limits=WHERE_LIMITS if self.automation.schedule else DEFINITION_LIMITS,
            )
        except Refusal as refusal:
            self.problems.extend(
                say.NOBODY_ACTS(found.place) if found.message is NO_USER else found
                for found in refusal.problems
            )
            return None
