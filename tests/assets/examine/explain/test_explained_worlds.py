"""Every date of random worlds, explained by the lake, against the independent oracle: sums, levels, rows and pieces."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from assets.examine.explain.explain import explain
from assets.examine.explain.lines import lines_of
from assets.examine.explain.parts import MEASURES
from assets.night.night import Night
from tests.oracle import oracle
from tests.oracle.worlds import worlds
from tests.oracle.worlds_of_learners import worlds_of_learners
from tests.support.running import replay
from warehouse.errors import PulseError

if TYPE_CHECKING:
    from datetime import date

    from assets.examine.explain.explanation import Explanation
    from tests.oracle.oracle import Result, World

# A world is large, and so is the report of a failing one: that warning must not take its place.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

EXAMPLES = settings().max_examples
A_FEW = settings(max_examples=max(2, EXAMPLES // 8))  # every learner and every date of each
HALF = settings(max_examples=max(1, EXAMPLES // 2))
FEWEST_EVENTS = 8  # the first world that hypothesis draws is the emptiest that passes
DAY = timedelta(days=1)
NOTHING = (0,) * len(MEASURES)


def is_busy(world: World) -> bool:
    """Whether enough happens in a world to show anything."""
    return len(oracle.land(world).events) >= FEWEST_EVENTS


@A_FEW
@given(worlds(may_lose_learners=True).filter(is_busy))
def test_every_date_of_every_learner_equals_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        assert_explained(world, Night.of(replay.replayed(world, platform)))


@pytest.mark.slow
@pytest.mark.thorough
@HALF
@given(worlds(may_lose_learners=True))
def test_every_date_of_many_worlds_equals_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        assert_explained(world, Night.of(replay.replayed(world, platform)))


@pytest.mark.slow
@A_FEW
@given(worlds_of_learners())
def test_learners_of_several_streams_and_lookups_equal_the_oracle(world: World) -> None:
    with replay.sqlite_platform() as platform:
        assert_explained(world, Night.of(replay.replayed(world, platform)))


def assert_explained(world: World, night: Night) -> None:
    """Explain every date of every learner, known, deleted and unknown, and compare."""
    result = oracle.worked_out(world)
    years = {row[:3:2]: row[-1] for row in oracle.yearly_tables(world, result)["yearly_pulse"]}
    dates = [*oracle.days(world.first_day - DAY, world.newest_day + DAY)]
    for user_id in result.history:
        explained = {day: explain(night, user_id, day) for day in dates}
        for day, explanation in explained.items():
            assert explanation.status == "known"
            assert_equals_the_cell(result, user_id, day, explanation)
            assert_adds_up(explanation)
            assert_has_the_level(result, years, user_id, day, explanation)
            assert list(lines_of(explanation))
        assert_has_every_row(world, result, user_id, [*explained.values()])
    for user_id in result.learners.deleted:
        for day in dates:
            assert_counts_nothing(explain(night, user_id, day), "deleted")
    nobody = next(iter(world.users_prefixes.values()), "") + replay.NOBODY
    with pytest.raises(PulseError, match="is unknown"):
        explain(night, nobody, dates[1])


def assert_equals_the_cell(result: Result, user_id: str, day: date, explanation: Explanation) -> None:
    expected = dict(zip(MEASURES, result.history[user_id].get(day, NOTHING), strict=True))
    assert explanation.sums.measures == expected
    assert explanation.comparison == "equal"
    assert explanation.is_covered == (day in result.covered[user_id])
    assert explanation.is_complete == (day <= result.pulses[user_id].last_complete_date)


def assert_adds_up(explanation: Explanation) -> None:
    """What each row adds, and each piece, gives the sums; no piece overlaps another once they are merged."""
    added = Counter[str]()
    for row in explanation.counting:
        added.update(row.adds)
    sums, measures = explanation.sums, explanation.sums.measures
    assert added["xp_earned"] == sums.xp
    assert max(added["xp_earned"], 0) == measures["xp_earned"]
    for name in ("sessions", "quizzes", "quizzes_passed"):
        assert added[name] == measures[name]
    merged = sum(piece.microseconds for piece in explanation.merged)
    assert added["learning_time"] * oracle.SECOND + merged == sums.session_microseconds
    starts_and_ends = [instant for piece in explanation.merged for instant in (piece.from_utc, piece.until_utc)]
    assert starts_and_ends == sorted(set(starts_and_ends))
    assert sum(row.open_microseconds for row in explanation.counting) == sum(
        piece.microseconds for piece in explanation.pieces
    )


def assert_has_the_level(
    result: Result, years: dict[tuple[object, ...], object], user_id: str, day: date, explanation: Explanation
) -> None:
    pulse, published = result.pulses[user_id], explanation.published
    assert published is not None
    if day > pulse.window_end:
        assert published.level is None
    elif day < pulse.window_start:
        assert published.level == years.get((user_id, day), 0)
    else:
        assert published.level == pulse.level.get(day, 0)
        assert (*published.cuts,) == tuple(cut for cut in pulse.cuts if cut is not None)
        assert published.population == pulse.population


def assert_has_every_row(world: World, result: Result, user_id: str, explained: list[Explanation]) -> None:
    """Each of a learner's events counts on one date, and what broke a rule is on a date too, with its reason."""
    counted = Counter(
        (row.stream, row.event_id)
        for explanation in explained
        for row in explanation.counting
        if row.kind != "sessions" or row.adds
    )
    events = [(stream.name, event.event_id) for stream, event in result.landings.events if event.user_id == user_id]
    assert counted == Counter(events)
    if world.lookups:
        return  # whose a row in the quarantine is, the oracle does not say
    reasons = set()
    for stream in world.streams:
        for row in world.rows.get(stream.name, ()):
            verdict, at = oracle.judged(stream, row), oracle.starting_instant(stream, row)
            is_own = oracle.identifier(row.get("user_id"))[0] == user_id
            is_landed = at is not None and world.first_day <= oracle.utc_day(at) <= world.newest_day
            if is_own and is_landed and isinstance(verdict, str):
                reasons.add((stream.name, verdict))
    not_counted = {(row.stream, row.reason) for explanation in explained for row in explanation.not_counting}
    others = {"duplicate", "deleted", "deleted_duplicate", "duplicate_of_another_learner", "after_data_through"}
    assert {pair for pair in not_counted if pair[1] not in others} == reasons


def assert_counts_nothing(explanation: Explanation, status: str) -> None:
    assert explanation.status == status
    assert explanation.counting == []
    assert set(explanation.sums.measures.values()) == {0}
    assert explanation.merged == ()
    assert list(lines_of(explanation))
