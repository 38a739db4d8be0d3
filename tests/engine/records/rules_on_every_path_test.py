"""Every rule holds on every path: the gate, REST, the form, a value in place, a transition,
import, bulk change, conversion and scenario refuse the same input for the same reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from assembly.establishing import establish
from assembly.revisions import Site as RunningSite
from engine.files import Files
from engine.permissions.actors import SYSTEM, Actor
from engine.problems import Refusal
from engine.schema.engines import open_databases
from engine.vault import scratch_vault
from exchange.bulk import BulkRequest, change_records, check_bulk, named_records
from exchange.importing import Order, run_import
from scenarios.loading import load_scenarios
from scenarios.many import run_scenarios
from support.small import PEOPLE, SmallSite, actor, fresh_url, small_site, write_files
from support.world import Clock, World
from webapp.accounts import account_tables
from webapp.app import create_app
from webapp.mirroring import sync_roles
from workflow.conversions.service import Conversions

RULEBOOK = """
object: case
owned: false
title: name
number: "CASE-{seq:04}"
fields:
  name: {type: text, required: true}
  key: {type: text, unique: true}
  special: {type: boolean, default: false}
  closed: {type: boolean, default: false}
  reason: {type: text, required_when: special}
  extra: {type: text, visible_when: special}
  price: {type: integer, read_only_when: closed, min: 0}
  serial: {type: text, set_once: true}
  country: {type: choice, options: {cn: China, de: Germany}}
  city:
    type: choice
    options:
      bj: {label: Beijing, offered_when: country == "cn"}
      hh: {label: Hamburg, offered_when: country == "de"}
  partner: {type: link, to: case, where: special, on_delete: clear}
  area: {type: text}
  code: {type: text}
  double: {type: integer, formula: price * 2}
  shown: {type: text}
  secret: {type: text}
  first: {type: integer, default_from: second + 1}
  second: {type: integer, default_from: "coalesce(third, 1) + 1"}
  third: {type: integer, copied: false}
  state: {type: stage, workflow: casing}
  lines: {type: lines, of: case_line}
unique: [[area, code]]
checks:
  - name: cheap
    that: price is empty or price < 100
    field: price
    say: {en: Too dear., zh: 太贵。}
  - name: one_main
    that: count(l for l in lines if l.main) <= 1
    field: lines
    say: {en: One line at most is the main one., zh: 主明细只能有一条。}
  - name: shares
    that: all(l.share > 0 for l in lines)
    field: lines
    say: {en: Each line has a share., zh: 每行都要有份额。}
---
object: case_line
owned: false
title: note
fields:
  case: {type: link, to: case, on_delete: cascade}
  note: {type: text}
  main: {type: boolean, default: false}
  share: {type: integer, default: 1}
---
object: case_source
owned: false
title: name
fields:
  name: {type: text}
---
workflow: casing
object: case
field: state
stages: {new: {label: New, state: open}, seen: {label: Seen, state: open}}
transitions: {see: {label: See, from: new, to: seen}, unsee: {label: Unsee, from: seen, to: new}}
---
conversion: source_to_case
object: case_source
once: false
creates:
  made: {object: case}
---
role: caser
label: {en: Caser, zh: 案员}
grants:
  case:
    create: true
    read: all
    update: all
    import: true
    fields: {"*": write, shown: read, secret: none}
  case_line: {fields: {"*": write}}
  case_source: {create: true, read: all, update: all, fields: {"*": write}}
  person: {read: all, fields: {"*": read}}
