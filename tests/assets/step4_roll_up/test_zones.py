"""Time over every zone of the `tzdata` wheel (R5, R7, R12; FAULTS 25 to 28): properties, not cases.

The model of step 4 cuts the activity of a learner in every zone at once, beside the oracle; a whole night does the same
for windows and tables. The segments that SQL joins are `test_zone_segments.py`'s. Single changes of clocks, worked out
by hand, are golden cases. Slow: every change of every zone since 1900.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.step4_roll_up.activity import (
    UNION,
    make_activity,
    make_local_dates,
    make_zone_records,
    make_zone_segments,
    make_zones_in_force,
)
from assets.step5_build import build
from tests.assets.step4_roll_up.every_zone import A_FEW, UNLIKE, ZONES, any_day, plain
from tests.oracle import oracle
from tests.oracle.oracle import DAY, EPOCH, HOUR, Stream, World, day_start, days, local_date, local_dates, utc_day
from tests.oracle.worlds import BAD_ZONES
from tests.support.platforms import platforms
from tests.support.running import replay
from warehouse import clock, engine, zones
from warehouse.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from warehouse.configuration.configuration import Configuration


ONE_DAY = timedelta(days=1)
DEFAULT = "America/Havana"


# --- R5, R7: the activity of a learner in every zone ----------------------------------------------------------------


class Cut(NamedTuple):
    """What step 4 made: the measures of each learner and local date, and the union of sessions of each UTC day."""

    measures: dict[tuple[str, date], tuple[int, ...]]
    unions: dict[date, int]


XP, SESSIONS, QUIZZES = Stream("xp", "xp"), Stream("s", "sessions"), Stream("q", "quizzes")


class Happening(NamedTuple):
    """An event of a learner: XP, a quiz attempt, or a session until `end`."""

    user_id: str
    stream: Stream
    at: int
    end: int


class Learners(NamedTuple):
    """Who has which zones from which UTC days on."""

    zones: Mapping[str, Sequence[tuple[date, str | None]]]

    def zone_of(self, user_id: str, day: date) -> str:
        """The zone in which the oracle cuts a learner's UTC day."""
        if user_id not in self.zones:
            return DEFAULT
        known = oracle.Learners(zones={user_id: list(self.zones[user_id])})
        return oracle.zone_of(World(day, day, (), {}, (), default_timezone=DEFAULT), known, user_id, day)


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """A configuration whose lake only ever holds the learners' zones."""
    folder = tmp_path_factory.mktemp("zones")
    world = World(date(2026, 1, 1), date(2026, 1, 1), (XP,), {}, ((date(2026, 1, 1), []),), default_timezone=DEFAULT)
    return replay.configured(world, replay.Platform(f"sqlite:///{folder}/none.db", folder))


def cut_by_step_4(
    configuration: Configuration, learners: Learners, happenings: Sequence[Happening], wanted: Sequence[date]
) -> Cut:
    """Run the model of step 4 on these days' landings."""
    with engine.connect(configuration.data_dir / "tmp") as connection:
        write_zones(connection, Lake.of(configuration).zones, learners)
        make_zones_in_force(connection, Lake.of(configuration), DEFAULT, {})
        make_zone_segments(connection, [DEFAULT], wanted[0], wanted[-1] + ONE_DAY)
        make_zone_records(connection, DEFAULT)
        make_local_dates(connection, wanted)
        make_landings(connection, happenings)
        make_activity(connection, DEFAULT)
        rows = connection.execute(
            "select user_id, activity_date, sum(xp)::bigint, sum(session_microseconds)::bigint, "
            "sum(xp_events)::bigint, sum(sessions)::bigint, sum(quizzes)::bigint, sum(quizzes_passed)::bigint "
            "from activity group by user_id, activity_date"
        ).fetchall()
        unions = connection.execute(engine.sql(UNION)).fetchall()
    return Cut({(row[0], row[1]): row[2:] for row in rows}, {day: int(length or 0) for day, length in unions})


def write_zones(connection: duckdb.DuckDBPyConnection, place: Path, learners: Learners) -> None:
    """Write the zones over time as step 3 does."""
    place.parent.mkdir(parents=True, exist_ok=True)
    records = [(user, zone, day) for user, known in learners.zones.items() for day, zone in known]
    user_ids, spelled, from_days = zip(*records, strict=True)
    engine.create(connection, "known", user_id=user_ids, zone=spelled, from_day=from_days)
    connection.execute(f"copy known to {engine.quoted(str(place))} (format parquet)")


