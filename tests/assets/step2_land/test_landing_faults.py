"""What goes wrong between extraction and publishing, and the guards that stand there (R19 to R23, FAULTS 6 to 10, 22).

Every test writes its rows itself, into SQLite and, where types or drivers matter, into a real PostgreSQL; what must
come of them stands in the test. What needs faults of the machine, or random worlds, stays out.
"""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal

import pytest

from assets.night.night import Night
from assets.step2_land.land import land
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    KINDS,
    NOON,
    QUIZZES_TYPES,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    lake_files,
    night,
    only_xp,
    published,
    roles_of,
    xp_by_day,
    xp_rows,
)
from tests.support.repository import ROOT
from warehouse.disk import lock
from warehouse.errors import CheckFailedError, ConfigurationError, LockHeldError, ShrinkError, SourceUnavailableError
from warehouse.versions.versions import Warehouse

LONG_ID = "x" * 1025


# --- R19: quarantine --------------------------------------------------------------------------------------------------


def test_every_reason_is_in_the_public_table_with_its_row(platform: Platform) -> None:
    """R19, FAULTS 21: stream, day, id and the row as JSON, from text columns as from typed ones."""
    platform.make("users", USERS_TYPES, [("ann", "UTC"), (None, "UTC")])
    unreadable = {"sqlite": "soon", "mysql": "0000-00-00"}.get(platform.backend, "infinity")
    amount = {**XP_TYPES, "amount": "numeric"}
    platform.make(
        "xp",
        amount,
        [
            (None, "ann", NOON, 1),
            ("no user", "", NOON, 1),
            (LONG_ID, "ann", NOON, 1),
            ("half", "ann", NOON, 1.5),
            ("huge", "ann", NOON, 10**12 + 1),
            ("never", "ann", None, 1),
            ("soon", "ann", unreadable, 1),
            ("good", "ann", NOON, 7),
        ],
    )
    platform.make(
        "sessions",
        SESSIONS_TYPES,
        [
            ("unreadable", "ann", NOON, unreadable),
            ("backwards", "ann", NOON, "2026-06-01T11:00:00Z"),
            ("endless", "ann", NOON, "2026-06-02T12:00:01Z"),
        ],
    )
    platform.make("quizzes", QUIZZES_TYPES, [("perhaps", "ann", NOON, 2)])
    configuration = platform.configuration()
    night(configuration, FIRST, "accept_quarantine")  # more than half of the rows, here (R22)
    found = published(configuration, "select stream, day, event_id, reason, row from quarantine")
    assert {row[:4] for row in found} == {
        ("users", None, None, "missing_id"),
        ("xp", FIRST, None, "missing_id"),
        ("xp", FIRST, "no user", "missing_user"),
        ("xp", FIRST, None, "bad_text"),
        ("xp", FIRST, "half", "bad_amount"),
        ("xp", FIRST, "huge", "bad_amount"),
        ("xp", None, "never", "missing_time"),
        ("xp", None, "soon", "missing_time"),
        ("sessions", FIRST, "unreadable", "bad_time"),
        ("sessions", FIRST, "backwards", "ended_before_started"),
        ("sessions", FIRST, "endless", "longer_than_24h"),
        ("quizzes", FIRST, "perhaps", "bad_passed"),
    }
    assert len(found) == 12
    rows = {(stream, event_id): json.loads(row) for stream, _, event_id, _, row in found}
    assert Decimal(rows["xp", "half"]["amount"]) == Decimal("1.5")
    assert Decimal(rows["xp", "huge"]["amount"]) == 10**12 + 1
    assert rows["xp", "never"]["user_id"] == "ann"
    assert rows["xp", "never"]["occurred_at"] is None
    assert rows["quizzes", "perhaps"]["passed"] == "2"
    assert rows["sessions", "backwards"]["ended_at"].startswith("2026-06-01")
    assert len(next(json.loads(row)["event_id"] for *_, reason, row in found if reason == "bad_text")) == 1000
    for stream, *_, row in found:
        content = json.loads(row)
        assert set(content) <= roles_of(KINDS[stream])
        assert all(value is None or isinstance(value, str) for value in content.values())
    assert xp_by_day(configuration) == {FIRST: 7}


# --- R21, R22: what blocks a version ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "good"), [(20, 20), (21, 2079)])
def test_a_quarantine_within_the_budget_is_published(bad: int, good: int, sqlite_source: Platform) -> None:
    """R22: up to 20 rows whatever their share, and above that up to one in a hundred."""
    configuration = only_xp(sqlite_source, [*xp_rows(good), *xp_rows(bad, prefix="bad", amount=None)])
    assert night(configuration, FIRST) is not None
    assert published(configuration, "select count(*) from quarantine") == [(bad,)]


@pytest.mark.slow
def test_a_quarantine_above_the_budget_blocks_until_it_is_let_through(sqlite_source: Platform) -> None:
    """R22: above 20 rows and above the budget; rows without an instant are outside of it."""
    configuration = only_xp(sqlite_source, [*xp_rows(2078), *xp_rows(21, prefix="bad", amount=None)])
    sqlite_source.add("xp", [(f"undated{n}", "ann", None, 1) for n in range(50)])
    for _ in range(2):  # trying again does not help
        with pytest.raises(CheckFailedError, match=r"quarantine_within_budget.*xp: 21 of 2099 rows.*accept-quarantine"):
            night(configuration, FIRST)
        assert Warehouse.of(configuration).current() is None
    manifest = night(configuration, FIRST, "accept_quarantine")
    assert manifest is not None
    assert manifest.accepted == ("accept_quarantine",)


