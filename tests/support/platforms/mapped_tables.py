"""Puts a world behind drawn mappings into a real database, with the `pulse.toml` that reads it.

The tables hold what `tests/oracle/mapped/mappings.py` drew, in column types and collations that
vary with the table's number.
Names are quoted as the database wants it, values are bound, so that either may hold anything.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.support.platforms import mapped_files, platforms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from tests.oracle.mapped.mappings import Disguise, Disguised
    from tests.oracle.mapped.oracle_mappings import Cells

    Besides = Callable[[Disguise, Cells], bool]

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
LENIENT = {"init_command": "set sql_mode = '', time_zone = '+00:00'"}  # takes what MariaDB would warn of
COLLATED = "create collation if not exists any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
# The collation `unicode` is there without ICU, too.
HAS_ICU = "select exists (select from pg_collation where collprovider = 'i' and collname <> 'unicode')"
MARKS = {"sqlite": "?", "postgresql": "%s", "mysql": "%s"}
# The types that a kind of column may have, one after the other.
TYPES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "sqlite": {
        "int": ("BIGINT", "INTEGER"),
        "decimal": ("NUMERIC", "DECIMAL(20, 6)"),
        "double": ("DOUBLE", "REAL"),
        "text": ("TEXT", "VARCHAR(2000)"),
        "words": ("TEXT COLLATE NOCASE", "TEXT", "TEXT COLLATE RTRIM"),
        "bytes": ("BLOB",),
        "uuid": ("TEXT", "UUID"),
        "bool": ("BOOLEAN",),
        "day": ("DATE",),
        "loose": ("",),
    },
    "postgresql": {
        "int": ("BIGINT",),
        "decimal": ("NUMERIC", "NUMERIC(40, 10)"),
        "double": ("DOUBLE PRECISION",),
        "text": ("TEXT", "VARCHAR(2000)"),
        "words": ('TEXT COLLATE "any_case"', "TEXT", 'VARCHAR(100) COLLATE "any_case"'),
        "bytes": ("BYTEA",),
        "uuid": ("UUID",),
        "bool": ("BOOLEAN",),
        "day": ("DATE",),
    },
    "mysql": {
        "int": ("BIGINT",),
        "decimal": ("DECIMAL(40, 10)",),
        "double": ("DOUBLE",),
        "text": ("VARCHAR(1200) CHARACTER SET utf8mb4", "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        "words": (
            "VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "VARCHAR(100) CHARACTER SET latin1",
            "VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        "bytes": ("BINARY(16)",),
        "uuid": ("UUID", "CHAR(36)"),
        "bool": ("BOOLEAN",),
        "day": ("DATE",),
    },
}


def write(world: Disguised, url: str, *, users: int | None = None, besides: Besides | None = None) -> None:
    """Create every table of the world anew and fill it; `users` numbers the landing of users (default: the last).

    Rows that `besides` says yes to are left out; all others are spelled as they would be beside them.
    """
    users_rows = world.users_rows[-1 if users is None else users]
    if mapped_files.is_of_duckdb(url):
        assert besides is None, "files are not spelled by the place of a row"
        mapped_files.write(world, url, users_rows)
        return
    with connected(url) as connection:
        write_table(connection, world.users, users_rows, 0, besides)
        for number, stream in enumerate(world.streams, start=1):
            write_table(connection, stream, world.rows[stream.name], number, besides)


def connected(url: str) -> Any:
    """Open a transaction that writes."""
    scheme = url.partition(":")[0]
    arguments = LENIENT if scheme in ("mysql", "mariadb") else {}
    engine = create_engine(
        url.replace(scheme, DRIVERS.get(scheme, scheme), 1), connect_args=arguments, poolclass=NullPool
    )
    return engine.begin()


def write_table(
    connection: Connection, disguise: Disguise, rows: Sequence[Cells], number: int, besides: Besides | None = None
) -> None:
    """Drop, create and fill one table; its number varies the types."""
    dialect = connection.dialect.name
    has_collation = dialect == "postgresql" and connection.execute(text(HAS_ICU)).scalar()
    if has_collation:
        connection.execute(text(COLLATED))
    columns = {
        name: type_of(kind, [row[name] for row in rows], number + place, dialect)
        for place, (name, kind) in enumerate(disguise.kinds.items())
    }
    defined = ", ".join(f"{quoted(name, dialect)} {sql_type}" for name, sql_type in columns.items())
    if not has_collation:  # of a PostgreSQL without ICU
        defined = defined.replace(' COLLATE "any_case"', "")
    for statement in (f"DROP TABLE IF EXISTS {disguise.name}", f"CREATE TABLE {disguise.name} ({defined})"):
        connection.exec_driver_sql(statement if dialect == "sqlite" else statement.replace("%", "%%"), ())
    marks = ", ".join([MARKS[dialect]] * len(columns))
    for place, row in enumerate(rows):
        if besides is not None and besides(disguise, row):
            continue
        values = tuple(stored(row[name], dialect, place) for name in columns)
        connection.exec_driver_sql(f"INSERT INTO {disguise.name} VALUES ({marks})", values)


def quoted(name: str, dialect: str) -> str:
    """A name as the database quotes it."""
    mark = "`" if dialect == "mysql" else '"'
    return mark + name.replace(mark, 2 * mark) + mark


def type_of(kind: str, values: Sequence[object], number: int, dialect: str) -> str:
    """The type of a column."""
    if kind == "id" or kind.startswith("plain"):
        return _type_of_plain(kind.partition(" ")[2] or "event_id", values, number, dialect)
    choices = TYPES[dialect][kind]
    return choices[number % len(choices)]


def _type_of_plain(role: str, values: Sequence[object], number: int, dialect: str) -> str:
    if dialect == "mysql":
        return _mysql_type(role, [value for value in values if value is not None])
    choose = platforms.sqlite_type if dialect == "sqlite" else platforms.postgresql_type
    return choose(role, values, number)


def _mysql_type(role: str, held: Sequence[object]) -> str:
    """The type that holds all values of a column; instants with a zone are a TIMESTAMP's."""
    if role in platforms.INSTANTS:
        if any(isinstance(value, datetime) and value.tzinfo is None for value in held):
            return "DATETIME(6)"
        is_date = held and not any(isinstance(value, datetime) for value in held)
        return "DATE" if is_date else "TIMESTAMP(6) NULL DEFAULT NULL"
    types = {type(value) for value in held} or ({int} if role == "amount" else set())  # of a table without rows
    if types == {Decimal}:
        return "DECIMAL(65, 10)"
    if types and types <= {int, bool}:
        return "BOOLEAN" if types == {bool} else "BIGINT"
    return "VARCHAR(1200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def stored(value: object, dialect: str, number: int) -> object:
    """A value as the driver takes it."""
    if dialect == "sqlite":
        return platforms.sqlite_value(value, number)
    if dialect == "mysql" and isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return str(value) if dialect == "mysql" and isinstance(value, UUID) else value