def make_landings(connection: duckdb.DuckDBPyConnection, happenings: Sequence[Happening]) -> None:
    """Make the table that step 4 reads: amounts tell the events apart, every second quiz is passed."""
    engine.create(
        connection,
        "landings",
        stream=[happening.stream.name for happening in happenings],
        kind=[happening.stream.kind for happening in happenings],
        event_id=[str(number) for number in range(len(happenings))],
        user_id=[happening.user_id for happening in happenings],
        instant=[plain(happening.at) for happening in happenings],
        ended_at=[plain(happening.end) for happening in happenings],
        amount=[amount_of(number) for number in range(len(happenings))],
        passed=[number % 2 == 0 for number in range(len(happenings))],
    )
    connection.execute(
        "alter table landings add column last_activity_at timestamp; alter table landings add column reason varchar"
    )


def amount_of(number: int) -> int:
    """An amount that no other event has; every third is a correction."""
    return -number if number % 3 == 0 else number


def cut_by_the_oracle(learners: Learners, happenings: Sequence[Happening], wanted: Sequence[date]) -> Cut:
    """The same in plain Python."""
    sums: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0] * 6)
    open_on: dict[tuple[str, date], list[tuple[int, int]]] = defaultdict(list)
    for number, happening in enumerate(happenings):
        user_id, stream, at, end = happening
        day = utc_day(at)
        counts = sums[user_id, local_date(learners.zone_of(user_id, day), at)] if day in wanted else [0] * 6
        if stream is XP:
            counts[0], counts[2] = counts[0] + amount_of(number), counts[2] + 1
        elif stream is QUIZZES:
            counts[4], counts[5] = counts[4] + 1, counts[5] + (number % 2 == 0)
        else:
            counts[3] += 1
            for reached in {day, day + ONE_DAY} & {*wanted}:
                start = day_start(reached)
                open_on[user_id, reached].append((max(at, start), min(end, start + DAY)))
    unions: dict[date, int] = defaultdict(int)
    for (user_id, day), intervals in open_on.items():
        for start, end in oracle.union([(start, end) for start, end in intervals if start < end]):
            unions[day] += end - start
            for piece_start, piece_end, local in local_dates(learners.zone_of(user_id, day), day):
                if length := max(0, min(end, piece_end) - max(start, piece_start)):
                    sums[user_id, local][1] += length
    return Cut({key: tuple(values) for key, values in sums.items()}, dict(unions))


def around(user_id: str, at: int) -> Iterator[Happening]:
    """Events in the microseconds around an instant, and sessions that begin, end and lie across there."""
    for nudged in (at - 1, at, at + 1):
        yield Happening(user_id, XP, nudged, nudged)
    yield Happening(user_id, QUIZZES, at, at)
    yield Happening(user_id, SESSIONS, at, at)
    yield Happening(user_id, SESSIONS, at - 1, at + 1)
    yield Happening(user_id, SESSIONS, at - 7 * HOUR - 3, at + 2 * HOUR)


def assert_step_4_cuts_as_the_oracle_does(
    configuration: Configuration, learners: Learners, happenings: Sequence[Happening], wanted: Sequence[date]
) -> Cut:
    """Compare every number; then say in so many words what follows for events and microseconds."""
    found = cut_by_step_4(configuration, learners, happenings, wanted)
    expected = cut_by_the_oracle(learners, happenings, wanted)
    assert {key: values for key, values in found.measures.items() if expected.measures.get(key) != values} == {}
    assert found.measures.keys() == expected.measures.keys()
    assert {day: length for day, length in found.unions.items() if length} == expected.unions
    of_the_days = Counter(stream.kind for _, stream, at, _ in happenings if utc_day(at) in {*wanted})
    totals = [sum(column) for column in zip(*found.measures.values(), strict=True)]
    assert totals[1] == sum(expected.unions.values())
    assert totals[2:5] == [of_the_days[kind] for kind in ("xp", "sessions", "quizzes")]
    return found


