"""FAULTS 71: a connection that stops in the middle of an answer, without a word, ends neither for ever nor unheard.

Between us and a real PostgreSQL or MariaDB stands a relay that lets so many bytes of answers pass and then no more,
while it goes on taking what is sent and whoever connects: its kernel acknowledges everything.
"""

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import make_url

from assets.night.night import Night
from assets.reconcile.compare import compare
from assets.step1_extract.source.waiting import BEYOND_ITS_OWN, SourceThread
from assets.step2_land.land import land
from assets.step3_users.users import land_users
from tests.support.platforms.sources import USERS_TYPES, XP_TYPES, Platform, night, server_platform, xp_by_day
from tests.support.running.command_place import Place
from tests.support.running.dagster_place import Place as DagsterPlace
from tests.support.running.dagster_place import at_home, executed, run_of
from warehouse import clock
from warehouse.configuration.configuration import Configuration
from warehouse.disk.lock import run_lock
from warehouse.errors import SourceUnavailableError

YESTERDAY = clock.last_day_over()
ROWS = 20_000
STALLED = 300_000  # bytes: in the middle of the rows, and after all that is asked before
ALL = 1 << 40
AT_ONCE = 10  # seconds; mostly what Dagster and Python take to end on a busy machine
# Bytes of answers, of which MariaDB gives fewer in all.
BEFORE_THE_ROWS = [
    *(("postgresql", passing) for passing in (0, 60, 500, 2000, 4000)),
    *(("mariadb", passing) for passing in (0, 60, 500, 1000)),
]
SAID = (
    r"^stream {}: source platform failed: it has stopped answering, 6 s \(statement_timeout_seconds and 5 more\) "
    r"were waited for it; is it up\?$"
)


class Relay:
    """Passes bytes between us and a server, and of the answers only so many per connection.

    Args:
        server: where it passes them, the arguments of a socket's `connect`.
    """

    def __init__(self, family: socket.AddressFamily, server: Any) -> None:
        self.passing = ALL
        self.stalled = threading.Event()
        self._family, self._server = family, server
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def is_left(self) -> bool:
        """Whether every connection is ended on our side, or is within a moment: the relay hears of it by itself."""
        end = time.monotonic() + 5
        while any(one.fileno() != -1 for one in self._open) and time.monotonic() < end:
            time.sleep(0.02)
        return all(one.fileno() == -1 for one in self._open)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.socket(self._family)
                theirs.connect(self._server)
                self._open += [ours, theirs]
                threading.Thread(target=self._ask, args=(ours, theirs), daemon=True).start()
                threading.Thread(target=self._answer, args=(ours, theirs), daemon=True).start()

    def _ask(self, ours: socket.socket, theirs: socket.socket) -> None:
        with suppress(OSError):
            while sent := ours.recv(65536):
                theirs.sendall(sent)
        for one in (ours, theirs):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _answer(self, ours: socket.socket, theirs: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while answer := theirs.recv(min(65536, max(self.passing - passed, 0)) or 1):
                if passed >= self.passing:
                    self.stalled.set()
                    return
                ours.sendall(answer)
                passed += len(answer)
            ours.shutdown(socket.SHUT_RDWR)


def relay_to(url: str) -> tuple[Relay, str]:
    """Return a relay to a server, and the URL that goes through it."""
    parsed = make_url(url)
    folder = parsed.query.get("host")
    if folder:
        port = parsed.query.get("port", 5432)
        relay = Relay(socket.AF_UNIX, f"{folder}/.s.PGSQL.{port}")
    else:
        relay = Relay(socket.AF_INET, (parsed.host, parsed.port))
    through = parsed.difference_update_query(["host", "port"]).set(host="127.0.0.1", port=relay.port)
    return relay, through.render_as_string(hide_password=False)


@pytest.fixture(params=["postgresql", "mariadb"])
def stalling(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Platform, Relay]]:
    url = request.getfixturevalue({"postgresql": "postgres_url", "mariadb": "mariadb_url"}[request.param])
    with filled(url, tmp_path) as found:
        yield found


@contextmanager
def filled(url: str, folder: Path) -> Iterator[tuple[Platform, Relay]]:
    """Give a platform with big tables of learners and XP, and the relay through which it is read."""
    with server_platform(url, folder) as platform:
        platform.make("users", USERS_TYPES)
        platform.make("xp", XP_TYPES)
        numbers = f"seq_1_to_{ROWS}" if platform.is_mariadb else f"generate_series(1, {ROWS}) as numbers (seq)"
        platform.run(
            f"insert into {{users}} select concat('learner ', seq), 'UTC' from {numbers}",
            f"insert into {{xp}} select concat('event ', seq), 'learner 1', '{YESTERDAY} 12:00:00', 1 from {numbers}",
        )
        relay, through = relay_to(platform.url)
        yield replace(platform, url=through, settings="statement_timeout_seconds = 1"), relay
        relay.close()


def configured(platform: Platform) -> Configuration:
    return platform.configuration(first_day=YESTERDAY)


@pytest.mark.slow
def test_a_stream_that_stalls_ends_with_a_line_and_can_be_read_again(stalling: tuple[Platform, Relay]) -> None:
    """FAULTS 71: 864 s with a limit of 10 s."""
    platform, relay = stalling
    configuration, relay.passing = configured(platform), STALLED
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=SAID.format("xp")):
        land(Night.of(configuration), configuration.streams["xp"], [YESTERDAY])
    assert 6 <= time.monotonic() - began < 6 + AT_ONCE
    assert relay.stalled.is_set()
    assert_is_left(relay)
    assert not list((configuration.data_dir / "lake" / "xp").iterdir())
    relay.passing = ALL
    assert land(Night.of(configuration), configuration.streams["xp"], [YESTERDAY]).landings[0].rows == ROWS


