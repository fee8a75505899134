"""What a version restates: complete dates whose measures were others in the version before, and why (FAULTS 16, 27).

The small worlds here are busy with one row of every kind at 02:30 and 23:30 UTC, so that every zone has its dates of
them. That the random ones agree is the oracle's: `tests/oracle/oracle_restatements.py`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step7_publish import publish as publishing
from tests.oracle import oracle, oracle_restatements
from tests.oracle.oracle import Row, Stream, World, days
from tests.oracle.worlds import GOOD_ZONES, worlds
from tests.support.platforms import platforms
from tests.support.running import replay
from warehouse.errors import CheckFailedError
from warehouse.identifiers import user_key
from warehouse.lake.lake import Lake
from warehouse.versions.basis import Basis, dates_touched
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

A_FEW = settings(max_examples=max(2, settings().max_examples // 4))
DAY = timedelta(days=1)
FIRST_DAY, NEWEST_DAY = date(2026, 3, 6), date(2026, 3, 10)
STREAMS = (Stream("xp_events", "xp"), Stream("english_sessions", "sessions"), Stream("quiz_attempts", "quizzes"))
COLUMNS = "user_id, activity_date, measure, old, new, reason"

RawRow = dict[str, object]


def learner(user_id: str, timezone: str | None = "UTC", *, is_deleted: bool = False) -> RawRow:
    gone = datetime(2026, 1, 1, tzinfo=UTC) if is_deleted else None
    return {"user_id": user_id, "username": user_id, "timezone": timezone, "is_public": True, "deleted_at": gone}


def busy(user_id: str, last: date = NEWEST_DAY) -> dict[str, list[RawRow]]:
    rows: dict[str, list[RawRow]] = {stream.name: [] for stream in STREAMS}
    for day in days(FIRST_DAY, last):
        for hour in (2, 23):
            at = datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC)
            same: RawRow = {"event_id": f"{user_id} {at}", "user_id": user_id}
            rows["xp_events"].append({**same, "occurred_at": at, "amount": day.day * hour})
            rows["quiz_attempts"].append({**same, "occurred_at": at, "passed": hour == 2})
            rows["english_sessions"].append({**same, "started_at": at, "ended_at": at + timedelta(minutes=45)})
    return rows


def world_of(*users: RawRow, last: date = NEWEST_DAY) -> World:
    of_everybody = [busy(str(row["user_id"]), last) for row in users]
    rows = {stream.name: [row for found in of_everybody for row in found[stream.name]] for stream in STREAMS}
    return World(FIRST_DAY, last, STREAMS, rows, ((last, list(users)),))


def landed_again(world: World, *users: RawRow, day: date = NEWEST_DAY) -> World:
    """The world after one more landing of users."""
    return replace(world, newest_day=day, users_landings=(*world.users_landings, (day, list(users))))


def with_amount(world: World, user_id: str, day: date, amount: int) -> World:
    """The world with another amount in a learner's XP of 02:30 on a UTC day."""
    at = datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC)
    xp = [
        dict(row, amount=amount) if (row["user_id"], row["occurred_at"]) == (user_id, at) else row
        for row in world.rows["xp_events"]
    ]
    assert xp != world.rows["xp_events"]
    return replace(world, rows={**world.rows, "xp_events": xp})


class Place:
    """A platform whose worlds follow one another, each read whole and published."""

    def __init__(self, platform: replay.Platform) -> None:
        self.platform = platform
        self.configuration: Configuration

    def publish(self, world: World) -> str:
        platforms.write(world, self.platform.url)
        self.configuration = replay.configured(world, self.platform)
        return replay.night(self.configuration, world.first_day, world.newest_day).version

    @property
    def lake(self) -> Lake:
        return Lake.of(self.configuration)

    def restated(self, version: str | None = None) -> list[Row]:
        """Read the public table, or what is in it of one version."""
        where = "true" if version is None else f"version = '{version}'"
        with replay.published(self.configuration) as connection:
            return oracle.sorted_rows(
                connection.execute(f"select {COLUMNS} from restatements where {where}").fetchall()
            )

    def kept(self) -> list[Row]:
        """Read what the lake keeps."""
        with duckdb.connect() as connection:
            query = f"select {COLUMNS} from read_parquet($file)"
            return connection.execute(query, {"file": str(self.lake.restatements)}).fetchall()


