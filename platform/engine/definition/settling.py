"""What fields take from the site before anything else is known: people, teams, the country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.definition.kinds import Problems
from engine.definition.objects import Field, Object
from engine.definition.site import Site
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.person import Person, Team
from engine.fieldtypes.phone import UNKNOWN_COUNTRY, Phone, is_country
from engine.problems import Message

NO_PEOPLE = Message(
    "no-people",
    en="the site does not say which object holds its people",
    zh="站点未指明哪个对象保存人员",
    hint_en="add `people: {{object: …}}` to site.yaml, or use a link",
    hint_zh="请在 site.yaml 中加上 `people: {{object: …}}`，或改用链接字段",
)
NO_TEAMS = Message(
    "no-teams",
    en="the site does not say which object holds its teams",
    zh="站点未指明哪个对象保存团队",
    hint_en="add `teams: {{object: …}}` to site.yaml, or use a link",
    hint_zh="请在 site.yaml 中加上 `teams: {{object: …}}`，或改用链接字段",
)


def settled(objects: Mapping[str, Object], site: Site) -> dict[str, Object]:
    """The objects with what their fields take from the site."""
    return {
        name: _settled(definition, site) if isinstance(definition, Object) else definition
        for name, definition in objects.items()
    }


def _settled(definition: Object, site: Site) -> Object:
    changed = {
        name: replace(field, type=type_)
        for name, field in definition.fields.items()
        if (type_ := _type(field.type, site)) is not field.type
    }
    return replace(definition, fields={**definition.fields, **changed}) if changed else definition


def _type(type_: FieldType, site: Site) -> FieldType:
    if isinstance(type_, Person):
        return replace(type_, to=site.person)
    if isinstance(type_, Team):
        return replace(type_, to=site.team)
    if isinstance(type_, Phone) and not type_.country:
        return replace(type_, country=site.country)
    return type_


def check_settled(field: Field, problems: Problems) -> bool:
    """Whether the field got from the site what it needs; says what is missing."""
    type_ = field.type
    if isinstance(type_, Person | Team) and not type_.to:
        message = NO_PEOPLE if isinstance(type_, Person) else NO_TEAMS
        problems.append(message(field.place("type")))
        return False
    if isinstance(type_, Phone) and not is_country(type_.home):
        if field.source is not None and field.source.get("country"):  # else the site's problem
            problems.append(UNKNOWN_COUNTRY(field.place("country"), found=type_.home))
    return True
