"""Connecting the site: the objects and fields that it gives a meaning are looked up."""

from __future__ import annotations

from engine.definition.catalog import Catalog
from engine.definition.currencies import check_currencies
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.relations import check_relations
from engine.definition.site import build_site
from engine.definition.tree import Node
from engine.definition.working import check_working
from engine.problems import did_you_mean

MEANINGS = {
    "people": ("department", "manager", "account", "email"),
    "departments": ("parent",),
    "currencies": ("code", "decimals"),
    "teams": (),
}
"""The keys whose `object` is an object, each with those that name fields of it."""
_SYSTEM = frozenset(("owner", "department"))


def connect_site(catalog: Catalog, problems: Problems) -> Catalog:
    """The catalog as it is; names in the site that mean nothing are added to `problems`."""
    source = catalog.site.source
    for key, fields in MEANINGS.items():
        node = source.get(key) if source else None
        if node is not None:
            _check(node, fields, catalog, problems)
    check_relations(catalog, problems)
    check_working(catalog, problems)
    currencies = source.get("currencies") if source else None
    if currencies is not None:
        check_currencies(currencies, catalog, problems)
    return catalog


def _check(node: Node, keys: tuple[str, ...], catalog: Catalog, problems: Problems) -> None:
    object = node.plain("object", "")
    definition = catalog.objects.get(object)
    if definition is None:
        best = did_you_mean(object, catalog.objects)
        problems.append(UNKNOWN_OBJECT(node.at("object"), name=object, best=best))
        return
    known = definition.fields.keys() | _SYSTEM
    for key in keys:
        name = node.plain(key, "")
        if name and name not in known:
            best = did_you_mean(name, definition.fields)
            problems.append(UNKNOWN_FIELD(node.at(key), object=object, name=name, best=best))


SITE_KIND = DefinitionKind("site", "site", "site.schema.json", build_site, connect_site, True)
