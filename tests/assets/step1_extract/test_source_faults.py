"""Bad input at the door, on SQLite, a real PostgreSQL and a real MariaDB alike (FAULTS 12, 17 to 19, 21, 22).

Each kind of bad value that a database can hold lands exactly, or is in quarantine with a reason, and what landed and
what is quarantined add up to what the source has. Beside it: connections that drop, doubles in any order, rows that
move. Where a database cannot hold a value, the test says so by leaving it out there.
"""

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assets.night.night import Night
from assets.step1_extract.source import snapshot as snapshots
from assets.step1_extract.source.snapshot import CursorSnapshot, PostgresSnapshot, RawBatch
from assets.step2_land.land import land
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    NOON,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    lake_files,
    landed_rows,
    night,
    only_xp,
    published,
    server_platform,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration
from warehouse.errors import ShrinkError, SourceUnavailableError
from warehouse.lake.lake import Lake


def rows_of_source(platform: Platform, columns: str) -> list[tuple[Any, ...]]:
    with platform.changing() as connection:
        return [tuple(row) for row in connection.execute(sa.text(f"select {columns} from {platform.table('xp')}"))]


def quarantined(configuration: Configuration) -> dict[str, tuple[str, dict[str, str]]]:
    """Return reason and content of every quarantined row by its id, whether it has a day or not."""
    rows = published(configuration, "select event_id, reason, row from quarantine")
    return {event_id: (reason, json.loads(row)) for event_id, reason, row in rows}


# --- FAULTS 21: values ------------------------------------------------------------------------------------------------

AMOUNTS: dict[str, dict[str, list[Any]]] = {  # by type: what each database can hold of it
    "bigint": {
        "sqlite": ["twelve", 10**12 + 1, -(2**63), b"\xff", "1_2"],
        "postgresql": [10**12 + 1, -(2**63)],
        "mysql": [10**12 + 1, -(2**63)],
    },
    "numeric": {
        "sqlite": [1.5, "NaN", 1e38, float("inf")],
        "postgresql": [1.5, "NaN", "1e38", "0.0000001", "Infinity", "-Infinity"],
        "mysql": [1.5, "0.0000001", "1e38"],
    },
    "double precision": {
        "sqlite": [0.1, float("inf"), float("-inf"), 1e300, 5e-324],
        "postgresql": [0.1, "NaN", "Infinity", "-Infinity", 1e300, 5e-324],
        "mysql": [0.1, 1e300, 5e-324],
    },
}
GOOD = [0, -7, 12, 10**12, -(10**12), 3]


@pytest.mark.parametrize("sql_type", AMOUNTS)
def test_amounts_are_exact_or_quarantined_and_add_up(platform: Platform, sql_type: str) -> None:
    """FAULTS 21: NaN, infinity, 10^38, fractions, NULL, text in an integer column."""
    bad = [None, *AMOUNTS[sql_type][platform.backend]]
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    rows = [(f"good{n}", "ann", NOON, amount) for n, amount in enumerate(GOOD)]
    rows += [(f"bad{n}", "ann", NOON, amount) for n, amount in enumerate(bad)]
    platform.make("xp", {**XP_TYPES, "amount": sql_type}, rows)
    configuration = platform.configuration()
    night(configuration, FIRST, "accept_quarantine")  # more than half of the rows, here (R22)
    assert [amount for (amount,) in landed_rows(configuration, "xp", "amount")] == GOOD
    kept = quarantined(configuration)
    assert {event_id: reason for event_id, (reason, _) in kept.items()} == {
        f"bad{n}": "bad_amount" for n in range(len(bad))
    }
    whole = [number(amount) for _, amount in rows_of_source(platform, "event_id, amount")]
    held = [number(row["amount"]) for _, row in kept.values()]
    assert len(whole) == len(GOOD) + len(held)
    assert sum(whole) == sum(GOOD) + sum(held)


def number(value: object) -> Fraction:
    """Return a value as a number to ten digits, 0 where it is none that can be added up."""
    try:
        found = Fraction(str(value))
    except ValueError:
        return Fraction(0)
    return round(found, 10) if abs(found) < 10**30 else Fraction(0)


TEXTS: dict[str, dict[str, tuple[Any, str | None]]] = {  # value, and the reason; None where it is good
    "sqlite": {
        "not utf-8": (b"\xff\xfe", "bad_text"),
        "nul": ("a\x00b", "bad_text"),
        "10 MB": ("x" * 10_000_000, "bad_text"),
        "override": ("\u202eann", None),
        "empty": ("", "missing_user"),
        "null": (None, "missing_user"),
    },
    "postgresql": {  # holds neither NUL nor what is not UTF-8
        "10 MB": ("x" * 10_000_000, "bad_text"),
        "override": ("\u202eann", None),
        "empty": ("", "missing_user"),
        "null": (None, "missing_user"),
    },
    "mysql": {
        "nul": ("a\x00b", "bad_text"),
        "10 MB": ("x" * 10_000_000, "bad_text"),
        "override": ("\u202eann", None),
        "empty": ("", "missing_user"),
        "null": (None, "missing_user"),
    },
}


