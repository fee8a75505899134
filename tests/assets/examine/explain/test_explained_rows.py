"""What `pulse explain` says of a date of `explained_world.py`, row by row and worked out by hand."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest

from assets.all_steps import publish_lake
from assets.examine.explain.explain import explain
from assets.examine.explain.lines import lines_of
from assets.examine.explain.parts import Piece
from assets.night.night import Night
from assets.step2_land.land import land
from tests.assets.examine.explain.explained_world import DATE, HOSTILE, NEW_YORK, explained_world
from tests.oracle.small_worlds import XP, at, xp
from tests.support.erasing.erase import erase
from tests.support.platforms import platforms
from tests.support.running import replay
from warehouse.errors import ConfigurationError, PulseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assets.examine.explain.explanation import Explanation

NEWEST = date(2026, 3, 10)


@pytest.fixture(scope="module")
def platform() -> Iterator[replay.Platform]:
    """The published world; each test that changes something asks for `changing` instead."""
    with replay.sqlite_platform() as made:
        replay.replayed(explained_world(), made)
        yield made


@pytest.fixture(scope="module")
def ann(platform: replay.Platform) -> Explanation:
    return explained(platform, "ann", DATE)


@pytest.fixture
def changing() -> Iterator[replay.Platform]:
    with replay.sqlite_platform() as made:
        replay.replayed(explained_world(), made)
        yield made


def explained(platform: replay.Platform, user_id: str, day: date) -> Explanation:
    return explain(Night.of(replay.configured(explained_world(), platform)), user_id, day)


def counted(explanation: Explanation) -> dict[str | None, dict[str, int]]:
    return {row.event_id: dict(row.adds) for row in explanation.counting}


def reasons(explanation: Explanation) -> list[tuple[str | None, str | None]]:
    return sorted((row.event_id or "", row.reason) for row in explanation.not_counting)


def text_of(explanation: Explanation) -> str:
    return "\n".join(lines_of(explanation))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_date_of_23_hours_lies_between_its_two_midnights(ann: Explanation) -> None:
    assert (ann.status, ann.timezone, ann.is_complete) == ("known", NEW_YORK, True)
    assert (ann.begins_at, ann.ends_at) == (utc("2026-03-08 05:00"), utc("2026-03-09 04:00"))
    assert "2026-03-08 05:00:00 to 2026-03-09 04:00:00 UTC, 23 hours" in text_of(ann)


def test_rows_that_count_say_what_they_add(ann: Explanation) -> None:
    assert counted(ann) == {
        "first": {"xp_earned": 10},
        "last": {"xp_earned": 5},
        "twice": {"xp_earned": 8},
        HOSTILE: {"xp_earned": 1},
        "over midnight": {},
        "second device": {"sessions": 1},
        "into the next": {"sessions": 1},
        "without an end": {"sessions": 1},
        "passed": {"quizzes": 1, "quizzes_passed": 1},
        "not passed": {"quizzes": 1, "quizzes_passed": 0},
        "book": {"xp_earned": 3, "learning_time": 90},
        "cover": {},
    }


def test_rows_that_do_not_count_say_why(ann: Explanation) -> None:
    assert reasons(ann) == [
        ("backwards", "ended_before_started"),
        ("bad", "bad_amount"),
        ("gone", "deleted"),
        ("maybe", "bad_passed"),
        ("twice", "duplicate"),
        ("whose", "duplicate_of_another_learner"),
    ]
    assert [(stream, json.loads(row)["event_id"]) for stream, row in ann.undated] == [("xp_events", "when")]
    bad = next(row for row in ann.not_counting if row.event_id == "bad")
    assert json.loads(bad.source_row or "")["amount"] == "many"


def test_sessions_are_cut_at_midnight_and_merged(ann: Explanation) -> None:
    assert [*ann.pieces] == [
        Piece(utc("2026-03-08 05:00"), utc("2026-03-08 06:00"), "web_sessions", "over midnight"),
        Piece(utc("2026-03-08 05:30"), utc("2026-03-08 07:15:00.5"), "phone_sessions", "second device"),
        Piece(utc("2026-03-09 03:50"), utc("2026-03-09 04:00"), "web_sessions", "into the next"),
    ]
    assert [*ann.merged] == [
        Piece(utc("2026-03-08 05:00"), utc("2026-03-08 07:15:00.5")),
        Piece(utc("2026-03-09 03:50"), utc("2026-03-09 04:00")),
    ]


def test_the_sums_are_what_is_published(ann: Explanation) -> None:
    expected = {"xp_earned": 27, "learning_time": 8_790, "sessions": 3, "quizzes": 2, "quizzes_passed": 1}
    assert ann.sums.measures == expected
    assert (ann.sums.xp, ann.sums.session_microseconds) == (27, 8_790_500_000)
    assert (ann.score, ann.comparison, ann.is_covered) == (27, "equal", True)
    assert ann.published is not None
    assert dict(ann.published.measures) == expected
    # her scores are 0, 27 and 140, which are the cuts as well
    assert (ann.published.level, [*ann.published.cuts], ann.published.population) == (3, [0, 27, 140], "own")
    assert "has the same numbers" in text_of(ann)
    assert "8,790.5 s, floored once (R7)" in text_of(ann)


def test_a_sum_below_zero_says_so(platform: replay.Platform) -> None:
    before = explained(platform, "ann", date(2026, 3, 7))
    assert counted(before) == {"the date before": {"xp_earned": -50}, "over midnight": {"sessions": 1}}
    assert (before.sums.xp, before.sums.measures["xp_earned"]) == (-50, 0)
    assert "the amounts add up to -50, and a date is never below 0 (R6)" in text_of(before)


def test_nothing_of_another_learner_is_shown(ann: Explanation) -> None:
    everything = text_of(ann) + json.dumps(ann.to_json())
    assert "of bob" not in everything
    assert "bob" not in everything
    assert not {"9,999", "9999", "2,000", "2000"} & set(everything.replace(",", " ").split())


def test_no_character_of_a_source_reaches_the_terminal(ann: Explanation) -> None:
    text = text_of(ann)
    assert "\\x1b[31m\\u202ered\\nhead: x" in text
    assert all(character.isprintable() for line in lines_of(ann) for character in line)
    assert json.dumps(ann.to_json()).isascii()


def test_what_is_after_data_through_does_not_count(platform: replay.Platform) -> None:
    newest = explained(platform, "cat", NEWEST)
    assert newest.merged == [Piece(utc("2026-03-10 23:00"), utc("2026-03-11 00:00"))]
    coming = explained(platform, "cat", date(2026, 3, 11))
    assert reasons(coming) == [("of cat", "after_data_through")]
    assert (set(coming.sums.measures.values()), coming.is_complete, coming.comparison) == ({0}, False, "equal")


def test_a_day_that_not_every_stream_has_landed_does_not_count_yet(changing: replay.Platform) -> None:
    configuration = replay.configured(explained_world(), changing)
    land(Night.of(configuration), configuration.streams[XP.name], [date(2026, 3, 11)])
    explanation = explained(changing, "ann", NEWEST)
    assert reasons(explanation) == [("later", "day_not_complete")]
    assert not explanation.is_complete


def test_a_deleted_learner_has_rows_and_no_numbers(platform: replay.Platform) -> None:
    explanation = explained(platform, "dee", DATE)
    assert (explanation.status, reasons(explanation)) == ("deleted", [("of dee", "deleted_learner")])
    assert set(explanation.sums.measures.values()) == {0}
    assert "deleted in the source: none of the rows counts (R21)" in text_of(explanation)


def test_a_learner_who_is_not_among_the_users_has_rows_and_no_numbers(platform: replay.Platform) -> None:
    explanation = explained(platform, "eve", DATE)
    assert (explanation.status, reasons(explanation)) == ("unknown", [("of nobody", "unknown_learner")])
    assert set(explanation.sums.measures.values()) == {0}


def test_whom_no_row_names_is_unknown(platform: replay.Platform) -> None:
    with pytest.raises(PulseError, match="learner 'kim' is unknown: no users, and no rows near 2026-03-08"):
        explained(platform, "kim", DATE)


def test_an_erased_learner_is_as_unknown_as_any(changing: replay.Platform) -> None:
    configuration = replay.configured(explained_world(), changing)
    land_again = (changing.folder / "var" / "lake" / XP.name / "2026-03-08.parquet").read_bytes()
    erase(configuration, "ann")
    with pytest.raises(PulseError, match="learner 'ann' is unknown: no users, and no rows near 2026-03-08"):
        explained(changing, "ann", DATE)
    # rows that came back with a backup change nothing
    (changing.folder / "var" / "lake" / XP.name / "2026-03-08.parquet").write_bytes(land_again)
    with pytest.raises(PulseError, match="learner 'ann' is unknown"):
        explained(changing, "ann", DATE)


@pytest.mark.parametrize("day", [date(2026, 3, 5), date(2026, 3, 12), date.min, date.max])
def test_other_dates_are_refused(platform: replay.Platform, day: date) -> None:
    with pytest.raises(ConfigurationError, match="there are dates from 2026-03-06 to 2026-03-11") as refused:
        explained(platform, "ann", day)
    assert refused.value.exit_code == 2


def test_a_version_that_is_older_than_the_lake_is_named_and_then_restated(changing: replay.Platform) -> None:
    world = explained_world()
    rows = {**world.rows, XP.name: [*world.rows[XP.name], xp("added", "ann", at("2026-03-08 16:00"), 500)]}
    changed = type(world)(**{**vars(world), "rows": rows})
    platforms.write(changed, changing.url)
    configuration = replay.configured(changed, changing)
    land(Night.of(configuration), configuration.streams[XP.name], [DATE])
    older = explained(changing, "ann", DATE)
    assert (older.comparison, older.sums.measures["xp_earned"]) == ("older", 527)
    assert [(each.stream, each.day) for each in older.sources if not each.is_in_version] == [(XP.name, DATE)]
    assert "is older than the lake" in text_of(older)
    assert "it says xp_earned 27," in text_of(older)
    publish_lake(Night.of(configuration), replay.GUARDS)
    restated = explained(changing, "ann", DATE)
    assert (restated.comparison, restated.restatements) == (
        "equal",
        [{"measure": "xp_earned", "old": 27, "new": 527, "version": older_to_newer(older), "reason": "source"}],
    )
    assert "27 to 527" in text_of(restated)


def older_to_newer(explanation: Explanation) -> str:
    """The name of the version after the one that an explanation compares with."""
    assert explanation.published is not None
    return explanation.published.version.replace("000001", "000002")


def test_before_anything_is_published_the_lake_is_explained_all_the_same(changing: replay.Platform) -> None:
    (changing.folder / "var" / "warehouse" / "pulse.duckdb").unlink()
    explanation = explained(changing, "ann", DATE)
    assert (explanation.comparison, explanation.published) == ("none", None)
    assert explanation.sums.measures["xp_earned"] == 27
    assert "nothing yet; run `pulse nightly`" in text_of(explanation)
    assert "later than the version" not in text_of(explanation)
