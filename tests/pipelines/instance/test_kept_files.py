"""Dagster's files of events and of runs stay open, and nobody can tell but by the time that it takes.

That the rows are those of Dagster is `test_event_batches.py`'s.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage

from pipelines.instance.event_log import BatchingEventLogStorage
from pipelines.instance.run_storage import KeptRunStorage

RUN, OTHER_RUN = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
SECONDS = 10  # to be told of an event, at the very most


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that SQLite is asked to open, from now on."""
    files: list[str] = []
    connect = sqlite3.dbapi2.connect

    def connect_counted(file: str, **options: object) -> sqlite3.Connection:
        files.append(file)
        return connect(file, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3.dbapi2, "connect", connect_counted)
    return files


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[BatchingEventLogStorage]:
    storage = BatchingEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def event(number: int, run: str = RUN) -> EventLogEntry:
    return EventLogEntry(  # type: ignore[no-untyped-call] # Dagster's own
        error_info=None, user_message=f"event {number}", level=20, run_id=run, timestamp=float(number), step_key=None
    )


def messages(storage: SqliteEventLogStorage, run: str = RUN) -> list[str]:
    return [entry.user_message for entry in storage.get_logs_for_run(run)]


def held_open(folder: Path) -> set[str]:
    """Return the names of the files in a folder that this process has open."""
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            held |= {descriptor.readlink().name} if descriptor.readlink().parent == folder else set()
    return held


@pytest.mark.parametrize(("kind", "most"), [(SqliteEventLogStorage, 1000), (BatchingEventLogStorage, 10)])
def test_files_are_opened_once_and_not_for_every_event(
    kind: type[SqliteEventLogStorage], most: int, tmp_path: Path, opened: list[str]
) -> None:
    """Dagster's own class opens one for every event and every look, so what is counted here counts."""
    storage = kind(str(tmp_path))
    for number in range(30):
        storage.store_event(event(number))
        assert len(messages(storage)) == number + 1
        assert storage.has_table("asset_keys")
    storage.dispose()
    assert len(opened) <= most
    assert (len(opened) > 80) == (kind is SqliteEventLogStorage)


def test_others_read_an_event_at_once_and_who_watches_is_told(storage: BatchingEventLogStorage, tmp_path: Path) -> None:
    """Dagster's UI is another process, which watches the run's file; what is written stands in its log for a while."""
    storage.store_event(event(1))
    ui = SqliteEventLogStorage(str(tmp_path))
    told = threading.Event()
    ui.watch(RUN, None, lambda entry, _: told.set() if entry.user_message == "event 2" else None)
    try:
        assert messages(ui) == ["event 1"]
        storage.store_event(event(2))
        assert told.wait(SECONDS)
        assert messages(ui) == ["event 1", "event 2"]
    finally:
        ui.dispose()


def test_of_many_runs_one_file_is_held_and_in_the_end_none(storage: BatchingEventLogStorage, tmp_path: Path) -> None:
    for number in range(5):
        storage.store_event(event(1, run := f"{number}{RUN[1:]}"))
        assert messages(storage, run) == ["event 1"]
    assert storage.has_table("asset_keys")
    databases = {name for name in held_open(tmp_path) if name.endswith(".db")}
    assert databases == {f"{run}.db", "index.db"}
    storage.dispose()
    assert held_open(tmp_path) == set()
    assert not [*tmp_path.glob("*-wal")], "what was committed stands in the files themselves"


def test_a_file_that_was_removed_or_replaced_is_not_written_any_more(
    storage: BatchingEventLogStorage, tmp_path: Path
) -> None:
    """The folder may be lost (docs/guide/operate.md): what comes then goes into a new file, not into a nameless one."""
    storage.store_event(event(1))
    storage.store_event(event(1, OTHER_RUN))
    storage.store_event(event(2))
    for file in tmp_path.glob(f"{RUN}.db*"):
        file.unlink()
    storage.store_event(event(3))
    assert messages(BatchingEventLogStorage(str(tmp_path))) == ["event 3"]
    assert messages(storage, OTHER_RUN) == ["event 1"]


@pytest.mark.parametrize("kind", [SqliteRunStorage, KeptRunStorage])
def test_the_file_of_runs_is_opened_once_and_not_for_every_look(
    kind: type[SqliteRunStorage], tmp_path: Path, opened: list[str]
) -> None:
    storage = kind.from_local(str(tmp_path))
    opened.clear()  # of the making of the file
    for number in range(10):
        storage.add_run(DagsterRun(job_name="nightly", run_id=f"{number}{RUN[1:]}"))
        assert storage.get_runs_count() == number + 1
    assert len(opened) <= 1 if kind is KeptRunStorage else len(opened) >= 20
    other = SqliteRunStorage.from_local(str(tmp_path))
    assert [run.run_id for run in other.get_runs()] == [run.run_id for run in storage.get_runs()]
    storage.dispose()
    assert held_open(tmp_path) == set()
