"""A temporary folder that is full, read-only or gone: the server answers, whatever becomes of the counts (FAULTS 72).

On a real, small tmpfs; where nobody may mount one these tests are skipped.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import mmap_dict

from serve.operations.counted import SurvivingDict
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import PATH, SECOND, bearer
from tests.support.repository import ROOT
from tests.support.running import running_server
from tests.support.running.running_server import (
    Running,
    answered,
    command,
    free_port,
    wait_until,
    wait_until_it_answers,
)
from warehouse.configuration.configuration import Configuration

OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}


@pytest.fixture
def served(nights: Path, tmp_path: Path) -> Configuration:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    return small_platform.configure(configuration, ops_token=OPS_TOKEN)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 512 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"nobody may mount here: {mounted.stderr.decode()}")
    yield folder
    subprocess.run([shutil.which("umount") or "umount", "-l", folder], check=True)


@contextmanager
def serving(configuration: Configuration, folder: Path, workers: int) -> Iterator[Running]:
    port, log = free_port(), configuration.path.with_name("server.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command(configuration.path, port), "--workers", str(workers)],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder)},
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    try:
        running = Running(process, port, log)
        wait_until_it_answers(running)
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(running_server.STOP_SECONDS)


def fill(folder: Path) -> None:
    """Leave no byte in a folder."""
    with (folder / "filling").open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def ask_everything(server: Running) -> None:
    """Ask in all the ways there are, so that every route and status is counted for the first time."""
    for _ in range(3):
        assert answered(server.ask(headers=bearer())) == SECOND
        for path in (PATH, "/health", "/health/ready", "/nothing", "/profile/x", "/api/xp/public-profile/x"):
            for method in ("GET", "POST", "HEAD", "OPTIONS"):
                assert server.ask(path, method=method).status < 500
        for path in ("/metrics", "/health/detailed"):
            assert server.ask(path, headers=FOR_OPS).status == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_temporary_folder_keeps_nobody_from_answering(served: Configuration, small: Path, workers: int) -> None:
    """FAULTS 72: a new route or status was SIGBUS, a crash loop, and exit 1."""
    with serving(served, small, workers) as server:
        fill(small)
        ask_everything(server)
        (victim, *_) = [
            worker["pid"] for worker in json.loads(server.ask("/health/detailed", headers=FOR_OPS).content)["workers"]
        ]
        os.kill(victim, signal.SIGKILL)  # who takes its place finds the folder full
        wait_until(lambda: "Respawning" in server.log.read_text() and is_answering(server))
        ask_everything(server)
        assert server.process.poll() is None
    assert "Traceback" not in server.log.read_text()


def is_answering(server: Running) -> bool:
    try:
        return server.ask("/health/ready").status == 200
    except OSError:
        return False


def test_a_temporary_folder_that_vanishes_keeps_nobody_from_answering(served: Configuration, tmp_path: Path) -> None:
    """FAULTS 72: as systemd-tmpfiles, or a person, does."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with serving(served, folder, 1) as server:
        ask_everything(server)
        shutil.rmtree(folder)
        ask_everything(server)
        text = server.ask("/metrics", headers=FOR_OPS).content.decode()
        assert f'pulse_requests_total{{route="{PATH}",status="200"}} 6.0' in text
        (victim,) = [
            worker["pid"] for worker in json.loads(server.ask("/health/detailed", headers=FOR_OPS).content)["workers"]
        ]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: "Respawning" in server.log.read_text() and is_answering(server))
        ask_everything(server)
        server.process.terminate()
        assert server.process.wait(running_server.STOP_SECONDS) == 0
    assert "Traceback" not in server.log.read_text()


def test_counts_go_on_in_memory_when_a_file_of_them_cannot_grow(small: Path) -> None:
    """A sibling: the folder fills up while the file is there, and the file has to grow."""
    counts = SurvivingDict(str(small / "counter_1.db"))
    for number in range(500):
        counts.write_value(f"key {number}", float(number), 0.0)  # type: ignore[no-untyped-call]
    fill(small)
    for number in range(500, 5000):
        counts.write_value(f"key {number}" + "x" * 100, float(number), 0.0)  # type: ignore[no-untyped-call]
    assert counts.read_value("key 499")[0] == 499.0  # type: ignore[no-untyped-call]
    assert counts.read_value("key 4999" + "x" * 100)[0] == 4999.0  # type: ignore[no-untyped-call]
    read = mmap_dict.MmapedDict.read_all_values_from_file(str(small / "counter_1.db"))  # type: ignore[no-untyped-call]
    on_disk = {key: value for key, value, _, _ in read}
    assert on_disk["key 499"] == 499.0
