"""Beside step 7: what the lake keeps of a version's restatements, and of what it was made from."""

import shutil
from pathlib import Path

from assets.step5_build.restatements.restatements import comparable, make_known
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import written_beside
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

KEPT = Path(__file__).with_name("kept_restatements.sql")


def record_restatements(configuration: Configuration, version: str) -> None:
    """Add to the lake what a version in the building place restates.

    The table in the version has no learners who are gone; the lake keeps them, for they may come back.
    """
    lake, building = Lake.of(configuration), Warehouse.of(configuration).building(version)
    with (
        engine.connect(configuration.data_dir / "tmp") as connection,
        engine.attached(connection, building, "version"),
    ):
        make_known(connection, lake, comparable(configuration))
        with written_beside(lake.restatements) as unfinished:
            query = f"copy ({engine.sql(KEPT)}) to $file (format parquet)"
            connection.execute(query, {"version": version, "file": str(unfinished)})


def record_basis(configuration: Configuration, version: str) -> None:
    """Put what a version was made from in its place in the lake."""
    built = Warehouse.of(configuration).building_basis(version)
    with written_beside(Lake.of(configuration).basis) as unfinished:
        shutil.copyfile(built, unfinished)
    built.unlink()
