"""The production server over real HTTP, as `pulse serve` starts it: it stays up, follows the pointer, and stops.

What an answer must be is `tests/support/platforms/small_platform.py`'s; what the app does with every input is
`tests/serve/version/test_endpoint.py`'s.
"""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pipelines.command_line import cli
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, FIRST, PATH, SECOND, SECRET, bearer, token
from tests.support.repository import ROOT
from tests.support.running.running_server import (
    FOLLOW_SECONDS,
    HOST,
    START_SECONDS,
    STOP_SECONDS,
    Learners,
    Running,
    answered,
    command,
    free_port,
    read,
    serving,
    wait_until,
)
from warehouse.versions.versions import Warehouse


@pytest.fixture(scope="module")
def server(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on the second version, for tests that change nothing."""
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("server"), SECOND)
    with serving(configuration) as running:
        yield running


def test_no_process_of_the_server_holds_the_libraries_of_the_night(server: Running) -> None:
    """DuckDB would import pandas, numpy and Arrow with the first look-up, where they are installed: 41 MB each."""
    assert answered(server.ask(headers=bearer())) == SECOND
    main = server.process.pid
    workers = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()
    assert workers
    for process in (main, *workers):
        files = Path(f"/proc/{process}/maps").read_text(encoding="utf-8")
        assert "duckdb" in files
        assert not [name for name in ("/pandas/", "/numpy/", "/pyarrow/") if name in files]


# --- one version, many requests -------------------------------------------------------------------------------------


def test_the_endpoint_answers_with_body_and_headers(server: Running) -> None:
    answer = server.ask(headers=bearer())
    assert answered(answer) == SECOND
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-data-through"] == "2026-01-01T00:00:00Z"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Authorization, X-API-Key, Origin, Accept-Encoding"


def test_head_sends_the_headers_and_not_a_byte_of_the_body(server: Running) -> None:
    got, head = server.ask(headers=bearer()), server.ask(method="HEAD", headers=bearer())
    assert (head.status, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["x-data-version"] == SECOND


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", PATH, 401), ("GET", "/nothing-here", 404), ("GET", PATH + "/", 404), ("POST", PATH, 405)],
)
def test_an_error_is_json(server: Running, method: str, path: str, status: int) -> None:
    answer = server.ask(path, method=method)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json) == ["detail"]
    assert ("allow" in answer.headers) == (status == 405)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def raw(*headers: str) -> bytes:
    lines = [f"GET {PATH} HTTP/1.1", f"Host: {HOST}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


ANAS, BENS, NONE = f"Authorization: Bearer {token(ANA)}", f"authorization: Bearer {token(BEN)}", "Authorization:"


@pytest.mark.parametrize(
    "headers",
    [(ANAS, BENS), (BENS, ANAS), (ANAS, ANAS), (ANAS, NONE), (NONE, ANAS), ("Authorization: Bearer x", ANAS)],
    ids=["Ana's and Ben's", "Ben's and Ana's", "Ana's twice", "Ana's and none", "none and Ana's", "garbage and Ana's"],
)
def test_a_credential_that_is_sent_twice_is_nobodys(server: Running, headers: tuple[str, ...]) -> None:
    """FAULTS 35."""
    assert server.send(raw(*headers)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "header", ["Authorization: Bearer \xe9\xff", "Authorization: \x80", "Authorization: Bearer \t"]
)
def test_bytes_that_are_no_text_are_refused(server: Running, header: str) -> None:
    assert server.send(raw(header)).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(("kilobytes", "status"), [(32, 401), (128, 431), (1024, 431)])
def test_a_long_token_is_refused_in_bounded_time(server: Running, kilobytes: int, status: int) -> None:
    """FAULTS 34."""
    began = time.monotonic()
    try:
        content = server.send(raw("Authorization: Bearer " + "a" * (kilobytes * 1024)))
    except ConnectionError:  # the server need not read to the end what it refuses
        assert status == 431
    else:
        assert content.startswith(f"HTTP/1.1 {status} ".encode())
    assert time.monotonic() - began < 5
    assert answered(server.ask(headers=bearer())) == SECOND


def test_a_body_on_get_is_ignored_and_is_no_request_of_its_own(server: Running) -> None:
    """FAULTS 38."""
    body = b"GET /nothing-here HTTP/1.1\r\n\r\n"
    content = server.send(raw(f"Authorization: Bearer {token()}", f"Content-Length: {len(body)}") + body)
    assert content.startswith(b"HTTP/1.1 200 ")
    assert content.count(b"HTTP/1.1 ") == 1


def test_a_thousand_silent_connections_keep_nobody_waiting(server: Running) -> None:
    silent = [socket.create_connection((HOST, server.port), timeout=10) for _ in range(1000)]
    try:
        began = time.monotonic()
        assert server.ask("/health").status == 200
        assert answered(server.ask(headers=bearer())) == SECOND
        assert time.monotonic() - began < FOLLOW_SECONDS
    finally:
        for connection in silent:
            connection.close()


def test_no_log_holds_a_credential_or_a_query(server: Running) -> None:
    """FAULTS 39."""
    forged = token(key="a secret that this server has never heard of")
    assert server.ask(PATH + "?token=in-the-query", headers={"Authorization": f"Bearer {forged}"}).status == 401
    assert server.ask(PATH + "?token=in-the-query", headers=bearer()).status == 200
    log = server.log.read_text()
    assert f"401 '{PATH}': " in log
    for secret in ("in-the-query", SECRET, *forged.split("."), *token().split(".")):
        assert secret not in log


# --- a publish while it serves --------------------------------------------------------------------------------------


def test_publishing_and_rolling_back_under_requests_fails_none_and_mixes_none(
    nights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """I2; FAULTS 8 and 10 with one worker."""
    from assets.all_steps import publish_lake
    from assets.night.night import Night

    configuration = small_platform.copied(nights, tmp_path, FIRST)
    warehouse = Warehouse.of(configuration)
    with serving(configuration) as server:
        learners = Learners(server)
        with learners.asking(threads=4):
            learners.wait_for(FIRST)
            manifest = publish_lake(Night.of(configuration))
            assert manifest is not None
            learners.wait_for(manifest.version)
            assert cli.main(["rollback", "--config", str(configuration.path), FIRST]) == 0
            learners.wait_for(FIRST)
            assert warehouse.kept() == [FIRST, manifest.version], "the second, which it repeats, is not kept"
            for version in [manifest.version, FIRST] * 10:
                warehouse.point_to(version)
            warehouse.point_to(manifest.version)
            learners.wait_for(manifest.version)
            assert cli.main(["unpin", "--config", str(configuration.path)]) == 0
            assert warehouse.prune(1) == [FIRST]
            learners.wait_for(manifest.version)
    assert learners.failures == []
    assert {answered(answer) for answer in learners.answers} >= {FIRST, manifest.version}
    assert f"{FIRST} is served now" in capsys.readouterr().out
    assert "Traceback" not in server.log.read_text()


def test_a_server_that_starts_before_the_first_night_answers_after_it_by_itself(nights: Path, tmp_path: Path) -> None:
    """FAULTS 5, then 4: garbage behind the pointer leaves the last good version in service."""
    configuration = small_platform.copied(nights, tmp_path, None)
    warehouse = Warehouse.of(configuration)
    with serving(configuration) as server:
        answer = server.ask(headers=bearer())
        assert (answer.status, list(answer.json)) == (503, ["detail"])
        assert int(answer.headers["retry-after"]) > 0
        warehouse.point_to(FIRST)
        assert wait_until(lambda: server.ask("/health/ready").status == 200) < FOLLOW_SECONDS
        assert answered(server.ask(headers=bearer())) == FIRST
        warehouse.file(SECOND).chmod(0o644)
        warehouse.file(SECOND).write_bytes(b"garbage!" * (warehouse.manifest(SECOND).size // 8))
        warehouse.point_to(SECOND)
        assert [answered(server.ask(headers=bearer())) for _ in range(3)] == [FIRST] * 3
        wait_until(lambda: f"version {SECOND} is refused" in server.log.read_text())
        assert [answered(server.ask(headers=bearer())) for _ in range(3)] == [FIRST] * 3
        warehouse.point_to(FIRST)
        assert answered(server.ask(headers=bearer())) == FIRST


# --- starting and stopping ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_sigterm_stops_it_at_once_and_well_whatever_its_clients_hold_open(nights: Path, tmp_path: Path) -> None:
    with (
        serving(small_platform.copied(nights, tmp_path, SECOND)) as server,
        socket.create_connection((HOST, server.port), timeout=10) as half,
        closing(http.client.HTTPConnection(HOST, server.port, timeout=10)) as idle,
    ):
        half.sendall(f"GET {PATH} HTTP/1.1\r\nHost: ".encode())
        idle.request("GET", PATH, headers=bearer())
        assert answered(read(idle)) == SECOND
        server.process.terminate()
        assert server.process.wait(STOP_SECONDS) == 0


def test_ctrl_c_reaches_server_and_workers_together_and_stops_it_well(nights: Path, tmp_path: Path) -> None:
    with serving(small_platform.copied(nights, tmp_path, SECOND)) as server:
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(STOP_SECONDS) == 0
        with pytest.raises(OSError, match="refused"):
            server.ask("/health")


def start_and_fail(configuration: Path, port: int) -> tuple[int, str]:
    """Start a server that must not come up and return its exit code and what it says; no worker of it stays behind."""
    with subprocess.Popen(
        command(configuration, port),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, line = process.communicate(timeout=START_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert "Spawning worker" not in output
    return process.returncode, line


@pytest.mark.parametrize(
    ("secret", "mistake"),
    [
        ('secret = "short"', "at least 32 bytes"),
        ('secret = "-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQ==\\n-----END PUBLIC KEY-----"', "asymmetric key"),
    ],
    ids=["too short", "a public key"],
)
def test_a_wrong_configuration_is_told_before_a_worker_starts(tmp_path: Path, secret: str, mistake: str) -> None:
    path = small_platform.make(tmp_path).path
    path.write_text(path.read_text().replace(f'secret = "{SECRET}"', secret))
    code, line = start_and_fail(path, free_port())
    assert code == 2
    assert mistake in line
    assert "Traceback" not in line


def test_a_port_that_another_server_has_is_not_shared_with_it(server: Running, nights: Path) -> None:
    code, line = start_and_fail(nights / "pulse.toml", server.port)
    assert code == 1
    assert line.startswith(f"pulse: cannot listen on {HOST} port {server.port}: Address already in use; choose another")