@pytest.fixture
def place() -> Iterator[Place]:
    with replay.sqlite_platform() as platform:
        yield Place(platform)


ANN, BOB = learner("ann"), learner("bob")


@pytest.mark.slow
def test_a_late_change_is_restated_with_old_new_version_and_reason(place: Place) -> None:
    """FAULTS 16: and so is the next change of the same number; a version that changes nothing adds nothing."""
    world = world_of(ANN, BOB)
    place.publish(world)
    assert place.restated() == []
    changed = with_amount(world, "ann", FIRST_DAY, 100)
    second = place.publish(changed)
    first_change = ("ann", FIRST_DAY, "xp_earned", 25 * 6, 100 + 23 * 6, "source")
    assert place.restated() == [first_change]
    third = place.publish(changed)
    fourth = place.publish(with_amount(world, "ann", FIRST_DAY, 7))
    second_change = ("ann", FIRST_DAY, "xp_earned", 100 + 23 * 6, 7 + 23 * 6, "source")
    found = [place.restated(version) for version in (second, third, fourth)]
    assert found == [[first_change], [], [second_change]]
    with replay.published(place.configuration) as connection:
        keys = set(connection.execute("select user_id, user_key from restatements").fetchall())
    assert keys == {("ann", replay.key_of("ann"))}


