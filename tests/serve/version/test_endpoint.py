"""The endpoint through the app: whose numbers it answers, and what errors look like.

The answers are written down in `tests/support/platforms/small_platform.py`. The same through the real server is
`tests/serve/test_server.py`; how it follows the pointer, `test_following.py`.
"""

import json
from pathlib import Path

import duckdb
import pytest
from flask.testing import FlaskClient

from serve import own_answer
from tests.serve.version.asking import answered, ask, assert_is_error, client_of
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

    monkeypatch.setattr(own_answer, "looked_up", fail)
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


def test_an_idle_learner_is_known(client: FlaskClient) -> None:
    """R14's first case: the window is that of the learner's own zone, not the default one's."""
    assert ask(client, IDLE).get_json() == ANSWERS[IDLE][SECOND] != UNKNOWN[SECOND]