"""
LAYER = f"{PEOPLE}---\n{RULEBOOK.lstrip()}"


@dataclass(frozen=True)
class Rule:
    """Input that a rule refuses. `before` is what the record holds that is changed."""

    given: Mapping[str, Any]
    code: str
    field: str
    before: Mapping[str, Any] | None = None


TAKEN = {"key": "TAKEN", "area": "A", "code": "1"}
LINES = [{"note": "a", "main": True}, {"note": "b", "main": True}]
RULES = {
    "required": Rule({"name": ""}, "required", "name"),
    "required when": Rule({"special": True, "reason": ""}, "required", "reason"),
    "visible when": Rule({"extra": "x"}, "field-not-here", "extra"),
    "dependent choice": Rule({"country": "de", "city": "bj"}, "option-not-offered", "city"),
    "link filter": Rule({"partner": "PLAIN"}, "link-unsuitable", "partner"),
    "out of range": Rule({"price": -1}, "out-of-range", "price"),
    "check": Rule({"price": 100}, "check-failed", "price"),
    "unique": Rule({"key": "TAKEN"}, "not-unique", "key"),
    "unique together": Rule({"area": "A", "code": "1"}, "not-unique", "area"),
    "computed": Rule({"double": 4}, "computed-field", "double"),
    "system": Rule({"number": "X-1"}, "system-field", "number"),
    "may only read": Rule({"shown": "x"}, "forbidden-field", "shown"),
    "may not see": Rule({"secret": "x"}, "unknown-field", "secret"),
    "check over lines": Rule({"lines": LINES}, "check-failed", "lines"),
    "check over all lines": Rule({"lines": [{"share": 0}]}, "check-failed", "lines"),
    "read only when": Rule({"price": 2}, "field-closed", "price", {"closed": True, "price": 1}),
    "set once": Rule({"serial": "2"}, "set-once", "serial", {"serial": "1"}),
}


@dataclass
class Site:
    """The world with the rules, who acts in it, and their browser."""

    world: World
    actor: Actor
    browser: FlaskClient
    token: str
    folder: Path
    number: str = ""

    def record(self, **values: Any) -> int:
        """A record that breaks no rule."""
        name = f"Case {next(self.world.numbers)}"
        change = self.gate.create(SYSTEM, "case", [{"name": name} | values])[0]
        id: int = change.id
        return id

    @property
    def gate(self) -> Any:
        return self.world.site.current.gate

    def post(self, address: str, form: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Sends a form as a script does; code and control of what is refused."""
        headers = {"Accept": "application/json"}
        data = {"csrf_token": self.token, **form}
        response = self.browser.post(address, data=data, headers=headers)
        body = response.get_json()
        return [(p["code"], p["field"]) for p in body.get("problems", ())]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("rules")
    write_files(folder / "layer", LAYER)
    with fresh_url("sqlite", folder) as url:
        world = _world(url, folder / "layer")
        world.account("caser", name="caser")
        browser = world.browser("caser")
        token = browser.get("/").text.partition('name="csrf-token" content="')[2].partition('"')[0]
        actor = Actor(person=world.people["caser"], roles=frozenset(("caser",)))
        made = Site(world, actor, browser, token, folder)
        made.record(**TAKEN)
        gone = made.record(key="GONE", area="B", code="2")
        world.site.current.gate.delete(SYSTEM, "case", [gone])
        plain = made.record(name="PLAIN")
        made.number = world.site.current.reader.one(SYSTEM, "case", plain).values["number"]
        yield made
        world.site.close()


def _world(url: str, layer: Path) -> World:
    """The web application with these definitions alone."""
    databases = open_databases(url, vault=scratch_vault())
    application = establish(databases, [layer], extra=account_tables())
    with databases.writing() as connection:
        sync_roles(connection, application.catalog)
    site, clock = RunningSite(databases), Clock()
    files = Files("files", layer.parent / "files")
    return World(site, create_app(site, "a secret of the tests", clock=clock, files=files), clock)


Found = list[tuple[str, str]]
Path_ = Callable[[Site, Mapping[str, Any], int | None], Found]
"""What a path refuses with, of creating a record or of changing the one with the id."""


def _refused(work: Callable[[], Any]) -> Found:
    try:
        work()
    except Refusal as refusal:
        return [(problem.code, problem.path) for problem in refusal.problems]
    return []


