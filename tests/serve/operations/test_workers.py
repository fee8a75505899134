"""`pulse serve --workers 4` over real HTTP: publishing under load, a killed worker, a start before the first night.

One worker is `tests/serve/test_server.py`'s; which versions are good,
`tests/warehouse/versions/test_verification.py`'s. Waiting is polling, with a bound far above what it takes.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.command_line import cli
from serve.operations.health import about
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, SECOND, bearer
from tests.support.running import running_server
from tests.support.running.running_server import Learners, Running, answered, wait_until
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "an ops token of these tests".replace(" ", "-")
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}
WORKERS, CLIENTS = 4, 8
FOLLOW_SECONDS = 2.0  # FAULTS 8
ROLLBACK_SECONDS = 1.0  # FAULTS 10


@contextmanager
def serving(configuration: Configuration) -> Iterator[Running]:
    text = configuration.path.read_text()
    configuration.path.write_text(text.replace("[serve]\n", f'[serve]\nops_token = "{OPS_TOKEN}"\n'))
    with pytest.MonkeyPatch.context() as patched:
        alone = running_server.command
        patched.setattr(running_server, "command", lambda *words: [*alone(*words), "--workers", str(WORKERS)])
        with running_server.serving(configuration) as server:
            wait_until(lambda: len(workers_of(server)) == WORKERS)
            yield server


def detailed(server: Running) -> dict[str, Any]:
    found: dict[str, Any] = server.ask("/health/detailed", headers=FOR_OPS).json
    return found


def workers_of(server: Running) -> dict[int, str | None]:
    """Return what each living worker says that it serves."""
    return {worker["pid"]: worker["version"] for worker in detailed(server)["workers"]}


def all_serve(server: Running, version: str | None) -> Callable[[], bool]:
    return lambda: list(workers_of(server).values()) == [version] * WORKERS


@pytest.mark.slow
def test_publishing_and_rolling_back_under_load_fails_no_request_and_mixes_none(nights: Path, tmp_path: Path) -> None:
    """I2; FAULTS 7, 8 and 10: eight clients that keep their connections, four workers."""
    from assets.all_steps import publish_lake
    from assets.night.night import Night

    configuration = small_platform.copied(nights, tmp_path, FIRST)
    warehouse = Warehouse.of(configuration)
    with serving(configuration) as server:
        learners = Learners(server)
        with learners.asking(threads=CLIENTS):
            wait_until(all_serve(server, FIRST))
            manifest = publish_lake(Night.of(configuration))
            assert manifest is not None
            wait_until(lambda: warehouse.receipt(manifest.version).exists())
            assert wait_until(all_serve(server, manifest.version)) < FOLLOW_SECONDS
            published_at = len(learners.answers)
            wait_until(lambda: len(learners.answers) >= published_at + 10 * CLIENTS)

            assert cli.main(["rollback", "--config", str(configuration.path), FIRST]) == 0
            assert wait_until(all_serve(server, FIRST)) < ROLLBACK_SECONDS
            rolled_back_at = len(learners.answers)
            wait_until(lambda: len(learners.answers) >= rolled_back_at + 10 * CLIENTS)

            assert warehouse.kept() == [FIRST, manifest.version], "the second, which it repeats, is not kept"
            for version in [FIRST, manifest.version] * 6:
                warehouse.point_to(version)
            wait_until(all_serve(server, manifest.version))
            assert cli.main(["unpin", "--config", str(configuration.path)]) == 0
            assert warehouse.prune(1) == [FIRST]
            pruned_at = len(learners.answers)
            wait_until(lambda: len(learners.answers) >= pruned_at + 10 * CLIENTS)
        assert learners.failures == []
        assert {answered(answer) for answer in learners.answers} >= {FIRST, manifest.version}
        assert {answered(answer) for answer in learners.answers[pruned_at + CLIENTS :]} == {manifest.version}
        assert detailed(server)["refused"] == []
    assert "Traceback" not in server.log.read_text()


def test_a_bad_version_under_the_pointer_changes_no_answer_of_any_worker_not_even_of_a_new_one(
    nights: Path, tmp_path: Path
) -> None:
    """FAULTS 4, and a worker that is killed: its successor has nothing of its own to fall back on."""
    configuration = small_platform.copied(nights, tmp_path, FIRST)
    warehouse = Warehouse.of(configuration)
    with serving(configuration) as server:
        wait_until(all_serve(server, FIRST))
        place = warehouse.file(SECOND)
        place.chmod(0o644)
        with place.open("r+b") as file:
            file.seek(place.stat().st_size // 2)
            file.write(b"another bit")
        warehouse.point_to(SECOND)
        wait_until(lambda: SECOND in [r["version"] for r in detailed(server)["refused"]])

        before = workers_of(server)
        os.kill(next(iter(before)), signal.SIGKILL)
        wait_until(lambda: len(workers_of_survivors(server)) == WORKERS and workers_of_survivors(server) != before)
        wait_until(all_serve(server, FIRST))
        assert {answered(server.ask(headers=bearer())) for _ in range(4 * WORKERS)} == {FIRST}

        (refused,) = detailed(server)["refused"]
        assert (refused["version"], "SHA-256" in refused["reason"]) == (SECOND, True)
        assert "refused_versions" in detailed(server)["warnings"]
        assert server.process.poll() is None


def workers_of_survivors(server: Running) -> dict[int, str | None]:
    """As `workers_of`; a connection that the killed worker had taken is nobody's any more."""
    try:
        return workers_of(server)
    except OSError:
        return {}


