"""How often somebody may ask, and who is not kept waiting by whom (FAULTS 40); the clock stands in the test.

Whose address an address is, is `test_clients.py`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve import app
from serve.http import limit_store
from serve.http.limit_store import MOST_KEYS, ProcessCounts
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, PATH, SECOND, bearer
from warehouse.configuration.configuration import load
from warehouse.errors import ConfigurationError

PROXY, CLIENT, OTHER = "10.0.0.1", "203.0.113.9", "198.51.100.1"
OPS_TOKEN = "the-token-of-those-who-look-after-it"


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for name in ("serve.http.limit_store.time.time", "serve.http.limit_store.time.monotonic"):
        monkeypatch.setattr(name, clock)
    return clock


@pytest.fixture
def folder(nights: Path, tmp_path: Path) -> Path:
    small_platform.copied(nights, tmp_path, SECOND)
    return tmp_path


def client(folder: Path, **serve: object) -> FlaskClient:
    configuration = load(folder / "pulse.toml", uses=["auth"])
    return app.create_app(small_platform.configure(configuration, **serve)).test_client()


def ask(
    client: FlaskClient, headers: dict[str, str] | None = None, *, by: str = CLIENT, path: str = PATH
) -> TestResponse:
    """Ask from an address, by way of the proxy."""
    forwarded = {"X-Forwarded-For": by}
    return client.get(path, headers=forwarded | (headers or {}), environ_base={"REMOTE_ADDR": PROXY})


def assert_is_too_many(response: TestResponse, *, at_most: int) -> None:
    assert response.status_code == 429
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    seconds = int(response.headers["Retry-After"])
    assert 0 < seconds <= at_most
    assert response.get_json() == {"detail": f"Too many requests, try again in {seconds} s"}


# --- own answers ----------------------------------------------------------------------------------------------------


def test_a_learner_who_has_asked_often_enough_is_told_when_to_come_again(folder: Path, clock: Clock) -> None:
    asking = client(folder, rate_limit="3/minute")
    assert [ask(asking, bearer(ANA)).status_code for _ in range(3)] == [200] * 3
    clock.now += 15
    response = ask(asking, bearer(ANA))
    assert_is_too_many(response, at_most=45)
    assert response.headers["Retry-After"] == "45"
    clock.now += 45
    assert ask(asking, bearer(ANA)).status_code == 200


@pytest.mark.usefixtures("clock")
def test_other_learners_are_unaffected_also_behind_the_same_address(folder: Path) -> None:
    asking = client(folder, rate_limit="1/minute")
    assert ask(asking, bearer(ANA)).status_code == 200
    assert ask(asking, bearer(ANA)).status_code == 429
    assert ask(asking, bearer(ANA), by=OTHER).status_code == 429
    assert ask(asking, bearer(BEN)).status_code == 200


@pytest.mark.usefixtures("clock")
def test_answers_without_a_body_count_too_and_health_never_does(folder: Path) -> None:
    asking = client(folder, rate_limit="3/minute", rate_limit_refused="1/minute")
    tag = ask(asking, bearer()).headers["ETag"]
    assert ask(asking, bearer() | {"If-None-Match": tag}).status_code == 304
    assert asking.head(PATH, headers=bearer()).status_code == 200
    assert ask(asking, bearer() | {"If-None-Match": tag}).status_code == 429
    assert [ask(asking, path="/health").status_code for _ in range(5)] == [200] * 5


def test_an_empty_limit_is_none(folder: Path) -> None:
    asking = client(folder, rate_limit="", rate_limit_refused="")
    assert {ask(asking, bearer()).status_code for _ in range(150)} == {200}
    assert {ask(asking).status_code for _ in range(150)} == {401}


@pytest.mark.usefixtures("clock")
def test_by_default_there_are_both_limits(folder: Path) -> None:
    asking = client(folder, rate_limit="120/minute", rate_limit_refused="30/minute")
    assert [ask(asking, bearer()).status_code for _ in range(121)] == [200] * 120 + [429]
    assert [ask(asking).status_code for _ in range(31)] == [401] * 30 + [429]


# --- refused answers ------------------------------------------------------------------------------------------------


def test_an_address_that_was_refused_often_enough_is_asked_to_wait(folder: Path, clock: Clock) -> None:
    asking = client(folder, rate_limit_refused="2/minute", trusted_proxies=[PROXY])
    assert [ask(asking).status_code for _ in range(2)] == [401] * 2
    assert_is_too_many(ask(asking), at_most=60)
    assert_is_too_many(ask(asking, bearer()), at_most=60)  # its credentials are not looked at any more
    clock.now += 60
    assert ask(asking, bearer()).status_code == 200


@pytest.mark.usefixtures("clock")
def test_a_burst_from_one_address_behind_a_proxy_keeps_no_other_waiting(folder: Path) -> None:
    """FAULTS 40."""
    asking = client(folder, rate_limit_refused="5/minute", trusted_proxies=[PROXY])
    burst = [ask(asking, {"Authorization": f"Bearer {number}"}).status_code for number in range(50)]
    assert burst == [401] * 5 + [429] * 45
    forged = [f"{number}.0.0.1, {CLIENT}" for number in range(1, 50)]
    assert {ask(asking, by=hops).status_code for hops in forged} == {429}
    assert ask(asking, bearer(), by=OTHER).status_code == 200
    assert ask(asking, by=OTHER).status_code == 401


@pytest.mark.usefixtures("clock")
def test_who_forges_the_header_and_comes_by_no_proxy_is_counted_as_who_it_is(folder: Path) -> None:
    asking = client(folder, rate_limit_refused="5/minute")
    statuses = [ask(asking, by=f"{number}.0.0.1").status_code for number in range(1, 11)]
    assert statuses == [401] * 5 + [429] * 5


@pytest.mark.usefixtures("clock")
def test_who_has_a_network_of_ipv6_has_one_limit(folder: Path) -> None:
    asking = client(folder, rate_limit_refused="2/minute", trusted_proxies=[PROXY])
    statuses = [ask(asking, by=f"2001:db8:1:1::{number}").status_code for number in range(1, 5)]
    assert statuses == [401, 401, 429, 429]
    assert ask(asking, by="2001:db8:1:2::1").status_code == 401


@pytest.mark.usefixtures("clock")
def test_only_401_and_403_count(folder: Path) -> None:
    asking = client(folder, rate_limit_refused="1/minute", trusted_proxies=[PROXY])
    both = bearer() | {"X-API-Key": "xntr-x"}
    statuses = [ask(asking, headers).status_code for headers in (bearer(), both, both, bearer(), {}, bearer())]
    assert statuses == [200, 400, 400, 200, 401, 429]
    assert ask(asking, path="/nothing-here").status_code == 404


@pytest.mark.usefixtures("clock")
def test_all_that_ask_for_a_credential_share_the_count_of_an_address(folder: Path) -> None:
    asking = client(folder, rate_limit_refused="2/minute", trusted_proxies=[PROXY], ops_token=OPS_TOKEN)
    assert [ask(asking, path=path).status_code for path in ("/metrics", PATH, "/health/detailed")] == [401, 401, 429]


@pytest.mark.usefixtures("clock")
def test_options_is_never_counted(folder: Path) -> None:
    asking = client(folder, rate_limit="1/minute", rate_limit_refused="1/minute")
    assert {asking.options(PATH).status_code for _ in range(5)} == {204}
    assert asking.get(PATH).status_code == 401


# --- where they are counted -----------------------------------------------------------------------------------------


def test_counts_end_on_time_and_are_forgotten(clock: Clock) -> None:
    kept = ProcessCounts()
    assert [kept.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert kept.get_expiry("a") == clock.now + 60
    clock.now += 60
    assert kept.get("a") == 0
    assert kept.incr("b", 60) == 1
    assert len(kept) == 1
    assert [kept.incr("a", 60) for _ in range(2)] == [1, 2]
    assert kept.get("b") == 1


@pytest.mark.usefixtures("clock")
def test_no_more_than_so_many_keys_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_store, "MOST_KEYS", 10)
    kept = ProcessCounts()
    for number in range(1000):
        kept.incr(str(number), 60)
    assert len(kept) == 10
    assert MOST_KEYS > 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Redis:
    """A real store that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)  # noqa: S607 - where it is differs
        for _ in range(500):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        pytest.fail("redis-server does not answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        complain = pytest.fail if os.environ.get("CI", "").lower() in {"1", "true"} else pytest.skip
        complain("no redis-server here; on Debian: apt-get install redis-server")
    pytest.importorskip("redis")
    store = Redis(tmp_path)
    store.start()
    yield store
    store.stop()


def test_workers_with_one_store_count_together(folder: Path, redis: Redis) -> None:
    one, other = (client(folder, rate_limit="3/minute", rate_limit_storage=redis.url) for _ in range(2))
    statuses = [ask(asking, bearer()).status_code for asking in (one, other, one, other, one)]
    assert statuses == [200, 200, 200, 429, 429]
    assert 0 < int(ask(one, bearer()).headers["Retry-After"]) <= 60


def test_a_store_that_is_down_takes_nothing_with_it_and_counts_again_when_it_is_back(
    folder: Path, redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr("serve.http.limit_store.time.monotonic", lambda: now[0])
    asking = client(folder, rate_limit="3/minute", rate_limit_storage=redis.url)
    assert ask(asking, bearer()).status_code == 200
    redis.stop()
    statuses = [ask(asking, bearer()).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]  # counted in the process, from the beginning
    assert ask(asking, bearer(BEN)).status_code == 200
    assert caplog.text.count("rate limits are counted per worker, their store fails: ConnectionError") == 1
    redis.start()
    now[0] += limit_store.DOWN_SECONDS
    assert [ask(asking, bearer()).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_store_that_is_down_from_the_beginning_keeps_nobody_from_starting(folder: Path) -> None:
    asking = client(folder, rate_limit="1/minute", rate_limit_storage=f"redis://127.0.0.1:{free_port()}")
    assert [ask(asking, bearer()).status_code for _ in range(2)] == [200, 429]


def test_a_store_without_its_driver_is_a_mistake_of_the_configuration(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"^serve.rate_limit_storage: .*pip install '.\[limits\]'"):
        client(folder, rate_limit_storage="redis://127.0.0.1:1")
