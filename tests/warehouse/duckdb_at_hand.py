"""Which DuckDB is here, a version for tests of files to open, and the answer to a query of one row."""

from pathlib import Path
from typing import Any

import duckdb

IS_2 = duckdb.__version__.startswith("2.")
TRUSTED = "set disabled_optimizers='common_subplan,top_n_window_elimination'"


def one(sql: str, parameters: object = None) -> Any:
    """The single value that a query gives in a fresh in-memory database."""
    with duckdb.connect() as con:
        return con.execute(sql, parameters).fetchall()[0][0]


def row(sql: str) -> tuple[Any, ...]:
    with duckdb.connect() as con:
        return con.execute(sql).fetchall()[0]


def write_version(path: Path, v: int, rows: int = 10) -> Path:
    """A database file as we publish it: table `t`, checkpointed and closed."""
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as out (storage_version 'v1.5.0')")
        con.execute(
            f"create table out.t as select {v} as v, i, md5(i::varchar) as s, [i, i] as l from range({rows}) t(i)"
        )
        con.execute("checkpoint out")
        con.execute("detach out")
    return path
