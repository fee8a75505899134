"""Random worlds through the whole way, from a real database to the API, against the independent oracle.

Belongs here: what the product publishes and answers equals what `oracle.py` works out, and one lake has one logical
hash however it came about (R24). Stays out: how worlds are drawn (`worlds.py`), how the product is run
(`tests/support/running/replay.py`), single rules on rows of their own (`golden/`). How many worlds is the profile's
matter, see `tests/conftest.py`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.oracle import oracle
from tests.oracle.oracle import Stream, World, days
from tests.oracle.worlds import BAD_ZONES, GOOD_ZONES, worlds
from tests.support.platforms import platforms
from tests.support.running import replay
from tests.support.running.replayed_dates import assert_dates_equal_the_oracle, restatements_of

if TYPE_CHECKING:
    from warehouse.configuration.configuration import Configuration
    from warehouse.versions.manifest import Manifest

# A world is large, and so is the report of a failing one: that warning must not take its place.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

EXAMPLES = settings().max_examples
HALF = settings(max_examples=max(1, EXAMPLES // 2))  # beside as many of SQLite
A_FEW = settings(max_examples=max(1, EXAMPLES // 10))  # for what runs many nights per world
MANY = settings(max_examples=200, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # to shrink takes an hour
FEWEST_EVENTS = 8  # the first world that hypothesis draws is the emptiest that passes


def assert_all_equals_the_oracle(world: World, platform: replay.Platform) -> None:
    """Play a world, and compare every table, every answer, and every date's answer with the oracle."""
    configuration = replay.replayed(world, platform)
    restatements = restatements_of(configuration)
    replay.assert_equals_the_oracle(world, configuration)
    assert_dates_equal_the_oracle(world, configuration, restatements)


@given(worlds(may_lose_learners=True))
def test_every_table_and_every_answer_from_sqlite_equals_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        assert_all_equals_the_oracle(world, platform)


@pytest.mark.slow
@HALF
@given(worlds(is_loose=False, may_lose_learners=True))
def test_every_table_and_every_answer_from_postgresql_equals_the_oracle(postgres_url: str, world: World) -> None:
    with replay.postgres_platform(postgres_url) as platform:
        assert_all_equals_the_oracle(world, platform)


@pytest.mark.slow
@pytest.mark.thorough
@MANY
@given(worlds(may_lose_learners=True))
def test_many_worlds_from_sqlite_equal_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        assert_all_equals_the_oracle(world, platform)


@pytest.mark.slow
@pytest.mark.thorough
@MANY
@given(worlds(is_loose=False, may_lose_learners=True))
def test_many_worlds_from_postgresql_equal_the_oracle(postgres_url: str, world: World) -> None:
    with replay.postgres_platform(postgres_url) as platform:
        assert_all_equals_the_oracle(world, platform)


def is_busy(world: World) -> bool:
    """Whether enough happens in a world to show anything."""
    return len(oracle.land(world).events) >= FEWEST_EVENTS


def longer_than_its_window(world: World) -> World:
    """Two streams, every row of theirs also 365 days before: on the window's first days and before it."""
    year = timedelta(days=365)
    streams = tuple(stream for stream in world.streams if stream.name in ("xp_events", "english_sessions"))
    earlier = {
        name: [{role: _earlier(value, year) for role, value in row.items()} for row in rows]
        for name, rows in world.rows.items()
    }
    rows = {name: [*rows, *earlier[name]] for name, rows in world.rows.items()}
    return replace(world, first_day=world.first_day - year, streams=streams, rows=rows)


def _earlier(value: object, by: timedelta) -> object:
    return value - by if isinstance(value, date) else value


@pytest.mark.slow
@A_FEW
@given(worlds(is_loose=False).map(longer_than_its_window).filter(is_busy))
def test_a_history_longer_than_the_window_equals_the_oracle(postgres_url: str, world: World) -> None:
    with replay.postgres_platform(postgres_url) as platform:
        assert_all_equals_the_oracle(world, platform)


