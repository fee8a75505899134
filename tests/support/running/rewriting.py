"""Files of a lake that say something else than they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from warehouse import engine
from warehouse.lake.footers import PARQUET
from warehouse.lake.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration


def rewrite(configuration: Configuration, file: Path, columns: str) -> None:
    """Write a file of the lake anew with other columns; what it says of itself stays."""
    beside, about = file.with_suffix(".beside"), Lake.of(configuration).footers.texts([file])[file]
    rows = f"select {columns} from {engine.files([file])}"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({rows}) to $file ({PARQUET})", {"file": str(beside), "about": about})
    beside.replace(file)
