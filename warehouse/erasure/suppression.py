"""Whom the lake does not take in again: `lake/suppressed.json`, the list of erased learners (docs/guide/erase.md).

The list has no ids, only SHA-256 sums of a salt and a normal id (R26). Whoever lands rows leaves out those of learners
on the list before anything is judged or counted; the server answers them as nobody, whatever version it serves.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse import engine
from warehouse.disk.files import a_file, written_beside
from warehouse.erasure import receipts
from warehouse.errors import DamagedError
from warehouse.identifiers import normal_id

SALT_BYTES = 16
RECEIPTS = "erasures"  # the folder beside the list, of `lake.Lake.erasures`
SUM = re.compile("[0-9a-f]{64}")

FIND_SUPPRESSED = Path(__file__).with_name("suppressed_learners.sql")
OTHERS = Path(__file__).with_name("others.sql")


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


def read_list(place: Path, *, fewest: int = 0, listed: Collection[str] | None = None) -> Suppressed:
    """Read the list; it is empty before the first erasure.

    Args:
        place: `lake/suppressed.json`.
        fewest: how many are on it at least, as manifests say (`erased.py`).
        listed: sums that have to be on it; by default those of the receipts beside it.

    Raises:
        DamagedError: it cannot be read, was lost, or is an older one; going on would bring erased learners back.
        OSError: the receipts may not be looked at.
    """
    folder = place.with_name(RECEIPTS)
    known = frozenset(receipts.sums_on_list(folder) if listed is None else listed)  # before the list, which only grows
    try:
        content = json.loads(a_file(place).read_text(encoding="ascii"))
        found = _checked(content["salt"], content["sha256"])
    except FileNotFoundError as error:
        has_receipts = bool(receipts.places(folder))
        if not fewest and not known and not has_receipts:
            return Suppressed()
        why = "there are receipts" if has_receipts else "a version was made with it" if fewest else "it was read before"
        message = f"the list of erased learners {place} is gone, and {why}; restore it from a backup"
        raise DamagedError(message) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"the list of erased learners {place} cannot be read ({error}); restore it from a backup"
        raise DamagedError(message) from error
    _refuse_older(place, found, fewest, known)
    return found


def _refuse_older(place: Path, found: Suppressed, fewest: int, known: frozenset[str]) -> None:
    """Make sure that nobody was taken off the list, and that it is not one of an older backup."""
    has = len(found.hashes)
    if lacking := len(known - found.hashes):
        why = f"{lacking} who were on it, by their receipts or when it was read before, are not"
    elif has < fewest:
        why = f"it has {has}, and a version was made with {fewest}"
    else:
        return
    message = f"the list of erased learners {place} is an older one: {why}; restore it from a backup, the newest"
    raise DamagedError(message)


def _checked(salt: object, hashes: object) -> Suppressed:
    """A text where a list should be would hold nobody, and say nothing of it."""
    if not isinstance(salt, str) or not isinstance(hashes, list):
        raise TypeError("no salt and list of sums")
    if not all(isinstance(one, str) and SUM.fullmatch(one) for one in hashes):
        raise ValueError("no SHA-256 sums")
    return Suppressed(salt, frozenset(hashes))


def make_list(place: Path, *, fewest: int = 0) -> Suppressed:
    """Return the list; before the first erasure, make one with a salt and nobody on it.

    Args:
        place: `lake/suppressed.json`.
        fewest: as for `read_list`.

    Raises:
        DamagedError, OSError: as for `read_list`.
    """
    found = read_list(place, fewest=fewest)
    if not found.salt and not found.hashes:
        found = Suppressed(secrets.token_hex(SALT_BYTES))
        _write(place, found)
    return found


def suppress(place: Path, user_id: str, *, fewest: int = 0) -> Suppressed:
    """Put a learner on the list and return it; when this returns, it is on the disk.

    Args:
        place: `lake/suppressed.json`.
        user_id: in any spelling.
        fewest: as for `read_list`.

    Raises:
        DamagedError, OSError: as for `read_list`.
    """
    before = make_list(place, fewest=fewest)
    after = Suppressed(before.salt, before.hashes | {before.hash_of(user_id)})
    if after != before:
        _write(place, after)
    return after


def _write(place: Path, one: Suppressed) -> None:
    with written_beside(place) as unfinished:
        content = {"salt": one.salt, "sha256": sorted(one.hashes)}
        unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")


def view_others(connection: duckdb.DuckDBPyConnection, name: str, places: Sequence[Path], erased: Suppressed) -> None:
    """Make a temporary view of the rows of Parquet files, without those of erased learners.

    Args:
        connection: has our macros; gets the view `everybody` and the table `suppressed_learners` too, with the ids of
            erased learners as these files spell them.
        name: the view's name.
        places: files with a column `user_id`.
        erased: the list.
    """
    engine.view_files(connection, "everybody", places)
    connection.execute("create or replace temp table suppressed_learners (user_id varchar)")
    if erased.hashes:
        engine.create(connection, "listed", hash=sorted(erased.hashes))
        connection.execute(f"insert into suppressed_learners {engine.sql(FIND_SUPPRESSED)}", {"salt": erased.salt})
    connection.execute(f"create or replace temp view {name} as {engine.sql(OTHERS)}")
