"""Links to the site's people and teams: `to` is settled by `site.yaml`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.fieldtypes.link import Link


@dataclass(frozen=True, kw_only=True)
class Person(Link):
    """A link to one of the people (`people: {object: …}` in site.yaml)."""

    name = "person"


@dataclass(frozen=True, kw_only=True)
class Team(Link):
    """A link to one of the teams (`teams: {object: …}` in site.yaml)."""

    name = "team"
