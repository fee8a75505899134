"""The columns that Dagster shows of the lake are those that its files have."""

from pathlib import Path

import duckdb
import pytest

from assets.night.night import Night
from assets.orchestration.shown import columns
from assets.orchestration.shown.columns import SCHEMA
from assets.step4_roll_up.activity import roll_up
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from warehouse import engine
from warehouse.configuration.configuration import Configuration
from warehouse.lake.lake import Lake


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path, SECOND)


def of_file(file: Path) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        described = connection.execute(f"describe select * from {engine.files([file])}").fetchall()
    return [(name, type_) for name, type_, *_ in described]


def test_files_of_the_lake_have_the_columns_that_are_shown(configuration: Configuration) -> None:
    lake = Lake.of(configuration)
    shown = {
        lake.users: columns.of_users(),
        lake.activity(small_platform.SECOND_NIGHT): columns.of_activity(has_own_dates=False, is_by_stream=False),
    }
    for stream in configuration.event_streams:
        shown[lake.landing(stream.name, small_platform.SECOND_NIGHT)] = columns.of_landing(stream)
    for file, metadata in shown.items():
        assert [(column.name, column.type) for column in metadata[SCHEMA].columns] == of_file(file), file


def test_activity_by_stream_has_the_columns_that_are_shown(nights: Path, tmp_path: Path) -> None:
    configuration = small_platform.copied(nights, tmp_path, small_platform.SECOND)
    by_stream = configuration.pulse.model_copy(update={"by_stream": True})
    configuration = configuration.model_copy(update={"pulse": by_stream})
    roll_up(Night.of(configuration))
    (metadata,) = columns.of_activity(has_own_dates=False, is_by_stream=True).values()
    activity = Lake.of(configuration).activity(small_platform.SECOND_NIGHT)
    assert [(column.name, column.type) for column in metadata.columns] == of_file(activity)


def test_a_table_that_two_streams_read_shows_each_column_once_with_all_its_roles(configuration: Configuration) -> None:
    xp = configuration.streams["xp_events"]
    again = xp.model_copy(update={"name": "points"})
    (metadata,) = columns.of_source([xp, again]).values()
    shown = {column.name: (column.type, column.description) for column in metadata.columns}
    assert shown["user_id"] == ("id", "user_id of xp_events, user_id of points")
    assert shown["amount"] == ("amount", "amount of xp_events, amount of points")
