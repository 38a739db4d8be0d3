"""A small site that files are imported into and exported from."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.permissions.actors import SYSTEM, Actor
from engine.records.reading import Linked
from exchange.exporting import ExportOrder, export_records
from exchange.importing import Order, run_import
from exchange.mapping import ImportMapping, load_mapping
from exchange.report import Report
from support.small import PEOPLE, SmallSite

SITE = f"""{PEOPLE}
---
object: company
label: {{en: Company, zh: 公司}}
title: name
number: "C-{{seq:04}}"
fields:
  name: {{type: text, required: true, unique: true, label: {{en: Name, zh: 名称}}}}
  code: {{type: text, unique: true, label: {{en: Code, zh: 编码}}}}
  sector:
    type: choice
    label: {{en: Sector, zh: 行业}}
    options: {{technology: {{en: Technology, zh: 科技}}, medical: {{en: Medical, zh: 医疗}}}}
  staff: {{type: integer, min: 0, label: {{en: Staff, zh: 人数}}}}
  revenue: {{type: number, scale: 4}}
  founded: {{type: date}}
  seen: {{type: moment}}
  active: {{type: boolean, default: true}}
  tags: {{type: tags}}
  phone: {{type: phone}}
  notes: {{type: text, multiline: true, max_length: 60000}}
  parent: {{type: link, to: company, on_delete: clear, label: {{en: Parent, zh: 母公司}}}}
  double: {{type: integer, formula: staff * 2}}
checks:
  - name: founded_after_1800
    that: founded is empty or year(founded) >= 1800
    field: founded
    say: {{en: No company is that old., zh: 没有这么老的公司。}}
---
object: contact
title: name
number: "P-{{seq:03}}"
fields:
  name: {{type: text, required: true}}
  company: {{type: link, to: company}}
---
object: deal
title: title
number: "D-{{year}}-{{seq:05}}"
fields:
  title: {{type: text, required: true}}
  reference: {{type: text, unique: true}}
  company: {{type: link, to: company}}
  contact: {{type: link, to: contact}}
  stage: {{type: stage, workflow: flow}}
  amount: {{type: money}}
  lines: {{type: lines, of: deal_line}}
---
object: deal_line
fields:
  deal: {{type: link, to: deal}}
  label: {{type: text}}
  quantity: {{type: number}}
---
workflow: flow
object: deal
field: stage
stages:
  open: {{label: Open, state: open}}
  talks: {{label: Talks, state: open}}
  won: {{label: Won, state: won}}
transitions:
  talk: {{label: Talk, from: open, to: talks}}
  win: {{label: Win, from: talks, to: won}}
---
role: clerk
label: {{en: Clerk, zh: 文员}}
grants:
  company:
    {{create: true, read: all, update: all, export: all, import: true,
      fields: {{"*": write, revenue: none, staff: read}}}}
  deal: {{create: true, read: own, update: own, export: own, import: true, fields: {{"*": write}}}}
  deal_line: {{fields: {{"*": write}}}}
  person: {{read: all, fields: {{"*": read}}}}
---
role: archivist
label: {{en: Archivist, zh: 档案员}}
historical_import: true
grants:
  deal: {{create: true, read: all, update: all, import: true, fields: {{"*": write, owner: write}}}}
  person: {{read: all, fields: {{"*": read}}}}
---
role: onlooker
grants:
  company: {{create: true, read: all, update: all, fields: {{"*": write}}}}
"""
"""Companies with parent companies, their contacts, and deals with lines and stages."""


@dataclass
class Exchange:
    """The site and a folder for files, with the shortest ways in and out."""

    site: SmallSite
    folder: Path

    def file(self, content: str | bytes, name: str = "in.csv") -> Path:
        """A file with this content."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def bring(
        self,
        object: str,
        content: str | bytes | Path,
        mapping: str | ImportMapping = "",
        actor: Actor = SYSTEM,
        **order: Any,
    ) -> Report:
        """Imports a file's content, by the mapping in `mapping` if there is one."""
        path = content if isinstance(content, Path) else self.file(content)
        if isinstance(mapping, ImportMapping):
            order["mapping"] = mapping
        elif mapping:
            head = f"mapping: m\nobject: {object}\n"
            file = self.file(head + mapping, "m.yaml")
            order["mapping"] = load_mapping(file, self.site.application.catalog)
        return run_import(self.site.gate, actor, Order(object=object, path=path, **order))

    def take(self, object: str, actor: Actor = SYSTEM, **order: Any) -> bytes:
        """Exports records."""
        out = io.BytesIO()
        export_records(self.site.reader, actor, ExportOrder(object=object, **order), out)
        return out.getvalue()

    def table(self, object: str, actor: Actor = SYSTEM, **order: Any) -> list[dict[str, str]]:
        """Exports records as CSV and reads the rows."""
        text = self.take(object, actor, **order).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def rows(self, object: str, *names: str) -> list[tuple[Any, ...]]:
        """Values of all live records, by id; of links their titles."""
        records = self.site.page(object, sort=("id",), limit=1000).items
        return [tuple(_shown(record.values[name]) for name in names) for record in records]

    def problems(self, path: Path) -> list[tuple[str, str]]:
        """Line and reasons of each row in a file of rejects."""
        text = path.read_text(encoding="utf-8-sig")
        return [(r["_line"], r["_problems"]) for r in csv.DictReader(io.StringIO(text, newline=""))]

    def clear(self) -> None:
        """Empties the site."""
        tables = self.site.application.tables
        with self.site.databases.writing() as connection:
            on = " ON fw_audit" if self.site.databases.dialect == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS fw_audit_only_cut{on}")
            for name in ("deal_line", "deal", "contact", "company", "person", "department"):
                connection.execute(sa.delete(tables.table(name)))
            for table in (
                "fw_audit", "fw_batch", "fw_outbox", "fw_counter", "fw_work", "fw_work_row",
            ):  # fmt: skip
                connection.execute(sa.delete(tables.system(table)))
        self.site.gate.numbering.__init__(self.site.gate)  # type: ignore[misc]


def _shown(value: Any) -> Any:
    return value.title if isinstance(value, Linked) else value
