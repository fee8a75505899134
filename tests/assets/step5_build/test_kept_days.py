"""What a version keeps of the one before: the same rows as if it were built in full, or nothing at all (R24).

Random histories compare every version that kept something with one in full: `tests/histories/`. Here is each reason for
keeping nothing, and what becomes of a version before that says something wrong.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step0_plan import clock_ahead
from assets.step5_build import key_ranges
from assets.step5_build.build import DRIFTED
from assets.step5_build.days import before, days
from assets.step5_build.days.before import PARTS_PROVEN, fingerprint
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FIRST, FIRST_NIGHT, SECOND, SECOND_NIGHT
from tests.support.running.in_full import hash_in_full
from tests.support.running.rewriting import rewrite
from warehouse import engine
from warehouse.configuration.configuration import load
from warehouse.errors import CheckFailedError
from warehouse.identifiers import user_key
from warehouse.lake.days import DAY
from warehouse.lake.lake import Lake
from warehouse.versions.basis import WRITE_BASIS, Basis
from warehouse.versions.manifest import sha256_of
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration
    from warehouse.versions.manifest import Manifest

SOME_DATE = small_platform.FIRST_DAY  # which no night touches after the second one


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    """Two nights have been published."""
    return small_platform.copied(nights, tmp_path, SECOND)


def published(configuration: Configuration, *, is_in_full: bool = False) -> Manifest:
    manifest = publish_lake(Night.of(configuration), is_in_full=is_in_full)
    assert manifest is not None
    return manifest


def rewrite_basis(configuration: Configuration, change: Callable[[Basis], Basis]) -> None:
    """Let the lake say something else of what the version before was made from."""
    lake = Lake.of(configuration)
    basis = Basis.read(lake)
    assert basis is not None
    beside = lake.basis.with_suffix(".beside")
    with duckdb.connect() as connection:
        query = WRITE_BASIS.format(zones=engine.files([lake.basis]))
        connection.execute(query, {"file": str(beside), "about": change(basis).to_json()})
    beside.replace(lake.basis)


def plant(configuration: Configuration, version: str, statement: str) -> None:
    """Change a published file, and let its manifest have the hash of what it is then."""
    warehouse = Warehouse.of(configuration)
    file = warehouse.file(version)
    file.chmod(0o600)
    with duckdb.connect(str(file)) as connection:
        connection.execute(statement)
    manifest = replace(warehouse.manifest(version), sha256=sha256_of(file), size=file.stat().st_size)
    warehouse.manifest_file(version).write_text(manifest.to_json(), encoding="utf-8")


# --- the same as in full ----------------------------------------------------------------------------------------------


def test_a_night_keeps_what_its_days_cannot_reach(configuration: Configuration) -> None:
    """The first night has nothing to keep; the second keeps the dates before the evening of the first."""
    warehouse = Warehouse.of(configuration)
    first, second = warehouse.manifest(FIRST), warehouse.manifest(SECOND)
    assert (first.kept_from, first.in_full) == ("", "there is no version before")
    assert (second.kept_from, second.in_full) == (FIRST, "")
    assert second.logical_hash == hash_in_full(configuration)


def test_a_build_of_the_same_lake_keeps_every_row(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is grouped again, in one bucket or in several."""
    expected = Warehouse.of(configuration).manifest(SECOND).logical_hash
    for rows in (key_ranges.ROWS_PER_BUCKET, 2):
        monkeypatch.setattr(key_ranges, "ROWS_PER_BUCKET", rows)
        manifest = published(configuration)
        assert manifest.kept_from
        assert manifest.logical_hash == expected
        assert manifest.rows["restatements"] == 0


@pytest.mark.slow
def test_a_learner_who_comes_back_has_all_earlier_days(configuration: Configuration) -> None:
    """Deleted for a version, and back in the next one: the version between has none of the rows."""
    lake = Lake.of(configuration)
    whole = Warehouse.of(configuration).manifest(SECOND)
    hashes = []
    for is_deleted in (True, False):
        rewrite(configuration, lake.users, f"* replace (user_id = '{BEN}' and {is_deleted} as is_deleted)")
        manifest = publish_lake(Night.of(configuration), ("accept_shrink",))
        assert manifest is not None
        assert manifest.kept_from
        assert manifest.logical_hash == hash_in_full(configuration)
        hashes.append(manifest.logical_hash)
    assert hashes[0] != whole.logical_hash
    assert hashes[1] == whole.logical_hash


