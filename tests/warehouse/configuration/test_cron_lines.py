"""Cron lines beside Dagster's own judgement: what we take is taken there, and fires (FAULTS 58)."""

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DefaultScheduleStatus, ScheduleDefinition
from dagster._utils.schedules import CroniterShim, is_valid_cron_schedule, schedule_execution_time_iterator
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.command_line import cli
from warehouse.configuration.cron import FIELDS, Field, mistake, numbers_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)
LONGEST = timedelta(days=8 * 366)  # to the next 29 February, and over a century's end
SECTIONS = ("pulse.schedule", "pulse.reconcile")
REST = """
[sources.platform]
url = "sqlite:///platform.db"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {user_id = "id"}
[streams.xp]
kind = "xp"
source = "platform"
table = "xp"
columns = {event_id = "id", user_id = "user_id", occurred_at = "at", amount = "amount"}
"""


def numbers(field: Field) -> st.SearchStrategy[str]:
    known = st.integers(field.first, field.last).map(str)
    return st.one_of(known, st.sampled_from(field.words)) if field.words else known


def parts(field: Field) -> st.SearchStrategy[str]:
    ranges = st.tuples(numbers(field), numbers(field)).map("-".join)
    odd = st.sampled_from(["L", "60", "00", "07", "sunday", "?", "1-2-3", "*/0", "", "5#2", "1.5", "-1"])
    whole = st.one_of(st.just("*"), numbers(field), numbers(field), ranges, *([odd] if field is FIELDS[1] else []))
    return st.tuples(whole, st.sampled_from(["", "", "", "/1", "/2", "/7", "/31", "/100"])).map("".join)


LINES = st.tuples(*(st.lists(parts(field), min_size=1, max_size=3).map(",".join) for field in FIELDS)).map(" ".join)


@given(LINES)
@settings(max_examples=100)
def test_what_we_take_dagster_takes_and_means_the_same_by(line: str) -> None:
    """FAULTS 58."""
    if mistake(line) is not None:
        return
    assert is_valid_cron_schedule(line)
    expanded, *_ = CroniterShim.expand(line)
    for field, text, theirs in zip(FIELDS, line.split(), expanded, strict=True):
        everything: set[object] = set(range(field.first, field.first + field.size))
        ours = numbers_of(field, text)
        if field is FIELDS[4] and "/" in text:
            continue  # from 5 on in steps: whether Sunday as 7 is among them changes nothing about what is taken
        assert set(ours or ()) == (everything if "*" in theirs else set(theirs))


@given(LINES)
@settings(max_examples=25)
def test_what_we_take_fires_again_and_again(line: str) -> None:
    """FAULTS 58."""
    if mistake(line) is not None:
        return
    times = schedule_execution_time_iterator(NOW.timestamp(), line, "UTC")
    first, second = next(times), next(times)
    assert NOW <= first < second < NOW + 2 * LONGEST


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("mon 2 * * *", "is no cron line of five fields"),
        ("0 2 jan * *", "is no cron line of five fields"),
        ("0 2 31-1 * *", "is no cron line of five fields"),
        ("0 2 30 2 *", "never fires"),
        ("0 2 * mon *", "is no cron line of five fields"),
        ("0 2 * * jan", "is no cron line of five fields"),
        ("0 fri * * *", "is no cron line of five fields"),
        ("0 5-5 * * *", "is no cron line of five fields"),  # Dagster: every hour
        ("0 23/1 * * *", "is no cron line of five fields"),  # the same
        ("0 2 * * 7-0", "is no cron line of five fields"),  # Dagster: every day
        ("0 2 31 2,4,6 *", "never fires"),  # Dagster takes it, and looks for ever
        ("0 2 30 2 mon", "never fires"),
        ("0 2 31 4,nov 0-2", "never fires"),
        ("@daily", "is no cron line of five fields"),
    ],
)
@pytest.mark.parametrize("section", SECTIONS)
def test_a_line_that_would_be_fatal_later_is_refused_with_its_key(
    section: str, line: str, answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 58."""
    place = tmp_path / "pulse.toml"
    place.write_text(f'[pulse]\nfirst_day = 2026-06-01\n[{section}]\ncron = "{line}"\n{REST}', encoding="utf-8")
    assert cli.main(["status", "--config", str(place)]) == 2
    example = "no month of it has such a day, " if answer == "never fires" else ""
    separator = ": " if example else ", "
    line_of_error = f'pulse: {place}: {section}.cron: "{line}" {answer}{separator}{example}write one like "0 2 * * *"\n'
    assert capsys.readouterr().err == line_of_error


@pytest.mark.parametrize(
    "line", ["0 2 * * fri-mon", "0 22-4 * * *", "0 2 29 2 *", "0 2 * nov-dec SUN", "*/100 2 * * 0-7"]
)
def test_a_line_that_is_rare_or_goes_around_is_taken(line: str) -> None:
    assert mistake(line) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = ScheduleDefinition(
            name="x", job_name="x", cron_schedule=line, default_status=DefaultScheduleStatus.RUNNING
        )
    assert made.cron_schedule == line
