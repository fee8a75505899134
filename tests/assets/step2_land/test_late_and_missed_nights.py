"""What comes late, comes once, and whatever the way to it, the version is the same (R24, R25; FAULTS 11 to 19, 30).

What blocks a version is `test_landing_faults.py`'s.
"""

import shutil
from pathlib import Path

import pytest

from assets.all_steps import publish_lake, run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from assets.step2_land.land import land
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    NOON,
    QUIZZES_TYPES,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    only_xp,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import load
from warehouse.errors import SourceUnavailableError
from warehouse.lake.days import newest_day
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

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


@pytest.mark.slow
def test_the_oldest_versions_beyond_keep_versions_are_deleted(sqlite_source: Platform) -> None:
    """The newest are kept, each with look-up file and manifest; the pointer names the last."""
    configuration = only_xp(sqlite_source, xp_rows(1), keep_versions=2)
    for n in range(4):
        night(configuration, FIRST + n * DAY)
    warehouse = Warehouse.of(configuration)
    kept = ["pulse-2026-06-03-000003", "pulse-2026-06-04-000004"]
    assert warehouse.kept() == kept
    assert warehouse.current() == kept[-1]
    there = {place.name for place in (warehouse.root / "versions").iterdir()}
    assert there == {f"{version}.{suffix}" for version in kept for suffix in ("duckdb", "lookup", "json")}


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