def by_gate(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    if id is None:
        return _refused(lambda: site.gate.create(site.actor, "case", [given]))
    return _refused(lambda: site.gate.update(site.actor, "case", id, given))


def by_rest(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    path = "o/case" if id is None else f"o/case/{id}"
    response = site.world.client("caser").call("POST" if id is None else "PATCH", path, given)
    errors = response.get_json().get("errors", ())
    return [(one["code"], one["field"] or "") for one in errors]


def by_form(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    version = {} if id is None else {"version": "1"}
    address = "/o/case/new" if id is None else f"/o/case/{id}/edit"
    return site.post(address, _typed(given) | version)


def by_value(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    (name,) = given
    return site.post(f"/o/case/{id}/value/{name}", _typed(given))


def by_transition(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    return site.post(f"/o/case/{id}/do/see", _typed(given))


def _typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Input as a form sends it."""
    form: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, list):
            form[f"{name}:lines:there"] = "1"
            form[f"{name}:lines"] = [str(index) for index in range(len(value))]
            for index, line in enumerate(value):
                form |= {f"{name}.{index}.{key}": text for key, text in _typed(line).items()}
        else:
            form[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return form


def by_import(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    numbers = {"PLAIN": site.number}
    row = ({"third": 1} if id is None else {}) | {
        name: numbers.get(str(value), value) for name, value in given.items()
    }
    match: tuple[str, ...] = ()
    if id is not None:
        number = site.world.site.current.reader.one(SYSTEM, "case", id).values["number"]
        row, match = {"number": number} | row, ("number",)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    path = site.folder / "in.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    try:
        order = Order(object="case", path=path, match=match)
        report = run_import(site.gate, site.actor, order)
    except Refusal as refusal:
        return [(problem.code, problem.path) for problem in refusal.problems]
    found = [(p.code, p.path) for _, problems in report.examples for p in problems]
    return found + [(p.code, str(p.args.get("names"))) for p in report.notices]


def by_bulk(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    assert id is not None
    request = BulkRequest(object="case", ids=(id,), fields=given)

    def work() -> None:
        check_bulk(site.gate, site.actor, request)
        records = named_records(site.gate, site.actor, "case", [id])
        with site.gate.transaction(site.actor) as tx:
            _, refused = change_records(tx, request, records)
            raise Refusal(*(p for _, problems in refused for p in problems))

    return _refused(work)


def by_conversion(site: Site, given: Mapping[str, Any], id: int | None) -> Found:
    source = site.gate.create(SYSTEM, "case_source", [{"name": "s"}])[0].id
    conversion = site.gate.catalog.of("conversion")["source_to_case"]
    service = Conversions(site.gate, site.world.site.current.reader)
    found = _refused(lambda: service.convert(site.actor, conversion, source, {"made": given}))
    return [(code, path.removeprefix("made.")) for code, path in found]


CREATING: Mapping[str, Path_] = {
    "gate": by_gate, "rest": by_rest, "form": by_form, "import": by_import,
    "conversion": by_conversion,
}  # fmt: skip
CHANGING: Mapping[str, Path_] = {
    "gate": by_gate, "rest": by_rest, "form": by_form, "value": by_value,
    "transition": by_transition, "import": by_import, "bulk": by_bulk,
}  # fmt: skip
WITHOUT_LINES = ("import", "bulk", "value", "transition")
OF_COLUMNS = {
    "computed-field": "import-column-left-out",
    "system-field": "import-column-left-out",
    "forbidden-field": "import-column-forbidden",
    "unknown-field": "import-unknown-column",
}
"""What an import tells once, of the whole column, before it begins."""


def _cases(paths: Mapping[str, Path_], changing: bool) -> list[Any]:
    return [
        pytest.param(path, rule, id=f"{rule}-{path}")
        for rule, one in RULES.items()
        for path in paths
        if (changing or one.before is None)
        and not ("lines" in one.given and path in WITHOUT_LINES)
        and not (path == "value" and len(one.given) > 1)
        and not (path == "import" and rule == "system")  # the number says which record is meant
    ]


@pytest.mark.parametrize("path, rule", _cases(CREATING, False))
def test_creating(site: Site, path: str, rule: str) -> None:
    """A new record that breaks a rule."""
    one = RULES[rule]
    given = {"name": "New"} | dict(one.given)
    _as_told(path, one, CREATING[path](site, given, None))


@pytest.mark.parametrize("path, rule", _cases(CHANGING, True))
def test_changing(site: Site, path: str, rule: str) -> None:
    """A change that breaks a rule; nothing is written."""
    one = RULES[rule]
    id = site.record(**(one.before or {}))
    before = site.world.site.current.reader.one(SYSTEM, "case", id).values
    _as_told(path, one, CHANGING[path](site, one.given, id))
    after = site.world.site.current.reader.one(SYSTEM, "case", id).values
    assert {n: v for n, v in after.items() if n != "lines"} == {
        n: v for n, v in before.items() if n != "lines"
    }


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    with small_site("postgresql", tmp_path_factory.mktemp("rules"), LAYER) as made:
        made.create("case", name="Taken", **TAKEN)
        made.create("case", name="PLAIN")
        yield made


@pytest.mark.parametrize("rule", list(RULES))
def test_the_gate_on_postgresql(on_postgresql: SmallSite, rule: str) -> None:
    """The gate itself on the other database."""
    one, site, caser = RULES[rule], on_postgresql, actor(None, "caser")
    if one.before is None:
        given = {"name": "New"} | dict(one.given)
        found = _refused(lambda: site.gate.create(caser, "case", [given]))
    else:
        id = site.create("case", name=f"Old {rule}", **one.before)
        found = _refused(lambda: site.gate.update(caser, "case", id, one.given))
    assert (one.code, one.field) in found, found


def _as_told(path: str, rule: Rule, found: Found) -> None:
    if path == "import" and rule.code in OF_COLUMNS:
        assert OF_COLUMNS[rule.code] in [code for code, _ in found], found
        return
    assert (rule.code, rule.field) in found, found


def test_scenarios(site: Site) -> None:
    """The same in scenarios: each rule is a step that is refused."""
    steps: list[dict[str, Any]] = []
    for index, one in enumerate(RULES.values()):
        given = dict(one.given)
        refused = {"code": one.code, "on": one.field}
        if one.before is None:
            fields = {"name": "New"} | given
            steps.append({"as": "cao", "create": "case", "fields": fields, "refused": refused})
            continue
        fields = {"name": f"Old {index}"} | dict(one.before)
        steps.append({"create": "case", "named": f"old_{index}", "fields": fields})
        steps.append({"as": "cao", "update": f"old_{index}", "fields": given, "refused": refused})
    scenario = {
        "scenario": "rules",
        "people": {"cao": {"roles": ["caser"], "fields": {"name": "Cao"}}},
        "given": {
            "taken": {"object": "case", "fields": {"name": "T"} | TAKEN},
            "plain": {"object": "case", "fields": {"name": "PLAIN"}},
        },
        "steps": steps,
    }  # fmt: skip
    layer = site.folder / "layer"
    (layer / "scenarios").mkdir(exist_ok=True)
    text = yaml.safe_dump(scenario, allow_unicode=True, sort_keys=False)
    (layer / "scenarios" / "rules.yaml").write_text(text, encoding="utf-8")
    loaded = load_scenarios([layer], site.gate.catalog)
    assert not loaded.problems, loaded.problems
    (outcome,) = run_scenarios(loaded.scenarios, [layer], site.folder)
    assert not outcome.failures, outcome.failures


def test_recycled_records_hold_nothing(site: Site) -> None:
    """What a record in the recycle bin held can be taken."""
    id = site.record(key="GONE", area="B", code="2")
    site.gate.delete(SYSTEM, "case", [id])


def test_defaults_build_on_each_other(site: Site) -> None:
    """Whatever their order in the file, those that others read come first."""
    values = site.world.site.current.reader.one(SYSTEM, "case", site.record(third=5)).values
    assert (values["first"], values["second"]) == (7, 6)
    values = site.world.site.current.reader.one(SYSTEM, "case", site.record()).values
    assert (values["first"], values["second"]) == (3, 2)


def test_not_copied(site: Site) -> None:
    """A copy takes over what may be copied, read and written."""
    partner = site.record(special=True, reason="r")
    values = {
        "key": f"K{partner}", "third": 3, "shown": "s", "secret": "t", "serial": "1",
        "partner": partner, "lines": [{"note": "a", "main": True}], "price": 4,
    }  # fmt: skip
    id = site.record(**values)
    response = site.world.client("caser").call("POST", f"o/case/{id}/copy", {"name": "Copy"})
    assert response.status_code == 201, response.text
    copy = response.get_json()
    assert (copy["key"], copy["third"], copy["shown"]) == (None, None, None)
    assert (copy["serial"], copy["price"], copy["partner"]["id"]) == ("1", 4, partner)
    assert [(line["note"], line["main"]) for line in copy["lines"]] == [("a", True)]
    assert (copy["first"], copy["state"]) == (5, "new")