# --- the configuration ----------------------------------------------------------------------------------------------


def configuration(world: Disguised, url: str, data_dir: str) -> str:
    """The text of a `pulse.toml` that reads the world from that database."""
    scheme = url.partition(":")[0].partition("+")[0]
    head = platforms.configuration(replace(world.world, streams=(), rows={}), url, data_dir)
    end = "[sources." if mapped_files.is_of_files(url) else "[streams."
    head = head[: head.index(end)] + head[head.index("[auth]") :]
    return "\n".join([head, *(stream_section(one, scheme) for one in (world.users, *world.streams))])


def stream_section(disguise: Disguise, dialect: str) -> str:
    """`[streams.NAME]` with whatever the mapping says."""
    mapping, alias = disguise.mapping, disguise.aliases
    columns = {role: _renamed(mapped, alias) for role, mapped in mapping.columns.items()}
    keys: dict[str, Any] = {"kind": mapping.kind}
    if disguise.files is not None:
        keys["files"] = mapped_files.pattern(disguise)
    else:
        keys["source"] = "platform"
        keys |= {"table": disguise.name} if alias is None else {"query": query(disguise, alias, dialect)}
    keys |= {"timezone": mapping.timezone} if mapping.kind != "users" else {}
    keys |= {"where": [_renamed(entry, alias) for entry in mapping.where]} if mapping.where else {}
    if mapping.longer_than_24h != "quarantine":
        keys["longer_than_24h"] = mapping.longer_than_24h
    keys["columns"] = columns
    return "\n".join([f"[streams.{disguise.name}]", *(f"{key} = {toml(value)}" for key, value in keys.items()), ""])


def query(disguise: Disguise, aliases: Mapping[str, str], dialect: str) -> str:
    """A select that calls the columns otherwise, and may bound itself by a day of its own."""
    columns = ", ".join(f"{quoted(name, dialect)} as {quoted(alias, dialect)}" for name, alias in aliases.items())
    bounded_by = disguise.mapping.bounded_by
    bounds = f" where {bounded_by} >= :from and {bounded_by} < :to" if bounded_by else ""
    return f"select {columns} -- of all; 'rows\nfrom {disguise.name}{bounds};"


def _renamed(mapped: Any, aliases: Mapping[str, str] | None) -> Any:
    """A mapping by the names that a query gives."""
    if aliases is None:
        return mapped
    if isinstance(mapped, str):
        return aliases[mapped]
    if isinstance(mapped, list):
        return [aliases[name] for name in mapped]
    return {key: aliases[value] if key in ("column", "of") else value for key, value in mapped.items()}


def toml(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(held)}" for key, held in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
