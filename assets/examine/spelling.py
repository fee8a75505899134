"""Selects of ours as the text that a night sends, to ask a source for their plan, and whether it takes them at all.

A night sends values as literals to PostgreSQL, so a wrong type of one is known only from that text.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.dialects import mysql, postgresql, sqlite

from assets.step1_extract.selects.types import DUCKDB, MYSQL
from assets.step1_extract.source.duckdb_dialect import DuckDBDialect

AS_IT_STANDS = {"no_parameters": True}


def text_of(query: Select[*tuple[Any, ...]], dialect: str) -> str:
    """Return a select in the SQL of a dialect, with its values in it.

    Args:
        query: the select.
        dialect: SQLAlchemy's name of the dialect.
    """
    of_name: dict[str, Any] = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect, DUCKDB: DuckDBDialect}
    plain = of_name.get(dialect, mysql.dialect)
    return str(query.compile(dialect=plain(paramstyle="named"), compile_kwargs={"literal_binds": True}))


def asked(connection: Connection, sql: str) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a text of SQL, in which a percent sign or a colon is just that."""
    return [tuple(row) for row in connection.exec_driver_sql(sql, execution_options=AS_IT_STANDS)]


def is_known(dialect: str) -> bool:
    """Tell whether a dialect is one whose sessions of ours are read-only, and whose SQL we can spell."""
    return dialect in {"postgresql", "sqlite", DUCKDB, *MYSQL}
