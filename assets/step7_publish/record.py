"""Beside step 7: what the lake keeps of a version's restatements, and of what it was made from."""

import shutil

from assets.step5_build.restatements.restatements import KEPT_COLUMNS, comparable, make_known
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.disk.files import written_beside
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

WRITE = f"""
copy (
    select {KEPT_COLUMNS} from known_restatements
    union all
    select {KEPT_COLUMNS} from version.restatements where version = $version
    order by all
) to $file (format parquet)
"""


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
            connection.execute(WRITE, {"version": version, "file": str(unfinished)})


def record_basis(configuration: Configuration, version: str) -> None:
    """Put what a version was made from in its place in the lake."""
    built = Warehouse.of(configuration).building_basis(version)
    with written_beside(Lake.of(configuration).basis) as unfinished:
        shutil.copyfile(built, unfinished)
    built.unlink()
