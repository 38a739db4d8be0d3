"""Triggers that keep the rows of the audit as they were written, on both databases.

Refused are: to empty; to delete what is not covered by a cut (`fw_cut`); to change anything but
`seal`, `data` and `data_digest`. A seal may be set once, data may only be erased, and their digest
only be added where there was none.
Whoever owns the database can drop a trigger; what is done then is found by `formwright audit
verify`.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.schema.audit_tables import CUTS, LOGS, SEALS

GUARDED = (*LOGS, SEALS)
"""The tables whose rows stay as they are."""
_LATER = ("seal", "data", "data_digest")
_FUNCTION = "fw_append_only"
_SAID = "rows of the audit are append-only"
_DEFINED = f"""
CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '{_SAID}' USING ERRCODE = 'restrict_violation'; END$$
"""
_CUT = "fw_only_cut"
_COVERED = "EXISTS (SELECT 1 FROM {cuts} c WHERE c.log = {log} AND {number} <= c.number)"
_CUT_DEFINED = """
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN IF {covered} THEN RETURN OLD; END IF;
RAISE EXCEPTION '{said}' USING ERRCODE = 'restrict_violation'; END$$
"""
_FOUND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
AND c.relnamespace = current_schema()::regnamespace
""",
}


def triggers_in(connection: sa.Connection) -> frozenset[str]:
    """The names of the triggers that guard something in this database."""
    return frozenset(connection.exec_driver_sql(_FOUND[connection.dialect.name]).scalars())


def guards_of(table: sa.Table, dialect: str) -> dict[str, tuple[str, ...]]:
    """The statements that make each trigger of a guarded table, by the trigger's name."""
    fixed = ", ".join(f'"{c.name}"' for c in table.c if c.name not in _LATER)
    events = {"no_change": (f"UPDATE OF {fixed}", "")}
    if "seal" in table.c:
        events |= {
            "one_seal": ("UPDATE OF seal", "OLD.seal IS NOT NULL OR NEW.seal IS NULL"),
            "only_erased": ("UPDATE OF data", "NEW.data IS NOT NULL"),
            "one_digest": ("UPDATE OF data_digest", "OLD.data_digest IS NOT NULL"),
        }
    if dialect == "postgresql":
        events["no_emptying"] = ("TRUNCATE", "")
    made = {
        f"{table.name}_{name}": _made(f"{table.name}_{name}", table.name, event, when, dialect)
        for name, (event, when) in events.items()
    }
    return made | {f"{table.name}_only_cut": _only_cut(table, dialect)}


def _only_cut(table: sa.Table, dialect: str) -> tuple[str, ...]:
    """What lets rows be deleted only as far as a cut reaches; earlier it was not at all."""
    name, earlier = f"{table.name}_only_cut", f"{table.name}_no_delete"
    is_log = "seal" in table.c
    log, number = (f"'{table.name}'", "OLD.seal") if is_log else ("OLD.log", "OLD.number")
    covered = _COVERED.format(cuts=CUTS, log=log, number=number)
    if dialect == "sqlite":
        return (
            f"DROP TRIGGER IF EXISTS {earlier}",
            f"CREATE TRIGGER {name} BEFORE DELETE ON {table.name} FOR EACH ROW"
            f" WHEN NOT {covered} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END",
        )
    function = f"{_CUT}_{table.name}"
    return (
        _CUT_DEFINED.format(function=function, covered=covered, said=_SAID),
        f"DROP TRIGGER IF EXISTS {earlier} ON {table.name}",
        f"DROP TRIGGER IF EXISTS {name} ON {table.name}",
        f"CREATE TRIGGER {name} BEFORE DELETE ON {table.name} FOR EACH ROW"
        f" EXECUTE FUNCTION {function}()",
    )


def _made(name: str, table: str, event: str, when: str, dialect: str) -> tuple[str, ...]:
    condition = f" WHEN ({when})" if when else ""
    if dialect == "sqlite":
        return (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition}"
            f" BEGIN SELECT RAISE(ABORT, '{_SAID}'); END",
        )
    each = "STATEMENT" if event == "TRUNCATE" else "ROW"
    return (
        _DEFINED,
        f"DROP TRIGGER IF EXISTS {name} ON {table}",  # one that is there but disabled
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each}{condition}"
        f" EXECUTE FUNCTION {_FUNCTION}()",
    )
