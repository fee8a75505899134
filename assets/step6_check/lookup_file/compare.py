"""The check of the look-up file: read as a server reads it, it says what the finished tables say (R13).

Compared are all keys, and all that is said of the learners of one range of keys. Every version takes another range: a
fault in the making would show in many.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from assets.step5_build.lookup_file.fill import CODE_BYTES, MACROS, columns, parts
from assets.step6_check.check_list import LOOKUP_FILE, Report
from warehouse import engine
from warehouse.errors import DamagedError
from warehouse.versions import schema
from warehouse.versions.lookup_file import LookupFile, Record
from warehouse.versions.manifest import sequence_of

HEADS, DAYS, PROFILES = (Path(__file__).with_name(f"{name}.sql") for name in ("heads", "days", "profiles"))
KEYS = "select user_key from version.pulse_totals order by user_key"
HEAD_FIELDS = 12  # before the active days that fit into no code, and the profile behind them


def compared_with_tables(connection: duckdb.DuckDBPyConnection, file: Path, version: str) -> Report:
    """Return the report of the check.

    Args:
        connection: has the version attached by the name `version`.
        file: the version's look-up file.
        version: its name.
    """
    connection.execute(engine.sql(MACROS))
    (logical_hash,) = engine.one_row(connection, "select logical_hash from version.version_info")
    ranges = parts(connection)
    keys = ranges[sequence_of(version) % len(ranges)]
    heads = {key: list(head) for key, *head in connection.execute(engine.sql(HEADS), keys).fetchall()}
    profiles = _profiles(connection, keys)
    days = columns(connection, engine.sql(DAYS), keys)
    every_key = columns(connection, KEYS)["user_key"]
    try:
        with closing(LookupFile(file, version, logical_hash)) as opened:
            different = _first_different([np.asarray(opened.keys)], [every_key])
            if different is None:
                records = {key: record for key in heads if (record := opened.record(key))}
                different = _different_head(heads, records) or _different_profile(heads, profiles, records)
            if different is None:
                different = _first_different(_days_of(records), [*days.values()])
    except (DamagedError, OSError) as error:
        return Report(LOOKUP_FILE.name, 1, str(error), f"{len(heads)} rows")
    return Report(LOOKUP_FILE.name, int(different is not None), different, f"{len(heads)} rows")


def _different_head(heads: Mapping[int, list[Any]], records: Mapping[int, Record]) -> str | None:
    different = (key for key, head in heads.items() if json.loads(records[key].head)[:HEAD_FIELDS] != head)
    return next((f"user_key {key}" for key in different), None)


def _profiles(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, int]) -> dict[int, list[Any]]:
    """Return what the tables say of profiles, by key; nothing where a version has none."""
    if not schema.with_profile(connection, "version"):
        return {}
    return {key: list(profile) for key, *profile in connection.execute(engine.sql(PROFILES), keys).fetchall()}


def _different_profile(
    heads: Mapping[int, list[Any]], profiles: Mapping[int, list[Any]], records: Mapping[int, Record]
) -> str | None:
    different = (key for key in heads if json.loads(records[key].head)[HEAD_FIELDS + 1] != profiles.get(key))
    return next((f"user_key {key}" for key in different), None)


def _days_of(records: Mapping[int, Record]) -> list[np.ndarray]:
    """Return the active days of records as the columns of `days.sql`."""
    quarters = np.frombuffer(b"".join(record.codes for record in records.values()), "<u2").reshape(-1, 4)
    first, seconds, xp, counts = (quarters[:, number].astype(np.int64) for number in range(4))
    coded = [
        np.repeat(list(records), [len(record.codes) // CODE_BYTES for record in records.values()]),
        first >> 7,
        (first >> 5 & 3) + 1,
        xp + ((first & 15) << 16),
        seconds + ((first >> 4 & 1) << 16),
        counts >> 10,
        counts >> 5 & 31,
        counts & 31,
    ]
    spelled_out = [[key, *day] for key, record in records.items() for day in json.loads(record.head)[HEAD_FIELDS]]
    if not spelled_out:
        return coded
    return [np.append(column, numbers) for column, numbers in zip(coded, np.array(spelled_out).T, strict=True)]


def _first_different(actual: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> str | None:
    """Return an example of a row that is in one of two tables only; their first columns are key and, if any, date."""
    if len(actual[0]) != len(expected[0]):
        return f"{len(actual[0])} rows instead of {len(expected[0])}"
    orders = [np.lexsort(table[1::-1]) for table in (actual, expected)]
    for column, expected_column in zip(actual, expected, strict=True):
        rows = np.flatnonzero(column[orders[0]] != expected_column[orders[1]])
        if len(rows):
            return f"user_key {expected[0][orders[1]][rows[0]]}"
    return None
