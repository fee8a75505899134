"""Whatever becomes of a look-up file, the answers are those of the version, byte for byte (FAULTS 4).

The file itself is `tests/warehouse/versions/test_lookup_file.py`'s.
"""

import json
import logging
import os
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve.app import create_app
from tests.serve.version.asking import ask
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, FIRST, IDLE, KIM, QUOTED, SECOND, ZOE
from tests.warehouse.versions.damaging import flip, writing
from warehouse.configuration.configuration import Configuration
from warehouse.versions import lookup_file
from warehouse.versions.lookup_file import LookupFile
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "an-ops-token-of-these-tests"
LEARNERS = (ANA, BEN, KIM, ZOE, IDLE, QUOTED, "nobody")


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    return small_platform.copied(nights, tmp_path, SECOND)


@pytest.fixture
def warehouse(configuration: Configuration) -> Warehouse:
    return Warehouse.of(configuration)


def client_of(configuration: Configuration, lookup: str = "file") -> FlaskClient:
    """Without a cache, so that every answer is looked up."""
    changed = {"lookup": lookup, "cache_mb": 0, "ops_token": OPS_TOKEN}
    return create_app(
        configuration.model_copy(update={"serve": configuration.serve.model_copy(update=changed)})
    ).test_client()


def answers(client: FlaskClient) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Body and headers of every learner's answer."""
    found = {learner: ask(client, learner) for learner in LEARNERS}
    assert {answer.status_code for answer in found.values()} == {200}
    return {
        learner: (answer.data, {name: value for name, value in answer.headers if name != "X-Request-Id"})
        for learner, answer in found.items()
    }


def dropped(client: FlaskClient) -> str | None:
    """Why the file was dropped, as `/health/detailed` and the metric agree."""
    headers = {"Authorization": f"Bearer {OPS_TOKEN}"}
    health = client.get("/health/detailed", headers=headers).get_json()
    reason: str | None = health["lookup_file_dropped"]
    assert ("lookup_file_dropped" in health["warnings"]) == (reason is not None)
    samples = client.get("/metrics", headers=headers).text.splitlines()
    assert f"pulse_lookup_files_dropped {1.0 if reason else 0.0}" in samples
    return reason


