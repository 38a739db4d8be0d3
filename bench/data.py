"""A database to measure on: customers, opportunities and orders, written set-wise by SQL.

The rows are made by the database itself, so that a million of them take seconds; what the gate
would have derived (folded text, sort keys, grams) is written along with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from assembly.application import Application

CUSTOMERS = """
INSERT INTO customer (number, number__f, name, name__f, name__s, status, owner, department,
                      created_on, changed_on, version, grams)
SELECT 'B-' || i, 'b-' || i, 'Company ' || i, 'company ' || i, 'company ' || i, 'active',
       (CAST(:people AS bigint[]))[1 + i % :count], :department, now(), now(), 1,
       ARRAY['co', 'om', 'mp', 'pa', 'an', 'ny']
FROM generate_series(1, :rows) AS i
"""
OPPORTUNITIES = """
INSERT INTO opportunity (number, number__f, name, name__f, name__s, customer, stage, amount,
                         owner, department, created_on, changed_on, version, start_date, grams)
SELECT 'B-' || i, 'b-' || i, 'Deal ' || i, 'deal ' || i, 'deal ' || i,
       :first_customer + (i * 7919::bigint) % :customers,
       (ARRAY['first_contact', 'needs', 'proposal', 'negotiation', 'won', 'lost'])[1 + i % 6],
       ((i * 104729::bigint) % 100000000) / 100.0,
       (CAST(:people AS bigint[]))[1 + (i / 6) % :count], :department,
       now() - make_interval(mins => i % 500000), now(), 1, date '2026-01-01' + i % 300,
       ARRAY['de', 'ea', 'al']
FROM generate_series(1, :rows) AS i
"""


@dataclass(frozen=True)
class Size:
    """How much data there is to be."""

    customers: int
    opportunities: int


FULL = Size(100_000, 1_000_000)
SMALL = Size(5_000, 50_000)


def fill(application: Application, people: list[int], department: int, size: Size) -> None:
    """Writes the data of `size`, spread over the owners `people`, and gathers statistics."""
    common = {"people": people, "count": len(people), "department": department}
    with application.databases.writing() as connection:
        connection.execute(sa.text(CUSTOMERS), common | {"rows": size.customers})
        first = connection.execute(sa.text("SELECT min(id) FROM customer")).scalar_one()
        connection.execute(
            sa.text(OPPORTUNITIES),
            common
            | {"rows": size.opportunities, "first_customer": first, "customers": size.customers},
        )
    with application.databases.writes.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("VACUUM ANALYZE"))
