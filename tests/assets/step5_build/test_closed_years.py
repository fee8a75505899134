"""Calendar years that are over are those of the version before, and in turns counted again (R24, R30).

Random histories compare every version with one in full: `tests/histories/`. Theirs are days; here a year ends.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step5_build import key_ranges
from assets.step5_build.days.before import PARTS_PROVEN
from assets.step5_build.profile.fill import ALL_YEARS, Profile
from tests.assets.step5_build.test_kept_days import plant, rewrite_basis, with_pulse
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, FIRST_DAY, SECOND
from tests.support.running.in_full import hash_in_full
from tests.support.running.rewriting import rewrite
from warehouse.configuration.configuration import load
from warehouse.identifiers import user_key
from warehouse.lake.days import days_between
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration

NEW_YEAR = days_between(date(2026, 1, 1), date(2026, 1, 3))
MORE_XP = f"update yearly_totals set total_xp_earned = total_xp_earned + 1 where user_id = '{ANA}' and year = 2025"


@pytest.fixture(scope="module")
def year_is_over(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights of 2026 after two of 2025, from a source of its own."""
    folder = tmp_path_factory.mktemp("year")
    configuration = small_platform.copied(nights, folder, SECOND)
    shutil.copyfile(nights / "platform.sqlite", folder / "platform.sqlite")
    words = configuration.path.read_text(encoding="utf-8").replace(str(nights), str(folder))
    configuration.path.write_text(words, encoding="utf-8")
    for day in NEW_YEAR:
        small_platform.publish(load(configuration.path, uses=["sources"]), day)
    return folder


@pytest.fixture
def configuration(year_is_over: Path, tmp_path: Path) -> Configuration:
    shutil.copytree(year_is_over, tmp_path, symlinks=True, dirs_exist_ok=True)
    file = tmp_path / "pulse.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(str(year_is_over), str(tmp_path)), encoding="utf-8")
    return load(file, uses=["sources"])


@pytest.fixture
def open_years(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first open year of every version that keeps something, as it is built."""
    seen: list[int] = []
    honest = Profile._open_year  # noqa: SLF001

    def watched(profile: Profile, kept: Any) -> int:
        seen.append(honest(profile, kept))
        return seen[-1]

    monkeypatch.setattr(Profile, "_open_year", watched)
    return seen


def prove_the_range_of(configuration: Configuration, learner: str) -> None:
    """Let the next version prove the range that a learner is in."""
    part = user_key(learner) >> (key_ranges.KEY_BITS - 5)
    rewrite_basis(configuration, lambda basis: replace(basis, part=(part - 1) % PARTS_PROVEN))


def newest(configuration: Configuration) -> str:
    version = Warehouse.of(configuration).current()
    assert version is not None
    return version


def test_a_year_that_is_over_is_kept(configuration: Configuration, open_years: list[int]) -> None:
    """And the next one goes on: whoever has days in it has a row for it, as in a version in full."""
    before = newest(configuration)
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    assert (manifest.kept_from, manifest.drift) == (before, "")
    assert manifest.logical_hash == hash_in_full(configuration)
    assert open_years == [2026]
    with duckdb.connect(str(Warehouse.of(configuration).file(manifest.version)), read_only=True) as version:
        years = version.execute(f"select year from yearly_totals where user_id = '{ANA}' order by year").fetchall()
    assert (2025,) in years


def test_a_wrong_year_is_counted_anew_when_its_range_is_proven(configuration: Configuration) -> None:
    """Everything is built in full, and the warning names table, column and range, not the learner."""
    right = hash_in_full(configuration)
    plant(configuration, newest(configuration), MORE_XP)
    prove_the_range_of(configuration, ANA)
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    assert manifest.drift.startswith("total_xp_earned of yearly_totals, of a learner with a user_key from ")
    assert manifest.logical_hash == right
    assert ANA not in manifest.drift


def test_a_late_row_of_last_year_opens_it_again(configuration: Configuration, open_years: list[int]) -> None:
    with closing(sqlite3.connect(configuration.path.parent / "platform.sqlite")) as platform, platform:
        row = (909, ANA, f"{FIRST_DAY}T12:00:00Z", 7)
        platform.execute("insert into xp_events values (?, ?, ?, ?)", row)
    version = small_platform.publish(configuration, NEW_YEAR[-1])
    assert open_years == [2025]
    assert Warehouse.of(configuration).manifest(version).logical_hash == hash_in_full(configuration)


@pytest.mark.parametrize(
    ("rule", "value", "opened"),
    [("level_metric", "learning_time", ALL_YEARS), ("min_active_days", 2, ALL_YEARS), ("lookback_days", 3, 2026)],
)
def test_other_rules_of_levels_open_every_year(
    configuration: Configuration, open_years: list[int], rule: str, value: object, opened: int
) -> None:
    """By another metric, or for another number of days, the cuts of each year are others."""
    changed = with_pulse(configuration, **{rule: value})
    manifest = publish_lake(Night.of(changed))
    assert manifest is not None
    assert manifest.kept_from
    assert open_years == [opened]
    assert manifest.logical_hash == hash_in_full(changed)


def test_a_version_without_a_profile_has_no_years_to_keep(configuration: Configuration, open_years: list[int]) -> None:
    assert publish_lake(Night.of(with_pulse(configuration, profile=False))) is not None
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    assert manifest.kept_from
    assert open_years == [ALL_YEARS]
    assert manifest.logical_hash == hash_in_full(configuration)


def test_a_learner_who_comes_back_has_all_years(configuration: Configuration) -> None:
    """Deleted for a version: nothing of the year before is there to be kept."""
    lake = Lake.of(configuration)
    for is_deleted in (True, False):
        rewrite(configuration, lake.users, f"* replace (user_id = '{ANA}' and {is_deleted} as is_deleted)")
        manifest = publish_lake(Night.of(configuration), ("accept_shrink",))
        assert manifest is not None
        assert manifest.kept_from
        assert manifest.logical_hash == hash_in_full(configuration)
