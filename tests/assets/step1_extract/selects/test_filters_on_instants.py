"""Filters and `never` on columns of instants: a text of TOML is the instant that it says there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platforms.sources import (
    FIRST,
    PLATFORMS,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    platform_of,
    xp_by_day,
)
from warehouse.configuration.configuration import load
from warehouse.lake.days import DAY

TYPES = {**XP_TYPES, "zoned": "timestamptz", "plain": "timestamp", "day": "date"}
ROWS = [
    ("1", "ann", "2026-06-01T12:00:00Z", 1, "2026-06-01T00:00:00Z", "2026-06-01T00:00:00", "2026-06-01"),
    ("2", "ann", "2026-06-01T12:00:00Z", 10, "2026-06-01T00:00:01Z", "2026-06-01T00:00:01", "2026-06-02"),
    ("3", "ann", "2026-06-01T12:00:00Z", 100, None, None, None),
]


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as source:
        source.make("users", USERS_TYPES, [("ann", "UTC")])
        source.make("xp", TYPES, ROWS)
        yield source


def xp(platform: Platform, old: str, new: str) -> int:
    file = platform.configuration().path
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    configuration = load(file, uses=["sources"])
    night(configuration, FIRST + DAY)
    return xp_by_day(configuration).get(FIRST, 0)


@pytest.mark.parametrize("column", ["zoned", "plain", "day"])
@pytest.mark.parametrize(("condition", "expected"), [("is", 1), ("is_not", 110), ("below", 1), ("at_least", 10)])
def test_a_filter_compares_instants(platform: Platform, column: str, condition: str, expected: int) -> None:
    """R1: of SQLite, which has texts, the text has to be that of the column."""
    value = {"zoned": "2026-06-01T00:00:00Z", "plain": "2026-06-01T00:00:00", "day": "2026-06-01"}[column]
    if condition in ("below", "at_least"):
        value = {"day": "2026-06-02"}.get(column, value.replace("00:00:00", "00:00:01"))
    written = f'["{value}"]' if condition.startswith("is") else f'"{value}"'
    where = f'where = [{{ column = "{column}", {condition} = {written} }}]\ncolumns = {{ event_id'
    assert xp(platform, "columns = { event_id", where) == expected


def test_an_instant_that_is_never_is_no_row(platform: Platform) -> None:
    platform.run("update {xp} set occurred_at = '2026-06-01T00:00:00Z' where event_id = '2'".replace("Z'", "'"))
    new = 'occurred_at = { column = "occurred_at", never = ["2026-06-01T00:00:00"] }'
    assert xp(platform, 'occurred_at = "occurred_at"', new) == 101
