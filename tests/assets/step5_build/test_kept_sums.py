"""The sums by day that a version takes over: those of a version in full, or a difference comes to light (R24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step5_build.build import DRIFTED
from assets.step5_build.days.before import PARTS_PROVEN
from assets.step5_build.sums.sums import Counted
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import BEN, SECOND, SECOND_NIGHT
from tests.support.running.in_full import built_in_full, sums_hash
from tests.support.running.rewriting import rewrite
from warehouse import engine
from warehouse.lake.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration
    from warehouse.versions.manifest import Manifest

SOME_DATE = small_platform.FIRST_DAY  # which no night touches after the second one


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published."""
    return small_platform.copied(nights, tmp_path, SECOND)


def published(configuration: Configuration) -> Manifest:
    manifest = publish_lake(Night.of(configuration), ("accept_shrink",))
    assert manifest is not None
    return manifest


def not_shown(configuration: Configuration) -> set[str]:
    with duckdb.connect() as connection:
        query = f"select distinct user_id from {engine.files([Lake.of(configuration).sums])} where user_id is not null"
        return {user_id for (user_id,) in connection.execute(query).fetchall()}


def test_a_night_counts_its_own_day_and_takes_over_the_others(configuration: Configuration) -> None:
    lake = Lake.of(configuration)
    counted = Counted.read(lake, lake.sums)
    assert (counted.version, counted.days) == (SECOND, frozenset({SECOND_NIGHT}))
    assert sums_hash(configuration) == built_in_full(configuration).sums_hash


def test_a_learner_who_goes_is_counted_on_all_days_and_who_comes_back_is_shown_again(
    configuration: Configuration,
) -> None:
    before = sums_hash(configuration)
    for is_deleted in (True, False):
        rewrite(
            configuration, Lake.of(configuration).users, f"* replace (user_id = '{BEN}' and {is_deleted} as is_deleted)"
        )
        manifest = published(configuration)
        assert manifest.kept_from
        assert sums_hash(configuration) == built_in_full(configuration).sums_hash
        assert (BEN in not_shown(configuration)) is is_deleted
        assert (sums_hash(configuration) == before) is not is_deleted


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "summed up is not known"), (b"PAR1 and no more", "sums.parquet cannot be used")]
)
def test_without_sums_that_can_be_read_a_version_is_built_in_full(
    configuration: Configuration, content: bytes | None, reason: str
) -> None:
    """FAULTS 11."""
    file = Lake.of(configuration).sums
    before = sums_hash(configuration)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    manifest = published(configuration)
    assert not manifest.kept_from
    assert reason in manifest.in_full
    assert sums_hash(configuration) == before


@pytest.mark.slow
def test_a_changed_sum_comes_to_light_within_32_versions(configuration: Configuration) -> None:
    """Here how many rows of activity a day has, with which nothing else is compared."""
    rewrite(configuration, Lake.of(configuration).sums, f"* replace (if(day = '{SOME_DATE}', rows + 1, rows) as rows)")
    manifests: list[Manifest] = []
    while not manifests or not manifests[-1].drift:
        assert len(manifests) < PARTS_PROVEN
        manifests.append(published(configuration))
    assert "sums_equal_activity of daily_activity" in manifests[-1].drift
    assert (manifests[-1].kept_from, manifests[-1].in_full) == ("", DRIFTED)
    assert sums_hash(configuration) == built_in_full(configuration).sums_hash
