"""A disk, or a way to the source, that fails at the Nth call of a night (FAULTS 2).

The same on a disk that is really full is `test_full_disk.py`.
"""

import errno
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.faults import two_states
from tests.faults.failing_disk import FailingDisk, failing_at, failing_disk
from tests.faults.failing_nights import fail_at_every_call, night
from tests.faults.torture import leftovers
from tests.support.platforms import platforms
from warehouse.versions.versions import Warehouse

CALM = two_states.world("calm")
STEP = 7  # of the calls of a night every seventh; `make torture` takes all


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingDisk]:
    with failing_disk(tmp_path_factory.mktemp("shim")) as disk:
        yield disk


@pytest.mark.one_in(2)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "lasts", "first"),
    [(errno.EIO, False, 1), (errno.ENOSPC, True, 4)],
    ids=["one call fails", "the disk stays full"],
)
def test_whatever_call_fails_the_night_fails_and_leaves_all_as_it_was(
    disk: FailingDisk, tmp_path: Path, error: int, first: int, *, lasts: bool
) -> None:
    """FAULTS 2; I1, I4: exit 1 with the file's name in one line, the old version served, nothing half-written left."""
    calls = fail_at_every_call(disk, two_states.make(tmp_path), error, lasts=lasts, first=first, step=STEP)
    assert calls > 100


@pytest.mark.slow
def test_whatever_connection_fails_the_stream_and_its_source_are_named(
    disk: FailingDisk, tmp_path: Path, postgres_url: str
) -> None:
    """FAULTS 2, 12: nothing is published, and once the source answers the next night is whole."""
    events = {name: [row for row in rows if row["event_id"] != "undated"] for name, rows in CALM.rows.items()}
    platforms.write(replace(CALM, rows=events), postgres_url)
    place = two_states.make(tmp_path, postgres_url)
    warehouse, failing = Warehouse.of(place.configuration), {"FAILING_IO_CONNECT": "1"}
    streams = set()
    for number in count(1):
        ended = night(disk, place, {**failing_at(number, tmp_path), **failing})
        if ended.failed is None:
            break
        assert (ended.code, ended.said.count("\n")) == (1, 1), ended
        assert re.search(r"^pulse: stream (\w+): source platform failed: ", ended.said), ended
        assert ended.said.endswith("; nothing is published\n")
        assert warehouse.current() is None
        assert leftovers(place.configuration.data_dir) == []
        streams.add(ended.said.split()[2].rstrip(":"))
    assert streams == {"users", *events}
    assert (ended.code, ended.said) == (0, "")
    assert warehouse.current() is not None
