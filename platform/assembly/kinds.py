"""The kinds of definition that an application is made of, and the tables of the rooms above.

Objects are connected first, since everything else refers to them; workflows name roles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from automation.definitions import AUTOMATION_KIND
from documents import made as made_documents
from documents.connecting import DOCUMENT_KIND
from engine.definition.catalog import Catalog
from engine.definition.connecting import OBJECT_KIND
from engine.definition.kinds import DefinitionKind, Problems
from engine.definition.seeds import DATA_KIND
from engine.definition.sites import SITE_KIND
from engine.matching import tables as matching
from engine.permissions import deputies, sharing
from engine.permissions.roles import ROLE_KIND
from engine.schema.keying import keyed
from engine.schema.state import Keys
from exchange import limits
from exchange.mapping import MAPPING_KIND
from jobs import schedules, timers, work_tables
from jobs import tables as jobs
from notices import comments
from notices import tables as notices
from notices.webhooks_definitions import WEBHOOK_KIND
from workflow import history as stage_history
from workflow.approvals import tables as approvals
from workflow.approvals.definitions import APPROVAL_KIND
from workflow.conversions import provenance as conversions
from workflow.conversions.definitions import CONVERSION_KIND
from workflow.definitions import WORKFLOW_KIND

KINDS: tuple[DefinitionKind, ...] = (
    SITE_KIND,
    OBJECT_KIND,
    ROLE_KIND,
    WORKFLOW_KIND,
    APPROVAL_KIND,
    CONVERSION_KIND,
    DOCUMENT_KIND,
    WEBHOOK_KIND,
    AUTOMATION_KIND,
    DATA_KIND,
    MAPPING_KIND,
)

TABLES: tuple[Callable[[sa.MetaData], None], ...] = (
    matching.add_tables,
    jobs.add_tables,
    work_tables.add_tables,
    limits.add_tables,
    timers.add_tables,
    schedules.add_tables,
    stage_history.add_tables,
    approvals.add_tables,
    conversions.add_tables,
    sharing.add_tables,
    deputies.add_tables,
    comments.add_tables,
    made_documents.add_tables,
    notices.add_tables,
)
"""What adds the rooms' own tables to those of the engine."""


def kinds_with(keys: Keys) -> Sequence[DefinitionKind]:
    """The kinds, with the physical keys set on everything before the first one connects it."""
    first, *others = KINDS

    def connect(catalog: Catalog, problems: Problems) -> Catalog:
        return first.connect(keyed(catalog, keys), problems)

    return (replace(first, connect=connect), *others)
