"""The ways out over REST: lists, records, everything beside them, and what refusals say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.fieldtypes.link import Collection, Link
from leaks.asking import Answer, Asker, q
from leaks.topics import Topic, literal, path


def typed(value: Any) -> Any:
    """A planted value as somebody would send it."""
    if isinstance(value, str | int | float | bool | list):
        return value
    return {k: v for k, v in value.items()} if isinstance(value, dict) else str(value)


@path("list", "GET api.list")
def listed(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Everything, in pages, with every field, with both kinds of count."""
    yield ask.api(f"o/{topic.name}?limit=200&count=exact")
    yield ask.api(f"o/{topic.name}?limit=1&count=capped")
    for name in topic.by_field("list"):
        yield ask.api(f"o/{topic.name}?fields={name}&limit=100")
    yield from _walked(ask, f"o/{topic.name}?limit=3&sort=-id")


def _walked(ask: Asker, address: str) -> Iterator[Answer]:
    after = ""
    for _ in range(3):
        answer = ask.api(address + after)
        yield answer
        following = answer.json().get("next") if answer.ok else None
        if not following:
            return
        after = f"&after={q(following)}"


@path("filter", "GET api.list")
def filtered(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Each field by planted values of both worlds, and by nothing."""
    for name, one in topic.by_field("filter").items():
        yield ask.api(f"o/{topic.name}?{name}=&count=exact&limit=50")
        for value in (one.old, one.new):
            given = value[0] if isinstance(value, list) and value else value
            if isinstance(given, str | int | bool):
                text = q(str(given).lower() if isinstance(given, bool) else given)
                yield ask.api(f"o/{topic.name}?{name}={text}&count=exact&limit=50")
                yield ask.api(f"o/{topic.name}?{name}={text}&{name}={text}x&fields=id")


SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def conditions(topic: Topic, name: str, value: Any) -> Iterator[str]:
    """The field and a value under every operator."""
    found = topic.definition.fields[name]
    yield f"{name} is empty"
    yield f"{name} is not empty"
    if isinstance(value, list):
        for part in value[:1]:
            if isinstance(part, str):
                yield f'"{part}" in {name}'
                yield f'"{part}" not in {name}'
        return
    written = literal(found.type.name, value)
    if written is None:
        return
    for sign in SIGNS:
        yield f"{name} {sign} {written}"
    yield f"{name} in [{written}]"
    yield f"not {name} in [{written}]"
    if isinstance(value, str) and found.type.textual:
        part = '"' + value[2:8].replace('"', "") + '"'
        yield from (f"{f}({name}, {part})" for f in ("contains", "matches", "starts_with"))
        yield f"length({name}) > 12"


@path("where", "GET api.list")
def asked(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Conditions with every operator on planted values."""
    found = [
        condition
        for name, one in topic.by_field("where").items()
        for value in (one.old, one.new)
        for condition in conditions(topic, name, value)
    ]
    for condition in topic.rng("where").sample(found, len(found)):
        yield ask.api(f"o/{topic.name}?where={q(condition)}&count=exact&fields=id")


@path("where through links", "GET api.list")
def asked_through(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Conditions of other objects that lead here: by links, and over lines and related records."""
    asked = [
        (other.name, condition)
        for other in ask.stage.catalog.objects.values()
        if not other.is_view
        for found in other.fields.values()
        for condition in _leading(topic, found.name, found.type)
    ]
    for name, condition in topic.rng("through").sample(asked, len(asked)):
        yield ask.api(f"o/{name}?where={q(condition)}&fields=id&limit=100&count=exact")


def _leading(topic: Topic, name: str, type_: Any) -> Iterator[str]:
    planted = topic.by_field("where through links")
    if isinstance(type_, Link) and type_.to == topic.name:
        for field, one in planted.items():
            yield f"{name}.{field} is not empty"
            if (written := literal(topic.definition.fields[field].type.name, one.old)) is not None:
                yield f"{name}.{field} == {written}"
    if isinstance(type_, Collection) and getattr(type_, "of", "") == topic.name:
        yield f"count(x for x in {name}) > 0"
        for field, one in planted.items():
            yield f"any(x.{field} is not empty for x in {name})"
            kind = topic.definition.fields[field].type.name
            if (written := literal(kind, one.old)) is not None:
                yield f"count(x for x in {name} if x.{field} == {written}) > 0"
            if kind in ("money", "number", "integer"):
                yield f"sum(x.{field} for x in {name}) > {written}"
                yield f"max(x.{field} for x in {name}) >= {written}"


@path("sort", "GET api.list")
def sorted_(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """By every field, both ways, page by page."""
    for name in topic.by_field("sort"):
        yield from _walked(ask, f"o/{topic.name}?sort={name}&fields=id&limit=4")
        yield ask.api(f"o/{topic.name}?sort=-{name},id&fields=id&limit=100")


@path("words", "GET api.list")
def words(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What was planted, parts of it, other cases and widths."""
    for text in topic.texts("words", 3):
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text[:8])
        for form in (text, text[2:7], text[:4].upper(), text[9:11] or text, wide):
            yield ask.api(f"o/{topic.name}?q={q(form)}&count=exact&fields=id&limit=50")


@path("record", "GET api.one_record")
def records(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Every record by id and number, seen or not, there or not; its version as a tag."""
    for id in (*topic.visible, *topic.hidden, *topic.gone, 98765):
        yield ask.api(f"o/{topic.name}/{id}")
        if number := topic.numbers.get(id):
            yield ask.api(f"o/{topic.name}/{q(number)}")
    for id in topic.visible[:1]:
        yield ask.api(f"o/{topic.name}/{id}", **{"If-None-Match": '"1"'})
        for name in topic.by_field("record"):
            yield ask.api(f"o/{topic.name}/{id}?reveal={name}")


@path("history", "GET api.history")
def histories(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What became of every record, also of hidden ones."""
    for id in (*topic.visible, *topic.some(topic.hidden, 3, "history"), *topic.gone, 98765):
        yield ask.api(f"o/{topic.name}/{id}/history?limit=50")


@path("comments", "GET api.comments", "POST api.comment", writes=True)
def comments(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What was said of every record; saying something of a hidden one."""
    for id in (*topic.visible, *topic.some(topic.hidden, 3, "comments"), *topic.gone, 98765):
        yield ask.api(f"o/{topic.name}/{id}/comments")
    for id in (*topic.hidden[:1], *topic.gone[:1]):
        yield ask.api(f"o/{topic.name}/{id}/comments", "POST", {"text": "anything"})


@path("shares", "GET api.shares", "POST api.share", "DELETE api.unshare", writes=True)
def shares(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Who else sees a record; giving away what one does not see."""
    for id in (*topic.visible[:4], *topic.hidden[:2], *topic.gone, 98765):
        yield ask.api(f"o/{topic.name}/{id}/shares")
    for id in (*topic.hidden[:1], *topic.gone[:1], 98765):
        yield ask.api(f"o/{topic.name}/{id}/shares", "POST", {"person": 1})
        yield ask.api(f"o/{topic.name}/{id}/shares/1", "DELETE")


@path("files", "GET api.attachments", "POST api.attach", "GET api.files", "POST api.add_files",
      "GET api.file", "POST api.upload", writes=True)  # fmt: skip
def files(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Lists of files and the files themselves, by every number that there may be."""
    names = [n for n, f in topic.definition.fields.items() if f.type.name in ("file", "image")]
    ids = (*topic.visible[:4], *topic.hidden[:2], *topic.gone[:1], 98765)
    for id in ids:
        yield ask.api(f"o/{topic.name}/{id}/files")
        yield ask.api(f"o/{topic.name}/{id}/files", "POST", {})
        for name in names:
            yield ask.api(f"o/{topic.name}/{id}/files/{name}")
            yield ask.api(f"o/{topic.name}/{id}/files/{name}", "POST", {})
            yield ask.api(f"o/{topic.name}/files/{name}", "POST", {})
            for file in range(1, 9):
                yield ask.api(f"o/{topic.name}/{id}/files/{name}/{file}")
    if not names:
        yield ask.api(f"o/{topic.name}/1/files/name/1")
        yield ask.api(f"o/{topic.name}/1/files/name")


@path("document", "GET api.document")
def documents(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Papers of records, as the content that they are made of; papers of hidden ones."""
    names = [d.name for d in ask.stage.catalog.of("document").values() if d.object == topic.name]
    for name in (*names, "no_such_paper"):
        for id in (*topic.visible[:3], *topic.hidden[:2], *topic.gone[:1], 98765):
            yield ask.api(f"o/{topic.name}/{id}/documents/{name}")


@path("refusals of changes", "PATCH api.update", "DELETE api.delete", "POST api.do",
      "POST api.convert", "POST api.copy", "POST api.merge", writes=True)  # fmt: skip
def refused(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Everything that can be done to a record, done to one that is hidden or not there."""
    conversions = [c.name for c in ask.stage.catalog.of("conversion").values()
                   if c.object == topic.name]  # fmt: skip
    for id in (*topic.hidden[:2], *topic.gone[:1], 98765):
        here = f"o/{topic.name}/{id}"
        for body in ({}, {"name": "x"}, {"no_such": 1}):
            yield ask.api(here, "PATCH", body)
        yield ask.api(here, "PATCH", {}, **{"If-Match": '"99"'})
        yield ask.api(here, "DELETE")
        yield ask.api(here, "DELETE", **{"If-Match": '"99"'})
        yield ask.api(f"{here}/do/win", "POST", {})
        yield ask.api(f"{here}/copy", "POST", {})
        for name in (*conversions, "no_such"):
            yield ask.api(f"{here}/convert/{name}?preview=true", "POST", {})
            yield ask.api(f"{here}/convert/{name}", "POST", {})
        for other in topic.visible[:1]:
            yield ask.api(f"{here}/merge", "POST", {"with": other})
            yield ask.api(f"o/{topic.name}/{other}/merge", "POST", {"with": id})


@path("refusals of input", "POST api.create", "PUT api.put", writes=True)
def validated(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Values that do not fit, hidden fields by name, links to what is hidden."""
    for name, one in topic.by_field("refusals of input").items():
        given = typed(one.old)
        yield ask.api(f"o/{topic.name}", "POST", {name: given, "no_such": 1})
        yield ask.api(f"o/{topic.name}", "POST", {name: {"not": "fitting"}, "no_such": 1})
        for id in topic.visible[:1]:
            yield ask.api(f"o/{topic.name}/{id}", "PATCH", {name: given, "no_such": 1})
        yield ask.api(f"o/{topic.name}/by/{name}/{q(given)}", "PUT", {"no_such": 1})


@path("links to hidden records", "POST api.create", writes=True)
def pointed(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """A hidden record named in a link by id, number or title answers like one that is not there."""
    names = [topic.numbers.get(id) for id in (*topic.hidden[:2], *topic.gone[:1])]
    titles = [v for one in topic.planted if one.field == topic.definition.title
              for v in (one.old, one.new)]  # fmt: skip
    said = [*topic.hidden[:2], *topic.gone[:2], *(n for n in names if n), *titles[:4]]
    for other in ask.stage.catalog.objects.values():
        for found in other.fields.values():
            if not isinstance(found.type, Link) or found.type.to != topic.name or found.system:
                continue
            if other.is_view or other.parent or not found.writable:
                continue
            for name in said:
                yield ask.api(f"o/{other.name}", "POST", {found.name: name, "no_such": 1})
                yield ask.api(f"o/{other.name}?{found.name}={q(name)}&fields=id")


@path("conversions of visible records", "POST api.convert", writes=True)
def converted(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What a conversion would make shows nothing of the source that its reader may not see."""
    for found in ask.stage.catalog.of("conversion").values():
        if found.object == topic.name:
            for id in topic.visible[:4]:
                yield ask.api(f"o/{topic.name}/{id}/convert/{found.name}?preview=true", "POST", {})


@path("duplicates", "GET api.duplicates", revealing=True)
def duplicates(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Beyond what is declared under `reveal`, a duplicate tells nothing of itself."""
    names = {name for rule in topic.definition.duplicates for name in rule.fields}
    yield ask.api(f"o/{topic.name}/duplicates")
    rows = topic.stored
    for name in sorted(names):
        for id in (*topic.hidden[:4], *topic.visible[:2]):
            value = rows.get(id, {}).get(name)
            if isinstance(value, str):
                yield ask.api(f"o/{topic.name}/duplicates?{name}={q(value)}")
                if ask.stage.catalog.objects[topic.name].duplicates:
                    yield ask.api(f"o/{topic.name}", "POST", {name: value, "no_such": 1})


@path("one's own", "GET api.me", "GET api.notices", "GET api.approvals", "GET api.jobs",
      "GET api.job", "GET api.openapi", "GET api.definition", "POST api.act_on_job",
      "POST api.decide", "POST api.read_notice", "POST api.read_notices",
      "GET MenuApi.get_menu_data",
      about="site", writes=True)  # fmt: skip
def own(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What is about oneself, and what the definitions say."""
    for part in ("me", "notices", "approvals", "jobs", "_openapi", "menu/"):
        yield ask.api(part)
    for name in (*ask.stage.catalog.objects, "no_such"):
        yield ask.api(f"definitions/{name}")
    for id in (1, 2, 3, 98765):
        yield ask.api(f"jobs/{id}")
        yield ask.api(f"jobs/{id}/retry", "POST", {})
        yield ask.api(f"approvals/{id}/approve", "POST", {})
        yield ask.api(f"notices/{id}/read", "POST", {})
    yield ask.api("notices/read", "POST", {})


@path("audit", "GET api.audit", about="site", revealing=True)
def audited(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Whoever may look into the audit sees of values what they may see anyway."""
    for log in ("done", "seen"):
        yield ask.api(f"audit?log={log}&limit=500")
    for name in ask.stage.catalog.objects:
        yield ask.api(f"audit?log=done&object={name}&limit=200")


@path("export over REST", "POST api.export", writes=True)
def exported(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The list as a file of every kind, whole, by words and by a condition."""
    for format in ("csv", "xlsx", "json"):
        body = {"format": format, "reason": "for the test"}
        yield ask.api(f"o/{topic.name}/export", "POST", body)
    for text in topic.texts("export", 1):
        yield ask.api(f"o/{topic.name}/export", "POST", {"format": "csv", "q": text})
    for name in topic.by_field("export", 2):
        body = {"format": "csv", "where": f"{name} is not empty"}
        yield ask.api(f"o/{topic.name}/export", "POST", body)
        yield ask.api(f"o/{topic.name}/export", "POST", {"format": "json", "fields": [name]})
