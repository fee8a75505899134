"""The list of erased learners, `lake/suppressed.json`: the lake does not take them in again (docs/guide/erase.md).

The list has no ids, only SHA-256 sums of a salt and a normal id (R26). Landing leaves out the rows of learners on the
list before anything is judged or counted. The server answers them as unknown learners, whatever version it serves.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse import engine
from warehouse.disk.files import regular_file, written_beside
from warehouse.erasure import receipts
from warehouse.errors import DamagedError
from warehouse.identifiers import normal_id

SALT_BYTES = 16
RECEIPTS = "erasures"  # the folder beside the list, of `lake.Lake.erasures`
SUM = re.compile("[0-9a-f]{64}")

FIND_SUPPRESSED = Path(__file__).with_name("suppressed_learners.sql")
NOT_ERASED = Path(__file__).with_name("not_erased.sql")


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


def read_list(path: Path, *, fewest: int = 0, listed: Collection[str] | None = None) -> Suppressed:
    """Read the list; it is empty before the first erasure.

    Args:
        path: `lake/suppressed.json`.
        fewest: how many are on it at least, as manifests say (`erased.py`).
        listed: sums that have to be on it; by default those of the receipts beside it.

    Raises:
        DamagedError: it cannot be read, was lost, or is an older one; going on would bring erased learners back.
        OSError: the receipts may not be looked at.
    """
    folder = path.with_name(RECEIPTS)
    # Read before the list, which only grows.
    sums = frozenset(receipts.sums_on_list(folder) if listed is None else listed)
    try:
        content = json.loads(regular_file(path).read_text(encoding="ascii"))
        suppressed = parsed(content)
    except FileNotFoundError as error:
        has_receipts = bool(receipts.files(folder))
        if not fewest and not sums and not has_receipts:
            return Suppressed()
        why = "there are receipts" if has_receipts else "a version was made with it" if fewest else "it was read before"
        message = f"the list of erased learners {path} is gone, and {why}; restore it from a backup"
        raise DamagedError(message) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"the list of erased learners {path} cannot be read ({error}); restore it from a backup"
        raise DamagedError(message) from error
    _refuse_older(path, suppressed, fewest, sums)
    return suppressed


def _refuse_older(path: Path, suppressed: Suppressed, fewest: int, sums: frozenset[str]) -> None:
    count = len(suppressed.hashes)
    if missing := len(sums - suppressed.hashes):
        why = f"{missing} who were on it, by their receipts or when it was read before, are not"
    elif count < fewest:
        why = f"it has {count}, and a version was made with {fewest}"
    else:
        return
    message = f"the list of erased learners {path} is an older one: {why}; restore it from a backup, the newest"
    raise DamagedError(message)


def parsed(content: Any) -> Suppressed:  # noqa: ANN401 - whatever JSON has
    """Return what a list says.

    Text instead of the sums would be taken for a list of single characters, with nobody on it.

    Args:
        content: the JSON of the file.

    Raises:
        ValueError, TypeError, KeyError: it is no list of erased learners.
    """
    salt, hashes = content["salt"], content["sha256"]
    if not isinstance(salt, str) or not isinstance(hashes, list):
        raise TypeError("no salt and list of sums")
    if not all(isinstance(text, str) and SUM.fullmatch(text) for text in hashes):
        raise ValueError("no SHA-256 sums")
    return Suppressed(salt, frozenset(hashes))


def make_list(path: Path, *, fewest: int = 0) -> Suppressed:
    """Return the list; before the first erasure, make one with a salt and nobody on it.

    Args:
        path: `lake/suppressed.json`.
        fewest: as for `read_list`.

    Raises:
        DamagedError, OSError: as for `read_list`.
    """
    suppressed = read_list(path, fewest=fewest)
    if not suppressed.salt and not suppressed.hashes:
        suppressed = Suppressed(secrets.token_hex(SALT_BYTES))
        _write(path, suppressed)
    return suppressed


def suppress(path: Path, *ids: str, fewest: int = 0) -> Suppressed:
    """Put a learner on the list and return it; when this returns, it is on the disk.

    Args:
        path: `lake/suppressed.json`.
        ids: the learner's, in any spelling, and keys that lookups say to be the learner's.
        fewest: as for `read_list`.

    Raises:
        DamagedError, OSError: as for `read_list`.
    """
    before = make_list(path, fewest=fewest)
    after = Suppressed(before.salt, before.hashes | {before.hash_of(user_id) for user_id in ids})
    if after != before:
        _write(path, after)
    return after


def _write(path: Path, suppressed: Suppressed) -> None:
    with written_beside(path) as unfinished:
        content = {"salt": suppressed.salt, "sha256": sorted(suppressed.hashes)}
        unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")


def view_not_erased(
    connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], erased: Suppressed
) -> None:
    """Make a temporary view of the rows of Parquet files, without those of erased learners.

    Args:
        connection: has our macros. It also gets the view `everybody` and the table `suppressed_learners`: the ids of
            erased learners as these files spell them.
        name: the view's name.
        files: files with a column `user_id`.
        erased: the list.
    """
    engine.view_files(connection, "everybody", files)
    connection.execute("create or replace temp table suppressed_learners (user_id varchar)")
    if erased.hashes:
        engine.create(connection, "listed", hash=sorted(erased.hashes))
        connection.execute(f"insert into suppressed_learners {engine.sql(FIND_SUPPRESSED)}", {"salt": erased.salt})
    connection.execute(f"create or replace temp view {name} as {engine.sql(NOT_ERASED)}")
