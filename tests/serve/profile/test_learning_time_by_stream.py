"""`by_stream` in the answer of `/api/xp/learning-time`: there where the version says what is of which stream (R31)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest

from serve.app import create_app
from serve.http.openapi import document
from tests.serve.profile.profile_answers import TIME, UNKNOWN, time_of
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, SECOND_NIGHT, bearer
from warehouse.configuration.configuration import load

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

SECOND_STREAM = """
[streams.maths]
kind = "sessions"
source = "platform"
table = "maths"
columns = { event_id = "id", user_id = "user_id", started_at = "started_at", ended_at = "ended_at" }
"""
MATHS = [
    # within Ana's half an hour of the other stream: in the total it counts once
    (1, ANA, "2025-12-29T09:10:00Z", "2025-12-29T09:20:00Z"),
    # on another date
    (2, ANA, "2025-12-31T09:00:00Z", "2025-12-31T09:01:00Z"),
    # Ben's, which must not be in anybody else's answer
    (3, BEN, "2025-12-30T09:00:00Z", "2025-12-30T19:00:00Z"),
]
ALL_OF_IT, LAST_TWO = "", "?start_date=2025-12-30&end_date=2025-12-31"


def of(stream: str, seconds: int, active_days: int, sessions: int) -> dict[str, object]:
    return {"stream": stream, "learning_time": seconds, "active_days": active_days, "sessions": sessions}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Of the small platform with a second stream of sessions, by stream."""
    return client_of(tmp_path_factory.mktemp("streams"), 'data_dir = "var"\nby_stream = true')


def client_of(folder: Path, pulse: str) -> FlaskClient:
    configuration = small_platform.make(folder)
    with closing(sqlite3.connect(folder / "platform.sqlite")) as platform, platform:
        platform.execute("create table maths (id integer, user_id text, started_at text, ended_at text)")
        platform.executemany("insert into maths values (?, ?, ?, ?)", MATHS)
    text = configuration.path.read_text(encoding="utf-8").replace('data_dir = "var"', pulse)
    configuration.path.write_text(text.replace("[auth]", f"{SECOND_STREAM}\n[auth]"), encoding="utf-8")
    configuration = load(configuration.path, uses=["sources", "auth", "serve"])
    small_platform.publish(configuration, SECOND_NIGHT)
    return create_app(configuration).test_client()


EXPECTED = {
    (ANA, ALL_OF_IT): (
        time_of("2025-01-01", "2025-12-31", 1860, 3, 3),
        [of("maths", 660, 2, 2), of("sessions", 1800, 1, 1)],
    ),
    (ANA, LAST_TWO): (time_of("2025-12-30", "2025-12-31", 60, 2, 1), [of("maths", 60, 1, 1)]),
    (UNKNOWN, ALL_OF_IT): (time_of("2025-01-02", "2026-01-01", 0, 0, 0), []),
}


@pytest.mark.parametrize(("learner", "query"), EXPECTED)
def test_each_stream_has_its_own_time_and_two_at_once_count_once_in_the_total(
    client: FlaskClient, learner: str, query: str
) -> None:
    total, streams = EXPECTED[learner, query]
    response = client.get(TIME + query, headers=bearer(learner))
    assert (response.status_code, response.get_json()) == (200, {**total, "by_stream": streams})
    assert is_documented(response.get_json())


def test_without_it_the_answer_has_no_such_key(tmp_path: Path) -> None:
    response = client_of(tmp_path, 'data_dir = "var"').get(TIME, headers=bearer(ANA))
    assert response.get_json() == EXPECTED[ANA, ALL_OF_IT][0]
    assert is_documented(response.get_json())


def test_a_body_that_the_reference_does_not_know_would_be_noticed() -> None:
    total, streams = EXPECTED[ANA, ALL_OF_IT]
    assert not is_documented({**total, "by_stream": [{**streams[0], "xp": 1}]})
    assert not is_documented({**total, "streams": streams})


def is_documented(body: object) -> bool:
    described = document(has_ops=False)
    schema = described["paths"][TIME]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return jsonschema_rs.is_valid({**schema, "components": described["components"]}, body)
