"""Ways of asking, each compared with what plain Python says somebody may see."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from engine.permissions.actors import Actor
from support.leak_definitions import LINKS, VALUED, Row
from support.leak_world import World
from support.small import codes


def check_filters(world: World, who: Actor) -> None:
    """Plain filters and the same as conditions: a hidden value is not equal to anything."""
    site, rows = world.site, world.visible(who, "client")
    for name in (*VALUED, "region", "friend", "owner"):
        if not world.sees_field(who, "client", name):
            assert codes(partial(site.page, "client", who, filters={name: "x"})) == [
                ("unknown-field", name)
            ]
            assert codes(partial(site.page, "client", who, where=f"{name} is empty"))
            assert codes(partial(site.page, "client", who, sort=(name,)))
            if not world.site.gate.lenses.lens("client", who.roles).masking(name):
                assert codes(partial(site.page, "client", who, fields=(name,)))
            continue
        values = {row[name] for row in world.rows["client"]} - {None}
        for value in sorted(values)[1:3]:
            given = str(value) if name in ("amount", "double") else value
            wanted = [row["id"] for row in rows if world.seen(who, "client", row, name) == value]
            assert site.ids("client", who, filters={name: given}) == wanted, (name, value)
            assert site.ids("client", who, filters={name: [given]}) == wanted, (name, value)
            if name not in ("region", "friend", "owner"):
                text = f'date("{value}")' if name == "day" else json.dumps(given)
                literal = str(value) if name in ("amount", "double") else text
                assert site.ids("client", who, where=f"{name} == {literal}") == wanted, name
        empty = [row["id"] for row in rows if world.seen(who, "client", row, name) is None]
        assert site.ids("client", who, filters={name: None}) == empty, name
        assert site.ids("client", who, where=f"{name} is empty") == empty, name
    if world.sees_field(who, "client", "tags"):
        wanted = [r["id"] for r in rows if "tag1" in (world.seen(who, "client", r, "tags") or ())]
        assert site.ids("client", who, filters={"tags": "tag1"}) == wanted


def check_conditions(world: World, who: Actor) -> None:
    """Conditions through links, and over lines."""
    site, rows = world.site, world.visible(who, "client")

    def through(link: str, target: str, name: str) -> list[Any]:
        found = []
        for row in rows:
            id = world.seen(who, "client", row, link)
            found.append(
                None if id is None else world.seen(who, target, world.row(target, id), name)
            )
        return found

    for link, target in (("region", "region"), ("friend", "client")):
        for name in (
            ("name", "note") if target == "region" else ("name", "code", "secret", "double")
        ):
            readable = world.sees_field(who, "client", link) and world.sees_field(who, target, name)
            text = f"{link}.{name} is not empty"
            if not readable:
                assert codes(partial(site.page, "client", who, where=text))
                continue
            values = through(link, target, name)
            wanted = [r["id"] for r, v in zip(rows, values, strict=True) if v is not None]
            assert site.ids("client", who, where=text) == wanted, text
    for name, text in (("price", "i.price > 6"), ("what", 'i.what == "what03"')):
        condition = f"exists(i for i in items if {text})"
        shown = world.sees_field(who, "client", "items") and world.sees_field(who, "item", name)
        if not shown:
            assert codes(partial(site.page, "client", who, where=condition))
            continue
        ids = set(site.ids("client", who, where=condition))
        for row in rows:
            lines = [r for r in world.rows["item"] if r["client"] == row["id"]]
            values = [world.seen(who, "item", line, name) for line in lines]
            hits = [
                v for v in values if v is not None and (v == "what03" if name == "what" else v > 6)
            ]
            assert row["id"] not in ids or hits, (condition, row["id"])


def check_orders(world: World, who: Actor) -> None:
    """Hidden values stand with the empties, in the order of ids."""
    site, rows = world.site, world.visible(who, "client")
    for number, name in enumerate((*VALUED, "region", "friend", "created_on")):
        if not world.sees_field(who, "client", name):
            continue
        for direction in ("-",) if number % 2 else ("",):
            down = bool(direction)

            def key(row: Row, name: str = name) -> Any:
                value = world.seen(who, "client", row, name)
                if value is None or name not in ("region", "friend"):
                    return ["big", "small"].index(value) if name == "kind" and value else value
                target = LINKS["client", name]
                return world.seen(who, target, world.row(target, value), "name")

            full = [row for row in rows if key(row) is not None]
            full.sort(key=lambda row: (key(row), row["id"]), reverse=down)
            rest = [row for row in rows if key(row) is None]
            rest.sort(key=lambda row: row["id"], reverse=down)
            wanted = [row["id"] for row in (*full, *rest)]
            seen: list[int] = []
            after = ""
            while True:
                page = site.page("client", who, sort=(direction + name,), limit=6, after=after)
                seen += [record.id for record in page.items]
                if page.next is None:
                    break
                after = page.next
            assert seen == wanted, (direction, name)


def check_words(world: World, who: Actor) -> None:
    """Words that stand in hidden cells only find nothing."""
    site, rows = world.site, world.visible(who, "client")
    for word in ("name03", "secret0", "north"):
        wanted = []
        for row in rows:
            texts = [world.seen(who, "client", row, n) for n in ("name", "secret")]
            region = world.seen(who, "client", row, "region")
            if region is not None:
                texts.append(world.seen(who, "region", world.row("region", region), "name"))
            if any(word in text for text in texts if text):
                wanted.append(row["id"])
        assert site.ids("client", who, words=word) == wanted, word
