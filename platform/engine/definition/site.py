"""The site: what concerns the whole application (company, currency, people, side bar)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from engine.definition.alarms import ReadingAlarm, build_alarms
from engine.definition.kinds import Problems
from engine.definition.relations import Relation, build_relation
from engine.definition.retention import Retention, build_retention
from engine.definition.tree import Node
from engine.definition.working import WorkingCalendar, build_calendar
from engine.fieldtypes.phone import DEFAULT_COUNTRY, UNKNOWN_COUNTRY, is_country
from engine.problems import Message, Text

UNKNOWN_ZONE = Message(
    "unknown-time-zone",
    en="there is no time zone {zone!r}",
    zh="不存在时区 {zone!r}",
    hint_en="use an IANA name such as Asia/Shanghai",
    hint_zh="请使用 IANA 名称，如 Asia/Shanghai",
)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A group of objects in the side bar."""

    name: str
    label: Text
    icon: str = ""
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Currencies:
    """The objects of currencies and of their rates (empty: none), and what their fields are.

    A rate says what one unit of `rate_currency` is worth in the company's currency from
    `rate_date` on.
    """

    object: str = ""
    code: str = "code"
    decimals: str = "decimals"
    rates: str = ""
    rate_currency: str = "currency"
    rate_date: str = "date"
    rate: str = "rate"


@dataclass(frozen=True, kw_only=True)
class Site:
    """The settings of the whole application.

    `person`, `department` name the objects of people and departments (empty: none);
    `person_department`, `person_manager`, `person_account`, `person_email` and
    `department_parent` are the fields of those objects that carry the meaning. `team` names the
    object of teams. `reports`, `memberships` and `team_members` are the dated relations of people
    to managers, departments and teams. `country` is the one whose telephone numbers need no
    country code. `fiscal_year` is the path to the month in which it begins:
    a settings object and its field.
    """

    label: Text = field(default_factory=lambda: Text.of("Formwright"))
    company: Text = field(default_factory=lambda: Text.of("Company"))
    currency: str = "CNY"
    currencies: Currencies = field(default_factory=Currencies)
    country: str = DEFAULT_COUNTRY
    time_zone: str = "UTC"
    locales: tuple[str, ...] = ("en", "zh")
    person: str = ""
    person_department: str = ""
    person_manager: str = ""
    person_account: str = ""
    person_email: str = ""
    department: str = ""
    department_parent: str = ""
    team: str = ""
    reports: Relation = field(default_factory=Relation)
    memberships: Relation = field(default_factory=Relation)
    team_members: Relation = field(default_factory=Relation)
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    fiscal_year: str = ""
    alarms: tuple[ReadingAlarm, ...] = ()
    retention: Retention = field(default_factory=Retention)
    modules: Mapping[str, Module] = field(default_factory=dict)
    source: Node | None = field(default=None, compare=False, repr=False)

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.time_zone)


def build_site(name: str, node: Node, problems: Problems) -> Site | None:
    """The site from `site.yaml`."""
    zone = node.plain("time_zone", "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        problems.append(UNKNOWN_ZONE(node.at("time_zone"), zone=zone))
        zone = "UTC"
    people = node.plain("people", {})
    departments = node.plain("departments", {})
    country = str(node.plain("country", DEFAULT_COUNTRY))
    if not is_country(country):
        problems.append(UNKNOWN_COUNTRY(node.at("country"), found=country))
    modules = node.get("modules")
    return Site(
        label=node.text("site") or Text.of("Formwright"),
        company=node.text("company") or Text.of(""),
        currency=node.plain("currency", "CNY"),
        currencies=Currencies(**node.plain("currencies", {})),
        country=country,
        time_zone=zone,
        locales=tuple(node.plain("locales", ["en", "zh"])),
        person=people.get("object", ""),
        person_department=people.get("department", ""),
        person_manager=people.get("manager", ""),
        person_account=people.get("account", ""),
        person_email=people.get("email", ""),
        department=departments.get("object", ""),
        department_parent=departments.get("parent", ""),
        team=node.plain("teams", {}).get("object", ""),
        reports=build_relation(people.get("reports"), "to"),
        memberships=build_relation(node.plain("memberships"), "department"),
        team_members=build_relation(node.plain("teams", {}).get("members"), "team"),
        calendar=build_calendar(node.plain("working_calendar")),
        fiscal_year=node.plain("fiscal_year", ""),
        alarms=build_alarms(node),
        retention=build_retention(node, problems),
        modules={
            key: Module(
                name=key,
                label=child.text("label") or Text.of(key),
                icon=child.plain("icon", ""),
                objects=tuple(child.plain("objects", [])),
            )
            for key, child in (modules.items() if modules else ())
        },
        source=node,
    )