# --- R24: one lake and configuration, one logical hash --------------------------------------------------------------


def settled(world: World) -> World:
    """Leave the world its last landing of users, so that no zone ever changes, and at most its last three days."""
    first_day = max(world.first_day, world.newest_day - timedelta(days=2))
    return replace(world, first_day=first_day, users_landings=world.users_landings[-1:])


settled_worlds = worlds().map(settled).filter(is_busy)


def one_night(world: World, platform: replay.Platform, data_dir: str = "var") -> Manifest:
    """Publish the world by a single first night into a data folder of its own."""
    return replay.night(replay.configured(world, platform, data_dir), world.newest_day, world.newest_day)


@pytest.mark.slow
@A_FEW
@given(settled_worlds)
def test_the_same_night_run_again_has_the_same_hash(world: World) -> None:
    """FAULTS 30."""
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        first, again = one_night(world, platform), one_night(world, platform)
    assert first.version != again.version
    assert first.logical_hash == again.logical_hash


@pytest.mark.slow
@A_FEW
@given(settled_worlds)
def test_night_by_night_and_one_backfill_have_one_hash(world: World) -> None:
    """FAULTS 30: nights that were missed come as one."""
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        configuration = replay.configured(world, platform, "backfill")
        backfilled = replay.night(configuration, world.first_day, world.newest_day)
        configuration = replay.configured(world, platform, "nights")
        nights = [replay.night(configuration, day, day) for day in days(world.first_day, world.newest_day)]
    assert nights[-1].logical_hash == backfilled.logical_hash


@pytest.mark.slow
@A_FEW
@given(settled_worlds)
def test_earlier_days_backfilled_in_reverse_order_change_no_hash(world: World) -> None:
    """FAULTS 30."""
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        published = [one_night(world, platform)]
        configuration = replay.configured(world, platform)
        for day, stream in zip(reversed([*days(world.first_day, world.newest_day)]), world.streams, strict=False):
            published += [replay.night(configuration, day, day, stream.name), replay.night(configuration, day, day)]
    assert {manifest.logical_hash for manifest in published} == {published[0].logical_hash}


@pytest.mark.slow
@A_FEW
@given(settled_worlds, st.data())
def test_days_landed_one_by_one_in_any_order_have_the_hash_of_one_night(world: World, data: st.DataObject) -> None:
    """FAULTS 30."""
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        expected = one_night(world, platform, "in_one")
        configuration = replay.configured(world, platform, "one_by_one")
        every = [(s, day) for s in configuration.event_streams for day in days(world.first_day, world.newest_day)]
        for stream, day in data.draw(st.permutations(every)):
            land(Night.of(configuration), stream, [day])
        land_users(Night.of(configuration), world.newest_day)
        found = publish_lake(Night.of(configuration), replay.GUARDS)
    assert found is not None
    assert found.logical_hash == expected.logical_hash


@pytest.mark.slow
@A_FEW
@given(settled_worlds)
def test_a_stream_that_is_added_later_heals_itself_to_the_same_hash(world: World) -> None:
    """FAULTS 30."""
    fewer = replace(world, streams=tuple(stream for stream in world.streams if stream.name != "english_sessions"))
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        expected = one_night(world, platform, "in_one")
        without = one_night(fewer, platform, "grown")
        found = one_night(world, platform, "grown")
    assert without.logical_hash != expected.logical_hash
    assert found.logical_hash == expected.logical_hash


@pytest.mark.slow
@A_FEW
@given(settled_worlds)
def test_a_warehouse_built_again_from_the_lake_has_the_same_hash(world: World) -> None:
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        expected = one_night(world, platform)
        configuration = replay.configured(world, platform)
        shutil.rmtree(configuration.data_dir / "warehouse")
        found = rebuilt(configuration)
        shutil.rmtree(configuration.data_dir / "lake" / "activity")
        from_landings = rebuilt(configuration)
        replay.assert_equals_the_oracle(world, configuration)
    assert len({expected.version, found.version, from_landings.version}) == 3
    assert {found.logical_hash, from_landings.logical_hash} == {expected.logical_hash}


