"""A file of SQLite that Dagster's storage keeps open, as long as it is the same file.

Dagster opens and closes its files for every statement. Closing the last connection is a checkpoint: the log is written
into the file, brought to the disk, and removed.
"""

import os
from typing import NamedTuple, Self

from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Engine, create_engine


class KeptFile(NamedTuple):
    """A file that is kept open.

    Args:
        engine: its connections; as many as threads ask at once.
        identity: device and number of the file, by which it is told from another of that name.
    """

    engine: Engine
    identity: tuple[int, int] | None

    @classmethod
    def of(cls, engine: Engine, file: str) -> Self:
        """Return a file that its connections have made, if it was not there before."""
        return cls(engine, identity_of(file))

    def is_still(self, file: str) -> bool:
        """Tell whether a path leads to this file: the folder of Dagster may be lost while it is open."""
        return self.identity is not None and self.identity == identity_of(file)


def engine_of(url: str) -> Engine:
    """Return connections to a file that stay open, and wait for others as Dagster's own do."""
    return create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}, max_overflow=-1)


def identity_of(file: str) -> tuple[int, int] | None:
    """Return what tells a file from another of its name, None if it is not there."""
    try:
        status = os.stat(file)  # noqa: PTH116 - Dagster has its paths as texts
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
