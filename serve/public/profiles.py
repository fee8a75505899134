"""Who has a public page, by the newest landing of users, whatever version is served (docs/guide/embed.md).

`lake/profiles.parquet` is read again for every name. So a learner who went private or was deleted is gone after the
next run, also after a rollback. Nothing of it is cached: the file is sorted by name, and a look-up reads one row group.
Which names may have a page is decided where the file is written (`assets/step3_users/profiles.sql`).

A new file is first read to its end, once. If it is damaged anywhere, no name is answered from it.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from serve.http.errors import UnansweredError
from warehouse import engine
from warehouse.disk.files import Stamp, regular_file, stamp_of

logger = logging.getLogger(__name__)
MEMORY_LIMIT = "64MB"
FIND = "select name, user_id from {} where name = nfc_normalize($name)"
READ_ALL = "select sum(hash(name, user_id)) from {}"
DOTS = frozenset({".", ".."})  # which no client asks for: in a path they are steps
AGAIN_SECONDS = 1.0  # a file that could not be read is not tried for every name


class Profiles:
    """Looks up public names.

    Args:
        path: `lake/profiles.parquet`; while it is not there, nobody has a page.
        clock: seconds that only ever grow.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._find, self._read_all = (query.format(engine.files([path])) for query in (FIND, READ_ALL))
        self._connection = duckdb.connect(config={"threads": 1, "memory_limit": MEMORY_LIMIT})
        engine.prepare(self._connection)
        self._connection.execute("set enable_external_file_cache = false")  # what was read once may be private now
        self._reading = threading.Lock()
        self._good: Stamp | None = None
        self._bad: Stamp | None = None
        self._again_at = 0.0

    def find(self, name: str) -> tuple[str, str] | None:
        """Return a public name as it is shown, and its learner's id; None for a name without a page.

        Args:
            name: as it was asked for; it is compared byte for byte, after NFC.

        Raises:
            UnansweredError: there is a file, and it cannot be read.
        """
        if not self._exists() or "\0" in name or name in DOTS or not _is_utf8(name):
            return None
        rows = self._ask(self._find, {"name": name})
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def trouble(self, *, is_expected: bool) -> str | None:
        """Return the warning that the file is worth (docs/reference/metrics.md), None if it is well.

        Args:
            is_expected: learners have landed, so there should be one.
        """
        try:
            return "profiles_missing" if not self._exists() and is_expected else None
        except UnansweredError:
            return "profiles_unreadable"

    def _exists(self) -> bool:
        """Tell whether the file exists; one that exists can be read.

        Raises:
            UnansweredError: it cannot be read.
        """
        stamp = self._stamp()
        if stamp is None or stamp == self._good:
            return stamp is not None
        with self._reading:
            if stamp != self._good:
                self._read_to_its_end(stamp)
        return True

    def _read_to_its_end(self, stamp: Stamp) -> None:
        if stamp == self._bad and self._clock() < self._again_at:
            raise UnansweredError(self._line("as a moment ago"))
        try:
            self._refuse_special_file()
            self._ask(self._read_all, {})
        except UnansweredError:
            self._bad, self._again_at = stamp, self._clock() + AGAIN_SECONDS
            raise
        self._good, self._bad = stamp, None

    def _refuse_special_file(self) -> None:
        try:
            regular_file(self._path)
        except OSError as error:
            raise self._unanswered(error) from error

    def _unanswered(self, error: OSError) -> UnansweredError:
        return UnansweredError(self._line(error.strerror or type(error).__name__))

    def _ask(self, query: str, parameters: dict[str, str]) -> list[tuple[object, ...]]:
        cursor = self._connection.cursor()
        try:
            return cursor.execute(query, parameters).fetchall()
        except duckdb.Error as error:
            self._good = None
            line = self._line(" ".join(str(error).split()))
            if self._bad is None:
                logger.error("%s; no public page is shown until the next night has written it again", line)  # noqa: TRY400 - one line
            raise UnansweredError(line) from error
        finally:
            cursor.close()

    def _line(self, why: str) -> str:
        return f"the public names {self._path} cannot be read: {why}"

    def _stamp(self) -> Stamp | None:
        try:
            return stamp_of(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unanswered(error) from error


def _is_utf8(text: str) -> bool:
    """Tell whether a database can hold a text: a lone surrogate cannot be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