@A_FEW
@given(
    any_day,
    st.lists(st.integers(0, 3 * DAY - 1), max_size=3),
    st.lists(st.tuples(st.integers(-DAY, 3 * DAY - 1), st.integers(0, DAY)), max_size=4),
)
def test_every_event_and_microsecond_is_on_exactly_one_date_in_every_zone(
    configuration: Configuration, middle: date, moments: list[int], sessions: list[tuple[int, int]]
) -> None:
    """FAULTS 25, 26; R5, R7: at midnights and changes of offset in their own zones, and at moments of no importance."""
    wanted = [middle - ONE_DAY, middle, middle + ONE_DAY]
    start = day_start(wanted[0])
    happenings = []
    for zone in ZONES:
        borders = {piece[0] for day in wanted for piece in local_dates(zone, day)}
        happenings += [happening for border in sorted(borders) for happening in around(zone, border)]
        happenings += [Happening(zone, XP, start + at, start + at) for at in moments]
        happenings += [Happening(zone, SESSIONS, start + at, start + at + length) for at, length in sessions]
    learners = Learners({zone: [(wanted[0], zone)] for zone in ZONES})
    assert_step_4_cuts_as_the_oracle_does(configuration, learners, happenings, wanted)


@A_FEW
@given(any_day, st.integers(1, len(ZONES) - 1), st.integers(0, 3 * HOUR))
def test_a_move_from_any_zone_to_another_conserves_what_was_done(
    configuration: Configuration, middle: date, shift: int, nudge: int
) -> None:
    """FAULTS 27, 28; R3, R4: XP with its sign and microseconds are the same whoever moves where; the past keeps its
    dates; a bad zone is the default, for nobody else.
    """
    wanted = [middle - ONE_DAY, middle, middle + ONE_DAY]
    midnights = [day_start(day) + nudge for day in wanted]
    others = ZONES[shift:] + ZONES[:shift]
    spoilt = {f"bad {spelled}": [(wanted[0], spelled), (middle, "Asia/Tokyo")] for spelled in BAD_ZONES}
    stay = {zone: [(wanted[0], zone)] for zone in ZONES}
    move = {zone: [(wanted[0], zone), (middle, other)] for zone, other in zip(ZONES, others, strict=True)}
    everybody = [*ZONES, *spoilt, "unknown"]
    happenings = [happening for user in everybody for at in midnights for happening in around(user, at)]
    before, after = (
        assert_step_4_cuts_as_the_oracle_does(configuration, Learners({**known, **spoilt}), happenings, wanted)
        for known in (stay, move)
    )
    assert totals_by_learner(before) == totals_by_learner(after)
    for untouched in (
        {key for key in before.measures if key[0] in move and key[1] < wanted[0]},
        {key for key in before.measures if key[0] in spoilt},
    ):
        assert untouched
        assert [after.measures[key] for key in untouched] == [before.measures[key] for key in untouched]


def totals_by_learner(cut: Cut) -> dict[str, tuple[int, ...]]:
    """The sums over all dates of each learner."""
    found: dict[str, tuple[int, ...]] = {}
    for (user_id, _), values in cut.measures.items():
        found[user_id] = tuple(map(sum, zip(found.get(user_id, (0,) * 6), values, strict=True)))
    return found


DECADES = [
    pytest.param(decade, marks=[] if decade in (1940, 2010) else pytest.mark.thorough)
    for decade in range(1900, 2060, 10)
]


@pytest.mark.slow
@pytest.mark.parametrize("decade", DECADES)
def test_at_every_change_of_every_zone_nothing_is_lost_or_counted_twice(
    configuration: Configuration, decade: int
) -> None:
    """FAULTS 25, 26: listed changes and those that follow from rules, a year at a time."""
    for year in range(decade, decade + 10):
        start, end = plain(day_start(date(year, 1, 1))), plain(day_start(date(year + 1, 1, 1)))
        changes = {zone: [segment.from_utc for segment in zones.segments(zone, start, end)] for zone in UNLIKE}
        happenings = []
        for zone, borders in changes.items():
            for border in borders:
                day = border.date()
                at = [piece[0] for piece in local_dates(zone, day)]
                happenings += [happening for instant in at for happening in around(zone, instant)]
        reached = {utc_day(happening.at) for happening in happenings}
        wanted = sorted(day for day in reached | {day + ONE_DAY for day in reached} if day.year == year)
        learners = Learners({zone: [(wanted[0], zone)] for zone in UNLIKE})
        assert_step_4_cuts_as_the_oracle_does(configuration, learners, happenings, wanted)


# --- R12: windows ---------------------------------------------------------------------------------------------------


YEARS_ENDS = [date(year, month, day) for year in (2023, 2024, 2025) for month, day in ((12, 31), (1, 1), (2, 28))]