@pytest.mark.slow
def test_an_ordinary_night_restates_nothing_and_never_a_date_that_was_not_over(place: Place) -> None:
    """West of UTC the last date of the first version gains its evening in the second, east of it its day."""
    zones = ("Etc/GMT+12", "America/New_York", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati")
    users = [learner(name, name) for name in zones]
    world = world_of(*users)
    for last in days(FIRST_DAY, NEWEST_DAY):
        place.publish(replace(world, newest_day=last, users_landings=((last, users),)))
    assert place.restated() == []
    late = with_amount(world, "Etc/GMT+12", NEWEST_DAY, 0)
    place.publish(late)
    assert place.restated() == [("Etc/GMT+12", NEWEST_DAY - DAY, "xp_earned", 2 * 10 + 23 * 9, 23 * 9, "source")], (
        "02:30 UTC is the day before's afternoon there"
    )
    late = with_amount(late, "America/New_York", NEWEST_DAY, 1)
    replaced = [
        dict(row, amount=5) if row["event_id"] == "America/New_York 2026-03-10 23:30:00+00:00" else row
        for row in late.rows["xp_events"]
    ]
    version = place.publish(replace(late, rows={**late.rows, "xp_events": replaced}))
    assert [row[1] for row in place.restated(version)] == [NEWEST_DAY - DAY], "its evening of the 10th is not over"


@pytest.mark.slow
def test_a_move_on_the_newest_day_restates_by_zone(place: Place) -> None:
    """FAULTS 27: everything of that UTC day falls on other dates; what is before stays."""
    there = [learner("ann", "Pacific/Kiritimati"), BOB]
    world = replace(world_of(*there), users_landings=((NEWEST_DAY - DAY, there),))
    place.publish(replace(world, newest_day=NEWEST_DAY - DAY))
    world = landed_again(world, *there)
    place.publish(world)
    moved = landed_again(world, learner("ann", "UTC"), BOB)
    place.publish(moved)
    found = place.restated()
    assert found == oracle_restatements.restatements(world, moved)
    assert {(row[0], row[1], row[5]) for row in found} == {("ann", NEWEST_DAY, "zone")}


@pytest.mark.slow
def test_a_changed_default_zone_restates_by_zone_those_whom_it_concerns(place: Place) -> None:
    """FAULTS 27."""
    world = world_of(learner("ann", None), learner("bob", "UTC"))
    place.publish(world)
    other = replace(world, default_timezone="Pacific/Kiritimati")
    place.publish(with_amount(other, "bob", FIRST_DAY, 1))
    found = place.restated()
    assert {(row[0], row[5]) for row in found} == {("ann", "zone"), ("bob", "source")}
    assert publish_lake(Night.of(place.configuration)) is not None
    assert place.restated() == found, "many rows of one version are read again"


@pytest.mark.slow
@pytest.mark.parametrize("by", [1, -2])
def test_another_first_day_restates_by_rule(place: Place, by: int) -> None:
    early, late = sorted((FIRST_DAY + DAY, FIRST_DAY + DAY + by * DAY))
    world = replace(world_of(ANN), first_day=FIRST_DAY + DAY)
    place.publish(world)
    place.publish(replace(world, first_day=FIRST_DAY + DAY + by * DAY))
    found = place.restated()
    assert {row[5] for row in found} == {"rule"}
    assert {row[1] for row in found} == {*days(max(early, FIRST_DAY), late)}, "a session reaches over midnight"
    assert {row[2] for row in found if row[1] == late} == {"learning_time"}


@pytest.mark.slow
def test_a_stream_that_is_added_restates_by_rule(place: Place) -> None:
    world = world_of(ANN)
    place.publish(replace(world, streams=STREAMS[1:]))
    place.publish(world)
    assert {(row[2], row[3], row[5]) for row in place.restated()} == {("xp_earned", 0, "rule")}


@pytest.mark.slow
def test_learners_of_one_version_only_are_not_restated_and_those_who_go_take_their_rows_along(place: Place) -> None:
    world = world_of(ANN, BOB)
    place.publish(replace(world, users_landings=((NEWEST_DAY, [ANN]),)))
    place.publish(with_amount(world, "bob", FIRST_DAY, 1))
    assert place.restated() == [], "bob was in no version before"
    changed = with_amount(with_amount(world, "bob", FIRST_DAY, 2), "ann", FIRST_DAY, 3)
    place.publish(changed)
    both = place.restated()
    assert [row[0] for row in both] == ["ann", "bob"]
    place.publish(landed_again(changed, ANN, learner("bob", is_deleted=True)))
    assert [row[0] for row in place.restated()] == ["ann"]
    assert {row[0] for row in place.kept()} == {"ann", "bob"}, "the lake keeps them"
    place.publish(landed_again(changed, ANN, BOB))
    assert place.restated() == both


# --- what kills and losses leave ------------------------------------------------------------------------------------

STEPS = ["record_restatements", "record_basis", "Warehouse.put_in_place", "Warehouse.advance_to", "Warehouse.prune"]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_while_it_publishes_loses_and_doubles_no_restatement(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """FAULTS 1: at worst it is recorded under the next version's number."""
    world = world_of(ANN)
    place.publish(world)
    with monkeypatch.context() as patched:
        die_before(patched, step)
        with pytest.raises(KeyboardInterrupt):
            place.publish(with_amount(world, "ann", FIRST_DAY, 100))
    version = place.publish(with_amount(world, "ann", FIRST_DAY, 100))
    expected = [("ann", FIRST_DAY, "xp_earned", 25 * 6, 100 + 23 * 6, "source")]
    assert place.restated() == expected
    assert place.kept() == expected
    basis = Basis.read(place.lake)
    assert basis is not None
    assert basis.version == version


def die_before(patched: pytest.MonkeyPatch, step: str) -> None:
    def dying(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    owner, _, name = step.rpartition(".")
    patched.setattr(Warehouse if owner else publishing, name, dying)


@pytest.mark.slow
def test_without_the_warehouse_what_was_restated_stays_and_nothing_new_can_be_told(place: Place) -> None:
    """FAULTS 11."""
    world = world_of(ANN)
    place.publish(world)
    place.publish(with_amount(world, "ann", FIRST_DAY, 100))
    known = place.restated()
    shutil.rmtree(place.configuration.data_dir / "warehouse")
    place.publish(with_amount(world, "ann", FIRST_DAY, 1))
    assert place.restated() == known
    place.publish(world)
    assert len(place.restated()) == 2


@pytest.mark.slow
def test_a_pinned_version_is_not_what_the_next_ones_are_compared_with(place: Place) -> None:
    """Each version with the one made before it, whatever readers get meanwhile."""
    world = world_of(ANN)
    first = place.publish(world)
    Warehouse.of(place.configuration).rollback(first)
    place.publish(with_amount(world, "ann", FIRST_DAY, 100))
    place.publish(with_amount(world, "ann", FIRST_DAY, 200))
    assert place.restated() == []
    Warehouse.of(place.configuration).unpin()
    place.publish(with_amount(world, "ann", FIRST_DAY, 200))
    assert [(row[3], row[4]) for row in place.restated()] == [(150, 238), (238, 338)]


@pytest.mark.slow
def test_the_logical_hash_does_not_tell_what_was_before(place: Place) -> None:
    """R24."""
    world = world_of(ANN)
    place.publish(with_amount(world, "ann", FIRST_DAY, 100))
    place.publish(world)
    assert place.restated() != []
    restated = Warehouse.of(place.configuration)
    with replay.sqlite_platform() as platform:
        straight = Place(platform)
        version = straight.publish(world)
        hashes = [restated.manifest(str(restated.current())), Warehouse.of(straight.configuration).manifest(version)]
    assert hashes[0].logical_hash == hashes[1].logical_hash


@pytest.mark.slow
def test_a_wrong_restatement_blocks_publishing(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assets.step5_build.restatements import restatements

    world = world_of(ANN)
    place.publish(world)
    honest = "select * from new_restatements"
    model = restatements.ALL.read_text()
    assert honest in model
    wrong = tmp_path / "wrong.sql"
    wrong.write_text(model.replace(honest, "select * replace (new + 1 as new) from new_restatements"))
    monkeypatch.setattr(restatements, "ALL", wrong)
    with pytest.raises(
        CheckFailedError, match=rf"restatements_equal_days found 1 \(such as user_key {user_key('ann')} on 2026-03-06\)"
    ):
        place.publish(with_amount(world, "ann", FIRST_DAY, 100))


@pytest.mark.slow
def test_an_ordinary_night_looks_at_the_dates_of_the_days_that_changed_only(place: Place) -> None:
    """Not at the history: the day that is new, and one within the lookback that has changed."""
    world = world_of(ANN)
    earlier = replace(world, newest_day=NEWEST_DAY - DAY, users_landings=((NEWEST_DAY - DAY, [ANN]),))
    place.publish(earlier)
    before = Basis.read(place.lake)
    place.publish(with_amount(world, "ann", FIRST_DAY, 100))
    after = Basis.read(place.lake)
    assert before is not None
    assert after is not None
    assert after.changed_days(before) == {FIRST_DAY, NEWEST_DAY}
    assert set(after.source_days(before)) == {FIRST_DAY}
    assert dates_touched({NEWEST_DAY}) == {*days(NEWEST_DAY - DAY, NEWEST_DAY + DAY)}
    assert publish_lake(Night.of(place.configuration)) is not None
    again = Basis.read(place.lake)
    assert again is not None
    assert again.changed_days(after) == set()


# --- random worlds --------------------------------------------------------------------------------------------------


@st.composite
def pairs_of_worlds(draw: st.DrawFn) -> tuple[World, World]:
    """A world and what was before it: other values, zones, learners, default zone, first or newest day."""
    after = draw(worlds(may_lose_learners=True))
    newest = after.users_landings[0][0]
    first = draw(st.sampled_from((after.first_day, after.first_day, after.first_day + DAY)))
    default = draw(st.sampled_from((after.default_timezone, after.default_timezone, *GOOD_ZONES)))
    rows = {}
    for stream in after.streams:
        changing = draw(st.sets(st.integers(0, 30), max_size=4))
        rows[stream.name] = [
            other_values(stream, row) if n in changing else row for n, row in enumerate(after.rows[stream.name])
        ]
    before = replace(
        after,
        first_day=min(first, newest),
        newest_day=newest,
        default_timezone=default,
        users_landings=after.users_landings[:1],
        rows=rows,
    )
    return before, after


def other_values(stream: Stream, row: Mapping[str, object]) -> Mapping[str, object]:
    """The row as it was before a change that keeps its id, day and learner."""
    if stream.kind == "xp":
        return dict(row, amount=3)
    if stream.kind == "sessions":
        return dict(row, ended_at=row["started_at"])
    return dict(row, passed=None)


@pytest.mark.slow
@A_FEW
@given(pairs_of_worlds())
def test_what_a_version_restates_equals_the_oracle(pair: tuple[World, World]) -> None:
    before, after = pair
    with replay.sqlite_platform() as platform:
        place = Place(platform)
        place.publish(before)
        place.publish(after)
        assert place.restated() == oracle_restatements.restatements(before, after)
        replay.assert_equals_the_oracle(after, place.configuration)
