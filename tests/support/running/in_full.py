"""What a lake gives if nothing of the version before is kept: built in a copy of the data folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from assets.night.night import Night
from assets.step5_build.build import build
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from warehouse.configuration.configuration import Configuration


def hash_in_full(configuration: Configuration) -> str:
    """Return the logical hash of a version that is built in full from a lake with up-to-date activity."""
    with TemporaryDirectory(prefix="in_full") as folder:
        data_dir = Path(folder) / "var"
        shutil.copytree(configuration.data_dir, data_dir, symlinks=True)
        pulse = configuration.pulse.model_copy(update={"data_dir": data_dir})
        copied = configuration.model_copy(update={"pulse": pulse})
        built = build(Night.of(copied), "a test compares with it")
        assert built is not None
        assert not built.remarks.kept_from
        with duckdb.connect(str(Warehouse.of(copied).building(built.version)), read_only=True) as version:
            ((logical_hash,),) = version.execute("select logical_hash from version_info").fetchall()
    return str(logical_hash)
