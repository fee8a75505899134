"""One transaction of many statements: the error that ends it is the one that is raised, and the connection goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from warehouse import engine

if TYPE_CHECKING:
    from pathlib import Path


def create_and(connection: duckdb.DuckDBPyConnection, error: type[BaseException] | None) -> None:
    """Make a table in a transaction that then fails, in DuckDB or for another reason."""
    with engine.transaction(connection):
        connection.execute("create temp table made as select 1 as number")
        if error is duckdb.ConversionException:
            connection.execute("insert into made values (cast('no number' as integer))")
        elif error:
            raise error


def is_made(connection: duckdb.DuckDBPyConnection) -> bool:
    counted = "select count(*) from duckdb_tables() where table_name = 'made'"
    return bool(engine.one_row(connection, counted)[0])


@pytest.mark.parametrize("error", [duckdb.ConversionException, KeyboardInterrupt])
def test_what_ends_a_transaction_is_told_also_while_another_file_is_attached(
    error: type[BaseException], tmp_path: Path
) -> None:
    """Without the rollback the file could not be detached, and that would be told instead."""
    file = tmp_path / "other.duckdb"
    duckdb.connect(str(file)).close()
    with engine.connect(tmp_path) as connection:
        with pytest.raises(error), engine.attached(connection, file, "other"):
            create_and(connection, error)
        assert not is_made(connection)


def test_what_a_transaction_did_stays_when_it_has_ended(tmp_path: Path) -> None:
    with engine.connect(tmp_path) as connection:
        create_and(connection, None)
        assert is_made(connection)
