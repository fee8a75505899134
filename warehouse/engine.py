"""DuckDB connections as this project opens them, how they read Parquet, and the SQL files that stand beside the code.

Reading a published file is `versions.open_version`; here is what the pipeline computes with.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

MACROS = (Path(__file__).with_name("macros.sql"), Path(__file__).parent / "lake" / "row_macros.sql")

# Both give wrong results or internal errors in 1.5.x (duckdb/duckdb#24624); tests/warehouse/test_duckdb_results.py has
# the cases.
DISABLED_OPTIMIZERS = "common_subplan,top_n_window_elimination"
PATTERN = re.compile(r"[*?[]")  # what DuckDB's readers of files take for "any", also in a list of paths
MEMORY_LIMIT = "1GB"  # what does not fit is spilled, so that a night runs on a small machine


@contextmanager
def connect(temp_dir: Path, memory_limit: str = MEMORY_LIMIT) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that computes: UTC, our macros, and what does not fit into memory goes to `temp_dir`.

    Args:
        temp_dir: a folder for what DuckDB spills; made when needed.
        memory_limit: how much memory DuckDB may take, in its own spelling.
    """
    connection = duckdb.connect()
    try:
        prepare(connection)
        connection.execute("set temp_directory = $temp_dir", {"temp_dir": str(temp_dir)})
        connection.execute("set memory_limit = $memory_limit", {"memory_limit": memory_limit})
        for macros in MACROS:
            connection.execute(sql(macros))
        yield connection
    finally:
        connection.close()


@contextmanager
def reading() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection for small things that are read and computed in memory; its temporary tables end with it.

    All of them share one DuckDB of this process, which keeps nothing of any file: opening one takes 15 ms, and a night
    asks for thirty.
    """
    connection = _kept(os.getpid()).cursor()
    try:
        yield connection
    finally:
        connection.close()


@cache
def _kept(_process: int) -> duckdb.DuckDBPyConnection:
    """Open the DuckDB of this process; one that was forked opens its own."""
    connection = duckdb.connect()
    connection.execute("set enable_external_file_cache = false")
    return connection


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Set what every one of our connections has, whether it computes or reads."""
    connection.execute("set timezone = 'UTC'")
    if duckdb.__version__.startswith("1."):
        connection.execute("set disabled_optimizers = $optimizers", {"optimizers": DISABLED_OPTIMIZERS})


def leave_out_pandas() -> None:
    """Let no query of this process import pandas, for a process that hands DuckDB no frames.

    DuckDB asks pandas, where it is installed, whether the first value that is bound to a query is none. That brings
    numpy and Arrow as well: 0.4 s of processor time and 84 MB, and 41 MB in every worker that a server forks.
    """
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type] # what makes an import fail, as if not installed


def is_interruption(error: BaseException) -> bool:
    """Tell whether an error is what DuckDB made of a signal during a query; the signal itself is lost."""
    return isinstance(error, duckdb.InterruptException) or str(error) == "Query interrupted"


@cache
def sql(path: Path) -> str:
    """Return the text of a `.sql` file."""
    return path.read_text(encoding="utf-8")


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> Iterator[None]:
    """Attach a finished file for reading and detach it at the end.

    DuckDB 1.5.6 crashed twice where a connection was closed that still had files attached. That this is the cause is a
    guess: it could not be reproduced.
    """
    connection.execute(f"attach {quoted(str(file))} as {name} (read_only)")
    try:
        yield
    finally:
        connection.execute(f"detach {name}")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Make one transaction of what happens in the block; an error ends it, so that the connection is of use again."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # the first error says why
            connection.execute("rollback")
        raise
    connection.execute("commit")


def one_row(connection: duckdb.DuckDBPyConnection, query: str, parameters: object = None) -> tuple[Any, ...]:
    """Return the only row of a query, read to its end: DuckDB 2.0 needs that before the next query."""
    (row,) = connection.execute(query, parameters).fetchall()
    return tuple(row)


def one_row_by_name(connection: duckdb.DuckDBPyConnection, query: str, parameters: object = None) -> dict[str, Any]:
    """Return the row of a query that has exactly one, by the names of its columns."""
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description or []]
    return dict(zip(names, result.fetchall()[0], strict=True))


def create(connection: duckdb.DuckDBPyConnection, name: str, **columns: Sequence[Any]) -> None:
    """Make a temporary table from columns of Python values, which is much faster than row by row.

    Args:
        connection: where the table is made.
        name: the table's name.
        columns: its columns, all of one length, not empty.
    """
    select = ", ".join(f"unnest(${column}) as {column}" for column in columns)
    connection.execute(f"create or replace temp table {name} as select {select}", dict(columns))


def view_files(connection: duckdb.DuckDBPyConnection, name: str, parquet_files: Sequence[Path]) -> None:
    """Make a temporary view of the rows of Parquet files."""
    connection.execute(f"create or replace temp view {name} as select * from {files(parquet_files)}")


def files(parquet_files: Iterable[Path], options: str = "") -> str:
    """Return the SQL that reads Parquet files; nothing else reads them.

    Their paths mean nothing: a folder called `amount=500` is no column, and `*` is a character (FAULTS 52).

    Args:
        parquet_files: files that all exist.
        options: more of DuckDB's own, such as `filename = true`.
    """
    return f"read_parquet({paths(parquet_files)}, hive_partitioning = false{options and f', {options}'})"


def schemas(parquet_files: Iterable[Path]) -> str:
    """Return the SQL that reads the columns of Parquet files, of each file for itself."""
    described = {"files": paths(parquet_files)}
    return "parquet_schema({files})".format(**described)


def paths(parquet_files: Iterable[Path]) -> str:
    """Return the SQL list of exactly these files, for `parquet_kv_metadata` and the like."""
    return f"[{', '.join(quoted(PATTERN.sub(_literally, str(file))) for file in parquet_files)}]"


def _literally(character: re.Match[str]) -> str:
    return f"[{character[0]}]"


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
