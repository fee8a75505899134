"""How a learner of an open version is looked up: in its look-up file, or by one SQL statement (docs/decisions/0012).

The file is the version's numbers once more, made for speed. So whatever is wrong with it, the version answers instead:
the file is dropped, with a reason, for as long as this process has the version open.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb

from serve.version import packed
from serve.version.packed import Learner
from warehouse import engine
from warehouse.condition.damage import system_error_line
from warehouse.errors import DamagedError
from warehouse.versions.lookup_file import LookupFile
from warehouse.versions.manifest import Manifest
from warehouse.versions.verification import Marks, verify_lookup_file
from warehouse.versions.versions import Warehouse

logger = logging.getLogger(__name__)
LEARNER = Path(__file__).with_name("learner.sql")
OF_DAY = 12  # columns of the statement before those of the day

Cursor = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]


class Lookup:
    """Finds the learners of an open version, for any number of threads.

    Args:
        warehouse: where the version is.
        version: its name.
    """

    def __init__(self, warehouse: Warehouse, version: str) -> None:
        self._warehouse, self._version = warehouse, version
        self._file: LookupFile | None = None
        self._opened: LookupFile | None = None  # also after it was dropped: other threads may be reading it
        self.dropped: str | None = None

    @property
    def is_by_file(self) -> bool:
        """Whether learners are looked up in the file."""
        return self._file is not None

    def open(self, manifest: Manifest, is_wanted: Callable[[], bool]) -> None:
        """Verify the version's look-up file and read its index; one that is not what its manifest says is dropped.

        Args:
            manifest: of the version, which has such a file.
            is_wanted: asked while the file is read; once it says no, reading ends.

        Raises:
            OvertakenError: it is not wanted any more.
        """
        path = self._warehouse.lookup_file(self._version)
        try:
            marks = verify_lookup_file(self._warehouse, manifest, is_wanted)
            self._opened = LookupFile(path, self._version, manifest.logical_hash)
        except (DamagedError, OSError) as error:
            self._drop(error)
            return
        if marks.is_same_but_for_ctime(Marks.of(self._opened.status)):
            self._file = self._opened
        else:
            self._drop(DamagedError(f"{path} changed while it was opened"))

    def learner(self, user_key: int, cursor: Cursor) -> Learner | None:
        """Return the learner with a key, None if the version has none.

        Args:
            user_key: the key.
            cursor: lends a cursor of the version, for when there is no file.
        """
        file = self._file  # another thread may drop it
        if file is not None:
            try:
                record = file.record(user_key)
            except (DamagedError, OSError) as error:
                self._drop(error)
            else:
                return None if record is None else packed.learner(record)
        with cursor() as asked:
            rows = asked.execute(engine.sql(LEARNER), {"user_key": user_key}).fetchall()
        return of_rows(rows)

    def close(self) -> None:
        """Close the file; nobody may look anybody up any more."""
        if self._opened is not None:
            self._opened.close()
        self._file = self._opened = None

    def _drop(self, error: DamagedError | OSError) -> None:
        """Look learners up in the version from now on, and say why, once."""
        self._file = None
        if self.dropped is None:
            self.dropped = str(error)
            if isinstance(error, OSError) and error.filename is not None:
                self.dropped = system_error_line(error, self._warehouse.root.parent)
            logger.error("version %s is answered without its look-up file: %s", self._version, self.dropped)


def of_rows(rows: Sequence[tuple[Any, ...]]) -> Learner | None:
    """Return the learner of the rows of `learner.sql`, None of none."""
    if not rows:
        return None
    spelled_out = [list(row[OF_DAY:]) for row in rows if row[OF_DAY] is not None]
    return Learner._make([*rows[0][:OF_DAY], spelled_out, b"", None])
