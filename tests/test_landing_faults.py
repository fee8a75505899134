"""What goes wrong between extraction and publishing, and the guards that stand there (R19 to R25, FAULTS 6 to 30).

Every test writes its rows itself, into SQLite and, where types or drivers matter, into a real PostgreSQL; what must
come of them stands in the test. What needs faults of the machine, or random worlds, stays out.
"""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.all_steps import publish_lake, run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.sources import (
    DAY,
    FIRST,
    KINDS,
    NOON,
    PLATFORMS,
    QUIZZES_TYPES,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    lake_files,
    landed_rows,
    night,
    only_xp,
    platform_of,
    published,
    roles_of,
    sqlite_platform,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration, load
from warehouse.disk import lock
from warehouse.erasure.suppression import suppress
from warehouse.errors import (
    CheckFailedError,
    ConfigurationError,
    LockHeldError,
    ShrinkError,
    SourceDriftError,
    SourceUnavailableError,
)
from warehouse.lake.days import newest_day
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

LONG_ID = "x" * 1025


@pytest.fixture
def sqlite_source(tmp_path: Path) -> Platform:
    """An empty SQLite database."""
    return sqlite_platform(tmp_path)


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """An empty database of each kind."""
    with platform_of(request, tmp_path) as found:
        yield found


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


# --- FAULTS 20: the table is not what the mapping says ----------------------------------------------------------------

DRIFTS = {
    "a column is dropped": (
        ["alter table {xp} drop column amount"],
        ["xp", "platform", '"amount"', "found event_id, user_id, occurred_at"],
    ),
    "a column is renamed": (
        ["alter table {xp} rename column amount to points"],
        ["xp", "platform", '"amount"', "found event_id, user_id, occurred_at, points"],
    ),
    "an amount is text": (
        ["drop table {xp}", "create table {xp} (event_id text, user_id text, occurred_at timestamp, amount text)"],
        ["xp", "platform", '"amount"', "TEXT", "expected a number"],
    ),
    "an instant is a number": (
        ["drop table {xp}", "create table {xp} (event_id text, user_id text, occurred_at bigint, amount int)"],
        ["xp", "platform", '"occurred_at"', "BIGINT", "expected a timestamp or date"],
    ),
    "an id is a timestamp": (
        ["drop table {xp}", "create table {xp} (event_id timestamp, user_id text, occurred_at timestamp, amount int)"],
        ["xp", "platform", '"event_id"', "TIMESTAMP", "expected an integer, text or UUID"],
    ),
    "the table is gone": (
        ["drop table {xp}"],
        ["stream xp", "there is no table platform."],
    ),
}


@pytest.mark.parametrize(("drift", "answer"), DRIFTS.values(), ids=DRIFTS)
def test_drift_stops_the_stream_before_any_row(platform: Platform, drift: list[str], answer: list[str]) -> None:
    """FAULTS 20: with source, table, column, expected and found, and with nothing landed."""
    configuration = only_xp(platform, xp_rows(1))
    platform.run(*drift)
    with pytest.raises(SourceDriftError) as caught:
        land(Night.of(configuration), configuration.streams["xp"], [FIRST])
    message = str(caught.value)
    assert [part for part in [*answer, platform.table("xp")] if part not in message] == []
    assert lake_files(configuration) == {}


def test_what_changes_beside_the_mapping_is_noted_and_lands(platform: Platform) -> None:
    """FAULTS 20: a widened type, a column that may be null now, one more, one that nothing maps and is gone; once."""
    platform.make("users", USERS_TYPES)
    types = {**XP_TYPES, "event_id": "varchar(20) not null", "amount": "integer", "old": "integer"}
    platform.make("xp", types, [(*row, None) for row in xp_rows(2)])
    configuration = platform.configuration()
    stream = configuration.streams["xp"]
    assert land(Night.of(configuration), stream, [FIRST]).changes == []
    wider = {**XP_TYPES, "event_id": "varchar(40)", "amount": "numeric(20, 0)", "mood": "varchar(9)"}
    platform.make("xp", wider, [(*row, None) for row in xp_rows(3)])
    landed = land(Night.of(configuration), stream, [FIRST])
    assert [landing.rows for landing in landed.landings] == [3]
    assert landed.unmapped_columns == ("mood",)
    amount = "INTEGER(11), is DECIMAL(20, 0)" if platform.is_mariadb else "INTEGER, is NUMERIC(20, 0)"
    assert set(landed.changes) == {
        'column "mood" (VARCHAR(9)) was added',
        'column "old" is gone',
        'column "event_id" was VARCHAR(20) NOT NULL, is VARCHAR(40)',
        f'column "amount" was {amount}',
    }
    assert land(Night.of(configuration), stream, [FIRST]).changes == []


def test_what_changes_in_the_table_of_learners_is_noted_too(sqlite_source: Platform) -> None:
    """FAULTS 20."""
    configuration = only_xp(sqlite_source, xp_rows(1))
    assert [landed and landed.changes for landed in (land_users(Night.of(configuration), FIRST),)] == [()]
    sqlite_source.run("alter table {users} add column mood text")
    assert [landed and landed.changes for landed in (land_users(Night.of(configuration), FIRST) for _ in range(2))] == [
        ('column "mood" (TEXT) was added',),
        (),
    ]


# --- FAULTS 12 to 19: what comes, comes once --------------------------------------------------------------------------


def test_a_day_between_two_stretches_is_not_read_twice(sqlite_source: Platform) -> None:
    """R1: where text orders otherwise than instants, a day more is read on each side; a row of both lands once."""
    row = ("1", "ann", "2026-06-02T00:30:00+02:00", 1)  # its text is of the day between, its instant of the first
    configuration = only_xp(sqlite_source, [row, *xp_rows(3, FIRST + DAY)])
    landed = land(Night.of(configuration), configuration.streams["xp"], [FIRST, FIRST + 2 * DAY])
    counted = [(landing.day, landing.source_rows, landing.rows, landing.duplicates) for landing in landed.landings]
    assert counted == [(FIRST, 1, 1, 0), (FIRST + 2 * DAY, 0, 0, 0)]


@pytest.mark.slow
def test_one_source_down_leaves_the_other_landings_and_the_last_version(sqlite_source: Platform) -> None:
    """FAULTS 13, R25: no new version, the stream named; `build` still publishes up to the newest day."""
    folder = sqlite_source.folder
    only_xp(sqlite_source, [*xp_rows(1), *xp_rows(2, FIRST + DAY)])
    sqlite_source.make("quizzes", QUIZZES_TYPES, [("q1", "ann", NOON, 1)])
    sqlite_source.configuration()
    place = folder / "pulse.toml"
    written = place.read_text(encoding="utf-8").replace(
        'source = "platform"\ntable = "quizzes"', 'source = "other"\ntable = "quizzes"'
    )
    place.write_text(f'{written}\n[sources.other]\nurl = "sqlite:///other.db"\n', encoding="utf-8")
    shutil.copy(folder / "platform.db", folder / "other.db")
    configuration = load(place, uses=["sources"])
    night(configuration, FIRST)
    (folder / "other.db").rename(folder / "away.db")
    version = Warehouse.of(configuration).current()
    with pytest.raises(SourceUnavailableError, match="stream quizzes: source other failed"):
        night(configuration, FIRST + DAY)
    assert Warehouse.of(configuration).current() == version
    landings = Lake.of(configuration).landings(configuration)
    assert landings["xp", FIRST + DAY].rows == 2
    assert newest_day(configuration, landings) == FIRST
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    assert manifest.version.startswith("pulse-2026-06-01-")
    assert xp_by_day(configuration) == {FIRST: 1}
    (folder / "away.db").rename(folder / "other.db")
    night(configuration, FIRST + DAY)
    assert xp_by_day(configuration) == {FIRST: 1, FIRST + DAY: 2}


def test_late_changed_and_deleted_rows_are_in_the_next_nights_version(platform: Platform) -> None:
    """FAULTS 14, 15: counted once, through real types as through text."""
    configuration = only_xp(platform, [*xp_rows(2), ("late", "ann", "2026-06-02T10:00:00Z", 10)])
    night(configuration, FIRST + DAY)
    assert xp_by_day(configuration) == {FIRST: 2, FIRST + DAY: 10}
    platform.add("xp", [("2359", "ann", "2026-06-02T23:59:59.999999Z", 100)])
    platform.run("delete from {xp} where event_id = 'e0'", "update {xp} set amount = 11 where event_id = 'late'")
    night(configuration, FIRST + 2 * DAY)
    assert xp_by_day(configuration) == {FIRST: 1, FIRST + DAY: 111}
    night(configuration, FIRST + 2 * DAY)
    assert xp_by_day(configuration) == {FIRST: 1, FIRST + DAY: 111}


# --- FAULTS 11, 30; R24, R25: whatever the way, the same version ------------------------------------------------------


@pytest.mark.slow
def test_missed_nights_and_any_order_of_backfills_give_the_version_of_ordinary_nights(tmp_path: Path) -> None:
    """FAULTS 30, R24: for learners whose zone did not change."""
    days = [FIRST + n * DAY for n in range(4)]
    ways = {
        "every night": [Run(day, day) for day in days],
        "missed for days": [Run(days[0], days[0]), Run(days[-1], days[-1])],
        "backfilled in disorder": [Run(days[n], days[m]) for n, m in ((1, 1), (0, 0), (2, 3))],
    }
    hashes = {}
    for way, runs in ways.items():
        source = Platform(f"sqlite:///{tmp_path}/{way}/platform.db", tmp_path / way)
        source.folder.mkdir()
        source.make("users", USERS_TYPES, [("ann", "Asia/Tokyo"), ("bob", "Mars/Phobos")])
        source.make("xp", XP_TYPES, [row for day in days for row in xp_rows(2, day, prefix=str(day))])
        sessions = [(str(day), "ann", f"{day}T22:00:00Z", f"{day + DAY}T03:00:00Z") for day in days]
        source.make("sessions", SESSIONS_TYPES, sessions)
        configuration = source.configuration(lookback_days=1)
        hashes[way] = [run_night(Night.of(configuration), run) for run in runs][-1]
    assert len({manifest and manifest.logical_hash for manifest in hashes.values()}) == 1, hashes
    assert {manifest and manifest.version[:16] for manifest in hashes.values()} == {"pulse-2026-06-04"}


def test_a_run_that_ends_before_first_day_is_everywhere_publishes_nothing(sqlite_source: Platform) -> None:
    """R25: neither a run of one stream nor one that ends before first_day; and it is no error."""
    configuration = only_xp(sqlite_source, xp_rows(1))
    assert night(configuration, FIRST - DAY) is None
    sqlite_source.make("quizzes", QUIZZES_TYPES)
    configuration = sqlite_source.configuration()
    assert run_night(Night.of(configuration), Run(FIRST, FIRST, ("xp",))) is None
    assert Warehouse.of(configuration).current() is None
    assert publish_lake(Night.of(configuration)) is None
    assert Lake.of(configuration).landings(configuration)["xp", FIRST].rows == 1
    assert night(configuration, FIRST) is not None


def test_the_oldest_versions_beyond_keep_versions_are_deleted(sqlite_source: Platform) -> None:
    """The newest are kept, each with its manifest; the pointer names the last."""
    configuration = only_xp(sqlite_source, xp_rows(1), keep_versions=2)
    for n in range(4):
        night(configuration, FIRST + n * DAY)
    warehouse = Warehouse.of(configuration)
    kept = ["pulse-2026-06-03-000003", "pulse-2026-06-04-000004"]
    assert warehouse.kept() == kept
    assert warehouse.current() == kept[-1]
    there = {place.name for place in (warehouse.root / "versions").iterdir()}
    assert there == {f"{version}.{suffix}" for version in kept for suffix in ("duckdb", "json")}


def test_everything_that_counts_is_in_the_lake(sqlite_source: Platform) -> None:
    """FAULTS 11: without Dagster's storage and without the warehouse, a build gives the same version."""
    configuration = only_xp(sqlite_source, xp_rows(3))
    before = night(configuration, FIRST)
    for folder in ("dagster", "warehouse", "tmp"):
        shutil.rmtree(configuration.data_dir / folder, ignore_errors=True)
    (sqlite_source.folder / "platform.db").unlink()
    after = publish_lake(Night.of(configuration))
    assert before is not None
    assert after is not None
    assert after.logical_hash == before.logical_hash
    assert after.version != before.version
    assert xp_by_day(configuration) == {FIRST: 3}


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
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent
    ) as holder:
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


# --- R1, R19: every type of a column that a platform may have ---------------------------------------------------------


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
