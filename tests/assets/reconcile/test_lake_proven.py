"""What a reconciliation proves of our own files: activity by its landings, and kept rows by a version in full (R24)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from assets.night.night import Night
from assets.reconcile import prove
from assets.reconcile.prove import HASHES_DIFFER, ONE_IN, prove_lake
from assets.reconcile.reconcile import reconcile
from assets.step5_build.build import DRIFTED, Built, build
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, FIRST_DAY, SECOND
from tests.support.running.in_full import hash_in_full
from tests.support.running.rewriting import rewrite
from warehouse import clock
from warehouse.lake.lake import Lake
from warehouse.versions.manifest import sha256_of
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

OF_ANA = f"where user_id = '{ANA}' and activity_date = '{FIRST_DAY}'"


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published; the platform that they read is there still."""
    return small_platform.copied(nights, tmp_path, SECOND)


def in_week(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the clock say so many weeks after a Monday in 2026."""
    now = datetime(2026, 1, 5, tzinfo=UTC) + number * timedelta(weeks=1)
    monkeypatch.setattr(clock, "now", lambda: now)


def restatements(configuration: Configuration) -> list[tuple[object, ...]]:
    warehouse = Warehouse.of(configuration)
    with duckdb.connect(str(warehouse.pointer.resolve()), read_only=True) as version:
        return version.execute("select user_id, measure, old, new, reason from restatements").fetchall()


@pytest.mark.slow
def test_a_lake_without_a_mistake_is_proven_and_nothing_is_published(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every week, and nothing that was built for it is left over."""
    warehouse = Warehouse.of(configuration)
    before = warehouse.kept()
    for week in range(ONE_IN):
        in_week(monkeypatch, week)
        assert prove_lake(Night.of(configuration)) is None
        assert list(warehouse.building("*").parent.iterdir()) == []
    assert (warehouse.kept(), warehouse.current()) == (before, SECOND)


def test_each_day_has_its_week_in_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    weeks = []
    for week in range(ONE_IN):
        in_week(monkeypatch, week)
        weeks.append([day for day in range(ONE_IN) if prove.is_in_turn(FIRST_DAY + timedelta(days=day))])
    assert sorted(day for days in weeks for day in days) == [*range(ONE_IN)]


def test_a_changed_row_under_a_matching_hash_comes_to_light_at_once(configuration: Configuration) -> None:
    """Whichever range of keys the learner is in; the run publishes what is right, and says what it restates."""
    warehouse = Warehouse.of(configuration)
    file = warehouse.file(SECOND)
    file.chmod(0o600)
    with duckdb.connect(str(file)) as version:
        version.execute(f"update daily_activity set xp_earned = xp_earned + 1 {OF_ANA}")
    manifest = replace(warehouse.manifest(SECOND), sha256=sha256_of(file), size=file.stat().st_size)
    warehouse.manifest_file(SECOND).write_text(manifest.to_json(), encoding="utf-8")
    comparison, restated = reconcile(Night.of(configuration))
    assert comparison.drifts == []
    assert restated is not None
    assert restated.manifest is not None
    assert restated.manifest.drift.startswith(f"xp_earned of daily_activity on {FIRST_DAY}, ")
    assert warehouse.current() == restated.manifest.version
    assert restated.manifest.logical_hash == hash_in_full(configuration)
    assert restatements(configuration) == [(ANA, "xp_earned", 11, 10, "rule")]


def test_activity_that_is_not_what_its_landings_say_is_made_again(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is changed under a footer that stays as it is: it comes to light in the day's week."""
    lake, right = Lake.of(configuration), Warehouse.of(configuration).manifest(SECOND).logical_hash
    file = lake.activity(FIRST_DAY)
    rewrite(configuration, file, f"* replace (if(user_id = '{ANA}', xp + 1, xp) as xp)")
    for week in range(ONE_IN):
        in_week(monkeypatch, week)
        if prove.is_in_turn(FIRST_DAY):
            break
    found = prove_lake(Night.of(configuration))
    assert found is not None
    assert [*found.rolled] == [FIRST_DAY]
    assert found.manifest is not None
    assert f"activity of {FIRST_DAY} was not what its landings say" in found.manifest.drift
    assert found.manifest.logical_hash == right


def test_two_hashes_that_differ_are_published_with_a_warning(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the proof of the ranges did not see."""

    def with_another_hash(night: Night, in_full: str = "", *, is_proven_whole: bool = False) -> Built | None:
        built = build(night, in_full, is_proven_whole=is_proven_whole)
        return replace(built, logical_hash="another") if built and is_proven_whole else built

    monkeypatch.setattr(prove, "build", with_another_hash)
    healed = prove_lake(Night.of(configuration))
    assert healed is not None
    assert healed.manifest is not None
    assert (healed.manifest.in_full, healed.manifest.drift) == (DRIFTED, HASHES_DIFFER)
    assert HASHES_DIFFER in healed.manifest.warnings
