"""What a lake gives if nothing of the version before is kept: built in a copy of the data folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from assets.night.night import Night
from assets.step5_build.build import Built, build
from warehouse import engine
from warehouse.lake.lake import Lake

if TYPE_CHECKING:
    from warehouse.configuration.configuration import Configuration


def hash_in_full(configuration: Configuration) -> str:
    """Return the logical hash of a version that is built in full from a lake with up-to-date activity."""
    return built_in_full(configuration).logical_hash


def sums_hash(configuration: Configuration) -> str:
    """Return the hash of the sums by day that are in the lake, as a build says it of its own."""
    with Night.of(configuration).connect() as connection:
        engine.view_files(connection, "sums", [Lake.of(configuration).sums])
        return str(engine.one_row(connection, "select rows_hash(sums) from sums")[0])


def built_in_full(configuration: Configuration) -> Built:
    """Build a version in full from a lake with up-to-date activity; it is gone when this returns."""
    with TemporaryDirectory(prefix="in_full") as folder:
        data_dir = Path(folder) / "var"
        shutil.copytree(configuration.data_dir, data_dir, symlinks=True)
        pulse = configuration.pulse.model_copy(update={"data_dir": data_dir})
        copied = configuration.model_copy(update={"pulse": pulse})
        built = build(Night.of(copied), "a test compares with it")
        assert built is not None
        assert not built.remarks.kept_from
    return built
