"""The endpoint through the app: whose numbers it answers, how it follows the pointer, and what errors look like.

The answers are written down in `tests/support/platforms/small_platform.py`. The same through the real server is
`tests/serve/test_server.py`.
"""

import json
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve import app
from serve.version import reader
from serve.version.open_version import OpenVersion, open_version
from serve.version.pulse import learning_pulse
from serve.version.reader import Follower
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import (
    ANA,
    ANSWERS,
    BEN,
    FIRST,
    IDLE,
    KIM,
    PATH,
    QUOTED,
    SECOND,
    UNKNOWN,
    ZOE,
    bearer,
)
from warehouse.configuration.configuration import Configuration
from warehouse.errors import NoVersionError
from warehouse.identifiers import user_key
from warehouse.versions.versions import Warehouse

BODY_KEYS = [
    "data",
    "total_learning_time",
    "total_sessions",
    "total_quizzes",
    "total_quizzes_passed",
    "year",
]
ENTRY_KEYS = ["date", "xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level"]


@pytest.fixture(scope="module")
def client(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The app on the second version, for tests that change nothing."""
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("endpoint"), SECOND)
    with app.create_app(configuration).test_client() as client:
        yield client


def client_of(configuration: Configuration) -> FlaskClient:
    return app.create_app(configuration).test_client()


def ask(client: FlaskClient, user_id: object = ANA) -> TestResponse:
    return client.get(PATH, headers=bearer(user_id))


def answered(response: TestResponse) -> str:
    """Return the version that answered, once its answer to Ana is wholly its own."""
    assert response.status_code == 200, response.text
    version = response.headers["X-Data-Version"]
    assert response.get_json() == ANSWERS[ANA][version]
    return version


# --- bodies ---------------------------------------------------------------------------------------------------------

ALL_ANSWERS = [(user_id, version) for user_id, answers in ANSWERS.items() for version in answers]


@pytest.mark.parametrize(("user_id", "version"), ALL_ANSWERS)
def test_a_learner_gets_the_365_days_and_totals_of_the_version_and_nobody_elses(
    nights: Path, tmp_path: Path, user_id: str, version: str
) -> None:
    """R12, R13: Ben's 999 XP, eight hours and three quizzes stand beside every row."""
    response = ask(client_of(small_platform.copied(nights, tmp_path, version)), user_id)
    assert response.status_code == 200
    assert response.get_json() == ANSWERS[user_id][version]
    assert response.headers["X-Data-Version"] == version


def test_the_body_has_the_keys_of_the_contract_in_its_order_and_whole_numbers_only(client: FlaskClient) -> None:
    body = json.loads(ask(client).data)
    assert list(body) == BODY_KEYS
    assert [list(entry) for entry in body["data"]] == [ENTRY_KEYS] * 365
    numbers = [body[key] for key in BODY_KEYS[1:]] + [entry[key] for entry in body["data"] for key in ENTRY_KEYS[1:]]
    assert {type(number) for number in numbers} == {int}


def test_the_headers_say_what_was_answered_from_and_that_it_is_nobody_elses(client: FlaskClient) -> None:
    headers = ask(client).headers
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Data-Version"] == SECOND
    assert headers["X-Data-Through"] == "2026-01-01T00:00:00Z"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Vary"] == "Authorization, X-API-Key, Origin, Accept-Encoding"


@pytest.mark.parametrize("version", [FIRST, SECOND])
def test_a_learner_whom_the_version_does_not_know_gets_zeros_in_the_default_zone(
    nights: Path, tmp_path: Path, version: str
) -> None:
    """R14: Tokyo's window ends on another date than that of UTC, the second night's in another year."""
    response = ask(client_of(small_platform.copied(nights, tmp_path, version)), "somebody new")
    assert response.status_code == 200
    assert response.get_json() == UNKNOWN[version]


STRANGERS: dict[str, object] = {
    "an integer with a zero": "07",
    "an integer with a fraction": "7.0",
    "an integer in hex": "0x7",
    "a space before": " 7",
    "a space after": "7 ",
    "a newline after": "7\n",
    "a NUL after": "7\0",
    "a NUL before": "\x007",
    "a bidirectional mark after": "7\u202e",
    "a full-width digit": "\uff17",
    "a decomposed accent": "zoe\u0301",
    "another case": "Ben",
    "another UUID": "0f8fad5b-d9cb-469f-a165-70867728950f",
    "a UUID without dashes": ANA.replace("-", ""),
    "a UUID in braces": "{" + ANA + "}",
    "SQL that is always true": "' or '1'='1",
    "SQL that drops": "'; drop table pulse_totals; --",
    "wildcards": "%",
    "a lone surrogate": "\ud800",
    "two surrogates in the wrong order": "\udc00\ud800",
    "an emoji": "🦆",
    "a kilobyte": "x" * 1024,
    "a kilobyte that begins with an id": "ben".ljust(1024),
    "a number beyond 64 bits": 2**64 + 7,
    "a negative number": -7,
    "null as text": "null",
    "a space": " ",
}


@pytest.mark.parametrize("user_id", STRANGERS.values(), ids=STRANGERS)
def test_an_id_that_is_not_exactly_a_learners_gets_zeros(client: FlaskClient, user_id: object) -> None:
    """FAULTS 37."""
    response = ask(client, user_id)
    assert response.status_code == 200
    assert response.get_json() == UNKNOWN[SECOND]


SPELLINGS: dict[str, tuple[object, str]] = {
    "an integer": (int(KIM), KIM),
    "a UUID in capitals": (ANA.upper(), ANA),
    "an id with a quote": (QUOTED, QUOTED),
    "an id with an accent": (ZOE, ZOE),
}


@pytest.mark.parametrize(("subject", "learner"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_learner_is_found_by(client: FlaskClient, subject: object, learner: str) -> None:
    assert ask(client, subject).get_json() == ANSWERS[learner][SECOND]


def test_two_learners_with_one_key_would_not_see_each_other(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build stops over such a pair; a stranger whose id hashes like a learner's is nobody all the same."""
    key = user_key(BEN)
    monkeypatch.setattr("serve.version.pulse.user_key", lambda _: key)
    assert ask(client, "not ben").get_json() == UNKNOWN[SECOND]


def test_head_answers_with_the_headers_alone(client: FlaskClient) -> None:
    response = client.head(PATH, headers=bearer())
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["X-Data-Version"] == SECOND
    assert client.head(PATH).status_code == 401


def test_a_query_and_a_body_change_nothing(client: FlaskClient) -> None:
    """FAULTS 38."""
    query = {"user_id": BEN, "sub": BEN, "access_token": small_platform.token(BEN)}
    response = client.get(PATH, headers=bearer(), query_string=query, json={"sub": BEN})
    assert answered(response) == SECOND
    assert client.get(PATH, query_string=query).status_code == 401


def test_health_asks_for_nothing_and_needs_no_version(tmp_path: Path) -> None:
    response = client_of(small_platform.make(tmp_path)).get("/health")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


# --- errors ---------------------------------------------------------------------------------------------------------


def assert_is_error(response: TestResponse, status: int) -> str:
    """See that an error is JSON with nothing but a detail, and return that."""
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert list(body) == ["detail"]
    detail = body["detail"]
    assert isinstance(detail, str)
    return detail


@pytest.mark.parametrize("path", ["/", "/api", PATH + "/", PATH.upper(), "/api//xp/learning-pulse", "/%ff%00", "/docs"])
def test_an_unknown_path_is_404(client: FlaskClient, path: str) -> None:
    """FAULTS 38."""
    assert_is_error(client.get(path, headers=bearer()), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize("path", [PATH, "/health"])
def test_a_wrong_method_is_405_and_names_those_that_work(client: FlaskClient, path: str, method: str) -> None:
    """FAULTS 38."""
    response = client.open(path, method=method, headers=bearer())
    assert_is_error(response, 405)
    assert {allowed.strip() for allowed in response.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}


def test_options_names_the_methods(client: FlaskClient) -> None:
    assert "GET" in client.options(PATH).headers["Allow"]


def test_an_error_inside_is_500_with_a_number_and_what_happened_is_in_the_log_only(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 39."""

    def fail(*_: object) -> None:
        raise duckdb.IOException("select secret from /srv/warehouse/versions/pulse.duckdb")

    monkeypatch.setattr(app, "learning_pulse", fail)
    authorization = bearer()
    response = client.get(PATH + "?token=in-the-query", headers=authorization)
    detail = assert_is_error(response, 500)
    number = response.headers["X-Request-Id"]
    assert detail == f"Internal server error, request {number}"
    assert f"request {number} failed" in caplog.text
    assert "select secret" in caplog.text
    assert "in-the-query" not in caplog.text
    assert authorization["Authorization"].split(".")[2] not in caplog.text
    assert ask(client).headers["X-Request-Id"] != number


# --- nothing published yet ------------------------------------------------------------------------------------------


def test_before_anything_is_published_it_is_503_and_after_that_it_answers_by_itself(
    nights: Path, tmp_path: Path
) -> None:
    configuration = small_platform.copied(nights, tmp_path, None)
    client = client_of(configuration)
    for _ in range(2):
        response = ask(client)
        assert_is_error(response, 503)
        assert int(response.headers["Retry-After"]) > 0
    assert client.get(PATH).status_code == 401
    Warehouse.of(configuration).point_to(FIRST)
    assert answered(ask(client)) == FIRST


# --- following the pointer ------------------------------------------------------------------------------------------


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


# --- what a worker keeps ----------------------------------------------------------------------------------------------


def test_who_comes_again_is_answered_from_what_was_kept_and_with_the_same_bytes(
    nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 0009: first a line, then an answer; of learners whom the version does not know, nothing."""
    warehouse = Warehouse.of(small_platform.copied(nights, tmp_path, FIRST))
    version = open_version(warehouse, FIRST, cache_bytes=1_000_000)
    found = [learning_pulse(version, learner) for learner in (ANA, "nobody", ANA, "nobody")]
    assert found[0] == found[2] != found[1]
    assert version.lines.get(ANA) is not None
    assert version.pulses.get(ANA) is found[2]
    assert version.lines.get("nobody") is None
    assert version.pulses.get("nobody") is None
    monkeypatch.setattr(version.blocks, "of", lambda _: pytest.fail("looked up again"))
    assert learning_pulse(version, ANA) is found[2]
    version.close()
    assert version.lines.size == version.pulses.size == 0


def test_lines_and_answers_share_what_they_may_take(nights: Path, tmp_path: Path) -> None:
    """`serve.cache_mb` is for both together; without room nothing is kept, and answers are the same."""
    warehouse = Warehouse.of(small_platform.copied(nights, tmp_path, FIRST))
    found = []
    for room in (0, 100_000, 200_000):  # for answers three eighths of it: nothing, less than one, one
        version = open_version(warehouse, FIRST, cache_bytes=room)
        found += [[learning_pulse(version, learner) for learner in (ANA, BEN, ANA, BEN, ANA, BEN)]]
        assert version.lines.size + version.pulses.size <= room
        assert (version.lines.size > 0, version.pulses.size > 0) == (room > 0, room > 100_000)
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

    def noted(warehouse: Warehouse, name: str, cache_bytes: int = 0) -> OpenVersion:
        names.append(name)
        return original(warehouse, name, cache_bytes)

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

    def slow(warehouse: Warehouse, name: str, cache_bytes: int = 0) -> OpenVersion:
        is_opening.set()
        assert may_go_on.wait(10)
        return original(warehouse, name, cache_bytes)

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
    def overtaken(warehouse: Warehouse, name: str, cache_bytes: int = 0) -> OpenVersion:
        if name == FIRST:
            warehouse.point_to(SECOND)
            warehouse.prune(1)
        return original(warehouse, name, cache_bytes)

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


def test_an_idle_learner_is_known(client: FlaskClient) -> None:
    """R14's first case: the window is that of the learner's own zone, not the default one's."""
    assert ask(client, IDLE).get_json() == ANSWERS[IDLE][SECOND] != UNKNOWN[SECOND]
