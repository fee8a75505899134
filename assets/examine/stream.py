"""A stream as `pulse check` looks at it before a row is read: its table, columns and types, our rights, its filters."""

import re
from collections.abc import Iterator

from sqlalchemy import Connection, literal, select, types
from sqlalchemy.exc import DBAPIError

from assets.examine.bounds import rows_left_out
from assets.examine.finding import Finding
from assets.examine.indexes import look_at_reading
from assets.examine.spelling import asked, is_known, text_of
from assets.step1_extract.selects.columns import MappedTable, every_mistake, reflect, table_of
from assets.step1_extract.selects.filters import conditions, is_none_of
from assets.step1_extract.selects.selects import Selects
from assets.step1_extract.selects.types import NUMBERS, SourceColumn
from assets.step1_extract.source.connect import connected
from assets.step1_extract.source.failures import failure
from assets.step1_extract.values.values import ISO_8601
from warehouse.configuration.configuration import Configuration, Stream
from warehouse.configuration.queries import binds_of
from warehouse.configuration.roles import Filter, Mapped, Scalar
from warehouse.configuration.sources import source_settings
from warehouse.configuration.streams import EVENT_KINDS, instant_of
from warehouse.errors import SourceDriftError, SourceUnavailableError

MAP_ANOTHER = 'map another column, or say how it is read, as in { column = "…", unit = "ms" } or true = ["…"]'
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
NO_RIGHT = {"42501"}  # PostgreSQL's insufficient_privilege
NO_RIGHT_IN_MYSQL = {1044, 1142, 1143, 1370}


def look_at_stream(configuration: Configuration, stream: Stream) -> list[Finding]:
    """Return what there is to say of a stream without its rows.

    Args:
        configuration: with the stream's source resolved.
        stream: any stream.

    Raises:
        ConfigurationError, SourceUnavailableError, SourceDriftError: as `connected`.
    """
    with connected(configuration, stream) as (thread, connection):
        findings = thread.call(lambda: list(_mapping(configuration, stream, connection)))
        if any(finding.status == "failed" for finding in findings):
            return findings
        mapped = thread.call(lambda: reflect(connection, stream))
        thread.call(connection.rollback)
        selects = Selects(stream, mapped, connection.dialect.name, connection.dialect.server_version_info or ())
        findings += thread.call(lambda: list(_values_of_filters(configuration, stream, connection, mapped)))
        if any(finding.status == "failed" for finding in findings) or stream.kind not in EVENT_KINDS:
            return findings
        findings += _order(stream, selects)
        if binds_of(stream.query or ""):
            findings += thread.call(lambda: rows_left_out(connection, stream, selects))
        return findings + thread.call(lambda: look_at_reading(connection, stream, selects))


def _mapping(configuration: Configuration, stream: Stream, connection: Connection) -> Iterator[Finding]:
    """Yield what is wrong about a mapping, every column of it; if nothing is, that it is in order."""
    subject = f"stream {stream.name}"
    try:
        table, _, _ = table_of(connection, stream)
    except SourceDriftError as error:
        yield Finding.of_error(subject, "files" if stream.files else "query" if stream.query else "table", error)
        return
    except SourceUnavailableError as error:  # no file is matched, or a folder cannot be read
        yield Finding.of_error(subject, "files" if stream.files else "table", error)
        return
    except DBAPIError as error:
        yield _refused(configuration, stream, error)
        return
    mistakes = list(every_mistake(table, stream, connection.dialect.name))
    for about, mistake in mistakes:
        yield Finding.of_error(subject, about, mistake, MAP_ANOTHER if about == "types" else "")
    if mistakes:
        return
    try:
        mapped = reflect(connection, stream)
        connection.execute(select(*mapped.used).limit(0))
    except DBAPIError as error:
        yield _refused(configuration, stream, error)
        return
    finally:
        connection.rollback()
    count = len({column.name for column in mapped.used})
    yield Finding(subject, "columns", "ok", f"{count} columns of {stream.relation} are readable and of fitting types")