@pytest.mark.slow
@A_FEW
@given(settled_worlds)
def test_rows_in_another_physical_order_have_the_same_hash(world: World) -> None:
    """FAULTS 19: ids that come twice among them."""
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        expected = one_night(world, platform, "as_written")
        replay.reverse_rows(platform.url, [world.users_stream, *(stream.name for stream in world.streams)])
        found = one_night(world, platform, "reversed")
    assert found.logical_hash == expected.logical_hash


def rebuilt(configuration: Configuration) -> Manifest:
    """Publish from the lake alone."""
    manifest = publish_lake(Night.of(configuration), replay.GUARDS)
    assert manifest is not None
    return manifest


# --- zones that change, and what a configuration changes ------------------------------------------------------------


@pytest.mark.slow
@A_FEW
@given(
    worlds(may_lose_learners=True).filter(is_busy),
    st.sampled_from((*GOOD_ZONES, "Africa/Cairo", "America/Havana")),
    st.sampled_from(("xp_earned", "learning_time")),
    st.integers(1, 5),
)
def test_a_changed_configuration_needs_only_a_build(
    world: World, default_timezone: str, level_metric: str, min_active_days: int
) -> None:
    """FAULTS 27: the default zone among them."""
    changed = replace(
        world, default_timezone=default_timezone, level_metric=level_metric, min_active_days=min_active_days
    )
    with replay.sqlite_platform() as platform:
        replay.replayed(world, platform)
        configuration = replay.configured(changed, platform)
        rebuilt(configuration)
        replay.assert_equals_the_oracle(changed, configuration)


DAY = timedelta(days=1)
FIRST_DAY, NEWEST_DAY = date(2026, 3, 6), date(2026, 3, 10)
STREAMS = (Stream("xp_events", "xp"), Stream("english_sessions", "sessions"), Stream("quiz_attempts", "quizzes"))


def learner(user_id: str, timezone: str | None) -> dict[str, object]:
    """A row of users."""
    return {"user_id": user_id, "username": user_id, "timezone": timezone, "is_public": True, "deleted_at": None}


def busy_days(*user_ids: str) -> dict[str, list[dict[str, object]]]:
    """Something of every kind at 02:30 and 23:30 UTC of every day, dates that differ between zones; 24 hours open."""
    rows: dict[str, list[dict[str, object]]] = {stream.name: [] for stream in STREAMS}
    for user_id in user_ids:
        for day in days(FIRST_DAY, NEWEST_DAY):
            for hour in (2, 23):
                at = datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)
                same: dict[str, object] = {"event_id": f"{user_id} {at}", "user_id": user_id}
                rows["xp_events"].append({**same, "occurred_at": at, "amount": day.day * hour})
                rows["quiz_attempts"].append({**same, "occurred_at": at, "passed": hour == 2})
                until = at + timedelta(hours=day.day % 3, minutes=45)
                rows["english_sessions"].append({**same, "started_at": at, "ended_at": until})
    return rows


def world_of(*landings: tuple[date, list[dict[str, object]]], default_timezone: str = "America/Havana") -> World:
    """The busy days of everybody in these landings of users."""
    everybody = sorted({str(row["user_id"]) for _, rows in landings for row in rows})
    return World(
        *(FIRST_DAY, NEWEST_DAY, STREAMS, busy_days(*everybody), landings),
        default_timezone=default_timezone,
        min_active_days=2,
    )


