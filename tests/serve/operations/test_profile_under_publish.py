"""Every own route of a real server while versions are published: each answer is wholly of one of them, none fails.

That the pulse is, also with several workers, is `test_workers.py`'s; what each answer must be says the oracle.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults import two_states
from tests.faults.two_states import DELETED, FIRST_DAY, LAST_DAY, LEARNERS, STATES, UNKNOWN
from tests.oracle import oracle
from tests.oracle.oracle import Stream, World
from tests.oracle.parts import oracle_answers
from tests.serve.own_locations import OWN
from tests.support.platforms import platforms
from tests.support.repository import LOOKUP
from tests.support.running import replay
from tests.support.running.running_server import HOST, Running, read, serving, wait_until
from warehouse.configuration.configuration import Configuration, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENTS = 4
SECONDS = 120.0  # far above what a version takes to be published, followed, and asked for everything
SERVE = f'\n[serve]\nrate_limit = ""\nrate_limit_refused = ""\nlookup = "{LOOKUP}"\n'
PULSE = "/api/xp/learning-pulse"
TIMES = {"landings", "restatements"}  # of a date: what the oracle does not say of a version that comes after others
SAVERS = Stream("savers", "freezes", has_own_dates=True)
Asked = tuple[str, str]  # learner and location


def world(state: str) -> World:
    """The platform of the tests of faults; in its busy state learners have savers, too."""
    calm_or_busy = two_states.world(state)
    number = STATES.index(state)
    rows: list[dict[str, object]] = [
        {"event_id": f"{learner} {day}", "user_id": learner, "covered_on": day}
        for learner in LEARNERS
        for day in (FIRST_DAY, LAST_DAY)[: 2 * number]
    ]
    users = [{**row, "freezes_available": number + 1} for row in calm_or_busy.users_landings[0][1]]
    return replace(
        calm_or_busy,
        streams=(*calm_or_busy.streams, SAVERS),
        rows={**calm_or_busy.rows, SAVERS.name: rows},
        users_landings=((LAST_DAY, users),),
        level_thresholds=(0, 10, 100),
    )


def answers(state: str) -> dict[Asked, Any]:
    """What every own route must answer each learner in a state, by the oracle."""
    of_state, learners = world(state), (*LEARNERS, DELETED, UNKNOWN)
    dates = oracle_answers.dates(of_state, learners, [LAST_DAY])
    return {
        **{(learner, PULSE): oracle.body(of_state, learner) for learner in learners},
        **{
            (learner, location): body
            for learner in learners
            for location, body in oracle_answers.bodies(of_state, learner).items()
        },
        **{(learner, f"{PULSE}/{day}"): body for (learner, day), body in dates.items()},
    }


@dataclass
class Clients:
    """Clients that ask a server for everything, one after the other without a pause, and what they were answered."""

    server: Running
    asked: list[Asked]
    failures: list[str] = field(default_factory=list)
    contents: dict[tuple[str, Asked], set[bytes]] = field(default_factory=dict)
    fresh: int = 0

    @contextmanager
    def asking(self) -> Iterator[None]:
        is_over = threading.Event()
        threads = [threading.Thread(target=self._ask_until, args=(is_over, number)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            is_over.set()
            for thread in threads:
                thread.join(20)

    def have_asked_all_of(self, version: str) -> bool:
        return bool(self.failures) or all((version, asked) in self.contents for asked in self.asked)

    def _ask_until(self, is_over: threading.Event, number: int) -> None:
        held: dict[Asked, tuple[str, str]] = {}  # the tag that a client holds of each answer, and its version
        first = number * len(self.asked) // CLIENTS
        try:
            with closing(http.client.HTTPConnection(HOST, self.server.port, timeout=30)) as connection:
                for asked in cycle(self.asked[first:] + self.asked[:first]):
                    self._ask(connection, asked, held)
                    if is_over.is_set():
                        return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure
            self.failures.append(repr(error))

    def _ask(self, connection: http.client.HTTPConnection, asked: Asked, held: dict[Asked, tuple[str, str]]) -> None:
        learner, location = asked
        known = {"If-None-Match": held[asked][0]} if asked in held else {}
        connection.request("GET", location, headers=replay.bearer(learner) | known)
        answer = read(connection)
        about = (answer.headers.get("etag", ""), answer.headers.get("x-data-version", ""))
        if answer.status == http.HTTPStatus.NOT_MODIFIED and about == held.get(asked):
            self.fresh += 1
            del held[asked]  # or else the answer itself would be asked for once a version
        elif answer.status == http.HTTPStatus.OK:
            held[asked] = about
            self.contents.setdefault((about[1], asked), set()).add(answer.content)
        else:
            self.failures.append(f"{asked}: {answer.status} {answer.headers} {answer.content[:500]!r}")


def configured(platform: replay.Platform) -> Configuration:
    """Write the configuration of both states, and let everybody ask as often as they like."""
    file = replay.configured(world(STATES[0]), platform).path
    file.write_text(file.read_text() + SERVE)
    return load(file, uses=["sources", "auth", "serve"])


@pytest.mark.slow
def test_every_route_under_three_publishes_fails_nobody_and_mixes_nothing(tmp_path: Path) -> None:
    """I2; FAULTS 8: status, version, body and tag belong together, whatever is asked while versions change."""
    platform = replay.Platform(f"sqlite:///{tmp_path}/platform.sqlite", tmp_path)
    expected = {state: answers(state) for state in STATES}
    asked = [*expected[STATES[0]]]
    assert {re.sub(r"/\d{4}-\d{2}-\d{2}$", "/{day}", location.partition("?")[0]) for _, location in asked} == {*OWN}
    assert_all_differ(*expected.values())
    configuration = configured(platform)

    def publish(state: str) -> str:
        platforms.write(world(state), platform.url)
        return replay.night(configuration, FIRST_DAY, LAST_DAY).version

    states = {publish(STATES[0]): STATES[0]}
    with serving(configuration) as server:
        clients = Clients(server, asked)
        with clients.asking():
            wait_until(lambda: clients.have_asked_all_of(*states), SECONDS)
            for state in (STATES[1], STATES[0], STATES[1]):
                version = publish(state)
                states[version] = state
                wait_until(lambda version=version: clients.have_asked_all_of(version), SECONDS)  # type: ignore[misc]
    assert clients.failures == []
    assert clients.fresh > 0
    assert {version for version, _ in clients.contents} == states.keys()
    for (version, of), contents in clients.contents.items():
        assert len(contents) == 1, (version, of)
        assert body_of(*contents) == expected[states[version]][of], (version, of)


def body_of(content: bytes) -> Any:
    """Return a body as the oracle has it: of a date's landings day and stream alone."""
    body = json.loads(content)
    if body.keys() >= TIMES:
        del body["restatements"]
        body["landings"] = [(landing["day"], landing["stream"]) for landing in body["landings"]]
    return body


def assert_all_differ(calm: dict[Asked, Any], busy: dict[Asked, Any]) -> None:
    """See that of every route some learner's answers differ: else those that are mixed would not be noticed."""
    different = {asked[1] for asked, body in calm.items() if busy[asked] != body}
    assert {path for path in OWN if "{" not in path} < different
    assert f"{PULSE}/{LAST_DAY}" in different