def test_texts_are_exact_or_quarantined_and_add_up(platform: Platform) -> None:
    """FAULTS 21: invalid UTF-8, NUL, 10 MB; one XP each, so that rows and sums are one."""
    values = TEXTS[platform.backend]
    types = {**XP_TYPES, "user_id": "longtext" if platform.is_mariadb else "text"}
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    rows = [(name, value, NOON, 1) for name, (value, _) in values.items()]
    platform.make("xp", types, [("good", "ann", NOON, 1)])
    for row in rows:  # one by one: MariaDB takes 16 MB at once
        platform.add("xp", [row])
    configuration = platform.configuration()
    night(configuration, FIRST, "accept_quarantine")  # more than half of the rows, here (R22)
    landed = dict(landed_rows(configuration, "xp", "event_id, user_id"))
    assert landed == {"good": "ann", **{name: value for name, (value, reason) in values.items() if reason is None}}
    kept = quarantined(configuration)
    assert {name: reason for name, (reason, _) in kept.items()} == {
        name: reason for name, (_, reason) in values.items() if reason
    }
    assert all(len(row["user_id"] or "") <= 1000 for _, row in kept.values())
    assert len(landed) + len(kept) == len(rows) + 1
    assert xp_by_day(configuration) == {FIRST: 1}


def test_a_table_in_another_character_set_lands_as_unicode(mariadb_url: str, tmp_path: Path) -> None:
    """FAULTS 21: an old MySQL's latin1 is read as what it means."""
    with server_platform(mariadb_url, tmp_path) as platform:
        platform.make("users", USERS_TYPES, [("Zo\u00eb", "UTC")])
        platform.make("xp", XP_TYPES | {"user_id": "varchar(40) character set latin1"}, [("e", "Zo\u00eb", NOON, 1)])
        configuration = platform.configuration()
        night(configuration, FIRST)
        assert landed_rows(configuration, "xp", "user_id") == [("Zo\u00eb",)]


INSTANTS: dict[str, dict[str, str | None]] = {
    "sqlite": {
        "null": None,
        "year 0": "0000-06-01T12:00:00Z",
        "no such date": "2026-06-31T12:00:00Z",
        "no such hour": "2026-06-01T24:30:00Z",
        "words": "2026-06-01 noon",
        "year 10000": "10000-06-01T12:00:00Z",
        "beyond the last year in UTC": "9999-12-31T23:00:00-02:00",
    },
    "postgresql": {
        "null": None,
        "infinity": "infinity",
        "minus infinity": "-infinity",
        "before Christ": "0044-03-15 12:00:00+00 BC",
        "year 10000": "10000-06-01 12:00:00+00",
        "year 294275": "294275-06-01 12:00:00+00",
    },
    "mysql": {
        "null": None,
        "zero": "0000-00-00 00:00:00",
        "a month without a day": "2026-06-00 12:00:00",
        "a year without a month": "2026-00-01 12:00:00",
        "year 0": "0000-06-01 12:00:00",
    },
}


def test_instants_are_exact_or_quarantined_and_add_up(platform: Platform) -> None:
    """FAULTS 21: year 0, infinity, `0000-00-00`; they have no day and are read all the same, whatever day is run."""
    values = INSTANTS[platform.backend]
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    types = {**XP_TYPES, "occurred_at": "timestamp" if platform.is_mariadb else "timestamptz"}
    rows = [(name, "ann", value, 10) for name, value in values.items()]
    platform.make("xp", types, [*xp_rows(3, FIRST - DAY, prefix="before"), *xp_rows(3), *rows])
    platform.add("xp", [("year 9999", "ann", "9999-12-31 23:59:59+00:00", 1)])
    configuration = platform.configuration(first_day=FIRST - DAY)
    night(configuration, FIRST)
    assert xp_by_day(configuration) == {FIRST - DAY: 3, FIRST: 3}
    kept = quarantined(configuration)
    assert {name: reason for name, (reason, _) in kept.items()} == dict.fromkeys(values, "missing_time")
    assert all(row["amount"] == "10" for _, row in kept.values())
    assert len(rows_of_source(platform, "event_id")) == 6 + len(kept) + 1  # the last one is of a day to come


def test_a_session_that_ends_at_an_impossible_time_is_quarantined(platform: Platform) -> None:
    """FAULTS 21: also where the instant of the day is fine; the last possible one is too long, not unreadable."""
    impossible = {"sqlite": "2026-06-31T12:00:00Z", "postgresql": "infinity", "mysql": "0000-00-00 00:00:00"}
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    types = {**SESSIONS_TYPES, "ended_at": "timestamp" if platform.is_mariadb else "timestamptz"}
    rows = [("never", "ann", NOON, impossible[platform.backend]), ("last", "ann", NOON, "9999-12-31 23:59:59+00:00")]
    platform.make("sessions", types, [*rows, ("good", "ann", NOON, "2026-06-01T13:00:00Z")])
    configuration = platform.configuration()
    night(configuration, FIRST, "accept_quarantine")  # more than half of the rows, here (R22)
    reasons = {event_id: reason for event_id, (reason, _) in quarantined(configuration).items()}
    assert reasons == {"never": "bad_time", "last": "longer_than_24h"}
    assert published(configuration, "select sum(learning_time) from daily_activity") == [(3600,)]


