"""Whom the lake does not take in again: `lake/suppressed.json`, the list of erased learners (README.md, Erasure).

The list has no ids, only SHA-256 sums of a salt and a normal id (R26). Whoever lands rows leaves out those of learners
on the list before anything is judged or counted; the server answers them as nobody, whatever version it serves.
"""

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse import engine
from warehouse.errors import DamagedError, PulseError
from warehouse.files import entries, written_beside
from warehouse.identifiers import normal_id

logger = logging.getLogger(__name__)
SALT_BYTES = 16
RECEIPTS = "erasures"  # the folder beside the list, of `lake.Lake.erasures`
SUM = re.compile("[0-9a-f]{64}")

FIND_SUPPRESSED = """
create or replace temp table suppressed_learners as
select user_id
from (select distinct user_id::varchar as user_id from {files}) as read
where sha256($salt || normal_id(user_id)) in (select unnest($hashes))
"""


@dataclass(frozen=True)
class Suppressed:
    """The list at a moment.

    Args:
        salt: what every sum begins with, in hex.
        hashes: the sums, in hex.
    """

    salt: str = ""
    hashes: frozenset[str] = frozenset()

    def hash_of(self, user_id: str) -> str:
        """Return the sum of an id, in any spelling."""
        text = self.salt + normal_id(user_id)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def holds(self, user_id: str) -> bool:
        """Tell whether a learner has been erased."""
        return bool(self.hashes) and self.hash_of(user_id) in self.hashes


def read_list(place: Path) -> Suppressed:
    """Read the list; it is empty before the first erasure.

    Raises:
        PulseError: there is one and it cannot be read, or there was one, as receipts of erasures say; going on without
            it would bring erased learners back.
    """
    try:
        content = json.loads(place.read_text(encoding="ascii"))
        return _checked(content["salt"], content["sha256"])
    except FileNotFoundError as error:
        if not any(name.endswith(".json") for name in entries(place.with_name(RECEIPTS))):
            return Suppressed()
        message = f"the list of erased learners {place} is gone, and there are receipts; restore it from a backup"
        raise DamagedError(message) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"the list of erased learners {place} cannot be read ({error}); restore it from a backup"
        raise DamagedError(message) from error


def _checked(salt: object, hashes: object) -> Suppressed:
    """A text where a list should be would hold nobody, and say nothing of it."""
    if not isinstance(salt, str) or not isinstance(hashes, list):
        raise TypeError("no salt and list of sums")
    if not all(isinstance(one, str) and SUM.fullmatch(one) for one in hashes):
        raise ValueError("no SHA-256 sums")
    return Suppressed(salt, frozenset(hashes))


def suppress(place: Path, user_id: str) -> Suppressed:
    """Put a learner on the list and return it; when this returns, it is on the disk."""
    before = read_list(place)
    salted = Suppressed(before.salt or secrets.token_hex(SALT_BYTES))
    after = Suppressed(salted.salt, before.hashes | {salted.hash_of(user_id)})
    if after != before:
        with written_beside(place) as unfinished:
            content = {"salt": after.salt, "sha256": sorted(after.hashes)}
            unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")
    return after


def view_others(connection: duckdb.DuckDBPyConnection, name: str, places: Sequence[Path], erased: Suppressed) -> None:
    """Make a temporary view of the rows of Parquet files, without those of erased learners.

    Args:
        connection: has our macros; gets the table `suppressed_learners` too, with their ids as these files spell them.
        name: the view's name.
        places: files with a column `user_id`.
        erased: the list.
    """
    files = engine.files(places)
    connection.execute("create or replace temp table suppressed_learners (user_id varchar)")
    if erased.hashes:
        parameters: dict[str, Any] = {"salt": erased.salt, "hashes": sorted(erased.hashes)}
        connection.execute(FIND_SUPPRESSED.format(files=files), parameters)
    connection.execute(
        f"create or replace temp view {name} as "
        f"select read.* from {files} as read "
        "anti join suppressed_learners as erased on read.user_id::varchar = erased.user_id"
    )


class SuppressionList:
    """The list as a server asks it: read again whenever the file is another one.

    Args:
        place: `lake/suppressed.json`.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._read: tuple[int, int, int] | None = None
        self._list = Suppressed()

    def holds(self, user_id: str) -> bool:
        """Tell whether a learner has been erased; while the file cannot be read, what it said last goes on."""
        try:
            status = self._place.stat()
        except OSError:
            return self._list.holds(user_id)
        stamp = status.st_ino, status.st_mtime_ns, status.st_size
        if stamp != self._read:
            try:
                self._list = read_list(self._place)
            except PulseError as error:
                logger.error("%s; the list as it was goes on", error)  # noqa: TRY400 - no stack, it has one line
            self._read = stamp
        return self._list.holds(user_id)
