"""The fields that every record has without being declared."""

from __future__ import annotations

from dataclasses import replace

from engine.definition.objects import OWNERSHIP_FIELDS, Field, Object
from engine.definition.site import Site
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.date import MomentType
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import Identifier
from engine.fieldtypes.text import TextType
from engine.problems import Text

_LABELS = {
    "id": ("ID", "ID"),
    "number": ("Number", "编号"),
    "owner": ("Owner", "负责人"),
    "department": ("Department", "所属部门"),
    "created_on": ("Created on", "创建时间"),
    "created_by": ("Created by", "创建人"),
    "changed_on": ("Changed on", "修改时间"),
    "changed_by": ("Changed by", "修改人"),
    "version": ("Version", "版本"),
    "deleted_on": ("Deleted on", "删除时间"),
    "deleted_by": ("Deleted by", "删除人"),
}


def with_system_fields(definition: Object, site: Site, is_line: bool) -> Object:
    """The object with its system fields; a line has only its id."""
    fields = {"id": _field(definition, "id", Identifier())}
    if definition.number is not None:
        fields["number"] = _field(definition, "number", TextType(), searchable=True)
    fields |= definition.fields
    if not is_line:
        person = Link(to=site.person) if site.person else Identifier()
        if definition.owned and site.person:
            fields["owner"] = _field(definition, "owner", person)
            if site.department:
                fields["department"] = _field(definition, "department", Link(to=site.department))
        fields |= {
            "created_on": _field(definition, "created_on", MomentType()),
            "created_by": _field(definition, "created_by", person),
            "changed_on": _field(definition, "changed_on", MomentType()),
            "changed_by": _field(definition, "changed_by", person),
            "version": _field(definition, "version", Identifier()),
            "deleted_on": _field(definition, "deleted_on", MomentType()),
            "deleted_by": _field(definition, "deleted_by", person),
        }
    return replace(definition, fields=fields, owned=definition.owned and not is_line)


def ownership(view: Object, source: Object | None) -> Object:
    """A view with its id and, where each row is one record of the source, its owner.

    So the scopes of people, teams and departments mean the same as on the source.
    """
    fields = {"id": _field(view, "id", Identifier())}
    single = source is not None and view.viewing is not None and not view.viewing.grouped
    for name in OWNERSHIP_FIELDS:
        found = source.fields.get(name) if source is not None and single else None
        if found is not None and name not in view.fields:
            fields[name] = _field(view, name, found.type)
    return replace(view, fields=fields | dict(view.fields))


def _field(definition: Object, name: str, type_: FieldType, searchable: bool = False) -> Field:
    en, zh = _LABELS[name]
    return Field(
        name=name,
        object=definition.name,
        type=type_,
        label=Text({"en": en, "zh": zh}),
        unique=name == "number",
        searchable=searchable,
        system=True,
    )