@pytest.mark.slow
def test_rows_once_let_through_do_not_count_again(sqlite_source: Platform) -> None:
    """R22: their days land again within the lookback; 20 new ones are within the budget, 21 are not."""
    configuration = only_xp(sqlite_source, [*xp_rows(30), *xp_rows(25, prefix="bad", amount=None)])
    night(configuration, FIRST, "accept_quarantine")
    assert night(configuration, FIRST) is not None
    sqlite_source.add("xp", xp_rows(20, FIRST + DAY, prefix="new", amount=None))
    assert night(configuration, FIRST + DAY) is not None
    sqlite_source.add("xp", xp_rows(1, FIRST + DAY, prefix="one more", amount=None))
    with pytest.raises(CheckFailedError, match="xp: 21 of 76 rows"):
        night(configuration, FIRST + DAY)
    assert published(configuration, "select count(*) from quarantine") == [(45,)]


def test_a_stream_of_strangers_blocks(sqlite_source: Platform) -> None:
    """R21: half of a stream's rows may be unknown, more than half means that a mapping is wrong."""
    configuration = only_xp(sqlite_source, [*xp_rows(3), *xp_rows(3, prefix="n", user="nobody")])
    sqlite_source.make("quizzes", QUIZZES_TYPES, [(f"q{n}", "ann", NOON, 1) for n in range(100)])  # another stream's
    configuration = sqlite_source.configuration()
    assert night(configuration, FIRST) is not None
    before = Warehouse.of(configuration).current()
    sqlite_source.add("xp", xp_rows(1, prefix="one more", user="nobody"))
    with pytest.raises(CheckFailedError, match=r"unknown_within_bounds.*xp: 4 of 7 rows"):
        night(configuration, FIRST)
    assert Warehouse.of(configuration).current() == before


# --- R23: a landing that shrinks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(20, 14), (19, 0)])
def test_a_landing_may_lose_three_in_ten_and_a_small_one_all(before: int, after: int, sqlite_source: Platform) -> None:
    configuration = only_xp(sqlite_source, xp_rows(before))
    night(configuration, FIRST)
    sqlite_source.run("delete from {xp}")
    sqlite_source.add("xp", xp_rows(after))
    night(configuration, FIRST)
    assert published(configuration, "select rows from landings") == [(after,)]


@pytest.mark.slow
def test_a_landing_that_would_shrink_is_not_replaced_before_it_is_let_through(sqlite_source: Platform) -> None:
    """R23, FAULTS 22: the run stops before any day of the stream is replaced."""
    configuration = only_xp(sqlite_source, xp_rows(20, FIRST + DAY))
    night(configuration, FIRST + DAY)
    before, version = lake_files(configuration), Warehouse.of(configuration).current()
    sqlite_source.run("delete from {xp}")  # an old backup ...
    sqlite_source.add("xp", [*xp_rows(13, FIRST + DAY), *xp_rows(5, FIRST, prefix="back")])  # ... with rows of its own
    with pytest.raises(ShrinkError, match=r"xp: the landing of 2026-06-02 would shrink from 20 to 13 .*accept-shrink"):
        night(configuration, FIRST + DAY)
    assert lake_files(configuration) == before
    assert Warehouse.of(configuration).current() == version
    manifest = night(configuration, FIRST + DAY, "accept_shrink")
    assert manifest is not None
    assert manifest.accepted == ("accept_shrink",)
    assert xp_by_day(configuration) == {FIRST: 5, FIRST + DAY: 13}


# --- FAULTS 6: two runs at once ---------------------------------------------------------------------------------------


HOLD_LOCK = """
import sys, time
from pathlib import Path
from warehouse.configuration.configuration import load
from warehouse.disk.lock import run_lock
with run_lock(load(Path(sys.argv[1])), "the other run"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_names_its_holder_and_is_free_when_the_holder_is_killed(sqlite_source: Platform) -> None:
    """FAULTS 6."""
    configuration = only_xp(sqlite_source)
    command = [sys.executable, "-c", HOLD_LOCK, str(configuration.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError) as caught, lock.run_lock(configuration, "this run"):
            pytest.fail("two runs hold one lock")
        assert f"the other run, process {holder.pid}" in str(caught.value)
        assert caught.value.exit_code == 3
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=10)
        with lock.run_lock(configuration, "this run"), lock.run_lock(configuration, "and once more inside"):
            pass


# --- the source: its URL, and that nothing is written to it -----------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("no url at all hunter2", "no URL of a database"),
        ("nosuchdatabase://me:hunter2@host/x", 'SQLAlchemy knows no database "nosuchdatabase"'),
        ("oracle://me:hunter2@host/x", 'the driver "oracledb" is not installed'),
        ("mysql://me:x@host:hunter2/x", "no URL of a database"),
    ],
)
def test_a_url_that_no_driver_takes_is_answered_without_its_password(
    url: str, answer: str, sqlite_source: Platform
) -> None:
    only_xp(sqlite_source)
    sqlite_source.url = url

    def land_xp() -> None:
        configuration = sqlite_source.configuration()
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])

    with pytest.raises(ConfigurationError, match=rf"sources\.platform\.url: {answer}") as caught:
        land_xp()
    assert "hunter2" not in str(caught.value)


def test_a_source_is_never_written(sqlite_source: Platform) -> None:
    """A source that is not there is not made."""
    configuration = only_xp(sqlite_source)
    place = sqlite_source.folder / "platform.db"
    with closing(sqlite3.connect(place)) as database:
        before = "\n".join(database.iterdump())
    night(configuration, FIRST)
    with closing(sqlite3.connect(place)) as database:
        assert "\n".join(database.iterdump()) == before
    place.unlink()
    with pytest.raises(SourceUnavailableError, match="stream xp: source platform failed"):
        night(configuration, FIRST)
    assert not place.exists()
