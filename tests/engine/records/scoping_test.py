"""On SQLite, a scope that holds most records walks the list's index; a small one is looked up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.records import scoping
from support.small import PEOPLE, SmallSite, actor, small_site

SITE = (
    PEOPLE
    + """
---
object: deal
fields:
  name: {type: text, required: true}
  amount: {type: money}
views:
  all: {label: All, sort: -amount, columns: [name, amount]}
---
role: manager
grants:
  deal: {read: team, fields: {"*": read}}
"""
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallSite]:
    with small_site(request.param, tmp_path_factory.mktemp("scoping"), SITE) as made:
        yield made


@pytest.mark.parametrize("sort", [("-amount",), ("amount",), ("name",), ()])
def test_the_same_records_either_way(
    site: SmallSite, sort: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way is taken, page after page shows the team's records and no others."""
    boss, other = (site.create("person", name=name) for name in ("boss", "other"))
    mine = {
        site.create("deal", name=f"d{n}", amount=None if n == 3 else str(n % 4), owner=boss)
        for n in range(9)
    }
    site.create("deal", name="theirs", amount="2", owner=other)
    manager = actor(boss, "manager", team=(boss,))
    shown = []
    for most in (0, 1_000):
        monkeypatch.setattr(scoping, "MOST_SORTED", most)
        monkeypatch.setattr(scoping, "KEPT", 0.0)
        found: list[int] = []
        after: str | None = ""
        while after is not None:
            page = site.page("deal", manager, sort=sort, limit=4, after=after)
            found += [item.id for item in page.items]
            after = page.next
        shown.append(found)
    assert shown[0] == shown[1]
    assert set(shown[0]) == mine
    assert len(shown[0]) == len(mine)
