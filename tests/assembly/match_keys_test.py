"""Match rules that come, change and go with a revision: keys of the records that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly.establishing import establish
from engine.permissions.actors import Actor
from engine.problems import Refusal
from support.small import KINDS_OF_DATABASE, SmallSite, actor, small_site, write_files

PLAIN = """
object: firm
owned: false
fields:
  name: {type: text}
  city: {type: text}
---
role: clerk
grants:
  firm: {create: true, read: all, fields: {"*": write}}
"""
RULED = PLAIN.replace("---", "duplicates:\n  - {name: same, match: {name: company}}\n---", 1)
OTHER = RULED.replace("{name: company}", "{city: text}")


def firm(site: SmallSite, name: str, city: str = "") -> None:
    """A firm of a clerk."""
    clerk: Actor = actor(None, "clerk")
    site.create("firm", clerk, name=name, city=city)


@pytest.mark.parametrize("kind", KINDS_OF_DATABASE)
def test_keys_follow_the_rules(kind: str, tmp_path: Path) -> None:
    """A rule finds what was there before it; one that changes is asked anew; a gone one is not."""
    with small_site(kind, tmp_path / "site", PLAIN) as site:
        firm(site, "Acme Ltd", "Bern")
        assert site.rows("fw_match") == []
        layer = write_files(tmp_path / "ruled", RULED)
        site.application = establish(site.databases, [layer])
        assert [row["key"] for row in site.rows("fw_match")] == ["=acme"]
        with pytest.raises(Refusal):
            firm(site, "ACME, Inc.")
        layer = write_files(tmp_path / "other", OTHER)
        site.application = establish(site.databases, [layer])
        firm(site, "ACME, Inc.", "Basel")
        with pytest.raises(Refusal):
            firm(site, "Another", "bern")
        layer = write_files(tmp_path / "plain", PLAIN)
        site.application = establish(site.databases, [layer])
        firm(site, "Another", "bern")
        assert site.rows("fw_match") == []
