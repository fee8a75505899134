"""Events that are deleted in the source (R20): they do not exist, and the landing says how many there were."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.night.night import Night
from assets.reconcile.compare import compare
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import (
    FIRST,
    NOON,
    PLATFORMS,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    night,
    platform_of,
    published,
    sqlite_platform,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ShrinkError

COUNTS = "select source_rows, rows, quarantined, duplicates, deleted from landings where day = '2026-06-01'"
FLAGS = {
    "a list": ("state", '{ column = "state", true = ["deleted", "spam"] }'),
    "a boolean": ("gone", '"gone"'),
    "an instant": ("gone_at", None),
}
COLUMNS = {**XP_TYPES, "state": "text", "gone": "boolean", "gone_at": "timestamptz"}
ROWS = [
    ("1", "ann", NOON, 1, "active", False, None),
    ("2", "ann", NOON, 10, "deleted", True, "2026-06-01T13:00:00Z"),
    ("3", "ann", NOON, 100, "Deleted", False, "9999-12-31T00:00:00Z"),  # no such value, and never
    ("4", "ann", NOON, 1000, None, None, None),
    ("5", "ann", NOON, 10000, "spam", True, "2026-05-01T00:00:00Z"),
]


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as source:
        source.make("users", USERS_TYPES, [("ann", "UTC"), ("bob", "UTC")])
        source.make("xp", COLUMNS, ROWS)
        yield source


def configured(platform: Platform, how: str, **pulse: object) -> Configuration:
    """Read the flag of the rows in one of three ways."""
    file = platform.configuration(**pulse).path
    _, flag = FLAGS[how]
    role = f"is_deleted = {flag}" if flag else 'deleted_at = "gone_at"'
    text = file.read_text(encoding="utf-8").replace('amount = "amount"', f'amount = "amount", {role}')
    file.write_text(text, encoding="utf-8")
    return load(file, uses=["sources"])


@pytest.mark.parametrize("how", FLAGS)
def test_a_deleted_event_does_not_exist_and_is_counted(platform: Platform, how: str) -> None:
    configuration = configured(platform, how)
    assert night(configuration, FIRST) is not None
    assert xp_by_day(configuration) == {FIRST: 1101}
    assert published(configuration, COUNTS) == [(5, 3, 0, 0, 2)]
    assert published(configuration, "select * from quarantine") == []
    assert compare(Night.of(configuration)).drifts == []


def test_what_is_deleted_later_has_drifted_and_is_gone_after_the_next_night(platform: Platform) -> None:
    """R23: the checksum covers the column of the flag."""
    configuration = configured(platform, "a list")
    night(configuration, FIRST)
    platform.run("update {xp} set state = 'deleted' where event_id = '4'")
    assert [drift.landing.stream for drift in compare(Night.of(configuration)).drifts] == ["xp"]
    night(configuration, FIRST, "accept_shrink")
    assert xp_by_day(configuration) == {FIRST: 101}


def test_the_shrink_guard_counts_deleted_events_as_gone(tmp_path: Path) -> None:
    platform = sqlite_platform(tmp_path)
    platform.make("users", USERS_TYPES, [("ann", "UTC")])
    platform.make("xp", COLUMNS, [(*row, "active", False, None) for row in xp_rows(30)])
    configuration = configured(platform, "a list")
    night(configuration, FIRST)
    platform.run("update {xp} set state = 'deleted' where amount = 1")
    with pytest.raises(ShrinkError, match=r"would shrink from 30 to 0 rows"):
        night(configuration, FIRST)


@pytest.mark.slow
def test_erasing_a_learner_leaves_the_flag_of_the_others_rows(tmp_path: Path) -> None:
    """R20, R26: without bob ann's row of an id counts, which is alive for one id and deleted for another."""
    platform = sqlite_platform(tmp_path)
    platform.make("users", USERS_TYPES, [("ann", "UTC"), ("bob", "UTC")])
    columns = {**COLUMNS, "updated_at": "timestamptz"}
    early, late = "2026-06-01T13:00:00Z", "2026-06-01T14:00:00Z"
    rows = [
        ("1", "bob", NOON, 5, "deleted", None, None, late),
        ("1", "ann", NOON, 7, "active", None, None, early),
        ("2", "bob", NOON, 5, "active", None, None, late),
        ("2", "ann", NOON, 70, "deleted", None, None, early),
        ("3", "ann", NOON, 700, "active", None, None, early),
        ("4", "ann", NOON, 7000, "deleted", None, None, early),
    ]
    platform.make("xp", columns, rows)
    configuration = configured(platform, "a list", quarantine_budget=1.0)
    night(configuration, FIRST)
    assert published(configuration, COUNTS) == [(6, 2, 0, 2, 2)]
    assert erase(configuration, "bob").failure is None
    assert published(configuration, COUNTS) == [(4, 2, 0, 0, 2)]
    assert published(configuration, "select user_id, xp_earned from daily_activity") == [("ann", 707)]
