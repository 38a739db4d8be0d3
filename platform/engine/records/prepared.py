"""Statements compiled once and run on the driver directly.

SQLAlchemy looks a statement up in its cache by walking it, and builds a context around each
execution: about 0.2 ms, which for statements of 40 columns is more than the database needs.
Here the text, the processors of parameters and those of results are worked out once and kept
with the statement. Everything a statement takes must be a plain named parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

NUMERIC = 1700
"""PostgreSQL's type number of NUMERIC, for which SQLAlchemy asks before it makes a processor."""

Processor = Callable[[Any], Any]


class Prepared:
    """One compiled statement for one dialect."""

    __slots__ = ("_constants", "_escaped", "_in", "_order", "_out", "sql")

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql: str = compiled.string
        self._order: list[str] | None = compiled.positiontup
        self._escaped: dict[str, str] = dict(compiled.escaped_bind_names)
        self._in: dict[str, Processor] = {}
        self._constants: dict[str, Any] = {}
        for bind in compiled.binds.values():
            name = compiled.bind_names[bind]
            processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                self._in[name] = processor
            if not bind.required:
                value = bind.effective_value
                self._constants[name] = processor(value) if processor else value
        self._out: list[tuple[int, Processor]] = []
        for index, column in enumerate(getattr(compiled, "_result_columns", ())):
            processor = column.type.dialect_impl(dialect).result_processor(dialect, NUMERIC)
            if processor is not None:
                self._out.append((index, processor))

    def rows(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[Any]:
        """Runs the statement and returns its rows; `values` may hold more than it needs."""
        cursor = self._run(connection, self._parameters(values))
        rows: list[Any] = cursor.fetchall()
        cursor.close()
        out = self._out
        if not out:
            return rows
        result = []
        for row in rows:
            changed = list(row)
            for index, processor in out:
                if changed[index] is not None:
                    changed[index] = processor(changed[index])
            result.append(changed)
        return result

    def run(self, connection: sa.Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Runs the statement once for each of `values`."""
        parameters = [self._parameters(one) for one in values]
        if len(parameters) == 1:
            self._run(connection, parameters[0]).close()
            return
        cursor = _driver(connection).cursor()
        try:
            cursor.executemany(self.sql, parameters)
        except Exception as error:
            raise wrapped(connection, self.sql, error) from error
        finally:
            cursor.close()

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        incoming, constants = self._in, self._constants
        if self._order is not None:
            return [
                constants[name] if name not in values
                else incoming[name](values[name]) if name in incoming
                else values[name]
                for name in self._order
            ]  # fmt: skip
        parameters = dict(constants)
        for name, value in values.items():
            processor = incoming.get(name)
            parameters[name] = processor(value) if processor else value
        for name, escaped in self._escaped.items():
            parameters[escaped] = parameters[name]
        return parameters

    def _run(self, connection: sa.Connection, parameters: Any) -> Any:
        cursor = _driver(connection).cursor()
        try:
            cursor.execute(self.sql, parameters)
        except Exception as error:
            cursor.close()
            raise wrapped(connection, self.sql, error) from error
        return cursor


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def wrapped(connection: sa.Connection, sql: str, error: Exception) -> Exception:
    """A driver's error as SQLAlchemy's, without the parameters, which may be personal."""
    base = connection.dialect.loaded_dbapi.Error
    if not isinstance(error, base):
        return error
    made = DBAPIError.instance(
        sql, None, error, base, hide_parameters=True, dialect=connection.dialect
    )
    return made if isinstance(made, Exception) else error
