"""The ways out on screens: lists of all kinds, forms, choices, exports, papers, search."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from engine.fieldtypes.link import Collection, Link
from engine.fieldtypes.links import Links
from leaks.asking import Answer, Asker, q
from leaks.topics import Topic, path

STATES = ("", "view=board", "view=list", "list=all")
"""How a list can be looked at besides its declared views."""
DAYS = ("2024-05-15", "2025-05-15")


@path("screen list", "GET screens.GET /o/<object>")
def lists(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The list in every declared view: tables, groups, boards, calendars, time lines, trees."""
    here = f"/o/{topic.name}"
    for state in STATES:
        yield ask.page(f"{here}?{state}")
    yield ask.page(f"{here}?deleted=1")
    for view in topic.definition.views.values():
        yield ask.page(f"{here}?list={view.name}")
        if view.shape.kind in ("calendar", "timeline"):
            for day in DAYS:
                for span in ("_span=week", "_zoom=year", "_zoom=quarter"):
                    yield ask.page(f"{here}?list={view.name}&_on={day}&{span}")


@path("screen sums and groups", "GET screens.GET /o/<object>/group",
      "GET screens.GET /o/<object>/branch")  # fmt: skip
def groups(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Rows of one group, and of one branch."""
    here = f"/o/{topic.name}"
    for view in topic.definition.views.values():
        for name, one in topic.by_field("screen sums and groups").items():
            if isinstance(one.old, str):
                yield ask.page(f"{here}/group?list={view.name}&{name}={q(one.old)}")
        yield ask.page(f"{here}/group?list={view.name}")
        for id in ("", *topic.visible[:2], *topic.hidden[:2], *topic.gone[:1], 98765):
            yield ask.page(f"{here}/branch?list={view.name}&_of={id}")


@path("screen filters", "GET screens.GET /o/<object>/filters", "GET screens.GET /o/<object>")
def filters(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The filter menu, and the list under filters on planted values."""
    here = f"/o/{topic.name}"
    yield ask.page(f"{here}/filters")
    for name, one in topic.by_field("screen filters").items():
        for value in (one.old, one.new):
            if not isinstance(value, str | int | bool):
                continue
            for part in ("", ".has", ".from", ".to"):
                yield ask.page(f"{here}?list=all&{name}{part}={q(value)}")
        yield ask.page(f"{here}?list=all&{name}.empty=0")
        yield ask.page(f"{here}?list=all&sort={name}")
    links = [f for f in topic.definition.fields.values() if isinstance(f.type, Link | Links)]
    for found in links:
        for id in (1, 2, 3, 5, 8, 98765):  # chips show titles of linked records
            yield ask.page(f"{here}?list=all&{found.name}={id}")


@path("screen record", "GET screens.GET /o/<object>/<int:id>",
      "GET screens.GET /o/<object>/<number>",
      "GET screens.GET /o/<object>/<int:id>/timeline")  # fmt: skip
def pages(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The page of a record with all its tabs, and its time line."""
    tabs = ["", *(t.name for layout in topic.definition.layouts for t in layout.tabs)]
    for id in (*topic.some(topic.visible, 5, "pages"), *topic.hidden[:2], *topic.gone, 98765):
        here = f"/o/{topic.name}/{id}"
        for tab in dict.fromkeys(tabs):
            yield ask.page(f"{here}?tab={tab}" if tab else here)
        yield ask.page(f"{here}/timeline")
    for id in (*topic.visible[:1], *topic.hidden[:1], *topic.gone[:1]):
        yield ask.page(f"/o/{topic.name}/{q(topic.numbers.get(id, 'x'))}")


@path("related lists", "GET screens.GET /o/<object>/<int:id>/related/<name>")
def related(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What belongs to a record: only what may be seen of it."""
    names = [f.name for f in topic.definition.fields.values() if isinstance(f.type, Collection)]
    for id in (*topic.visible[:4], *topic.hidden[:1], 98765):
        for name in names:
            yield ask.page(f"/o/{topic.name}/{id}/related/{name}")


@path("type-ahead", "GET screens.GET /o/<object>/lookup")
def lookups(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What is offered for a link while one types, for every link that leads here."""
    here = f"/o/{topic.name}/lookup"
    yield ask.page(here)
    chosen = topic.texts("lookup", 4)
    for text in chosen:
        for form in (text, text[:4], text[9:11] or text):
            yield ask.page(f"{here}?q={q(form)}")
    for other in ask.stage.catalog.objects.values():
        for found in other.fields.values():
            if isinstance(found.type, Link | Links) and found.type.to == topic.name:
                of = f"{other.name}.{found.name}"
                yield ask.page(f"{here}?for={of}")
                for id in (1, 2, 5, 98765):
                    yield ask.page(f"{here}?for={of}&record={id}")
                for text in chosen[:1]:
                    yield ask.page(f"{here}?for={of}&q={q(text)}")


@path("forms", "GET screens.GET /o/<object>/new", "GET screens.GET /o/<object>/quick",
      "GET screens.GET /o/<object>/<int:id>/edit", "POST screens.POST /o/<object>/preview",
      "POST screens.POST /o/<object>/<int:id>/preview", "POST screens.POST /o/<object>/new",
      "POST screens.POST /o/<object>/<int:id>/edit",
      "GET screens.GET /o/<object>/<int:id>/value/<name>",
      "POST screens.POST /o/<object>/<int:id>/value/<name>", writes=True)  # fmt: skip
def forms(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Forms, empty, as a copy, with links to hidden records, and what they compute along."""
    here = f"/o/{topic.name}"
    yield ask.page(f"{here}/new")
    yield ask.page(f"{here}/quick?_part=1")
    links = [f.name for f in topic.definition.fields.values() if isinstance(f.type, Link)]
    for id in (*topic.visible[:2], *topic.hidden[:1], *topic.gone[:1], 98765):
        yield ask.page(f"{here}/new?copy={id}")
        yield ask.page(f"{here}/{id}/edit")
        yield ask.page(f"{here}/{id}/preview", {"no_such": "1"})
        yield ask.page(f"{here}/{id}/edit", {"version": "99"})
        for name in topic.by_field("forms"):
            yield ask.page(f"{here}/{id}/value/{name}")
        yield ask.page(f"{here}/{id}/value/no_such", {"no_such": "1"})
    for name in links:
        for id in range(1, 9):
            yield ask.page(f"{here}/new?{name}={id}")
            yield ask.page(f"{here}/preview", {name: str(id)})
    yield ask.page(f"{here}/new", {"no_such": "1"})


@path("screen acts", "GET screens.GET /o/<object>/<int:id>/do/<name>",
      "POST screens.POST /o/<object>/<int:id>/do/<name>",
      "GET screens.GET /o/<object>/<int:id>/convert/<name>",
      "POST screens.POST /o/<object>/<int:id>/convert/<name>",
      "GET screens.GET /o/<object>/<int:id>/merge", "POST screens.POST /o/<object>/<int:id>/merge",
      "POST screens.POST /o/<object>/<int:id>/move",
      "POST screens.POST /o/<object>/<int:id>/delete",
      "POST screens.POST /o/<object>/delete-many", "POST screens.POST /o/<object>/restore",
      "POST screens.POST /o/<object>/<int:id>/comments",
      "POST screens.POST /o/<object>/<int:id>/approvals/<int:task>/<decision>",
      "GET screens.GET /o/<object>/<int:id>/shares",
      "POST screens.POST /o/<object>/<int:id>/shares",
      "POST screens.POST /o/<object>/<int:id>/shares/<int:n>/end",
      "POST screens.POST /o/<object>/<int:id>/attachments",
      "POST screens.POST /o/<object>/<int:id>/attachments/<int:n>/remove",
      "POST screens.POST /o/<object>/<int:id>/reveal/<name>", writes=True)  # fmt: skip
def acts(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What can be done to a record on screens, done to hidden ones; looked at, to visible ones."""
    ways = [w for flow in ask.stage.catalog.of("workflow").values()
            if flow.object == topic.name for w in flow.transitions]  # fmt: skip
    conversions = [c.name for c in ask.stage.catalog.of("conversion").values()
                   if c.object == topic.name]  # fmt: skip
    for id in topic.visible[:2]:
        here = f"/o/{topic.name}/{id}"
        for way in ways:
            yield ask.page(f"{here}/do/{way}")
        for name in conversions:
            yield ask.page(f"{here}/convert/{name}")
        yield ask.page(f"{here}/shares")
        yield ask.page(f"{here}/merge")
        for other in (*topic.visible[2:4], *topic.hidden[:2], *topic.gone[:1], 98765):
            yield ask.page(f"{here}/merge?with={other}")
    for id in (*topic.hidden[:2], *topic.gone[:1], 98765):
        here = f"/o/{topic.name}/{id}"
        for name in (*ways[:1], "no_such"):
            yield ask.page(f"{here}/do/{name}")
            yield ask.page(f"{here}/do/{name}", {})
        for name in (*conversions, "no_such"):
            yield ask.page(f"{here}/convert/{name}")
            yield ask.page(f"{here}/convert/{name}", {})
        yield ask.page(f"{here}/merge")
        yield ask.page(f"{here}/merge", {"with": "1"})
        yield ask.page(f"{here}/shares")
        for part in ("move", "delete", "comments", "shares", "shares/1/end", "attachments",
                     "attachments/1/remove", "approvals/1/approve", "reveal/name"):  # fmt: skip
            yield ask.page(f"{here}/{part}", {})
        yield ask.page(f"/o/{topic.name}/delete-many", {"_id": str(id)})
        yield ask.page(f"/o/{topic.name}/restore", {"_id": str(id)})


@path("export", "POST screens.POST /o/<object>/export", writes=True)
def exports(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The list as a file of every kind, whole and filtered."""
    for format in ("csv", "xlsx", "json"):
        form = {"format": format, "reason": "for the test"}
        yield ask.page(f"/o/{topic.name}/export?list=all", form)
    for text in topic.texts("export", 2):
        address = f"/o/{topic.name}/export?" + urlencode({"list": "all", "q": text})
        yield ask.page(address, {"format": "csv"})


@path("bulk preview", "GET screens.GET /o/<object>/change", "POST screens.POST /o/<object>/change")
def bulk(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What a change of many would do, with hidden records among them."""
    ids = [*topic.visible[:3], *topic.hidden[:3], *topic.gone[:1], 98765]
    chosen = urlencode([("list", "all"), *(("_id", id) for id in ids)])
    yield ask.page(f"/o/{topic.name}/change?{chosen}")
    yield ask.page(f"/o/{topic.name}/change?list=all&_all=1")
    for name, one in topic.by_field("bulk preview").items():
        yield ask.page(f"/o/{topic.name}/change?{chosen}&_what=field.{name}")
        form = {"what": f"field.{name}", name: str(one.old)}
        yield ask.page(f"/o/{topic.name}/change?{chosen}", form)
        yield ask.page(f"/o/{topic.name}/change?list=all&_all=1", form)


@path("import pages", "GET screens.GET /o/<object>/import",
      "GET screens.GET /o/<object>/import/template_<ending>")  # fmt: skip
def imports(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What can be imported, and the empty file for it."""
    yield ask.page(f"/o/{topic.name}/import")
    yield ask.page(f"/o/{topic.name}/import/template.csv")


@path("screen files", "GET screens.GET /o/<object>/<int:id>/file/<field>/<int:n>",
      "GET screens.GET /o/<object>/<int:id>/file/<field>/<int:n>/small",
      "GET screens.GET /files/<int:n>", "GET screens.GET /files/<int:n>/small",
      "POST screens.POST /o/<object>/files/<field>", writes=True)  # fmt: skip
def files(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Files by number: through the record, and as those that wait for one."""
    names = [n for n, f in topic.definition.fields.items() if f.type.name in ("file", "image")]
    for name in names or ["no_such"]:
        for id in (*topic.visible[:2], *topic.hidden[:2], *topic.gone[:1], 98765):
            for n in range(1, 7):
                yield ask.page(f"/o/{topic.name}/{id}/file/{name}/{n}")
                yield ask.page(f"/o/{topic.name}/{id}/file/{name}/{n}/small")
        yield ask.page(f"/o/{topic.name}/files/{name}", {})
    for n in range(1, 5):
        yield ask.page(f"/files/{n}")
        yield ask.page(f"/files/{n}/small")


@path("screen duplicates", "POST screens.POST /o/<object>/duplicates", revealing=True)
def duplicates(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """What a form says of probable duplicates while one types."""
    names = {name for rule in topic.definition.duplicates for name in rule.fields}
    for name in sorted(names) or ["no_such"]:
        for id in (*topic.hidden[:4], *topic.visible[:1]):
            value = topic.stored.get(id, {}).get(name)
            if isinstance(value, str):
                yield ask.page(f"/o/{topic.name}/duplicates", {name: value})
                yield ask.page(f"/o/{topic.name}/duplicates?own={id}", {name: value})
    for id in (*topic.hidden[:1], 98765):
        yield ask.page(f"/o/{topic.name}/duplicates?own={id}", {"no_such": "1"})


@path("screen papers", "GET screens.GET /o/<object>/<int:id>/documents/<name>",
      "GET screens.GET /documents/<int:id>")  # fmt: skip
def papers(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Papers of hidden records, and papers that were made for others."""
    names = [d.name for d in ask.stage.catalog.of("document").values() if d.object == topic.name]
    for name in (*names, "no_such_paper"):
        for id in (*topic.hidden[:2], *topic.gone[:1], 98765):
            yield ask.page(f"/o/{topic.name}/{id}/documents/{name}")
    yield ask.page("/documents/1")


@path("search of everything", "GET screens.GET /search", about="site")
def search(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The search in the top bar, over all objects."""
    texts = [v for one in topic.everywhere for v in (one.old, one.new) if isinstance(v, str)]
    texts = [text for text in dict.fromkeys(texts) if len(text) > 3]
    for text in topic.rng("search").sample(texts, min(6, len(texts))):
        for form in (text, text[:5], text[9:11] or text):
            yield ask.page(f"/search?q={q(form)}")
        yield ask.page(f"/search?q={q(text)}&part=1")


@path("home and lists of the site", "GET HomeView.index", "GET screens.GET /approvals",
      "GET screens.GET /audit", "GET screens.GET /jobs", "GET screens.GET /jobs/<int:id>",
      "GET screens.GET /notices", "GET screens.GET /notices/<int:id>",
      "GET screens.GET /notices/count", "GET screens.GET /notices/panel",
      "GET screens.GET /styleguide", "GET screens.GET /work", "GET screens.GET /work/<int:id>",
      "GET screens.GET /work/<int:id>/files/<int:number>", "GET screens.GET /work/<int:id>/undo",
      "POST screens.POST /work/<int:id>/undo", "POST screens.POST /work/<int:id>/start",
      "POST screens.POST /work/<int:id>/<any(pause, resume, cancel, retry):what>",
      about="site", revealing=True, writes=True)  # fmt: skip
def home(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """The first page, and what is listed across objects."""
    for page in ("/", "/approvals", "/audit", "/audit?log=seen", "/jobs", "/notices",
                 "/notices/count", "/notices/panel", "/styleguide", "/work"):  # fmt: skip
        yield ask.page(page)
    for id in (1, 2, 98765):
        for page in (f"/jobs/{id}", f"/notices/{id}", f"/work/{id}", f"/work/{id}/undo",
                     f"/work/{id}/files/1"):  # fmt: skip
            yield ask.page(page)
        for act in ("undo", "start", "pause"):
            yield ask.page(f"/work/{id}/{act}", {})


@path("why and who", "GET screens.GET /why", "GET screens.GET /o/<object>/<int:id>/who")
def explained(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Why one may or may not: told without what one may not read; who else may."""
    names = list(topic.by_field("why"))
    for id in (*topic.hidden[:2], *topic.gone[:1], *topic.visible[:2], 98765):
        for action in ("read", "update"):
            for name in ("", *names[:1]):
                asked = {"action": action, "object": topic.name, "record": id, "field": name}
                yield ask.page(f"/why?{urlencode(asked)}")
        yield ask.page(f"/o/{topic.name}/{id}/who")


@path("scans for duplicates", "GET screens.GET /o/<object>/duplicates",
      "POST screens.POST /o/<object>/<int:id>/unmerge", "GET screens.GET /work/<int:id>/groups",
      "POST screens.POST /work/<int:id>/groups/<int:number>",
      "GET screens.GET /work/<int:id>/groups/<int:number>/merge", revealing=True,
      writes=True)  # fmt: skip
def scans(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Asking for a scan, results of scans of others, merges of hidden records undone."""
    yield ask.page(f"/o/{topic.name}/duplicates")
    for id in (*topic.hidden[:1], 98765):
        yield ask.page(f"/o/{topic.name}/{id}/unmerge", {})
    for id in (1, 98765):
        yield ask.page(f"/work/{id}/groups")
        yield ask.page(f"/work/{id}/groups/1/merge")
        yield ask.page(f"/work/{id}/groups/1", {})


@path("deputies and handing over", "GET screens.GET /deputies", "POST screens.POST /deputies",
      "POST screens.POST /deputies/<int:n>/end", "GET screens.GET /hand-over",
      "POST screens.POST /hand-over", "GET api.deputies", "POST api.name_deputy",
      "DELETE api.end_deputy", about="site", writes=True)  # fmt: skip
def deputies(ask: Asker, topic: Topic) -> Iterator[Answer]:
    """Whom one may name, and what of others one may hand over."""
    yield ask.page("/deputies")
    yield ask.page("/hand-over")
    yield ask.page("/hand-over?from=1&to=2")
    yield ask.page("/hand-over", {"from": "1", "to": "2"})
    yield ask.api("me/deputies")
    yield ask.api("me/deputies", "POST", {"no_such": 1})
    yield ask.api("me/deputies/98765", "DELETE")
    yield ask.page("/deputies", {"no_such": "1"})
    yield ask.page("/deputies/98765/end", {})