A_DAY_BEFORE = NEWEST_DAY - DAY
ANN = learner("ann", "America/New_York")
CHANGES = {
    "moves": ((A_DAY_BEFORE, [ANN, learner("bob", "Pacific/Kiritimati")]), (NEWEST_DAY, [ANN, learner("bob", "UTC")])),
    "moves and moves back on the same day": (
        (A_DAY_BEFORE, [ANN, learner("bob", "Asia/Kathmandu")]),
        (NEWEST_DAY, [ANN, learner("bob", "Etc/GMT+12")]),
        (NEWEST_DAY, [ANN, learner("bob", "Asia/Kathmandu")]),
    ),
    "moves twice": (
        (FIRST_DAY, [ANN, learner("bob", "Asia/Kathmandu")]),
        (A_DAY_BEFORE, [ANN, learner("bob", "Etc/GMT+12")]),
        (NEWEST_DAY, [ANN, learner("bob", "Asia/Kathmandu")]),
    ),
    "appears late": ((A_DAY_BEFORE, [ANN]), (NEWEST_DAY, [ANN, learner("bob", "Pacific/Kiritimati")])),
    "goes and comes back elsewhere": (
        (FIRST_DAY, [ANN, learner("bob", "Pacific/Kiritimati")]),
        (A_DAY_BEFORE, [ANN]),
        (NEWEST_DAY, [ANN, learner("bob", "Etc/GMT+12")]),
    ),
    "has a bad zone and then a good one": (
        (A_DAY_BEFORE, [ANN, *(learner(f"bob {zone}", zone) for zone in BAD_ZONES)]),
        (NEWEST_DAY, [ANN, *(learner(f"bob {zone}", "Pacific/Kiritimati") for zone in BAD_ZONES)]),
    ),
    "has a good zone and then none": (
        (A_DAY_BEFORE, [ANN, learner("bob", "Pacific/Kiritimati")]),
        (NEWEST_DAY, [ANN, learner("bob", None)]),
    ),
}
QUICK = ("moves", "appears late")  # the others are tried with the slow tests


@pytest.mark.parametrize(
    "landings",
    [pytest.param(CHANGES[name], id=name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in CHANGES],
)
def test_a_learner_who(landings: tuple[tuple[date, list[dict[str, object]]], ...]) -> None:
    """FAULTS 27, 28."""
    with replay.sqlite_platform() as platform:
        assert_all_equals_the_oracle(world_of(*landings), platform)


@pytest.mark.slow
def test_a_move_never_rewrites_the_past() -> None:
    """FAULTS 27."""
    there, here = learner("bob", "Pacific/Kiritimati"), learner("bob", "America/New_York")
    stays, moves = (world_of((A_DAY_BEFORE, [there]), (NEWEST_DAY, [bob])) for bob in (there, here))
    found = []
    for world in (stays, moves):
        with replay.sqlite_platform() as platform:
            found.append(replay.published_tables(replay.replayed(world, platform))["daily_activity"])
    assert found[0] != found[1]
    past = {*days(FIRST_DAY - DAY, A_DAY_BEFORE - DAY)}
    before = [[row for row in rows if row[1] in past] for rows in found]
    assert before[0] == before[1] != []


@pytest.mark.slow
def test_a_default_zone_that_changes_cuts_again_only_whom_it_concerns() -> None:
    """FAULTS 27."""
    landings = ((NEWEST_DAY, [ANN, learner("bob", None)]),)
    before, after = world_of(*landings), world_of(*landings, default_timezone="Pacific/Kiritimati")
    with replay.sqlite_platform() as platform:
        was = replay.published_tables(replay.replayed(before, platform))["daily_activity"]
        configuration = replay.configured(after, platform)
        replay.night(configuration, NEWEST_DAY, NEWEST_DAY)
        now = replay.published_tables(configuration)["daily_activity"]
        replay.assert_equals_the_oracle(after, configuration)
    assert [row for row in was if row[0] == "ann"] == [row for row in now if row[0] == "ann"]
    assert [row for row in was if row[0] == "bob"] != [row for row in now if row[0] == "bob"]
