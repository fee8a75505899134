"""What lands of every type of a column that a platform may have: instants, ids, amounts, booleans (R1, R19).

On SQLite, a real PostgreSQL and a real MariaDB. Values that are of no use are `test_landing_faults.py`'s.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from assets.night.night import Night
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    NOON,
    QUIZZES_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    landed_rows,
    only_xp,
)
from warehouse.configuration.configuration import Configuration
from warehouse.erasure.suppression import suppress
from warehouse.lake.lake import Lake


def learners(configuration: Configuration, columns: str) -> list[tuple[Any, ...]]:
    """Read the learners as they landed."""
    with duckdb.connect() as connection:
        query = f"select {columns} from read_parquet($place) where reason is null"
        return connection.execute(query, {"place": str(Lake.of(configuration).users)}).fetchall()


INSTANTS = {  # type in PostgreSQL, declared zone, value, instant
    "timestamptz": ("timestamptz", None, "2026-06-01T14:00:00+02:00", "2026-06-01 12:00:00"),
    "timestamptz, whatever is declared": ("timestamptz", "Asia/Tokyo", "2026-06-01T12:00:00Z", "2026-06-01 12:00:00"),
    "timestamp is UTC": ("timestamp", None, "2026-06-01 12:00:00.000001", "2026-06-01 12:00:00.000001"),
    "timestamp in its declared zone": ("timestamp", "Asia/Tokyo", "2026-06-02 08:59:59", "2026-06-01 23:59:59"),
    "date is its 00:00": ("date", None, "2026-06-01", "2026-06-01 00:00:00"),
    "date in its declared zone": ("date", "America/New_York", "2026-06-01", "2026-06-01 04:00:00"),
    "timestamp(0)": ("timestamp(0)", None, "2026-06-01 12:00:00", "2026-06-01 12:00:00"),
}


@pytest.mark.parametrize(("sql_type", "zone", "value", "instant"), INSTANTS.values(), ids=INSTANTS)
def test_instants_of_every_type_become_utc(
    platform: Platform, sql_type: str, zone: str | None, value: str, instant: str
) -> None:
    """R1, R2: the same instant and day from ISO 8601 text in SQLite and from PostgreSQL's types."""
    platform.make("users", USERS_TYPES)
    platform.make("xp", {**XP_TYPES, "occurred_at": sql_type, "updated_at": sql_type}, [("1", "ann", value, 1, value)])
    platform.zones = {"xp": zone} if zone else {}
    configuration = platform.configuration()
    landed = land(Night.of(configuration), configuration.streams["xp"], [FIRST - DAY, FIRST, FIRST + DAY])
    assert [landing.source_rows for landing in landed.landings] == [0, 1, 0]
    assert landed_rows(configuration, "xp", "instant::varchar, updated_at::varchar") == [(instant, instant)]


ISO_TEXTS = {
    "2026-06-01": "2026-06-01 00:00:00",
    "2026-06-01T12:30": "2026-06-01 12:30:00",
    "2026-06-01 12:30:15": "2026-06-01 12:30:15",
    "2026-06-01 12:30:15.5": "2026-06-01 12:30:15.5",
    "2026-06-01T12:30:15.123456789Z": "2026-06-01 12:30:15.123456",
    "2026-06-01T12:30:15+0530": "2026-06-01 07:00:15",
    "2026-06-01T12:30-07": "2026-06-01 19:30:00",
}


def test_iso_8601_texts_are_read_in_every_form(sqlite_source: Platform) -> None:
    """R1: with and without time, seconds, fraction and offset; digits beyond microseconds are cut off."""
    rows = [(str(n), "ann", value, 1) for n, value in enumerate(ISO_TEXTS)]
    configuration = only_xp(sqlite_source, rows)
    land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    assert [instant for (instant,) in landed_rows(configuration, "xp", "instant::varchar")] == list(ISO_TEXTS.values())


IDS = {  # type, values, what they become; SQLite keeps integers and texts apart by the column's affinity
    "integers": ("bigint", [7, 9007199254740993], ["7", "9007199254740993"]),
    "texts": ("text", ["01", " o'brien", "é"], ["01", " o'brien", "é"]),
    "bounded texts": ("varchar(40)", ["A", "a"], ["A", "a"]),
    "uuids": (
        "uuid",
        ["0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950f"],
        ["0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b-d9cb-469f-a165-70867728950f"],
    ),
}


@pytest.mark.parametrize(("sql_type", "values", "expected"), IDS.values(), ids=IDS)
def test_ids_of_every_type_become_text(
    platform: Platform, sql_type: str, values: list[object], expected: list[str]
) -> None:
    """R26: of events and learners."""
    platform.make("users", {**USERS_TYPES, "user_id": sql_type}, [(value, "UTC") for value in values])
    rows = [(value, value, NOON, 1) for value in values]
    platform.make("xp", {**XP_TYPES, "event_id": sql_type, "user_id": sql_type}, rows)
    configuration = platform.configuration()
    land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    land_users(Night.of(configuration), FIRST)
    assert sorted(landed_rows(configuration, "xp", "event_id, user_id")) == sorted((one, one) for one in expected)
    assert sorted(learners(configuration, "user_id")) == sorted((one,) for one in expected)


