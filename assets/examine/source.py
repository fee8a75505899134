"""A source as `pulse check` looks at it: it answers, it cannot be written to, and its clock is ours (R2)."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from assets.examine.finding import Finding
from assets.examine.spelling import is_known
from assets.step1_extract.selects.types import DUCKDB, MYSQL
from assets.step1_extract.source.clocks import SHOWN, clock_of
from assets.step1_extract.source.connect import connected
from warehouse import clock
from warehouse.condition import row_security
from warehouse.configuration.configuration import Configuration, Stream

NAMES = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "sqlite": "SQLite",
    "duckdb": "DuckDB",
}
# Nobody else sees such a table, and none is left if a session of ours could make it: the transaction is rolled back.
WITHOUT_BEGIN = {"sqlite", DUCKDB}  # whose drivers begin no transaction themselves
ATTEMPT = "create temporary table pulse_check_of_rights (nothing integer)"
ATTEMPT_IN_DUCKDB = "create table pulse_check_of_rights (nothing integer)"  # temporary ones are in no file
MAY_WRITE_IN_POSTGRES = text(
    "select coalesce(has_table_privilege(to_regclass(:name), 'INSERT, UPDATE, DELETE, TRUNCATE'), false)"
)
WRITING = "'INSERT', 'UPDATE', 'DELETE', 'DROP'"
MAY_WRITE_IN_MYSQL = """
select {scope} from information_schema.{kind}_privileges where privilege_type in ({writing})
and grantee = concat('''', replace(current_user(), '@', '''@'''), '''')"""


def look_at_source(configuration: Configuration, streams: Sequence[Stream]) -> list[Finding]:
    """Return what there is to say of a source.

    Args:
        configuration: with this source resolved.
        streams: those that read it, at least one.

    Raises:
        ConfigurationError: its url is none that we can use.
        SourceUnavailableError: it does not answer.
    """
    name = streams[0].source
    with connected(configuration, streams[0]) as (thread, connection):
        return thread.call(lambda: list(_findings(configuration, name, streams, connection)))


def _findings(
    configuration: Configuration, name: str, streams: Sequence[Stream], connection: Connection
) -> Iterator[Finding]:
    subject = f"source {name}"
    if any(stream.files for stream in streams):
        yield Finding(subject, "connection", "ok", f"{_server(connection)} reads them")
        return
    yield Finding(subject, "connection", "ok", f"{_server(connection)} answers")
    yield _attempt(connection, subject)
    yield from _rights_to_write(connection, subject, streams)
    yield from _clock(connection, subject)
    for line in row_security.filters(name, configuration.sources[name]):
        yield Finding(subject, "row level security", "ok", line.removeprefix(f"{subject}: "))


def _server(connection: Connection) -> str:
    dialect = connection.dialect
    kind = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
    version = ".".join(map(str, dialect.server_version_info or ()))
    return f"{NAMES.get(kind, kind)} {version}".strip()


def _attempt(connection: Connection, subject: str) -> Finding:
    """Try to write: it has to be refused, whatever the role may do."""
    if not is_known(connection.dialect.name):
        message = f"whether a session could write is not known of {connection.dialect.name}"
        return Finding(subject, "writing", "warning", message, "give us a role that may only select")
    try:
        if connection.dialect.name in WITHOUT_BEGIN:
            connection.exec_driver_sql("begin")
        connection.exec_driver_sql(ATTEMPT_IN_DUCKDB if connection.dialect.name == DUCKDB else ATTEMPT)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return Finding(subject, "writing", "ok", "the session is read-only, a write was refused")
    finally:
        _roll_back(connection)
    message = "a session could make a temporary table, so nothing keeps us from writing"
    return Finding(subject, "writing", "failed", message, "give us a role that may only select")


def _roll_back(connection: Connection) -> None:
    if connection.dialect.name == DUCKDB:
        connection.exec_driver_sql("rollback")
    if connection.dialect.name == "sqlite" and not connection.invalidated:
        driver = connection.connection.driver_connection
        if driver is not None and driver.in_transaction:
            connection.exec_driver_sql("rollback")
    connection.rollback()


def _rights_to_write(connection: Connection, subject: str, streams: Sequence[Stream]) -> Iterator[Finding]:
    """Warn of a role that may write: our sessions do not, but whoever gets hold of its password could."""
    tables = [stream.table for stream in streams if stream.table]
    if connection.dialect.name == "postgresql":
        may = [table for table in tables if _may_write_in_postgres(connection, table)]
    elif connection.dialect.name in MYSQL:
        may = _written_in_mysql(connection, tables)
    else:
        return
    if may:
        message = f"the role may write to {', '.join(dict.fromkeys(may))}; our sessions are read-only all the same"
        way_out = "a role that may only select those tables is enough"
        yield Finding(subject, "role", "warning", message, way_out)
    else:
        yield Finding(subject, "role", "ok", "the role may not write to what is mapped")


def _may_write_in_postgres(connection: Connection, table: str) -> bool:
    schema, _, name = table.rpartition(".")
    quote = connection.dialect.identifier_preparer.quote_identifier
    quoted = f"{quote(schema)}.{quote(name)}" if schema else quote(name)
    return bool(connection.execute(MAY_WRITE_IN_POSTGRES, {"name": quoted}).scalar())


def _written_in_mysql(connection: Connection, tables: Sequence[str]) -> list[str]:
    def granted(kind: str, scope: str) -> set[tuple[str, ...]]:
        rows = connection.exec_driver_sql(MAY_WRITE_IN_MYSQL.format(kind=kind, scope=scope, writing=WRITING))
        return {tuple(str(part) for part in row) for row in rows}

    if granted("user", "privilege_type"):
        return list(tables)
    database = connection.engine.url.database or ""
    of_schemas, of_tables = granted("schema", "table_schema"), granted("table", "table_schema, table_name")
    schemas = {schema.replace("\\", "") for (schema,) in of_schemas}  # such as `my\_db`, a pattern
    named = {table: (table.rpartition(".")[0] or database, table.rpartition(".")[2]) for table in tables}
    return [table for table, name in named.items() if name[0] in schemas or name in of_tables]


def _clock(connection: Connection, subject: str) -> Iterator[Finding]:
    source_time, our_time = clock_of(connection), clock.now()
    if source_time is None:
        return
    difference = source_time - our_time
    seconds = abs(difference.total_seconds())
    if seconds <= clock.TOLERANCE.total_seconds():
        yield Finding(subject, "clock", "ok", f"its clock and ours differ by {seconds:.0f} s")
        return
    clocks = f"it says {our_time:{SHOWN}} (UTC), that of the source {source_time:{SHOWN}}"
    if difference > clock.TOLERANCE:
        yield Finding(subject, "clock", "failed", f"our clock is behind: {clocks}", "set our clock; no night reads so")
    else:
        message = f"our clock is ahead: {clocks}"
        yield Finding(subject, "clock", "warning", message, "set the clock that is wrong; a day is over by both")