def _refused(configuration: Configuration, stream: Stream, error: DBAPIError) -> Finding:
    """Return what a source's refusal to read means.

    Raises:
        DBAPIError: it is no refusal, but the source has failed.
    """
    subject, cause = f"stream {stream.name}", error.orig
    line = failure(configuration, stream, error)
    if source_settings.is_row_security(cause):
        return Finding.of_error(subject, "row level security", line)
    number = cause.args[0] if cause is not None and cause.args else None
    if getattr(cause, "sqlstate", None) in NO_RIGHT or number in NO_RIGHT_IN_MYSQL:
        reason = str(line).partition(" failed: ")[2].removesuffix("; is it up?")
        message = f"our role may not read {stream.relation}: {reason}"
        return Finding(
            subject, "rights", "failed", message, f"grant select on {stream.table or 'its tables'} to the role"
        )
    raise error


def _values_of_filters(
    configuration: Configuration, stream: Stream, connection: Connection, mapped: MappedTable
) -> Iterator[Finding]:
    """Yield each value of `where` or `never` that its column cannot have, or that the source does not take."""
    subject, dialect = f"stream {stream.name}", connection.dialect.name
    written = [(f"where on {row_filter.column}", row_filter, column) for row_filter, column in mapped.filters]
    for label, row_filter, column in written:
        for value in _values(row_filter):
            if reason := _misfit(column, value, dialect, compares=value in (row_filter.at_least, row_filter.below)):
                yield _wrong_value(subject, label, value, reason)
        query = select(literal(1)).where(*conditions([(row_filter, column)], dialect)).limit(0)
        yield from _not_taken(configuration, stream, connection, label, text_of(query, dialect))
    table = stream.tables.get(instant_of(stream.kind)) if stream.kind in EVENT_KINDS else None
    if isinstance(table, Mapped) and table.never:
        column, label = mapped.inputs[instant_of(stream.kind)], f"never of {table.column}"
        for value in table.never:
            if reason := _misfit(column, value, dialect):
                yield _wrong_value(subject, label, value, reason)
        query = select(literal(1)).where(is_none_of(column, table.never, dialect)).limit(0)
        yield from _not_taken(configuration, stream, connection, label, text_of(query, dialect))


def _values(row_filter: Filter) -> list[Scalar]:
    ends = [value for value in (row_filter.at_least, row_filter.below) if value is not None]
    return [*row_filter.is_, *row_filter.is_not, *ends]


def _misfit(column: SourceColumn, value: Scalar, dialect: str, *, compares: bool = False) -> str | None:
    """Return why a column cannot have a value, as far as its type says it; None if it may."""
    kind = column.type
    is_number = isinstance(value, str) and NUMBER.fullmatch(value) is not None
    if isinstance(kind, types.Boolean):
        return None if value in (0, 1) else "the column has true and false"
    if isinstance(kind, NUMBERS) and isinstance(value, str) and not is_number:
        return f"the column has numbers ({kind!r})"
    if isinstance(kind, types.String) and not isinstance(value, str):
        if isinstance(value, bool):
            return "the column has text, write the text in quotes"
        return "the column has text, which compares as text: 10 is below 9" if compares else None
    is_instant = isinstance(kind, types.DateTime | types.Date) and dialect != "sqlite"
    if is_instant and not (isinstance(value, str) and ISO_8601.fullmatch(value)):
        return f"the column has instants ({kind!r})"
    return None


def _wrong_value(subject: str, label: str, value: Scalar, reason: str) -> Finding:
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    message = f"{label}: no row can have the value {shown}, {reason}"
    return Finding(subject, "where", "failed", message, "write a value as the column has it, or take another column")


def _not_taken(
    configuration: Configuration, stream: Stream, connection: Connection, label: str, sql: str
) -> Iterator[Finding]:
    if not is_known(connection.dialect.name):
        return
    try:
        asked(connection, sql)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        reason = str(failure(configuration, stream, error)).partition(" failed: ")[2].removesuffix("; is it up?")
        way_out = "write a value as the column has it, or take another column"
        yield Finding(
            f"stream {stream.name}", "where", "failed", f"{label}: the source does not take it: {reason}", way_out
        )
    finally:
        connection.rollback()


def _order(stream: Stream, selects: Selects) -> list[Finding]:
    """Say so where more than the days of a night is read, because rows stand in another order than their instants."""
    if not selects.reads_wider or selects.reads_whole_table:
        return []
    why = "text" if selects.has_texts else f"in {stream.timezone} and carry no zone"
    message = f"the instants are {why}, so a day more is read on each side of a night's days"
    return [Finding(f"stream {stream.name}", "order", "ok", message)]
