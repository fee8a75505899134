"""The public tables as `schema_of_….sql` make them: their names, columns and comments, and their logical hash (R24)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from warehouse.configuration.configuration import Configuration
from warehouse.engine import one_row, sql, transaction

HERE = Path(__file__).parent
VIEWS, OPTIONAL = HERE / "views", HERE / "optional"  # views of what is always there; what a setting leaves out
SCHEMA = (
    *(HERE / f"schema_of_{part}.sql" for part in ("learners", "version")),
    *(VIEWS / f"schema_of_{part}.sql" for part in ("views", "learner_weeks", "retention", "active_learners", "weeks")),
)
PROFILE = (
    *(OPTIONAL / f"schema_of_{part}.sql" for part in ("profile", "years")),
    VIEWS / "schema_of_streaks.sql",
)
STREAMS = (OPTIONAL / "schema_of_streams.sql",)
SCHEMA_VERSION = 6
OLDEST_SERVED = 2  # so what a server selects (`serve/`) has to be in every schema since; of newer ones it knows nothing
SERVED = f"{OLDEST_SERVED} to {SCHEMA_VERSION}"
# The logical hash leaves out who built the version and when, and what was before it. It leaves out when landings were
# read and proven (R24).
TABLES_NOT_HASHED = ("version_info", "restatements")
NOT_HASHED: Mapping[str, tuple[str, ...]] = {"landings": ("extracted_at", "proven_at")}


def text(*, has_profile: bool = True, has_streams: bool = False) -> str:
    """Return the whole schema, as SQL; without the tables that `pulse.profile` and `pulse.by_stream` leave out."""
    parts = (*SCHEMA, *(PROFILE if has_profile else ()), *(STREAMS if has_streams else ()))
    return "\n".join(map(sql, parts))


@dataclass(frozen=True)
class Column:
    """A column as the file itself describes it."""

    name: str
    type: str
    is_nullable: bool
    comment: str


@dataclass(frozen=True)
class Table:
    """A public table or view as the file itself describes it."""

    name: str
    comment: str
    is_view: bool
    columns: tuple[Column, ...]


def is_served(schema_version: int) -> bool:
    """Tell whether servers of this release answer from a version of a schema."""
    return OLDEST_SERVED <= schema_version <= SCHEMA_VERSION


def create(
    connection: duckdb.DuckDBPyConnection,
    database: str = "memory",
    *,
    has_profile: bool = True,
    has_streams: bool = False,
) -> None:
    """Create the empty public tables in an attached database, in one transaction, which takes half the time.

    Only here names are unqualified: a view has to find its tables under any name of the attached file.

    Args:
        connection: uses its own database, `memory`, before and after.
        database: the name by which the other is attached.
        has_profile: whether it gets the tables of the profile.
        has_streams: whether it gets the table by stream.
    """
    connection.execute(f"use {database}")
    with transaction(connection):
        connection.execute(text(has_profile=has_profile, has_streams=has_streams))
    connection.execute("use memory")


@cache
def tables(*, has_profile: bool = True, has_streams: bool = False) -> tuple[Table, ...]:
    """Return every public table and view, as read from a database that the schema made, in its order."""
    with duckdb.connect() as connection:
        create(connection, has_profile=has_profile, has_streams=has_streams)
        relations = connection.execute(
            "select table_name, comment, false from duckdb_tables() union all "
            "select view_name, comment, true from duckdb_views() where not internal"
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, data_type, is_nullable, comment from duckdb_columns() where not internal "
            "order by table_name, column_index"
        ).fetchall()
    in_order = sorted(relations, key=lambda row: text(has_streams=True).index(f" {row[0]} "))
    return tuple(
        Table(name, comment, is_view, tuple(Column(*column[1:]) for column in columns if column[0] == name))
        for name, comment, is_view in in_order
    )


def every_table() -> tuple[Table, ...]:
    """Return every public table and view that a version may have."""
    return tables(has_streams=True)


def tables_of(configuration: Configuration) -> tuple[Table, ...]:
    """Return the public tables and views that a version of a configuration has."""
    return tables(has_profile=configuration.pulse.profile, has_streams=configuration.pulse.by_stream)


def tables_in(connection: duckdb.DuckDBPyConnection, database: str) -> tuple[Table, ...]:
    """Return the public tables and views of an attached database, which has those of each setting or has not."""
    has_streams = _has_table(connection, database, "activity_by_stream")
    return tables(has_profile=with_profile(connection, database), has_streams=has_streams)


def with_profile(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Tell whether an attached database has the tables of the profile."""
    return _has_table(connection, database, "streaks")


def _has_table(connection: duckdb.DuckDBPyConnection, database: str, name: str) -> bool:
    # Not of `duckdb_tables()`, which looks at the rows of every table: it takes a tenth of a second in a large version.
    asked = "select count(*) > 0 from duckdb_columns() where database_name = $database and table_name = $name"
    return bool(one_row(connection, asked, {"database": database, "name": name})[0])


def logical_hash(connection: duckdb.DuckDBPyConnection, database: str) -> str:
    """Return the order-independent hash over the public tables of an attached database (R24).

    Args:
        connection: has the macros and the database.
        database: the name by which it is attached.
    """
    parts = []
    for table in tables_in(connection, database):
        if table.is_view or table.name in TABLES_NOT_HASHED:
            continue
        left_out = NOT_HASHED.get(table.name, ())
        columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in left_out)
        query = f"select count(*), rows_hash(row({columns})) from {database}.{table.name}"
        parts.append((table.name, *one_row(connection, query)))
    text = ";".join(f"{name}:{rows}:{total}" for name, rows, total in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def read_not_hashed(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Read, of an attached database, every column that the logical hash leaves out: a damaged one cannot be read."""
    for table in tables():
        left_out = [column.name for column in table.columns if column.name in NOT_HASHED.get(table.name, ())]
        if table.name in TABLES_NOT_HASHED:
            left_out = [column.name for column in table.columns]
        if left_out and not table.is_view:
            columns = ", ".join(f'"{name}"' for name in left_out)
            one_row(connection, f"select rows_hash(row({columns})) from {database}.{table.name}")


def dictionary() -> str:
    """Return the data dictionary, as Markdown; `docs/reference/tables.md` holds exactly this."""
    parts = [
        "# Tables\n",
        "The public tables of a published version. `make dictionary` writes this page from the comments of the schema.",
    ]
    for table in every_table():
        kind = "view" if table.is_view else "table"
        parts.append(f"\n## {table.name}\n\n{table.comment} ({kind})\n")
        parts.append("| column | type | null | what it is |\n| --- | --- | --- | --- |")
        parts += [
            f"| `{column.name}` | {column.type} | {'yes' if column.is_nullable else 'no'} | {column.comment} |"
            for column in table.columns
        ]
    return "\n".join(parts) + "\n"


def table(name: str) -> Table:
    """Return one public table or view."""
    return next(table for table in every_table() if table.name == name)


def row_counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """Return the rows of every public table, views left out, of an attached database."""
    return {
        table.name: one_row(connection, f"select count(*) from {database}.{table.name}")[0]
        for table in tables_in(connection, database)
        if not table.is_view
    }