# --- FAULTS 12, 17 to 19, 22 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_connection_that_drops_at_any_batch_lands_nothing(
    platform: Platform, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 12: before the first batch, after one, after all: an end that looks like the end of the data is found."""
    monkeypatch.setattr(snapshots, "ROWS_PER_BATCH", 10)
    configuration = only_xp(platform, xp_rows(40))
    for snapshot in (CursorSnapshot, PostgresSnapshot):
        monkeypatch.setattr(snapshot, "batches", cut_short(snapshot.batches, kept))
    with pytest.raises(SourceUnavailableError, match=r"stream xp: source platform counts 40 rows .* came"):
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    assert lake_files(configuration) == {}
    monkeypatch.undo()
    assert [one.rows for one in land(Night.of(configuration), configuration.streams["xp"], [FIRST]).landings] == [40]


def cut_short(batches: Any, kept: int) -> Any:
    """Let a snapshot give some rows of a select and then end, as a connection that has gone may look."""

    def some(self: Any, query: Any) -> Iterator[RawBatch]:
        for number, batch in enumerate(batches(self, query)):
            if number == kept or len(batch) > 10:  # PostgreSQL's batches have a size of their own
                yield batch[:kept] if not hasattr(batch, "slice") else batch.slice(0, kept)
                return
            yield batch

    return some


def test_rows_that_move_within_the_lookback_are_where_they_belong_the_next_night(platform: Platform) -> None:
    """FAULTS 17: to another day and to another learner; sums are conserved."""
    platform.make("users", USERS_TYPES, [("ann", "UTC"), ("bob", "UTC")])
    platform.make("xp", XP_TYPES, [*xp_rows(3), *xp_rows(3, FIRST + DAY, prefix="next")])
    configuration = platform.configuration()
    night(configuration, FIRST + DAY)
    platform.run(
        f"update {{xp}} set occurred_at = '{FIRST + DAY} 12:00:00' where event_id = 'e0'",
        "update {xp} set user_id = 'bob' where event_id = 'e1'",
    )
    night(configuration, FIRST + 2 * DAY)
    rows = published(configuration, "select user_id, activity_date, xp_earned from daily_activity order by all")
    assert rows == [("ann", FIRST, 1), ("ann", FIRST + DAY, 4), ("bob", FIRST, 1)]


def test_a_thousand_rows_with_one_timestamp_land_once(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 18: across the borders of batches."""
    monkeypatch.setattr(snapshots, "ROWS_PER_BATCH", 99)
    configuration = only_xp(platform, [(f"e{n}", "ann", NOON, 1) for n in range(1000)])
    (landing,) = land(Night.of(configuration), configuration.streams["xp"], [FIRST]).landings
    assert (landing.source_rows, landing.rows, landing.duplicates) == (1000, 1000, 0)
    assert len(set(landed_rows(configuration, "xp", "event_id"))) == 1000


def test_doubles_count_once_whatever_their_order(platform: Platform) -> None:
    """FAULTS 19, R20: of the same content and of another; one hash for every permutation."""
    doubles = [
        ("e", "ann", NOON, 5, "2026-06-01T13:00:00Z"),
        ("e", "ann", NOON, 5, "2026-06-01T13:00:00Z"),
        ("e", "ann", NOON, 6, None),
        ("e", "ann", NOON, 4, "2026-06-01T14:00:00Z"),
    ]
    types = {**XP_TYPES, "updated_at": "timestamptz"}
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    hashes = set()
    for order in list(permutations(doubles))[::4]:
        platform.make("xp", types, order)
        configuration = platform.configuration()
        (landing,) = land(Night.of(configuration), configuration.streams["xp"], [FIRST]).landings
        assert (landing.rows, landing.duplicates, landing.conflicts) == (1, 3, 1)
        assert landed_rows(configuration, "xp", "amount") == [(4,)]
        hashes.add(landing.content_hash)
    assert len(hashes) == 1


def test_a_source_restored_from_an_old_backup_stops_the_night(platform: Platform) -> None:
    """FAULTS 22: before any landing is replaced; nothing is thrown away."""
    last = FIRST + DAY
    configuration = only_xp(platform, [*xp_rows(20), *xp_rows(20, last, prefix="next")])
    night(configuration, last)
    before = lake_files(configuration)
    platform.run("delete from {xp} where event_id like 'next%'")
    with pytest.raises(ShrinkError, match=r"xp: the landing of 2026-06-02 would shrink from 20 to 0 rows"):
        night(configuration, last)
    assert lake_files(configuration) == before
    assert Lake.of(configuration).landings(configuration)["xp", last].rows == 20
