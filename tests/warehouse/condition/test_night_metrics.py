"""What nights leave for Prometheus: true, whole, read by the collector's user, and never the end of a night."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.night.progress import Progress
from assets.reconcile.compare import compare
from pipelines.command_line.cli import main
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST_NIGHT, SECOND, SECOND_NIGHT
from tests.support.platforms.sources import Notes
from warehouse.condition import night_metrics
from warehouse.configuration.configuration import load
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from warehouse.configuration.configuration import Configuration


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    folder = tmp_path / "textfile"
    folder.mkdir()
    return folder


@pytest.fixture
def configuration(nights: Path, tmp_path: Path, metrics: Path) -> Configuration:
    return with_folder(small_platform.copied(nights, tmp_path / "place", SECOND), metrics)


def with_folder(configuration: Configuration, metrics: Path) -> Configuration:
    text = configuration.path.read_text().replace("[pulse]", f'[pulse]\nmetrics_dir = "{metrics}"', 1)
    configuration.path.write_text(text)
    return load(configuration.path, ["sources"])


def read(folder: Path) -> dict[str, Any]:
    """Return what the collector would read: of each metric its value, or its values by label."""
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.prom")):
        for family in text_string_to_metric_families(file.read_text()):
            for sample in family.samples:
                if sample.labels:
                    (label,) = sample.labels.values()
                    found.setdefault(sample.name, {})[label] = sample.value
                else:
                    found[sample.name] = sample.value
    return found


def test_a_version_is_described_by_what_its_manifest_says(configuration: Configuration, metrics: Path) -> None:
    assert main(["build", "--config", str(configuration.path)]) == 0
    warehouse = Warehouse.of(configuration)
    current = warehouse.current()
    assert current
    manifest, found = warehouse.manifest(current), read(metrics)
    assert found.keys() == night_metrics.OF_VERSION.keys()
    assert found["pulse_night_built_timestamp_seconds"] == datetime.fromisoformat(manifest.built_at).timestamp()
    through = datetime.fromisoformat(manifest.data_through).timestamp()
    assert found["pulse_night_data_through_timestamp_seconds"] == through
    assert found["pulse_night_rows"] == manifest.rows
    assert found["pulse_night_bytes"] == manifest.size
    assert found["pulse_night_unknown_rows"] == {name: unknown for name, (unknown, _) in manifest.unknown_rows.items()}
    assert found["pulse_night_landed_rows"] == {name: rows for name, (_, rows) in manifest.unknown_rows.items()}
    assert found["pulse_night_step_seconds"] == dict(manifest.seconds)
    assert {"activity", "version", "checks"} <= manifest.seconds.keys()
    assert found["pulse_night_served"] == 1
    for file in metrics.iterdir():
        assert file.stat().st_mode & 0o777 == 0o644


def test_a_pin_shows_and_so_does_a_build_in_full(configuration: Configuration, metrics: Path) -> None:
    """FAULTS 10."""
    Warehouse.of(configuration).rollback(SECOND)
    assert main(["build", "--full", "--config", str(configuration.path)]) == 0
    found = read(metrics)
    assert found["pulse_night_served"] == 0
    assert found["pulse_night_built_in_full"] == 1
    assert found["pulse_night_drift"] == 0


def test_a_comparison_says_how_many_days_have_drifted(tmp_path: Path, metrics: Path) -> None:
    configuration = with_folder(small_platform.make(tmp_path), metrics)
    small_platform.publish(configuration, FIRST_NIGHT)
    small_platform.publish(configuration, SECOND_NIGHT)
    compare(Night.of(configuration))
    assert read(metrics)["pulse_sources_days_drifted"] == {"xp_events": 0, "sessions": 0, "quiz_attempts": 0}
    with closing(sqlite3.connect(tmp_path / "platform.sqlite")) as platform, platform:
        platform.execute("update xp_events set amount = amount + 1 where id = 2")
    compare(Night.of(configuration))
    found = read(metrics)
    # instants are texts here, so that a day is compared with its neighbours, too
    assert found["pulse_sources_days_drifted"] == {"xp_events": 3, "sessions": 0, "quiz_attempts": 0}
    assert found["pulse_sources_days_equal"] == 6


def test_a_command_that_fails_leaves_its_time_beside_the_last_version(
    configuration: Configuration, metrics: Path
) -> None:
    assert main(["build", "--config", str(configuration.path)]) == 0
    for landing in (configuration.data_dir / "lake" / "xp_events").glob("*.parquet"):
        landing.write_bytes(b"no Parquet")
    assert main(["build", "--config", str(configuration.path)]) == 1
    found = read(metrics)
    failed = found["pulse_run_failed_timestamp_seconds"]["build"]
    assert failed >= found["pulse_night_built_timestamp_seconds"]
    assert SECOND_NIGHT.isoformat() not in str(found)


def test_a_folder_that_cannot_be_written_is_a_line_and_the_night_publishes(
    configuration: Configuration, metrics: Path
) -> None:
    metrics.rmdir()
    metrics.write_text("a file")
    notes = Notes()
    manifest = publish_lake(Night.of(configuration, Progress(notes)))
    assert manifest is not None
    assert Warehouse.of(configuration).current() == manifest.version
    (line,) = [line for line in notes.lines if line.startswith("metrics: ")]
    assert str(metrics) in line
    assert "cannot be written" in line


def test_a_link_that_somebody_has_put_there_is_not_written_through(configuration: Configuration, metrics: Path) -> None:
    """The folder is the collector's: whoever may write there names no file of ours (FAULTS 74)."""
    ours = configuration.data_dir / "lake" / "users.parquet"
    before = ours.read_bytes()
    for name in ("learning_pulse_version.prom", ".learning_pulse_version.prom.unfinished"):
        (metrics / name).symlink_to(ours)
    assert main(["build", "--config", str(configuration.path)]) == 0
    assert ours.read_bytes() == before
    assert not (metrics / "learning_pulse_version.prom").is_symlink()


def test_without_a_folder_nothing_is_written(nights: Path, tmp_path: Path) -> None:
    copied = small_platform.copied(nights, tmp_path, SECOND)
    assert main(["build", "--config", str(copied.path)]) == 0
    assert not list(tmp_path.rglob("*.prom"))
