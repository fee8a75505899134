"""Whom the lake does not take in again: `lake/suppressed.json`, the list of erased learners (README.md, Erasure).

The list has no ids, only SHA-256 sums of a salt and a normal id (R26). Whoever lands rows leaves out those of learners
on the list before anything is judged or counted; the server answers them as nobody, whatever version it serves.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse import engine
from warehouse.errors import DamagedError
from warehouse.files import entries, written_beside
from warehouse.identifiers import normal_id

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


def read_list(place: Path, *, has_been: bool = False) -> Suppressed:
    """Read the list; it is empty before the first erasure.

    Args:
        place: `lake/suppressed.json`.
        has_been: somebody has been erased, so that no list is one that was lost (`erased.py`).

    Raises:
        PulseError: it cannot be read, or was lost, as receipts of erasures say too; going on without it would bring
            erased learners back.
    """
    try:
        content = json.loads(place.read_text(encoding="ascii"))
        return _checked(content["salt"], content["sha256"])
    except FileNotFoundError as error:
        has_receipts = any(name.endswith(".json") for name in entries(place.with_name(RECEIPTS)))
        if not has_been and not has_receipts:
            return Suppressed()
        known = "there are receipts" if has_receipts else "a version was made with it"
        message = f"the list of erased learners {place} is gone, and {known}; restore it from a backup"
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


def suppress(place: Path, user_id: str, *, has_been: bool = False) -> Suppressed:
    """Put a learner on the list and return it; when this returns, it is on the disk.

    Args:
        place: `lake/suppressed.json`.
        user_id: in any spelling.
        has_been: as for `read_list`.

    Raises:
        PulseError: there is a list that cannot be read, or it was lost.
    """
    before = read_list(place, has_been=has_been)
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
