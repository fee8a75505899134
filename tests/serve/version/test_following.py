"""How the endpoint follows the pointer: over a publish, a rollback, and whatever file or pointer may have become.

Through the app; the follower itself is looked at in `test_follower.py`.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.serve.version.asking import answered, ask, assert_is_error, client_of
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, SECOND
from warehouse.versions.versions import Warehouse


def test_a_publish_and_a_rollback_are_followed_by_the_next_request(nights: Path, tmp_path: Path) -> None:
    configuration = small_platform.copied(nights, tmp_path, FIRST)
    client, warehouse = client_of(configuration), Warehouse.of(configuration)
    assert answered(ask(client)) == FIRST
    warehouse.point_to(SECOND)
    assert answered(ask(client)) == SECOND
    warehouse.rollback()
    assert answered(ask(client)) == FIRST


def test_a_version_needs_none_of_the_nights_libraries_to_be_opened(
    nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB reaches for pytz when a TIMESTAMPTZ comes to Python; a server has neither it nor pandas."""
    for name in ("pytz", "pandas", "numpy", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    assert answered(ask(client_of(small_platform.copied(nights, tmp_path, SECOND)))) == SECOND


Breakage = Callable[[Warehouse], object]


def overwritten(warehouse: Warehouse, content: bytes) -> None:
    place = warehouse.file(SECOND)
    place.chmod(0o644)
    place.write_bytes(content)


def with_manifest(warehouse: Warehouse, **changes: Any) -> None:
    place = warehouse.manifest_file(SECOND)
    place.write_text(json.dumps({**json.loads(place.read_text()), **changes}))


def is_garbage_of_the_right_size(warehouse: Warehouse) -> None:
    overwritten(warehouse, b"garbage!" * (warehouse.manifest(SECOND).size // 8))


def is_another_version(warehouse: Warehouse) -> None:
    shutil.copyfile(warehouse.file(FIRST), warehouse.file("other"))
    overwritten(warehouse, warehouse.file("other").read_bytes())
    with_manifest(warehouse, size=warehouse.file(SECOND).stat().st_size)


def is_a_database_of_somebody_else(warehouse: Warehouse) -> None:
    warehouse.file(SECOND).unlink()
    with duckdb.connect(str(warehouse.file(SECOND))) as connection:
        connection.execute("create table cats (name varchar)")
    with_manifest(warehouse, size=warehouse.file(SECOND).stat().st_size)


BROKEN: dict[str, Breakage] = {
    "is garbage": lambda warehouse: overwritten(warehouse, b"garbage"),
    "is garbage of the right size": is_garbage_of_the_right_size,
    "is empty": lambda warehouse: overwritten(warehouse, b""),
    "is cut off": lambda warehouse: overwritten(warehouse, warehouse.file(SECOND).read_bytes()[:-4096]),
    "has grown": lambda warehouse: overwritten(warehouse, warehouse.file(SECOND).read_bytes() + bytes(4096)),
    "is missing": lambda warehouse: warehouse.file(SECOND).unlink(),
    "is another version's": is_another_version,
    "is somebody else's database": is_a_database_of_somebody_else,
    "has no manifest": lambda warehouse: warehouse.manifest_file(SECOND).unlink(),
    "has a manifest that is no JSON": lambda warehouse: warehouse.manifest_file(SECOND).write_text("{"),
    "has a manifest that is a list": lambda warehouse: warehouse.manifest_file(SECOND).write_text("[]"),
    "has a manifest that is not UTF-8": lambda warehouse: warehouse.manifest_file(SECOND).write_bytes(b"\xff"),
    "has another version's manifest": lambda warehouse: with_manifest(warehouse, version=FIRST),
    "has a schema of the future": lambda warehouse: with_manifest(warehouse, schema_version=999),
}


@pytest.mark.parametrize("breakage", BROKEN.values(), ids=BROKEN)
def test_the_last_good_version_stays_in_service_when_the_file_behind_the_pointer(
    nights: Path, tmp_path: Path, breakage: Breakage
) -> None:
    """FAULTS 4, 5."""
    configuration = small_platform.copied(nights, tmp_path, FIRST)
    client, warehouse = client_of(configuration), Warehouse.of(configuration)
    assert answered(ask(client)) == FIRST
    breakage(warehouse)
    warehouse.point_to(SECOND)
    assert [answered(ask(client)) for _ in range(3)] == [FIRST] * 3


@pytest.mark.parametrize("breakage", BROKEN.values(), ids=BROKEN)
def test_without_a_last_good_version_it_is_503_until_there_is_a_good_one_when_the_file(
    nights: Path, tmp_path: Path, breakage: Breakage
) -> None:
    """FAULTS 4, 5."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    client, warehouse = client_of(configuration), Warehouse.of(configuration)
    breakage(warehouse)
    assert_is_error(ask(client), 503)
    warehouse.point_to(FIRST)
    assert answered(ask(client)) == FIRST


def points_nowhere(warehouse: Warehouse) -> None:
    warehouse.pointer.unlink()


def is_a_file(warehouse: Warehouse) -> None:
    warehouse.pointer.unlink()
    shutil.copyfile(warehouse.file(SECOND), warehouse.pointer)


def is_a_folder(warehouse: Warehouse) -> None:
    warehouse.pointer.unlink()
    warehouse.pointer.mkdir()


@pytest.mark.parametrize("breakage", [points_nowhere, is_a_file, is_a_folder])
def test_a_pointer_that_is_none_leaves_the_last_good_version_in_service(
    nights: Path, tmp_path: Path, breakage: Breakage
) -> None:
    configuration = small_platform.copied(nights, tmp_path, FIRST)
    client, warehouse = client_of(configuration), Warehouse.of(configuration)
    assert answered(ask(client)) == FIRST
    breakage(warehouse)
    assert answered(ask(client)) == FIRST
    assert_is_error(ask(client_of(configuration)), 503)
