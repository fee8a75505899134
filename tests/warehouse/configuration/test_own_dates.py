"""Streams of learners' own dates and of totals by day: which mistakes their mappings are answered with (R5, R23)."""

import re
from pathlib import Path

import pytest

from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ConfigurationError

FILE = """
[pulse]
first_day = 2026-01-01
lookback_days = {lookback}
[sources.platform]
url = "sqlite:///platform.sqlite"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {{ user_id = "id" }}
[streams.events]
kind = "{kind}"
source = "platform"
table = "events"
columns = {{ user_id = "u", {columns} }}
"""
XP = 'event_id = "id", amount = "a"'
DATE = 'occurred_at = { column = "d", date = "local" }'


def read(folder: Path, kind: str, columns: str, lookback: int = 7) -> Configuration:
    path = folder / "pulse.toml"
    path.write_text(FILE.format(kind=kind, columns=columns, lookback=lookback), encoding="utf-8")
    return load(path, uses=["sources"])


@pytest.mark.parametrize(
    ("kind", "columns", "answer"),
    [
        ("xp", f'{XP}, occurred_at = {{ column = "d", date = "utc" }}', "occurred_at.date: Input should be 'local'"),
        (
            "xp",
            f'{XP}, occurred_at = {{ column = "d", date = "local", unit = "s" }}',
            "date excludes unit, format and never",
        ),
        (
            "xp",
            f'{XP}, occurred_at = {{ column = "d", date = "local", never = [""] }}',
            "date excludes unit, format and never",
        ),
        (
            "xp",
            f'{XP}, {DATE}, updated_at = {{ column = "x", date = "local" }}',
            "updated_at is an instant; only occurred_at may",
        ),
        (
            "sessions",
            'event_id = "id", started_at = { column = "d", date = "local" }',
            "started_at is an instant; only occurred_at may",
        ),
        ("daily", 'on = { column = "d", date = "local" }, xp = "x"', 'on takes no "date", but column'),
        ("daily", 'on = "d"', "kind daily needs one of xp, seconds, sessions, quizzes, quizzes_passed"),
        ("daily", 'on = "d", xp = "x", quizzes_passed = "p"', "quizzes_passed needs quizzes, of which they are a part"),
        (
            "daily",
            'on = "d", seconds = { column = "s", unit = "s" }',
            'seconds takes no "unit", but column, times, round, value',
        ),
        ("daily", 'xp = "x"', 'no column is mapped to "on"'),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_a_mistake(kind: str, columns: str, answer: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(answer)):
        read(tmp_path, kind, columns)


@pytest.mark.parametrize(
    ("kind", "columns"), [("xp", f"{XP}, {DATE}"), ("daily", 'on = "d", sessions = { value = 1 }')]
)
def test_own_dates_need_a_lookback_until_they_are_over(kind: str, columns: str, tmp_path: Path) -> None:
    answer = (
        "streams.events: it has learners' own dates, which go on until 12:00 UTC of the next day; pulse.lookback_days"
    )
    with pytest.raises(ConfigurationError, match=re.escape(answer)):
        read(tmp_path, kind, columns, lookback=1)
    assert read(tmp_path, kind, columns, lookback=2).has_own_dates


def test_instants_need_no_lookback_and_are_no_own_dates(tmp_path: Path) -> None:
    configuration = read(tmp_path, "xp", f'{XP}, occurred_at = {{ column = "d", never = [""] }}', lookback=0)
    assert not configuration.has_own_dates


def test_an_instant_that_was_mapped_by_a_table_keeps_its_fingerprint(tmp_path: Path) -> None:
    """R23: an upgrade extracts nothing anew; this is what was said of such a stream before there were own dates."""
    stream = read(tmp_path, "xp", f'{XP}, occurred_at = {{ column = "d", unit = "s" }}').streams["events"]
    assert stream.fingerprint == "4146b6ed32419453"
    assert read(tmp_path, "xp", f"{XP}, {DATE}").streams["events"].fingerprint != stream.fingerprint