def test_a_late_row_changes_the_dates_beside_its_day(configuration: Configuration, nights: Path) -> None:
    """East of UTC the one after, west of it the one before; no day between has changed."""
    file = configuration.path.parent / "platform.sqlite"
    shutil.copyfile(nights / file.name, file)
    with closing(sqlite3.connect(file)) as platform, platform:
        rows = [
            (101, small_platform.KIM, "2025-12-29T20:00:00Z", 3),
            (102, small_platform.IDLE, "2025-12-29T05:00:00Z", 4),
        ]
        platform.executemany("insert into xp_events values (?, ?, ?, ?)", rows)
    words = configuration.path.read_text(encoding="utf-8").replace(str(nights), str(file.parent))
    configuration.path.write_text(words, encoding="utf-8")
    configuration = load(configuration.path, uses=["sources"])
    version = small_platform.publish(configuration, SECOND_NIGHT)
    manifest = Warehouse.of(configuration).manifest(version)
    assert (manifest.kept_from, manifest.drift) == (SECOND, "")
    assert manifest.logical_hash == hash_in_full(configuration)
    with duckdb.connect(str(Warehouse.of(configuration).file(version)), read_only=True) as connection:
        found = connection.execute(
            "select user_id, activity_date from daily_activity where xp_earned in (3, 4)"
        ).fetchall()
    assert sorted(found) == [(small_platform.KIM, FIRST_NIGHT), (small_platform.IDLE, small_platform.FIRST_DAY - DAY)]


def test_days_of_a_clock_that_was_ahead_are_not_kept(configuration: Configuration) -> None:
    """Their landings are moved away and the basis is cut; the version itself has them still."""
    lake = Lake.of(configuration)
    clock_ahead._cut_basis(Night.of(configuration), SECOND_NIGHT)  # noqa: SLF001
    for stream in configuration.event_streams:
        lake.landing(stream.name, SECOND_NIGHT).unlink()
    manifest = publish_lake(Night.of(configuration), ("accept_shrink",))
    assert manifest is not None
    assert (manifest.kept_from, manifest.in_full) == ("", f"what {SECOND} was made by is not known")
    assert manifest.logical_hash == hash_in_full(configuration)
    assert manifest.logical_hash == Warehouse.of(configuration).manifest(FIRST).logical_hash


def test_a_pin_does_not_matter(configuration: Configuration) -> None:
    """Kept is what was made last, whatever readers get."""
    Warehouse.of(configuration).rollback(FIRST)
    manifest = published(configuration)
    assert manifest.kept_from == SECOND
    assert manifest.logical_hash == hash_in_full(configuration)


def test_activity_that_does_not_say_what_it_has_is_grouped_again(configuration: Configuration) -> None:
    """As that of an older release: also if the version before was made from the same file."""
    rewrite_basis(configuration, lambda basis: replace(basis, content_hashes=dict.fromkeys(basis.content_hashes)))
    basis = Basis.of(configuration, Lake.of(configuration), SECOND, SECOND_NIGHT, fingerprint(configuration))
    kept = before.kept_of_before(Night.of(configuration), basis)
    assert isinstance(kept, before.Kept)
    assert list(kept.changed_days) == [*basis.content_hashes]


# --- the reasons for keeping nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["schema", "DuckDB", "code", "zone data", "set of streams or mapping", "first_day"])
def test_what_was_made_by_something_else_is_not_kept(configuration: Configuration, name: str) -> None:
    rewrite_basis(configuration, lambda basis: replace(basis, made_by={**basis.made_by, name: "another"}))
    manifest = published(configuration)
    assert (manifest.kept_from, manifest.in_full) == ("", f"another {name} than of {SECOND}")


CHANGES: dict[str, Callable[[Configuration], Configuration]] = {
    "first_day": lambda configuration: with_pulse(configuration, first_day=FIRST_NIGHT),
    "default_timezone": lambda configuration: with_pulse(configuration, default_timezone="Europe/Berlin"),
    "set of streams or mapping": lambda configuration: configuration.model_copy(
        update={"streams": {name: of for name, of in configuration.streams.items() if name != "sessions"}}
    ),
}


