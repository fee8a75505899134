"""Beside step 7: what the lake keeps of a version's restatements, and of what it was made from."""

import shutil
from pathlib import Path

from assets.night.night import Night
from assets.step5_build.restatements.restatements import comparable, make_known_restatements
from warehouse import engine
from warehouse.disk.files import written_beside

KEPT = Path(__file__).with_name("kept_restatements.sql")


def record_restatements(night: Night, version: str) -> None:
    """Add to the lake what a version in the building folder restates.

    The table in the version has no learners who are gone; the lake keeps them, for they may come back.
    """
    building = night.warehouse.building(version)
    with night.connect() as connection, engine.attached(connection, building, "version"):
        make_known_restatements(connection, night.lake, comparable(night))
        with written_beside(night.lake.restatements) as unfinished:
            query = f"copy ({engine.sql(KEPT)}) to $file (format parquet)"
            connection.execute(query, {"version": version, "file": str(unfinished)})


def record_basis(night: Night, version: str) -> None:
    """Put in its place in the lake what a version was made from, and before that its sums by day, which name it."""
    lake, warehouse = night.lake, night.warehouse
    for built, recorded in (
        (warehouse.building_sums(version), lake.sums),
        (warehouse.building_basis(version), lake.basis),
    ):
        with written_beside(recorded) as unfinished:
            shutil.copyfile(built, unfinished)
        built.unlink()