@pytest.mark.slow
def test_learners_that_stall_end_with_a_line(stalling: tuple[Platform, Relay]) -> None:
    """FAULTS 71."""
    platform, relay = stalling
    configuration, relay.passing = configured(platform), STALLED
    with pytest.raises(SourceUnavailableError, match=SAID.format("users")):
        land_users(Night.of(configuration), YESTERDAY)
    assert relay.stalled.is_set()
    assert_is_left(relay)


@pytest.mark.one_in(3)
@pytest.mark.slow
@pytest.mark.parametrize(("stalling", "passing"), BEFORE_THE_ROWS, indirect=["stalling"])
def test_whatever_is_asked_before_the_rows_stalls_no_longer(passing: int, stalling: tuple[Platform, Relay]) -> None:
    """FAULTS 71: connecting, the clock, reflection, figures."""
    platform, relay = stalling
    configuration = configured(platform)
    night(configuration, YESTERDAY)
    relay.passing = passing
    with pytest.raises(SourceUnavailableError, match=SAID.format("xp")):
        compare(Night.of(configuration))
    assert relay.stalled.is_set()
    assert_is_left(relay)


def assert_is_left(relay: Relay) -> None:
    """Our thread has ended, and the server's session too."""
    assert not [thread for thread in threading.enumerate() if thread.name == "source"]
    assert relay.is_left()


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_night_that_stalls_and_the_next_one_publishes(
    sign: signal.Signals, stalling: tuple[Platform, Relay]
) -> None:
    """FAULTS 71: both were without effect, and the next night exited with 3."""
    platform, relay = stalling
    configuration, relay.passing = configured(replace(platform, settings="")), STALLED  # an hour, as it is by default
    place = Place(platform.folder)
    with place.start("nightly") as process:
        assert relay.stalled.wait(60)
        began = time.monotonic()
        process.send_signal(sign)
        _, err = process.communicate(timeout=60)
        assert time.monotonic() - began < AT_ONCE
    assert (process.returncode, err) == (130, "pulse: interrupted; nothing is published\n")
    assert relay.is_left()
    relay.passing = ALL
    code, _, err = place.pulse("nightly")
    assert (code, err) == (0, "")
    assert xp_by_day(configuration) == {YESTERDAY: ROWS}


@pytest.mark.slow
def test_a_night_that_stalls_fails_as_if_its_source_were_not_there(stalling: tuple[Platform, Relay]) -> None:
    """FAULTS 71: in one line, of which MariaDB printed 462; extraction is tried again before."""
    platform, relay = stalling
    configured(platform)
    platform.run("delete from {users} where user_id <> 'learner 1'")
    relay.passing = STALLED
    code, _, err = Place(platform.folder).pulse("nightly")
    line = SAID.format("xp")[1:-1]
    assert code == 1
    assert re.fullmatch(rf"pulse: {line}; nothing is published\n", err)
    assert relay.is_left()
    with run_lock(platform.configuration(first_day=YESTERDAY), "the test"):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_of_dagsters_that_stalls_can_be_terminated(
    sign: signal.Signals, stalling: tuple[Platform, Relay]
) -> None:
    """FAULTS 71, 64: the run is cancelled and not tried again."""
    platform, relay = stalling
    configured(replace(platform, settings=""))
    relay.passing = STALLED
    place = DagsterPlace(platform.folder)
    began = []

    def terminate() -> None:
        assert relay.stalled.wait(60)
        began.append(time.monotonic())
        instance.report_run_canceling(run)
        os.kill(os.getpid(), sign)

    with at_home(place) as instance:
        run = run_of(instance, YESTERDAY)
        terminating = threading.Thread(target=terminate)
        terminating.start()
        assert executed(instance, run) == dg.DagsterRunStatus.CANCELED
        assert time.monotonic() - began[0] < AT_ONCE
        terminating.join()
        assert not list(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY))
    assert_is_left(relay)
    relay.passing = ALL
    night(place.configuration, YESTERDAY)
    assert xp_by_day(place.configuration) == {YESTERDAY: ROWS}


def test_only_the_time_spent_waiting_counts() -> None:
    """FAULTS 71: not what is done with a batch before the next one is asked for; of all batches the waits together."""
    never = threading.Event()

    def batches(pause: float) -> Generator[int, None, None]:
        for number in range(3):
            never.wait(pause)
            yield number

    thread = SourceThread(timedelta(seconds=0.5) - BEYOND_ITS_OWN)
    found = []
    for number in thread.each(batches(0)):
        never.wait(0.4)
        found.append(number)
    assert found == [0, 1, 2]
    with pytest.raises(TimeoutError):
        list(thread.each(batches(0.3)))
    thread.leave()


def close_once_stalled(relay: Relay) -> None:
    relay.stalled.wait(60)
    relay.close()


def test_a_connection_that_is_lost_midway_is_said_in_a_line(
    mariadb_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A sibling of FAULTS 71: the server goes away in the middle of a result, which PyMySQL tried to read on."""
    with filled(mariadb_url, tmp_path) as (platform, relay):
        configuration, relay.passing = configured(platform), STALLED
        threading.Thread(target=close_once_stalled, args=(relay,)).start()
        with pytest.raises(SourceUnavailableError, match=r"^stream xp: source platform failed: .*Lost connection"):
            land(Night.of(configuration), configuration.streams["xp"], [YESTERDAY])
    assert capfd.readouterr().err == ""