ANN, BEN, GONE = (f"{digit}F8FAD5B-D9CB-469F-A165-70867728950E" for digit in "AB9")
ROWS_OF_UUIDS = [  # `updated_at` last; A and B come twice, and for B the greater learner decides
    ("A0000000-0000-4000-8000-00000000000A", ANN, NOON, 1, NOON),
    ("A0000000-0000-4000-8000-00000000000A", ANN, NOON, 2, "2026-06-01T13:00:00Z"),
    ("B0000000-0000-4000-8000-00000000000B", ANN, NOON, 3, None),
    ("B0000000-0000-4000-8000-00000000000B", BEN, NOON, 4, None),
    ("C0000000-0000-4000-8000-00000000000C", None, NOON, 5, None),
    (None, BEN, NOON, 6, None),
    ("D0000000-0000-4000-8000-00000000000D", BEN, NOON, None, None),
    ("E0000000-0000-4000-8000-00000000000E", BEN, None, 7, None),
    (None, BEN, None, 8, None),
    ("F0000000-0000-4000-8000-00000000000F", GONE, NOON, 9, None),
]


def landed_from_ids(source: Platform, sql_type: str) -> dict[str, Any]:
    """Everything that comes of `ROWS_OF_UUIDS` where ids have a type: rows, figures, what the day says of itself."""
    types = {**XP_TYPES, "event_id": sql_type, "user_id": sql_type, "updated_at": "timestamptz"}
    source.make("users", USERS_TYPES)
    source.make("xp", types, ROWS_OF_UUIDS)
    configuration = source.configuration()
    lake = Lake.of(configuration)
    suppress(lake.suppressed, GONE)
    landed = land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    day, undated = lake.landing("xp", FIRST), lake.undated("xp")
    every_column = "select columns(* exclude (row)), lower(row) from '{}' order by all"
    (landing,) = landed.landings
    return {
        "rows": duckdb.sql(every_column.format(day)).fetchall(),
        "undated": duckdb.sql(every_column.format(undated)).fetchall(),
        "columns": duckdb.sql(f"describe from '{day}'").fetchall(),
        "hash": landing.content_hash,
        "counts": (landing.rows, landing.quarantined, landing.duplicates, landing.conflicts, landed.undated),
    }


@pytest.mark.parametrize("platform", ["postgresql"], indirect=True)
def test_a_column_of_uuids_lands_what_the_same_ids_as_text_land(platform: Platform) -> None:
    """R19, R20, R26: read as 16 bytes, and yet the same rows, reasons, order and hash; an erased learner stays out."""
    as_uuids, as_text = landed_from_ids(platform, "uuid"), landed_from_ids(platform, "text")
    assert as_uuids == as_text
    assert {(row[0], row[1], row[5]) for row in as_uuids["rows"] if row[8] is None} == {
        ("a0000000-0000-4000-8000-00000000000a", ANN.lower(), 2),
        ("b0000000-0000-4000-8000-00000000000b", BEN.lower(), 4),
    }
    assert as_uuids["counts"] == (2, 3, 2, 2, 2)
    assert GONE.lower() not in str(as_uuids)


AMOUNTS = {  # type, value, amount; None is quarantined
    "smallint": ("smallint", -5, -5),
    "bigint": ("bigint", 10**12, 10**12),
    "whole numeric": ("numeric(12, 2)", 5, 5),
    "numeric with a fraction": ("numeric(12, 2)", 5.25, None),
    "numeric without a scale": ("numeric", -(10**12), -(10**12)),
    "whole float": ("double precision", 5.0, 5),
    "float with a fraction": ("double precision", 5.5, None),
    "real": ("real", 16777216, 16777216),
    "too large a float": ("double precision", 1e300, None),
}


@pytest.mark.parametrize(("sql_type", "value", "amount"), AMOUNTS.values(), ids=AMOUNTS)
def test_amounts_of_every_type_become_integers(
    platform: Platform, sql_type: str, value: object, amount: int | None
) -> None:
    """R19, FAULTS 21."""
    platform.make("users", USERS_TYPES)
    platform.make("xp", {**XP_TYPES, "amount": sql_type}, [("1", "ann", NOON, value)])
    configuration = platform.configuration()
    (landing,) = land(Night.of(configuration), configuration.streams["xp"], [FIRST]).landings
    assert landed_rows(configuration, "xp", "amount") == ([] if amount is None else [(amount,)])
    assert landing.quarantined == (amount is None)


BOOLEANS: Mapping[str, tuple[str, list[object], list[object]]] = {  # type, true and false, what is neither
    "booleans": ("boolean", [True, False], [None]),
    "integers": ("integer", [1, 0], [2, -1, None]),
    "numerics": ("numeric(3, 1)", [1, 0], [0.5, 2, None]),
    "letters": ("text", ["t", "f"], ["x", "", None]),
    "words": ("varchar(9)", ["TRUE", "False"], ["yes", None]),
    "digits": ("text", ["1", "0"], ["2", "1.0"]),
}


@pytest.mark.parametrize(("sql_type", "values", "neither"), BOOLEANS.values(), ids=BOOLEANS)
def test_booleans_of_every_type_are_read(
    platform: Platform, sql_type: str, values: list[object], neither: list[object]
) -> None:
    """R10, R19; and is_public is true only if it is read as true."""
    platform.make(
        "users", {**USERS_TYPES, "is_public": sql_type}, [("yes", "UTC", values[0]), ("no", "UTC", values[1])]
    )
    platform.add("users", [(f"neither {n}", "UTC", value) for n, value in enumerate(neither)])
    rows = [(str(n), "yes", NOON, value) for n, value in enumerate([*values, *neither])]
    platform.make("quizzes", {**QUIZZES_TYPES, "passed": sql_type}, rows)
    configuration = platform.configuration()
    (landing,) = land(Night.of(configuration), configuration.streams["quizzes"], [FIRST]).landings
    land_users(Night.of(configuration), FIRST)
    assert landed_rows(configuration, "quizzes", "event_id, passed") == [("0", True), ("1", False)]
    assert landing.quarantined == len(neither)
    assert [user_id for user_id, is_public in learners(configuration, "user_id, is_public") if is_public] == ["yes"]
