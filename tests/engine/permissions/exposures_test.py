"""What roles read without its source, and fields that explicit roles do not mention."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cli.main import main
from engine.permissions.exposures import exposures, unmentioned
from support.small import PEOPLE, loaded, write_files

SITE = f"""
{PEOPLE}
---
object: client
fields:
  name: {{type: text}}
  limit_amount: {{type: money, restricted: true}}
  double: {{type: money, formula: limit_amount * 2}}
  orders: {{type: related, of: order, by: client}}
  total: {{type: money, rollup: sum(o.amount for o in orders)}}
---
object: order
fields:
  name: {{type: text}}
  client: {{type: link, to: client}}
  amount: {{type: money}}
  client_limit: {{type: money, formula: client.limit_amount}}
---
role: clerk
grants:
  client: {{read: all, fields: {{"*": read}}}}
  order: {{read: own, fields: {{"*": read, amount: mask}}}}
---
role: boss
grants:
  client: {{read: all, fields: {{"*": read, limit_amount: read}}}}
  order: {{read: all, fields: {{"*": read}}}}
---
role: guest
explicit: true
grants:
  client: {{read: all, fields: {{name: read, total: read, double: none}}}}
"""


def test_exposures(tmp_path: Path) -> None:
    """Hidden, masked, and unreadable sources are told apart; who reads the source has none."""
    catalog = loaded(tmp_path, SITE).catalog
    assert catalog is not None
    found = {(e.role, e.object, e.field, e.kind, e.source, e.lack) for e in exposures(catalog)}
    assert found == {
        ("clerk", "client", "double", "formula", "client.limit_amount", "hidden"),
        ("clerk", "client", "total", "rollup", "order.amount", "mask"),
        ("clerk", "order", "client_limit", "formula", "client.limit_amount", "hidden"),
        ("guest", "client", "total", "rollup", "order.amount", "nothing"),
    }


def test_unmentioned_fields(tmp_path: Path) -> None:
    """Explicit roles, and with `strict` all that do not say `"*"`."""
    catalog = loaded(tmp_path, SITE).catalog
    assert catalog is not None
    for strict in (False, True):
        found = [str(problem.args["field"]) for problem in unmentioned(catalog, strict)]
        assert found == ["limit_amount", "orders"]


def test_explicit_roles_name_every_field(tmp_path: Path) -> None:
    """`"*"` has no place in them."""
    text = SITE.replace("fields: {name: read, total", 'fields: {"*": read, total')
    assert [p.code for p in loaded(tmp_path, text).problems] == ["explicit-role"]


def test_the_command(tmp_path: Path) -> None:
    """Warnings are no problems: how many on the side, one by one where they are asked for."""
    layer = str(write_files(tmp_path, SITE))
    plain = CliRunner().invoke(main, ["check", layer])
    assert plain.exit_code == 0 and "6 permission warnings" in plain.stderr
    listed = CliRunner().invoke(main, ["check", "--exposures", layer])
    assert listed.exit_code == 0 and len(listed.stdout.splitlines()) == 6
    assert "roles/clerk.yaml:" in listed.stdout and "only the mask of order.amount" in listed.stdout
