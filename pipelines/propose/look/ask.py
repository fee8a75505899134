"""Asking a source about a table that was looked at: its first instant, and how many of some ids it has.

A question that the source cannot answer, or not in time, has no answer, and that is no failure.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, cast, func, select, types
from sqlalchemy.exc import DBAPIError

from assets.step1_extract.selects.types import raw
from pipelines.propose.look.reading import limit_statement
from pipelines.propose.look.tables import LookedAt


def least(connection: Connection, table: LookedAt, column: str, above: object) -> Any:  # noqa: ANN401 - a driver's
    """Return the least value of a column that is above another; None if the source cannot say so in time."""
    limit_statement(connection)
    stored = table.table.c[column]
    smallest: ColumnElement[Any] = func.min(raw(stored))
    if connection.dialect.name == "postgresql" and isinstance(stored.type, types.DateTime | types.Date):
        smallest = cast(smallest, types.Text)
    return _scalar(connection, select(smallest).where(raw(stored) > above))


def known_ids(connection: Connection, table: LookedAt, column: str, ids: Sequence[Any]) -> int | None:
    """Return how many of some ids are in a column; None if the source cannot compare them."""
    limit_statement(connection)
    stored = table.table.c[column]
    is_uuid = connection.dialect.name == "postgresql" and isinstance(stored.type, types.Uuid)
    among = stored.in_([UUID(each) for each in ids]) if is_uuid else raw(stored).in_(ids)
    count: int | None = _scalar(connection, select(func.count(func.distinct(stored))).where(among))
    return count


def _scalar(connection: Connection, query: Select[Any]) -> Any:  # noqa: ANN401 - a driver's
    try:
        return connection.execute(query).scalar()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        connection.rollback()
        return None
