"""What a night leaves for Prometheus: text files in the folder that node_exporter's textfile collector reads.

The server has metrics of its own (`serve/operations/metrics.py`); a night is over when somebody asks. There is a file
for each thing that happens by itself: a version is put in place, sources are compared, a run fails. So none is lost
when another is written. A file that cannot be written is a line to read and fails no night.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from warehouse import clock
from warehouse.configuration.configuration import Configuration
from warehouse.errors import StorageError
from warehouse.versions.manifest import Manifest

READ_BY_ALL = 0o644  # the collector is another user; there are only numbers in it
Labels: TypeAlias = tuple[str, ...]
Series: TypeAlias = Mapping[Labels, float]

# Name, what it is, and its labels; docs/reference/metrics.md has the same.
OF_VERSION = {
    "pulse_night_data_through_timestamp_seconds": ("Until when the data of the last version is complete.", ()),
    "pulse_night_built_timestamp_seconds": ("When the last version was built.", ()),
    "pulse_night_served": ("1 if readers get the last version, 0 if a pin holds it back.", ()),
    "pulse_night_bytes": ("Size of the last version's file.", ()),
    "pulse_night_rows": ("Rows of the last version.", ("table",)),
    "pulse_night_landed_rows": ("Rows of a stream that have landed.", ("stream",)),
    "pulse_night_unknown_rows": ("Of these, rows of learners whom nobody knows.", ("stream",)),
    "pulse_night_warnings": ("Lines that the last version warns of.", ()),
    "pulse_night_built_in_full": ("1 if the last version kept nothing of the one before.", ()),
    "pulse_night_drift": ("1 if what it would have kept was wrong.", ()),
    "pulse_night_step_seconds": ("How long a step of the last run took that made a version.", ("step",)),
}
OF_COMPARISON = {
    "pulse_sources_compared_timestamp_seconds": ("When everything that has landed was compared last.", ()),
    "pulse_sources_days_equal": ("Days of streams that equal their sources.", ()),
    "pulse_sources_days_drifted": ("Days that did not.", ("stream",)),
}
OF_FAILURE = {"pulse_run_failed_timestamp_seconds": ("When a run failed last.", ("run",))}
EVERY = {**OF_VERSION, **OF_COMPARISON, **OF_FAILURE}


def write_version(configuration: Configuration, manifest: Manifest, *, is_served: bool) -> Iterator[str]:
    """Write what there is to say of a version that is in its place; yield why that could not be done."""
    streams = manifest.unknown_rows.items()
    values: dict[str, float | Series] = {
        "pulse_night_data_through_timestamp_seconds": _seconds(manifest.data_through),
        "pulse_night_built_timestamp_seconds": _seconds(manifest.built_at),
        "pulse_night_served": is_served,
        "pulse_night_bytes": manifest.size,
        "pulse_night_rows": {(table,): rows for table, rows in manifest.rows.items()},
        "pulse_night_landed_rows": {(stream,): rows for stream, (_, rows) in streams},
        "pulse_night_unknown_rows": {(stream,): unknown for stream, (unknown, _) in streams},
        "pulse_night_warnings": len(manifest.warnings),
        "pulse_night_built_in_full": not manifest.kept_from,
        "pulse_night_drift": bool(manifest.drift),
        "pulse_night_step_seconds": {(step,): seconds for step, seconds in manifest.seconds.items()},
    }
    yield from _write(configuration, "version", values)


def write_comparison(configuration: Configuration, equal: int, drifted: Mapping[str, int]) -> Iterator[str]:
    """Write what a comparison with the sources has found; yield why that could not be done.

    Args:
        configuration: where to.
        equal: days of streams that equal their sources.
        drifted: by stream, the days that do not.
    """
    values: dict[str, float | Series] = {
        "pulse_sources_compared_timestamp_seconds": clock.now().timestamp(),
        "pulse_sources_days_equal": equal,
        "pulse_sources_days_drifted": {(stream,): days for stream, days in drifted.items()},
    }
    yield from _write(configuration, "sources", values)


def write_failure(configuration: Configuration, run: str) -> Iterator[str]:
    """Write that a run has failed just now; yield why that could not be done.

    Args:
        configuration: where to.
        run: the command or the job, such as `nightly`.
    """
    now: Series = {(run,): clock.now().timestamp()}
    yield from _write(configuration, f"failed_{run}", {"pulse_run_failed_timestamp_seconds": now})


def _write(configuration: Configuration, name: str, values: Mapping[str, float | Series]) -> Iterator[str]:
    folder = configuration.metrics_dir
    if folder is None:
        return
    file = folder / f"learning_pulse_{name}.prom"
    try:
        _replace(file, _text(values))
    except (StorageError, OSError) as error:
        yield f"metrics: {file} cannot be written: {' '.join(str(error).split())[:200]}"


def _replace(file: Path, text: bytes) -> None:
    """Write a file that is read whole or not at all; the collector takes what ends in `.prom`."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)  # left by a run that was killed, or put there by somebody else
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, READ_BY_ALL)
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(descriptor, READ_BY_ALL)  # whatever the umask is
            opened.write(text)
        unfinished.replace(file)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _text(values: Mapping[str, float | Series]) -> bytes:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # noqa: PLC0415 - for those who have a folder

    registry = CollectorRegistry()
    for name, value in values.items():
        description, labels = EVERY[name]
        gauge = Gauge(name, description, labels, registry=registry)
        for of_labels, number in value.items() if isinstance(value, Mapping) else [((), value)]:
            (gauge.labels(*of_labels) if of_labels else gauge).set(float(number))
    return bytes(generate_latest(registry))


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
