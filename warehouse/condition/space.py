"""Whether a run has room on the disk: one that clearly has not does not begin (FAULTS 3).

A run writes its landings beside the old ones, and a whole new version beside the kept ones. Its size is known only at
the end. Known before is the size of the current version. Landings, Dagster's records and what DuckDB spills need some
megabytes more. A disk that is short of that is all but certain to fill up. Another may fill up still, and then the run
fails without harm.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from warehouse.configuration.configuration import Configuration
from warehouse.errors import StorageError
from warehouse.versions.versions import Warehouse

FLOOR_BYTES = 64_000_000


def refuse_if_short(configuration: Configuration) -> None:
    """Refuse a run before it begins; the caller holds the run's lock, so that leftovers are gone.

    Raises:
        StorageError: the disk of lake or warehouse has less room than the current version takes, and 64 MB.
    """
    for folder, needed in _needs(configuration):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise StorageError(
                f"{folder} has {free / 1e6:,.0f} MB of free disk and a run needs {needed / 1e6:,.0f} MB; "
                "nothing was begun, make room there or lower pulse.keep_versions"
            )


def _needs(configuration: Configuration) -> Iterator[tuple[Path, int]]:
    """Yield folders, which may be on disks of their own, and what has to fit there."""
    warehouse = Warehouse.of(configuration)
    yield _existing(configuration.data_dir / "lake"), FLOOR_BYTES
    current = warehouse.current_if_known()
    files = (warehouse.file(current), warehouse.lookup_file(current)) if current else ()
    version = sum(map(_size, files))
    unpublished = sum(_size(file) for file in warehouse.building("*").parent.glob("*"))  # goes when a build begins
    yield _existing(warehouse.root), FLOOR_BYTES + max(0, version - unpublished)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
