"""The story of Canglan Fluid Equipment: everything in it is invented.

Chapters, each a module: `organisation`, `clients`, `leads`, `sales` (with `visits` and `papers`).
The same seed and last moment tell the same story.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from cli.demo_history import Story

from . import organisation
from .book import Book
from .clients import Clients
from .leads import Leads
from .papers import Papers
from .sales import Sales
from .visits import Visits

ORDER = (
    "department", "person", "product", "competitor", "customer", "contact", "lead",
    "opportunity", "inquiry", "quotation", "order", "follow_up",
)  # fmt: skip


def tell(seed: int, end: dt.datetime, zone: ZoneInfo) -> Story:
    """A year of the company that ends at the moment `end`, in the company's time zone `zone`."""
    book = Book(seed, end, zone)
    organisation.found(book)
    clients, visits = Clients(book), Visits(book)
    leads = Leads(book, clients, visits)
    clients.old()
    leads.tell()
    leads.ask()
    Sales(book, visits, Papers(book)).tell()
    visits.care()
    return Story(
        deeds=book.deeds,
        order=ORDER,
        accounts=organisation.accounts(book),
        live_from=book.calendar.live_from,
    )
