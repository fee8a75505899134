"""Step 5, last: the look-up file of a version, from its finished tables (docs/decisions/0012)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import duckdb
import numpy as np

from warehouse import engine
from warehouse.errors import CheckFailedError
from warehouse.versions import lookup_file, schema
from warehouse.versions.lookup_file import Record

MODELS = ("codes", "heads", "macros", "profiles")
CODES, HEADS, MACROS, PROFILES = (Path(__file__).with_name(f"{name}.sql") for name in MODELS)
NO_PROFILES = "select null::bigint as user_key, null::json as profile where false"
KEY_BITS = 63
CODE_BYTES = 8
DAYS_AT_ONCE = 1_000_000  # so many are in memory


def fill_lookup_file(connection: duckdb.DuckDBPyConnection, file: Path, version: str) -> None:
    """Write the look-up file of a version.

    Args:
        connection: has the version, with everything in it, attached by the name `version`.
        file: where.
        version: its name.

    Raises:
        CheckFailedError: the tables are not ordered, or a day is of nobody.
    """
    connection.execute(engine.sql(MACROS))
    profiles = engine.sql(PROFILES) if schema.with_profile(connection, "version") else NO_PROFILES
    connection.execute(f"create or replace temp view profiles as {profiles}")
    (logical_hash,) = engine.one_row(connection, "select logical_hash from version.version_info")
    lookup_file.write(file, version, logical_hash, _records(connection))


def parts(connection: duckdb.DuckDBPyConnection) -> list[dict[str, int]]:
    """Return ranges of keys, by their top bits, of about a million active days each."""
    (days,) = engine.one_row(connection, "select count(*) from version.learning_pulse")
    bits = (days // DAYS_AT_ONCE).bit_length()
    width = KEY_BITS - bits
    return [{"first_key": part << width, "last_key": ((part + 1) << width) - 1} for part in range(1 << bits)]


def columns(
    connection: duckdb.DuckDBPyConnection, query: str, keys: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """Return the columns of a query's rows, by name, in their order.

    DuckDB gives results as Arrow, too. But where a query takes parameters that is a hundred times slower, or forbidden.

    Args:
        connection: that is asked.
        query: of numbers and texts.
        keys: the range of keys that it takes.
    """
    return cast("dict[str, np.ndarray]", connection.execute(query, keys).fetchnumpy())


def _records(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, Record]]:
    for keys in parts(connection):
        heads, days = columns(connection, engine.sql(HEADS), keys), columns(connection, engine.sql(CODES), keys)
        learners, of_days = heads["user_key"], days["user_key"]
        begins = np.searchsorted(of_days, learners)
        ends = np.searchsorted(of_days, learners, "right")
        if not _follow_each_other(learners, of_days, begins, ends):
            message = "learning_pulse is not ordered by user_key, or has days of nobody; run `pulse build` again"
            raise CheckFailedError(message)
        codes = days["code"].astype("<i8").tobytes()
        slices = zip((begins * CODE_BYTES).tolist(), (ends * CODE_BYTES).tolist(), strict=True)
        for key, head, (begin, end) in zip(learners.tolist(), heads["head"], slices, strict=True):
            yield key, Record(head.encode(), codes[begin:end])


def _follow_each_other(learners: np.ndarray, of_days: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> bool:
    """Tell whether keys ascend, and every day is that of the learner in whose turn it stands."""
    are_ordered = bool((learners[1:] > learners[:-1]).all() and (of_days[1:] >= of_days[:-1]).all())
    return are_ordered and int((ends - begins).sum()) == len(of_days)