def with_pulse(configuration: Configuration, **changes: object) -> Configuration:
    return configuration.model_copy(update={"pulse": configuration.pulse.model_copy(update=changes)})


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_configuration_is_something_else(configuration: Configuration, name: str) -> None:
    changed = CHANGES[name](configuration)
    names = [name for name, value in fingerprint(changed).items() if value != fingerprint(configuration)[name]]
    assert names == [name]
    manifest = publish_lake(Night.of(changed), ("accept_shrink",))
    assert manifest is not None
    assert manifest.in_full == f"another {name} than of {SECOND}"


def test_every_model_from_landing_to_days_is_part_of_the_fingerprint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And the macros, and the modules: a release that changes one of them keeps nothing."""
    hashed = [file for folder in before.RULES for file in folder.rglob("*.sql")]
    assert {"judge.sql", "activity.sql", "daily_activity.sql"} <= {file.name for file in hashed}
    folder = tmp_path / "rules"
    folder.mkdir()
    monkeypatch.setattr(before, "RULES", (folder,))
    hashes = set()
    for text in ("select 1", "select 2"):
        (folder / "model.sql").write_text(text)
        before.code_hash.cache_clear()
        hashes.add(before.code_hash())
    monkeypatch.undo()
    before.code_hash.cache_clear()
    assert len(hashes | {before.code_hash()}) == 3


def lose_file(configuration: Configuration) -> None:
    Warehouse.of(configuration).file(SECOND).unlink()


def lose_manifest(configuration: Configuration) -> None:
    Warehouse.of(configuration).manifest_file(SECOND).unlink()


def flip_bit(configuration: Configuration) -> None:
    file = Warehouse.of(configuration).file(SECOND)
    file.chmod(0o600)
    with file.open("r+b") as opened:
        opened.seek(-1, 2)
        last = opened.read(1)
        opened.seek(-1, 2)
        opened.write(bytes([last[0] ^ 1]))


def forget_by_what(configuration: Configuration) -> None:
    rewrite_basis(configuration, lambda basis: replace(basis, made_by={}))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lose_file, "cannot be read: .*No such file"),
        (lose_manifest, "cannot be read: .*its manifest"),
        (flip_bit, "is not what its manifest says"),
        (forget_by_what, "made by is not known"),
    ],
)
def test_a_version_before_that_is_not_what_it_was_is_not_kept(
    configuration: Configuration, damage: Callable[[Configuration], None], reason: str
) -> None:
    """FAULTS 11: gone, pruned, unreadable, or made by a release that did not say by what."""
    whole = Warehouse.of(configuration).manifest(SECOND).logical_hash
    damage(configuration)
    basis = Basis.of(configuration, Lake.of(configuration), SECOND, SECOND_NIGHT, fingerprint(configuration))
    assert isinstance(kept := before.kept_of_before(Night.of(configuration), basis), str)
    assert re.search(reason, kept)
    manifest = published(configuration)
    assert (manifest.kept_from, manifest.in_full) == ("", kept)
    assert manifest.logical_hash == whole


def test_nothing_is_kept_where_there_is_no_version_before_or_on_demand(configuration: Configuration) -> None:
    manifest = published(configuration, is_in_full=True)
    assert (manifest.kept_from, manifest.in_full) == ("", "it was asked for")
    Lake.of(configuration).basis.unlink()
    assert published(configuration).in_full == "there is no version before"


# --- what has drifted -------------------------------------------------------------------------------------------------

OF_ANA = f"where user_id = '{ANA}' and activity_date = '{SOME_DATE}'"
MORE_XP = f"update daily_activity set xp_earned = xp_earned + 1 {OF_ANA}"
ONE_MORE = "insert into daily_activity select * replace (date '2025-12-01' as activity_date) from daily_activity"


@pytest.mark.slow
def test_a_changed_row_under_a_matching_hash_comes_to_light_within_32_versions(configuration: Configuration) -> None:
    """It is restated as what a rule changes; the warning names table, column, date and range, and not the learner."""
    plant(configuration, SECOND, MORE_XP)
    right = hash_in_full(configuration)
    manifests: list[Manifest] = []
    while not manifests or not manifests[-1].drift:
        assert len(manifests) < PARTS_PROVEN
        manifests.append(published(configuration))
    found = manifests[-1]
    assert (found.kept_from, found.in_full) == ("", DRIFTED)
    assert found.logical_hash == right
    assert found.drift in found.warnings
    assert f"xp_earned of daily_activity on {SOME_DATE}, of a learner with a user_key from " in found.drift
    assert not {ANA, "ana", str(user_key(ANA))} & set(found.drift.replace(",", " ").split())
    with duckdb.connect(str(Warehouse.of(configuration).file(found.version)), read_only=True) as version:
        columns = "user_id, activity_date, measure, old, new, version, reason"
        restated = version.execute(f"select {columns} from restatements").fetchall()
    assert restated == [(ANA, SOME_DATE, "xp_earned", 11, 10, found.version, "rule")]
    after = published(configuration)
    assert (after.kept_from, after.drift) == (found.version, "")


@pytest.mark.parametrize(
    ("statement", "column"),
    [
        (f"update daily_activity set learning_time = 7 where user_id = '{ANA}' and learning_time > 0", "learning_time"),
        (f"update daily_activity set quizzes_passed = 0 where user_id = '{ANA}'", "quizzes_passed"),
        (f"delete from daily_activity {OF_ANA}", "activity_date"),
        (f"{ONE_MORE} {OF_ANA}", "activity_date"),
    ],
)
def test_the_proof_sees_every_kind_of_mistake(configuration: Configuration, statement: str, column: str) -> None:
    """In the version that proves the learner's range."""
    plant(configuration, SECOND, statement)
    part = user_key(ANA) >> (key_ranges.KEY_BITS - 5)
    rewrite_basis(configuration, lambda basis: replace(basis, part=(part - 1) % PARTS_PROVEN))
    manifest = published(configuration)
    assert manifest.drift.startswith(f"{column} of daily_activity on ")
    assert manifest.logical_hash == hash_in_full(configuration)


