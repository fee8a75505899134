"""Whether somebody begins the nights: Dagster's schedules and its daemon, as its own SQLite files say (`pulse check`).

Dagster's storage classes would write when they open the files, so they are read here, and only for reading. A data
folder in which no daemon has ever run is in order: its nights are begun by cron, or by hand.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assets.examine.finding import Finding
from assets.examine.surroundings import is_behind
from pipelines.instance.own_settings import keeps_storage_elsewhere
from warehouse import clock
from warehouse.condition import damage
from warehouse.configuration.configuration import Configuration
from warehouse.errors import PulseError

SILENT = timedelta(minutes=5)  # a daemon beats every 30 seconds
HEARTBEATS = "select max(timestamp) from daemon_heartbeats where daemon_type = 'SCHEDULER'"
SWITCHED_OFF = """
select json_extract(instigator_body, '$.origin.job_name') from instigators
where instigator_type = 'SCHEDULE' and status = 'STOPPED'"""


def look_at_nights(configuration: Configuration) -> Iterator[Finding]:
    """Yield what there is to say of schedules and daemon.

    Args:
        configuration: any.
    """
    if keeps_storage_elsewhere(configuration):
        message = "Dagster's history is where pulse.dagster_yaml says; its UI says whether the daemon runs"
        yield Finding("dagster", "daemon", "ok", message)
        return
    home = configuration.data_dir / "dagster"
    runs, schedules = home / "history" / "runs.db", home / "schedules" / "schedules.db"
    for check, file, look in (("schedule", schedules, _schedules), ("daemon", runs, _daemon)):
        try:
            yield look(configuration, file)
        except (sqlite3.Error, OSError, ValueError) as error:
            way_out = damage.way_out(file, configuration.data_dir)
            yield Finding("dagster", check, "failed", f"{file} cannot be read ({error})", way_out)


def _schedules(configuration: Configuration, file: Path) -> Finding:
    off = sorted({str(name) for (name,) in _rows(file, SWITCHED_OFF)})
    if off:
        message = f"switched off in Dagster's UI: {', '.join(off)}"
        way_out = "switch it on in `pulse ui`; where cron begins the nights, this is as it should be"
        return Finding("dagster", "schedule", "warning", message, way_out)
    schedule = configuration.pulse.schedule
    return Finding("dagster", "schedule", "ok", f"every_night is on, {schedule.cron} ({schedule.timezone})")


def _daemon(configuration: Configuration, file: Path) -> Finding:
    beats = [text for (text,) in _rows(file, HEARTBEATS) if text is not None]
    if not beats:
        message = "no daemon has run in this data folder; cron or a person begins the nights"
        return Finding("dagster", "daemon", "ok", message)
    last = datetime.fromisoformat(str(beats[0])).replace(tzinfo=UTC)
    shown = f"{last:%Y-%m-%d %H:%M} (UTC)"
    if clock.now() - last <= SILENT:
        return Finding("dagster", "daemon", "ok", "the daemon runs")
    if not _comes_otherwise(configuration):
        message = f"the daemon was last heard of at {shown}, and the nights have stopped, too"
        return Finding("dagster", "daemon", "warning", message, "start `pulse ui`, or begin the nights by cron")
    message = f"the daemon was last heard of at {shown}; the nights come all the same"
    return Finding("dagster", "daemon", "ok", message)


def _comes_otherwise(configuration: Configuration) -> bool:
    try:
        return not is_behind(configuration)
    except (PulseError, OSError):  # which is a finding of the lake
        return False


def _rows(file: Path, query: str) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a query; none while there is no such file, or no such table in it.

    Without a process that has it open the file is all there is, and SQLite is kept from making others beside it.
    """
    if not file.exists():
        return []
    is_open = all(file.with_name(f"{file.name}{suffix}").exists() for suffix in ("-wal", "-shm"))
    uri = f"{file.absolute().as_uri()}?{'mode=ro' if is_open else 'immutable=1'}"
    with closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
