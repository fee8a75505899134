"""Whether the rows of a day are found by an index, as the source itself plans it; a small table needs none."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Index, Table, func, inspect, literal, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex

from assets.examine.finding import Finding, Status
from assets.examine.spelling import AS_IT_STANDS, asked, is_known, text_of
from assets.step1_extract.selects.selects import Selects
from assets.step1_extract.selects.types import DUCKDB, MYSQL
from warehouse import clock
from warehouse.configuration.configuration import Stream
from warehouse.configuration.streams import instant_of
from warehouse.lake.days import DAY

SMALL_ROWS = 10_000  # up to which reading all of a table takes no time worth speaking of
LONGEST_NAME = 60  # of an index; PostgreSQL cuts at 63 bytes, MySQL refuses 65 characters
SCAN_IN_SQLITE = re.compile(r"SCAN (?!\(|CONSTANT)(\S+)")
WHOLE_IN_MYSQL = {"ALL", "index"}


def look_at_reading(connection: Connection, stream: Stream, selects: Selects) -> list[Finding]:
    """Return how the rows of a day are read.

    Args:
        connection: of the stream's source.
        stream: an event stream, whose mapping is in order.
        selects: what is asked of it.
    """
    subject, dialect = f"stream {stream.name}", connection.dialect.name
    if not is_known(dialect) or dialect == DUCKDB:  # which reads columns, and of them what a day needs
        return []
    instants = " and ".join(stream.columns_of(instant_of(stream.kind)))
    rows = int(connection.execute(selects.row_count(SMALL_ROWS + 1)).scalar_one())
    if selects.reads_whole_table:
        return [_of_whole_table(stream, instants, rows)]
    if rows <= SMALL_ROWS:
        words = (
            f"an index on {instants} serves" if has_index(selects) else f"{rows:,} rows need no index on {instants} yet"
        )
        return [Finding(subject, "index", "ok", words)]
    today = clock.now().date()
    scanned = _scanned(connection, text_of(selects.rows(today - DAY, today), dialect))
    connection.rollback()
    if not scanned:
        return [Finding(subject, "plan", "ok", "an index finds the rows of a day")]
    statement = None if has_index(selects) else _statement(connection, stream, selects)
    if statement is not None:
        message = f"no index begins with {instants}, so every night reads all of {stream.relation}"
        return [Finding(subject, "index", "warning", message, f"make one: {statement}")]
    message = f"the source would read all of {', '.join(scanned)} for the rows of one day"
    way_out = "bound an indexed column by :from and :to" if stream.query else "look at its statistics and indexes"
    return [Finding(subject, "plan", "warning", message, way_out)]


def _of_whole_table(stream: Stream, instants: str, rows: int) -> Finding:
    """Return that the texts of a format are in another order than their days, so that no index serves (R1)."""
    message = f"the format of {instants} does not begin with year, month and day, so every run reads all of "
    status: Status = "ok" if rows <= SMALL_ROWS else "warning"
    way_out = "map a column in the order of days, or a query with :from and :to"
    return Finding(
        f"stream {stream.name}", "format", status, message + stream.relation, way_out if rows > SMALL_ROWS else None
    )


def has_index(selects: Selects) -> bool:
    """Tell whether a key or an index of the whole table begins with the column of the instants.

    Args:
        selects: of an event stream, its table reflected.
    """
    reflected = selects.mapped.table
    if not isinstance(reflected, Table):
        return False
    name = selects.mapped.inputs[instant_of(selects.stream.kind)].name
    whole = [
        index
        for index in reflected.indexes
        if all(index.dialect_options[dialect].get("where") is None for dialect in ("postgresql", "sqlite"))
    ]
    beginnings = [list(index.expressions)[:1] for index in whole] + [list(reflected.primary_key.columns)[:1]]
    return any(getattr(first, "name", None) == name for beginning in beginnings for first in beginning)


def _statement(connection: Connection, stream: Stream, selects: Selects) -> str | None:
    """Return the SQL that makes the missing index, None for a query or a view, which can have none."""
    reflected = selects.mapped.table
    if not isinstance(reflected, Table):
        return None
    if reflected.name not in inspect(connection).get_table_names(schema=reflected.schema):
        return None
    column: Any = selects.mapped.inputs[instant_of(stream.kind)]
    name = f"{reflected.name}_{column.name}_idx"[-LONGEST_NAME:].lstrip("_")
    index = Index(name, column, postgresql_concurrently=True)
    return " ".join(str(CreateIndex(index).compile(dialect=connection.dialect)).split())


def _scanned(connection: Connection, sql: str) -> list[str]:
    """Return the large tables that a source would read whole, as its plan names them."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        ((plan,),) = asked(connection, f"explain (format json, verbose) {sql}")
        tops = json.loads(plan) if isinstance(plan, str) else plan
        names = [(node.get("Schema"), node["Relation Name"]) for top in tops for node in _scans(top["Plan"])]
        return list(dict.fromkeys(name for schema, name in names if _is_large(connection, schema, name)))
    if dialect in MYSQL:
        result = connection.exec_driver_sql(f"explain {sql}", execution_options=AS_IT_STANDS)
        nodes = [{key.lower(): value for key, value in row.items()} for row in result.mappings()]
        return [str(node["table"]) for node in nodes if _is_whole_in_mysql(node)]
    details = [str(row[-1]) for row in asked(connection, f"explain query plan {sql}")]
    matches = [SCAN_IN_SQLITE.match(detail) for detail in details]
    return list(dict.fromkeys(match[1] for match in matches if match and _is_large(connection, None, match[1])))


def _scans(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if node["Node Type"] == "Seq Scan":
        yield node
    for inner in node.get("Plans", ()):
        yield from _scans(inner)


def _is_whole_in_mysql(node: Mapping[str, Any]) -> bool:
    """Whether a table is read whole and is large; the number of rows is an estimate, which may be half of them."""
    is_table = node.get("table") is not None and not str(node["table"]).startswith("<")
    return is_table and node.get("type") in WHOLE_IN_MYSQL and 2 * int(node.get("rows") or 0) > SMALL_ROWS


def _is_large(connection: Connection, schema: str | None, name: str) -> bool:
    """Whether a table of a plan is large; a name that is an alias cannot be asked for, and counts as large."""
    some = select(literal(1)).select_from(table(name, schema=schema)).limit(SMALL_ROWS + 1).subquery()
    try:
        rows: Sequence[Any] = connection.execute(select(func.count()).select_from(some)).all()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        connection.rollback()
        return True
    return int(rows[0][0]) > SMALL_ROWS
