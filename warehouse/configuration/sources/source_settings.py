"""The settings of a source's server on which our numbers rest: every one of them is ours, whoever connects.

What a server, a database, a role, an environment variable or a URL sets is overridden: in PostgreSQL for each
transaction (never for the session, which a pooler hands on), in MySQL and MariaDB for the session. The night and the
server's key store say the same. `search_path` is not set: tables are resolved once and named with their schema.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

RowSecurity = Literal["refuse", "apply"]

# Said to libpq, whatever the URL or PGCLIENTENCODING say: both drivers read UTF-8.
LIBPQ: Mapping[str, str] = {"client_encoding": "UTF8"}

POSTGRES: Mapping[str, str] = {
    "timezone": "'UTC'",
    "datestyle": "'ISO, YMD'",
    "intervalstyle": "'postgres'",
    "extra_float_digits": "3",
    "bytea_output": "'hex'",
    "standard_conforming_strings": "on",
}

# `sql_select_limit` ends a result early and says nothing; PAD_CHAR_TO_FULL_LENGTH changes ids, ANSI_QUOTES names.
MYSQL: tuple[str, ...] = (
    "set session sql_mode = ''",
    "set session time_zone = '+00:00', sql_auto_is_null = 0",
    "set session sql_select_limit = 18446744073709551615",  # none
    "set session transaction isolation level repeatable read",  # or else `with consistent snapshot` is ignored
    "set names utf8mb4",
)

RESOLVE_IN_POSTGRES = Path(__file__).with_name("schema_in_postgres.sql")


def of_postgres(row_security: RowSecurity) -> list[str]:
    """Return what makes a transaction of PostgreSQL read as we do.

    Args:
        row_security: with "refuse" PostgreSQL raises where policies would filter rows in silence.
    """
    settings = {**POSTGRES, "row_security": "on" if row_security == "apply" else "off"}
    return [f"set local {name} = {value}" for name, value in settings.items()]


def is_row_security(error: BaseException | None) -> bool:
    """Say whether PostgreSQL refuses to read because policies would filter the rows, in whatever language it speaks.

    Args:
        error: a driver's.
    """
    source = getattr(getattr(error, "diag", None), "source_function", None)
    return source == "check_enable_rls" or "row-level security policy" in str(error)


def row_security_mistake(source: str, table: str) -> str:
    """Return the line that says why a table with policies is not read, and both ways out.

    Args:
        source: the name of the source.
        table: as it is mapped.
    """
    return (
        f"row level security would filter {table} for our role; give the role BYPASSRLS, "
        f'or if the policies are meant, set [sources.{source}] row_security = "apply"'
    )