def test_started_with_nothing_published_it_lives_and_is_healthy_by_itself_once_there_is_a_version(
    nights: Path, tmp_path: Path
) -> None:
    """FAULTS 5."""
    configuration = small_platform.copied(nights, tmp_path, None)
    with serving(configuration) as server:
        assert all_serve(server, None)()
        assert server.ask("/health").status == 200
        for path, headers in [("/health/ready", {}), (small_platform.PATH, bearer())]:
            answer = server.ask(path, headers=headers)
            assert (answer.status, list(answer.json)) == (503, ["detail"])
            assert int(answer.headers["retry-after"]) > 0
        Warehouse.of(configuration).point_to(FIRST)
        wait_until(all_serve(server, FIRST))
        assert server.ask("/health/ready").status == 200
        assert answered(server.ask(headers=bearer())) == FIRST


def test_metrics_add_up_over_all_workers(nights: Path, tmp_path: Path) -> None:
    with serving(small_platform.copied(nights, tmp_path, FIRST)) as server:
        wait_until(all_serve(server, FIRST))
        for _ in range(40):
            assert answered(server.ask(headers=bearer())) == FIRST
        text = server.ask("/metrics", headers=FOR_OPS).content.decode()
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        assert lines['pulse_requests_total{route="/api/xp/learning-pulse",status="200"}'] == "40.0"
        assert lines['pulse_request_seconds_count{route="/api/xp/learning-pulse"}'] == "40.0"
        assert lines['pulse_lookups_total{learner="known"}'] == "40.0"
        assert lines["pulse_switches_total"] == f"{WORKERS}.0"
        assert lines["pulse_workers_ready"] == f"{WORKERS}.0"


def test_sigterm_stops_all_of_it_well_and_nothing_is_left_behind(nights: Path, tmp_path: Path) -> None:
    with serving(small_platform.copied(nights, tmp_path, FIRST)) as server:
        pids = list(workers_of(server))
        assert list(tmp_path.glob("pulse-serve-*")) != []
        server.process.terminate()
        assert server.process.wait(running_server.STOP_SECONDS) == 0
    assert list(tmp_path.glob("pulse-serve-*")) == []
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_worker_that_serves_another_version_is_a_warning() -> None:
    from serve.operations.workers import Worker

    workers = [Worker(1, FIRST, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+00:00"), Worker(2)]
    now = datetime(2026, 1, 1, 2, tzinfo=UTC).timestamp()
    assert about(workers, now, 36)["warnings"] == ["nothing_served", "workers_differ"]
