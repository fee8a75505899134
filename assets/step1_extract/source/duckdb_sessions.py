"""Step 1, before DuckDB is asked: sessions of a database file that can only read it, and sessions that read files.

A database's session sees that file and nothing else: no other file, no network, no extension, no setting. A query of
the operator's may so read what a table may. The session that reads files runs no SQL but ours.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from assets.step1_extract.source.duckdb_dialect import DRIVER, Session
from assets.step1_extract.values.texts import QUESTIONS, epoch_microseconds
from warehouse import engine

MEMORY_LIMIT = "400MB"  # what does not fit is spilled; beside it stand the batches that are being read
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY_LIMIT,
    "threads": "2",  # each has buffers of its own when it reads CSV and JSON, which cannot be spilled
    "preserve_insertion_order": "false",  # rows are ordered by their instant
    "python_enable_replacements": "false",  # or a name in a query might be a variable of ours
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}


def duckdb_engine(file: Path | None, folder: Path, temp_dir: Path | None) -> Engine:
    """Return a SQLAlchemy engine of a DuckDB file, which has to exist, or of one that reads files.

    Args:
        file: the database; None for the files of streams.
        folder: what the paths of files are relative to, the configuration file's folder.
        temp_dir: a folder for what DuckDB spills, made when needed; None if nothing may be spilled.
    """
    return create_engine(f"duckdb+{DRIVER}://", creator=partial(_open, file, folder, temp_dir), poolclass=NullPool)


def _open(file: Path | None, folder: Path, temp_dir: Path | None) -> Session:
    settings = {**SETTINGS, "temp_directory": "" if temp_dir is None else str(temp_dir)}
    if file is None:
        session = duckdb.connect(config=settings)
    else:
        session = duckdb.connect(str(file.absolute()), read_only=True, config=settings)
    try:
        engine.prepare(session)
        for name, (question, texts) in QUESTIONS.items():
            _create(session, name, question, ["VARCHAR"] * texts, "BOOLEAN")
        _create(session, "epoch_microseconds", epoch_microseconds, ["VARCHAR", "VARCHAR"], "BIGINT")
        if file is not None:
            session.execute("set enable_external_access = false")
        session.execute("set lock_configuration = true")
    except duckdb.Error:
        session.close()
        raise
    return Session(session, folder)


def _create(
    session: duckdb.DuckDBPyConnection, name: str, function: Callable[..., Any], takes: list[Any], gives: str
) -> None:
    session.create_function(name, function, takes, gives, null_handling=FunctionNullHandling.SPECIAL)
