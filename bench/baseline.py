"""The practical limit: hand-written Flask routes on SQLAlchemy Core, doing only the work itself.

No permissions, no rules, no audit, no search columns: one statement where one is enough.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, jsonify, render_template_string, request

from engine.schema.tables import Tables

PAGE = """<!doctype html><title>Opportunities</title><table><tr><th>Name<th>Customer<th>Stage
<th>Amount<th>Owner</tr>{% for r in rows %}<tr>
<td><a href="/o/opportunity/{{ r.id }}">{{ r.name }}</a>
<td>{{ r.title }}<td>{{ r.stage }}<td>{{ r.amount }}<td>{{ r.owner }}</tr>{% endfor %}</table>"""


def make_baseline(tables: Tables, engine: sa.Engine) -> Flask:
    """The hand-written application over the same tables."""
    app = Flask("baseline")
    opportunity, customer = tables.table("opportunity"), tables.table("customer")
    line = tables.table("opportunity_line")
    columns = [opportunity.c[n] for n in ("id", "name", "stage", "amount", "owner", "customer")]
    chosen = sa.select(*columns).where(
        opportunity.c.stage == sa.bindparam("stage"),
        opportunity.c.owner == sa.bindparam("owner"),
        opportunity.c.deleted_on.is_(None),
        opportunity.c.amount.is_not(None),
    )
    beyond = sa.tuple_(opportunity.c.amount, opportunity.c.id) < sa.tuple_(
        sa.bindparam("amount"), sa.bindparam("id")
    )
    order = (opportunity.c.amount.desc(), opportunity.c.id.desc())

    def titled(statement: sa.Select[Any]) -> sa.Select[Any]:
        page = statement.order_by(*order).limit(26).subquery()
        return (
            sa.select(page, customer.c.name.label("title"))
            .join(customer, customer.c.id == page.c.customer)
            .order_by(page.c.amount.desc(), page.c.id.desc())
        )

    first, further = titled(chosen), titled(chosen.where(beyond))
    one = sa.select(opportunity).where(opportunity.c.id == sa.bindparam("id"))
    lines = sa.select(line).where(line.c.opportunity == sa.bindparam("id")).order_by(line.c.id)
    change = (
        sa.update(opportunity)
        .where(opportunity.c.id == sa.bindparam("row"))
        .values(amount=sa.bindparam("new"))
    )

    def rows() -> list[Any]:
        wanted: dict[str, Any] = {
            "stage": request.args["stage"],
            "owner": int(request.args["owner"]),
        }
        statement = first
        if "amount" in request.args:
            wanted |= {"amount": request.args["amount"], "id": int(request.args["id"])}
            statement = further
        with engine.connect() as connection:
            return list(connection.execute(statement, wanted).mappings())

    @app.get("/opportunities")
    def list_() -> Response:
        found = rows()
        return jsonify(
            {"items": [dict(row) | {"amount": str(row["amount"])} for row in found[:25]]}
        )

    @app.get("/opportunities.html")
    def screen() -> str:
        return render_template_string(PAGE, rows=rows()[:25])

    @app.get("/opportunities/<int:id>")
    def read(id: int) -> Response:
        with engine.connect() as connection:
            found = dict(connection.execute(one, {"id": id}).mappings().one())
            found["lines"] = [dict(r) for r in connection.execute(lines, {"id": id}).mappings()]
        return jsonify(found)

    @app.post("/opportunities")
    def create() -> Response:
        given = request.get_json()
        of_lines = given.pop("lines")
        with engine.begin() as connection:
            id = connection.execute(
                sa.insert(opportunity).values(given).returning(opportunity.c.id)
            ).scalar_one()
            connection.execute(sa.insert(line), [entry | {"opportunity": id} for entry in of_lines])
        return jsonify({"id": id})

    @app.patch("/opportunities/<int:id>")
    def update(id: int) -> Response:
        with engine.begin() as connection:
            connection.execute(change, {"row": id, "new": request.get_json()["amount"]})
        return jsonify({"id": id})

    return app