def test_file_and_warehouse_answer_the_same_byte_for_byte(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_file, by_sql = client_of(configuration), client_of(configuration, "warehouse")
    expected = answers(by_sql)
    assert json.loads(expected[ANA][0]) == ANSWERS[ANA][SECOND]
    monkeypatch.setattr("serve.version.lookup.LEARNER", Path("/no/such.sql"))  # whoever asks it fails
    assert answers(by_file) == expected
    assert dropped(by_file) is None
    assert dropped(by_sql) is None


def test_with_the_warehouse_no_look_up_file_is_opened(configuration: Configuration, warehouse: Warehouse) -> None:
    warehouse.lookup_file(SECOND).unlink()
    client = client_of(configuration, "warehouse")
    assert json.loads(answers(client)[ANA][0]) == ANSWERS[ANA][SECOND]
    assert dropped(client) is None


# --- before it is opened ----------------------------------------------------------------------------------------------


def gone(warehouse: Warehouse) -> None:
    warehouse.lookup_file(SECOND).unlink()


def cut_off(warehouse: Warehouse) -> None:
    with writing(warehouse.lookup_file(SECOND)):
        os.truncate(warehouse.lookup_file(SECOND), 700)


def flipped(warehouse: Warehouse) -> None:
    flip(warehouse.lookup_file(SECOND), 500)


def a_folder(warehouse: Warehouse) -> None:
    warehouse.lookup_file(SECOND).unlink()
    warehouse.lookup_file(SECOND).mkdir()


def a_pipe(warehouse: Warehouse) -> None:
    warehouse.lookup_file(SECOND).unlink()
    os.mkfifo(warehouse.lookup_file(SECOND))


def of_another_version(warehouse: Warehouse) -> None:
    with writing(warehouse.lookup_file(SECOND)):
        shutil.copyfile(warehouse.lookup_file(FIRST), warehouse.lookup_file(SECOND))


def of_another_version_and_so_says_the_manifest(warehouse: Warehouse) -> None:
    """The sum is right, and only the file's own header says whose it is."""
    of_another_version(warehouse)
    first, second = (json.loads(warehouse.manifest_file(name).read_text()) for name in (FIRST, SECOND))
    second |= {name: first[name] for name in ("lookup_sha256", "lookup_size")}
    warehouse.manifest_file(SECOND).write_text(json.dumps(second))


@pytest.mark.parametrize(
    "fault",
    [gone, cut_off, flipped, a_folder, a_pipe, of_another_version, of_another_version_and_so_says_the_manifest],
)
def test_a_file_that_is_not_the_versions_is_not_used_and_the_version_answers(
    configuration: Configuration,
    warehouse: Warehouse,
    fault: Callable[[Warehouse], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """FAULTS 4: never a wrong number, never a 503; why is logged once, and shown."""
    caplog.set_level(logging.ERROR)
    expected = answers(client_of(configuration, "warehouse"))
    fault(warehouse)
    client = client_of(configuration)
    assert answers(client) == expected
    reason = dropped(client)
    assert reason is not None
    assert str(warehouse.lookup_file(SECOND)) in reason
    (message,) = [record.getMessage() for record in caplog.records]
    assert message == f"version {SECOND} is answered without its look-up file: {reason}"


def test_the_next_version_is_looked_up_in_its_own_file(configuration: Configuration, warehouse: Warehouse) -> None:
    gone(warehouse)
    client = client_of(configuration)
    assert dropped(client)
    warehouse.rollback()
    assert json.loads(ask(client).data) == ANSWERS[ANA][FIRST]
    assert dropped(client) is None


def test_a_file_is_verified_by_its_receipt_and_other_content_inherits_none(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 4."""
    assert dropped(client_of(configuration)) is None
    assert warehouse.lookup_receipt(SECOND).exists()
    place = warehouse.lookup_file(SECOND)
    times = place.stat()
    flip(place, 500)
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "SHA-256" in str(dropped(client_of(configuration)))


# --- while it is open -------------------------------------------------------------------------------------------------


def test_no_bit_that_flips_while_it_is_served_changes_an_answer(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 4: a record is compared whenever it is read; the index was read before."""
    place, chance, reasons = warehouse.lookup_file(SECOND), random.Random(3), set[str]()
    expected = answers(client_of(configuration, "warehouse"))
    for position in range(0, place.stat().st_size, 97):
        client = client_of(configuration)
        ask(client, "nobody")  # the file is open, and nothing of it was kept
        bit = 1 << chance.randrange(8)
        flip(place, position, bit)
        assert answers(client) == expected
        reasons.add(str(dropped(client)).rpartition(" ")[2])
        flip(place, position, bit)
    assert reasons == {"(CRC-32)", "None"}


@pytest.mark.parametrize("length", [0, 100, 600])
def test_a_file_that_is_cut_while_it_is_served_is_dropped(
    configuration: Configuration, warehouse: Warehouse, length: int
) -> None:
    """FAULTS 4: a short read, and not a dead worker as with a mapped file."""
    expected, client = answers(client_of(configuration, "warehouse")), client_of(configuration)
    ask(client, "nobody")
    with writing(warehouse.lookup_file(SECOND)):
        os.truncate(warehouse.lookup_file(SECOND), length)
    assert answers(client) == expected
    assert "ends at" in str(dropped(client))


def test_a_disk_that_fails_drops_the_file(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 4."""
    expected, client = answers(client_of(configuration, "warehouse")), client_of(configuration)
    ask(client, "nobody")

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("warehouse.versions.lookup_file.os.pread", fail)
    assert answers(client) == expected
    assert dropped(client) == "[Errno 5] Input/output error"


def test_a_file_that_turns_into_another_versions_while_it_is_served_is_dropped(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 4: the same learners and places, other numbers, and every sum of its own right."""
    expected, client = answers(client_of(configuration, "warehouse")), client_of(configuration)
    ask(client, "nobody")
    manifest, place = warehouse.manifest(SECOND), warehouse.lookup_file(SECOND)
    with_one_more = place.with_name("other")
    opened = LookupFile(place, SECOND, manifest.logical_hash)
    records = [(key, record) for key in opened.keys if (record := opened.record(key))]
    opened.close()
    changed = [(key, record._replace(codes=bytes(len(record.codes)))) for key, record in records]
    lookup_file.write(with_one_more, SECOND.replace("2", "3"), manifest.logical_hash, changed)
    with writing(place):
        shutil.copyfile(with_one_more, place)
    assert answers(client) == expected
    assert "CRC-32" in str(dropped(client))


def test_a_file_that_is_removed_while_it_is_served_lives_on(configuration: Configuration, warehouse: Warehouse) -> None:
    """FAULTS 7."""
    expected, client = answers(client_of(configuration, "warehouse")), client_of(configuration)
    ask(client, "nobody")
    gone(warehouse)
    assert answers(client) == expected
    assert dropped(client) is None


def test_while_many_threads_look_up_a_drop_disturbs_none(configuration: Configuration, warehouse: Warehouse) -> None:
    expected, client = answers(client_of(configuration, "warehouse")), client_of(configuration)
    app, wrong, begin = client.application, list[object](), threading.Barrier(5)

    def look_up() -> None:
        asking = app.test_client()
        begin.wait(10)
        for _ in range(5):
            if (found := answers(asking)) != expected:
                wrong.append(found)

    ask(client, "nobody")
    threads = [threading.Thread(target=look_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    begin.wait(10)
    flip(warehouse.lookup_file(SECOND), 300)
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert "CRC-32" in str(dropped(client))


def test_a_version_that_is_closed_leaves_no_file_open(configuration: Configuration, warehouse: Warehouse) -> None:
    """Whether the file is in use or has been dropped."""

    def opened() -> list[str]:
        targets = []
        for descriptor in Path("/proc/self/fd").iterdir():
            try:
                targets.append(str(descriptor.readlink()))
            except FileNotFoundError:
                continue
        return [target for target in targets if target.startswith(str(warehouse.root)) and ".lookup" in target]

    client = client_of(configuration)
    ask(client)
    assert opened() == [str(warehouse.lookup_file(SECOND))]
    warehouse.rollback()
    ask(client)
    assert opened() == [str(warehouse.lookup_file(FIRST))]
    with writing(warehouse.lookup_file(FIRST)):
        os.truncate(warehouse.lookup_file(FIRST), 0)
    ask(client)
    assert dropped(client)
    warehouse.point_to(SECOND)
    ask(client)
    assert opened() == [str(warehouse.lookup_file(SECOND))]
