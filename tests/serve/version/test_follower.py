"""How the app follows the pointer, looked at closely: what is opened, when it is closed, what is kept of a version.

What requests see of it is `test_endpoint.py`'s; which files are refused,
`tests/warehouse/versions/test_verification.py`'s.
"""

import logging
import threading
from pathlib import Path

import duckdb
import pytest

from serve.version import reader
from serve.version.open_version import OpenVersion, open_version
from serve.version.pulse import learning_pulse
from serve.version.reader import Follower
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FIRST, SECOND
from warehouse.errors import NoVersionError
from warehouse.versions.versions import Warehouse

# --- what a worker keeps ----------------------------------------------------------------------------------------------


def test_who_comes_again_is_answered_from_what_was_kept_and_with_the_same_bytes(
    nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of learners whom the version does not know, nothing is kept."""
    warehouse = Warehouse.of(small_platform.copied(nights, tmp_path, FIRST))
    version = open_version(warehouse, FIRST, cache_bytes=1_000_000)
    found = [learning_pulse(version, learner) for learner in (ANA, "nobody", ANA, "nobody")]
    assert found[0] is found[2]
    assert found[0] != found[1]
    assert version.pulses.get("nobody") is None
    monkeypatch.setattr(version.lookup, "learner", lambda *_: pytest.fail("looked up again"))
    assert learning_pulse(version, ANA) is found[2]
    version.close()
    assert version.pulses.size == 0


def test_answers_take_what_they_may_and_no_more(nights: Path, tmp_path: Path) -> None:
    """`serve.cache_mb`: without room nothing is kept, and answers are the same."""
    warehouse = Warehouse.of(small_platform.copied(nights, tmp_path, FIRST))
    found = []
    for room in (0, 60_000, 200_000):  # for nothing, one, and both
        version = open_version(warehouse, FIRST, cache_bytes=room)
        found += [[learning_pulse(version, learner) for learner in (ANA, BEN, ANA, BEN)]]
        assert version.pulses.size <= room
        assert sum(version.pulses.get(learner) is not None for learner in (ANA, BEN)) == (0, 1, 2)[len(found) - 1]
        version.close()
    assert found[0] == found[1] == found[2]


# --- the follower, looked at closely --------------------------------------------------------------------------------


@pytest.fixture
def warehouse(nights: Path, tmp_path: Path) -> Warehouse:
    return Warehouse.of(small_platform.copied(nights, tmp_path, FIRST))


def served_by(follower: Follower) -> str:
    with follower.version() as version:
        return version.name


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions that were opened, or tried to be, in order."""
    names: list[str] = []

    def noted(warehouse: Warehouse, name: str, *room: int, by_file: bool) -> OpenVersion:
        names.append(name)
        return original(warehouse, name, *room, by_file=by_file)

    original = open_version
    monkeypatch.setattr(reader, "open_version", noted)
    return names


def test_a_refused_version_is_tried_once_and_again_whenever_the_pointer_is_set(
    warehouse: Warehouse, openings: list[str]
) -> None:
    follower, manifest = Follower(warehouse), warehouse.manifest_file(SECOND)
    text = manifest.read_text()
    assert served_by(follower) == FIRST
    manifest.unlink()
    warehouse.point_to(SECOND)
    assert [served_by(follower) for _ in range(3)] == [FIRST] * 3
    assert openings == [FIRST, SECOND]
    manifest.write_text(text)
    warehouse.point_to(SECOND)
    assert [served_by(follower) for _ in range(3)] == [SECOND] * 3
    assert openings == [FIRST, SECOND, SECOND]


def test_a_refused_version_is_tried_again_after_a_while_though_nobody_touches_the_pointer(
    warehouse: Warehouse, openings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    follower, manifest = Follower(warehouse), warehouse.manifest_file(FIRST)
    text, clock = manifest.read_text(), [1000.0]
    monkeypatch.setattr("serve.version.reader.time.monotonic", lambda: clock[0])
    manifest.unlink()
    with pytest.raises(NoVersionError):
        served_by(follower)
    manifest.write_text(text)
    with pytest.raises(NoVersionError):
        served_by(follower)
    clock[0] += reader.REFUSED_SECONDS
    assert served_by(follower) == FIRST
    clock[0] += 10 * reader.REFUSED_SECONDS
    assert served_by(follower) == FIRST
    assert openings == [FIRST, FIRST]


def test_a_pointer_that_is_set_to_the_version_in_service_opens_nothing(
    warehouse: Warehouse, openings: list[str]
) -> None:
    follower = Follower(warehouse)
    assert served_by(follower) == FIRST
    warehouse.point_to(FIRST)
    assert served_by(follower) == FIRST
    assert openings == [FIRST]


def is_open(version: OpenVersion) -> bool:
    try:
        return bool(version.connection.execute("select 1").fetchall())
    except duckdb.ConnectionException:
        return False


def test_an_old_version_is_closed_when_the_last_request_that_reads_it_has_ended(warehouse: Warehouse) -> None:
    """FAULTS 7."""
    follower = Follower(warehouse)
    with follower.version() as old:
        with follower.version() as same:
            assert same is old
            warehouse.point_to(SECOND)
            assert served_by(follower) == SECOND
        assert is_open(old)
        warehouse.prune(1)
        assert not warehouse.file(FIRST).exists()
        assert is_open(old)
    assert not is_open(old)


def test_an_old_version_that_nobody_reads_is_closed_at_once(warehouse: Warehouse) -> None:
    follower = Follower(warehouse)
    with follower.version() as old:
        pass
    assert is_open(old)
    warehouse.point_to(SECOND)
    assert served_by(follower) == SECOND
    assert not is_open(old)


def test_a_request_that_fails_lets_go_of_its_version(warehouse: Warehouse) -> None:
    follower = Follower(warehouse)
    with pytest.raises(RuntimeError), follower.version() as old:
        raise RuntimeError
    warehouse.point_to(SECOND)
    assert served_by(follower) == SECOND
    assert not is_open(old)


def test_while_one_request_opens_a_new_version_the_others_are_answered_from_the_last(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_opening, may_go_on = threading.Event(), threading.Event()

    def slow(warehouse: Warehouse, name: str, *room: int, by_file: bool) -> OpenVersion:
        is_opening.set()
        assert may_go_on.wait(10)
        return original(warehouse, name, *room, by_file=by_file)

    follower, original, found = Follower(warehouse), open_version, list[str]()
    assert served_by(follower) == FIRST
    monkeypatch.setattr(reader, "open_version", slow)
    warehouse.point_to(SECOND)
    thread = threading.Thread(target=lambda: found.append(served_by(follower)))
    thread.start()
    assert is_opening.wait(10)
    assert [served_by(follower) for _ in range(3)] == [FIRST] * 3
    may_go_on.set()
    thread.join(10)
    assert found == [SECOND]
    assert served_by(follower) == SECOND


def test_the_first_requests_all_wait_for_the_one_that_opens(warehouse: Warehouse, openings: list[str]) -> None:
    follower, found, together = Follower(warehouse), list[str](), threading.Barrier(8)

    def ask_together() -> None:
        together.wait(10)
        found.append(served_by(follower))

    threads = [threading.Thread(target=ask_together) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [FIRST] * 8
    assert openings == [FIRST]


def test_a_version_that_is_pruned_between_pointer_and_file_gives_way_to_its_successor(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(warehouse: Warehouse, name: str, *room: int, by_file: bool) -> OpenVersion:
        if name == FIRST:
            warehouse.point_to(SECOND)
            warehouse.prune(1)
        return original(warehouse, name, *room, by_file=by_file)

    original = open_version
    monkeypatch.setattr(reader, "open_version", overtaken)
    assert served_by(Follower(warehouse)) == SECOND


def test_a_version_that_is_refused_after_it_was_opened_is_closed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[duckdb.DuckDBPyConnection] = []

    def failing(connection: duckdb.DuckDBPyConnection, *_: object) -> None:
        connections.append(connection)
        raise ValueError

    monkeypatch.setattr("serve.version.open_version.engine.one_row", failing)
    with pytest.raises(NoVersionError):
        served_by(Follower(warehouse))
    (connection,) = connections
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("select 1")


def test_why_a_version_is_refused_is_logged_once(warehouse: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    follower = Follower(warehouse)
    warehouse.manifest_file(FIRST).unlink()
    for _ in range(3):
        with pytest.raises(NoVersionError):
            served_by(follower)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith(f"version {FIRST} is refused, the last good one stays in service: ")
    assert "manifest" in message