def test_every_range_of_keys_is_proven_in_its_turn(configuration: Configuration) -> None:
    """Together they are all keys, each once, whichever numbers the versions have."""
    ranges = list(key_ranges.ranges(PARTS_PROVEN))
    assert [ranges[0]["first_key"], ranges[-1]["last_key"]] == [0, (1 << key_ranges.KEY_BITS) - 1]
    assert all(one["last_key"] + 1 == following["first_key"] for one, following in pairwise(ranges))
    parts = []
    for _ in range(3):
        Lake.of(configuration).next_sequence()
        published(configuration)
        basis = Basis.read(Lake.of(configuration))
        assert basis is not None
        parts.append(basis.part)
    assert parts == [parts[0], parts[0] + 1, parts[0] + 2]


def test_a_check_of_the_pipeline_that_fails_for_kept_rows_builds_in_full(configuration: Configuration) -> None:
    """Sessions are lost in the version before: what was read and what is published do not agree at once."""
    right = Warehouse.of(configuration).manifest(SECOND).logical_hash
    plant(configuration, SECOND, f"update daily_activity set sessions = 0 where user_id = '{BEN}' and sessions > 0")
    away = (user_key(BEN) >> (key_ranges.KEY_BITS - 5)) + 7  # the proof looks elsewhere
    rewrite_basis(configuration, lambda basis: replace(basis, part=away % PARTS_PROVEN))
    manifest = published(configuration)
    assert manifest.logical_hash == right
    assert (manifest.in_full, manifest.rows["restatements"]) == (DRIFTED, 1)
    assert "activity_equals_version of daily_activity" in manifest.drift
    assert BEN not in manifest.drift


def test_a_guard_that_fails_builds_nothing_in_full(configuration: Configuration) -> None:
    """Nor does anything else of the sources: the version is held back as it is."""
    lake = Lake.of(configuration)
    number = lake.last_sequence()
    rewrite(configuration, lake.users, "* replace (true as is_deleted)")
    with pytest.raises(CheckFailedError, match="learners_left"):
        publish_lake(Night.of(configuration))
    assert lake.last_sequence() == number + 1


def test_a_version_in_full_whose_check_fails_is_not_published(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model itself is wrong: in full it is as wrong, so nothing is published and no third one is built."""
    wrong = days.model("daily_activity").replace("sum(sessions)::bigint", "(sum(sessions) + 1)::bigint")
    honest = days.model
    monkeypatch.setattr(days, "model", lambda name: wrong if name == "daily_activity" else honest(name))
    rewrite_basis(configuration, lambda basis: replace(basis, content_hashes=dict.fromkeys(basis.content_hashes)))
    lake = Lake.of(configuration)
    number = lake.last_sequence()
    with pytest.raises(CheckFailedError, match="activity_equals_version"):
        publish_lake(Night.of(configuration))
    assert lake.last_sequence() == number + 2
    assert Warehouse.of(configuration).current() == SECOND