@A_FEW
@given(st.lists(any_day | st.sampled_from([*YEARS_ENDS, date(2024, 2, 29)]), min_size=1, max_size=4))
def test_the_window_of_every_zone_ends_on_its_last_date(configuration: Configuration, newest_days: list[date]) -> None:
    """FAULTS 26, 29; R12: the local date one microsecond before data through, and 364 days before it."""
    with engine.connect(configuration.data_dir / "tmp") as connection:
        write_zones(connection, Lake.of(configuration).zones, Learners({z: [(date(1900, 1, 1), z)] for z in ZONES}))
        make_zones_in_force(connection, Lake.of(configuration), DEFAULT, {})
        for newest in newest_days:
            make_zone_segments(connection, [DEFAULT], newest, newest + 2 * ONE_DAY)
            data_through = day_start(newest) + DAY
            connection.execute("drop table if exists zone_windows")
            model = engine.sql(build.HERE / "windows" / "zone_windows.sql")
            connection.execute(f"create temp table zone_windows as {model}", {"data_through": plain(data_through)})
            columns = "zone, window_start, window_end, last_complete_date"
            found = connection.execute(f"select {columns} from zone_windows").fetchall()
            ends = {zone: (local_date(zone, data_through - 1), local_date(zone, data_through)) for zone in ZONES}
            assert sorted(found) == [
                (zone, end - timedelta(days=364), end, coming - ONE_DAY) for zone, (end, coming) in ends.items()
            ]


def night_of(learners: Sequence[str], newest: date) -> World:
    """A learner in each of these zones, with something of every kind around the midnights of the last days."""
    first = newest - 2 * ONE_DAY
    rows: dict[str, list[dict[str, object]]] = {"xp": [], "s": [], "q": []}
    for zone in learners:
        borders = sorted({piece[0] for day in days(first, newest) for piece in local_dates(zone, day)})
        for number, happening in enumerate(happening for border in borders for happening in around(zone, border)):
            at, end = (EPOCH + timedelta(microseconds=instant) for instant in (happening.at, happening.end))
            row: dict[str, object] = {"event_id": f"{zone} {number}", "user_id": zone}
            when = {"started_at": at, "ended_at": end} if happening.stream is SESSIONS else {"occurred_at": at}
            rows[happening.stream.name].append({**row, **when, "amount": amount_of(number), "passed": number % 2 == 0})
    users = [{"user_id": zone, "username": zone, "timezone": zone, "is_public": True} for zone in learners]
    return World(first, newest, (XP, SESSIONS, QUIZZES), rows, ((newest, users),), default_timezone=DEFAULT)


def assert_a_night_equals_the_oracle(learners: Sequence[str], newest: date) -> None:
    """Run it and compare every table; then count the 365 entries in so many words."""
    world = night_of(learners, newest)
    with replay.sqlite_platform() as platform:
        platforms.write(world, platform.url)
        configuration = replay.configured(world, platform)
        replay.night(configuration, newest, newest)
        found, expected = replay.published_tables(configuration), oracle.tables(world)
        for table, rows in expected.items():
            assert found[table] == rows, table
        with replay.published(configuration) as connection:
            entries = connection.execute(
                "select user_id, count(*), count(distinct activity_date), min(activity_date), max(activity_date) "
                "from learning_pulse_calendar group by user_id"
            ).fetchall()
    ends = {zone: local_date(zone, day_start(newest) + DAY - 1) for zone in learners}
    assert sorted(entries) == [(zone, 365, 365, end - timedelta(days=364), end) for zone, end in ends.items()]


@pytest.mark.slow
def test_a_night_with_a_learner_in_every_tenth_zone_equals_the_oracle() -> None:
    """FAULTS 26, 29: over the change of the year, when `year` differs between east and west."""
    assert_a_night_equals_the_oracle(ZONES[::10], date(2025, 12, 31))


@pytest.mark.one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize(
    "newest",
    [
        *(date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1), date(2026, 3, 8), date(2026, 11, 1)),
        *(date(2011, 12, 31), date(2025, 11, 2), date(2026, 10, 25), date(2026, 4, 24), date(2026, 4, 5)),
        *(date(1970, 1, 3), date(1999, 12, 31), date(2037, 11, 1), date(2099, 12, 31)),
    ],
    ids=str,
)
def test_nights_of_special_days_with_a_learner_in_every_zone_equal_the_oracle(
    newest: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 25, 26, 29: some of the days are not over yet, but by a clock of their time."""
    if newest > clock.last_day_over():
        then = datetime.combine(newest + timedelta(days=1), time(2), tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda: then)
    assert_a_night_equals_the_oracle(UNLIKE, newest)
