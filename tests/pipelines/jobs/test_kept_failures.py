"""What Dagster keeps of a failed run names no learner: it outlives an erasure (FAULTS 42). The terminal does."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from assets.orchestration.resources import by_command
from assets.orchestration.retries import permanent_errors_fail_at_once
from assets.step6_check.check import PipelineFaultError, without_keys
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA
from tests.support.platforms.sources import Notes
from tests.support.running.command_place import Place
from warehouse.configuration.configuration import Configuration
from warehouse.errors import CheckFailedError


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """A platform with a second table of learners, in which Ana is, too."""
    made = small_platform.make(tmp_path)
    with closing(sqlite3.connect(tmp_path / "platform.sqlite")) as platform, platform:
        platform.execute("create table more_users as select * from users")
    text = made.path.read_text()
    (users,) = [block for block in text.split("\n\n") if block.startswith("[streams.users]")]
    again = users.replace("[streams.users]", "[streams.more_users]").replace(
        '"users"\ncolumns', '"more_users"\ncolumns'
    )
    made.path.write_text(text.replace(users, f"{users}\n\n{again}"))
    return made


@pytest.mark.slow
def test_ids_of_two_streams_are_on_the_terminal_and_not_in_dagster(configuration: Configuration) -> None:
    place = Place(configuration.path.parent)
    code, out, err = place.pulse("nightly", "--day", "2025-12-30", "--config", "pulse.toml")
    assert code == 1
    assert ANA in out
    assert "6 ids are in more than one stream of learners; no learners were replaced" in err
    assert ANA not in err
    kept = b"".join(file.read_bytes() for file in (configuration.data_dir / "dagster").rglob("*") if file.is_file())
    assert b"6 ids are in more than one stream" in kept
    assert ANA.encode() not in kept


def failure_of(error: Exception) -> tuple[dg.Failure, list[str]]:
    notes = Notes()
    with by_command(notes), pytest.raises(dg.Failure) as raised, permanent_errors_fail_at_once():
        raise error
    return raised.value, notes.lines


def test_a_failed_check_keeps_its_count_and_not_the_key_of_a_learner() -> None:
    message = "check totals_equal_days found 2 (such as user_key 123456): this is a fault"
    failure, lines = failure_of(PipelineFaultError(message, "doubt", without_keys(message)))
    assert failure.description == "check totals_equal_days found 2 (such as one learner): this is a fault"
    assert "123456" not in str(failure.__cause__)
    assert type(failure.__cause__) is PipelineFaultError
    assert lines == [message]


def test_an_error_without_a_learner_is_kept_as_it_is_and_not_said_twice() -> None:
    failure, lines = failure_of(CheckFailedError("check no_day_missing found 1 (such as xp_events 2026-01-01)"))
    assert failure.description == "check no_day_missing found 1 (such as xp_events 2026-01-01)"
    assert lines == []
