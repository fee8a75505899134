"""The profile's routes: bodies by hand, tags, headers and errors; who asks is `test_own_routes.py`'s matter.

That random worlds are answered as the oracle says is `tests/oracle/test_against_oracle.py`'s matter.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serve import app
from tests.serve.own_locations import LOCATIONS
from tests.serve.profile.profile_answers import (
    ANSWERS,
    DAY,
    OF_PROFILE,
    QUEST_SECTIONS,
    QUESTS,
    STREAK,
    TIME,
    UNKNOWN,
    WEEK,
    YEAR,
)
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, BEN, IDLE, KIM, PATH, SECOND, bearer
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import ConfigurationError
from warehouse.versions.versions import Warehouse

QUESTIONS = [(learner, location) for learner, answers in ANSWERS.items() for location in answers]


def with_quests(configuration: Configuration) -> Configuration:
    """Write the quests of these tests into the file, and return what it says then."""
    configuration.path.write_text(configuration.path.read_text() + QUEST_SECTIONS)
    return load(configuration.path, uses=["sources", "auth"])


@pytest.fixture(scope="module")
def client(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    with app.create_app(
        with_quests(small_platform.copied(nights, tmp_path_factory.mktemp("profile"), SECOND))
    ).test_client() as client:
        yield client


@pytest.mark.parametrize(("learner", "location"), QUESTIONS)
def test_a_learner_gets_what_was_worked_out_by_hand(client: FlaskClient, learner: str, location: str) -> None:
    response = client.get(location, headers=bearer(learner))
    assert (response.status_code, response.get_json()) == (200, ANSWERS[learner][location])
    assert response.headers["X-Data-Version"] == SECOND
    assert response.headers["X-Data-Through"] == "2026-01-01T00:00:00Z"
    assert response.headers["X-Pulse-Complete-Through"] == "2025-12-31" if learner != IDLE else "2025-12-30"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers.get("X-Pulse-Learner") == ("unknown" if learner == UNKNOWN else None)
    assert not {"X-Pulse-Cuts", "X-Pulse-Metric", "X-Pulse-Population"} & set(response.headers.keys())


def test_a_calendar_year_is_answered_like_the_pulse(client: FlaskClient) -> None:
    """R30: 2025 had 365 days; her three scores are 10, 20 and 40."""
    response = client.get(YEAR, headers=bearer(ANA))
    body = response.get_json()
    assert [entry["date"] for entry in body["data"][::364]] == ["2025-01-01", "2025-12-31"]
    assert [list(entry.values()) for entry in body["data"] if entry["level"]] == [
        ["2025-12-29", 10, 1800, 1, 0, 0, 1],
        ["2025-12-30", 20, 0, 0, 2, 1, 3],
        ["2025-12-31", 40, 0, 0, 0, 0, 4],
    ]
    assert {name: total for name, total in body.items() if name != "data"} == {
        "total_learning_time": 1800,
        "total_sessions": 1,
        "total_quizzes": 2,
        "total_quizzes_passed": 1,
        "year": 2025,
    }
    assert (response.headers["X-Pulse-Cuts"], response.headers["X-Pulse-Population"]) == ("10,20,40", "own")


def test_a_date_says_why_it_is_what_it_is(client: FlaskClient) -> None:
    """Measures, level and cuts of the pulse, the zone's instants, and the landings that reach the date."""
    body = client.get(DAY, headers=bearer(ANA)).get_json()
    landings = body.pop("landings")
    assert body == {
        "date": "2025-12-30",
        "xp_earned": 20,
        "learning_time": 0,
        "sessions": 0,
        "quizzes": 2,
        "quizzes_passed": 1,
        "level": 3,
        "score": 20,
        "cuts": [10, 20, 40],
        "population": "own",
        "timezone": "UTC",
        "begins_at": "2025-12-30T00:00:00Z",
        "ends_at": "2025-12-31T00:00:00Z",
        "is_complete": True,
        "restatements": [],
    }
    days = [(landing["stream"], landing["day"]) for landing in landings]
    assert days == [
        ("sessions", "2025-12-29"),  # one that began on the day before may reach into it
        *((stream, "2025-12-30") for stream in ("quiz_attempts", "sessions", "xp_events")),
    ]
    assert all(landing["extracted_at"] <= landing["proven_at"] for landing in landings)


def test_a_date_in_the_east_begins_on_the_day_before(client: FlaskClient) -> None:
    """R5: on Kiritimati, 14 hours ahead, the date of 31 December is of two UTC days."""
    body = client.get(f"{PATH}/2025-12-31", headers=bearer(KIM)).get_json()
    assert (body["begins_at"], body["ends_at"]) == ("2025-12-30T10:00:00Z", "2025-12-31T10:00:00Z")
    assert {landing["day"] for landing in body["landings"] if landing["stream"] == "xp_events"} == {
        "2025-12-30",
        "2025-12-31",
    }
    assert (body["xp_earned"], body["level"], body["is_complete"]) == (5, 2, True)


@pytest.mark.parametrize(("learner", "population"), [(KIM, "platform"), (UNKNOWN, "platform")])
def test_a_year_without_an_active_day_has_zeros_up_to_the_last_date(
    client: FlaskClient, learner: str, population: str
) -> None:
    response = client.get(f"{PATH}?year=2026", headers=bearer(learner))
    nothing = {"xp_earned": 0, "learning_time": 0, "sessions": 0, "quizzes": 0, "quizzes_passed": 0, "level": 0}
    assert response.get_json()["data"] == [{"date": "2026-01-01", **nothing}]
    assert (response.headers["X-Pulse-Cuts"], response.headers["X-Pulse-Population"]) == ("", population)


BAD = {
    f"{PATH}/2026-01-01": "There are dates from 2025-12-28 to 2025-12-31",
    f"{PATH}/2025-12-27": "There are dates from 2025-12-28 to 2025-12-31",
    f"{PATH}/2025-02-30": "The last part of the path is no date, write one like 2026-01-31",
    f"{PATH}?year=2026": "There are years from 2025 to 2025",
    f"{PATH}?year=2024": "There are years from 2025 to 2025",
    f"{PATH}?year=25": "year is no year, write one like 2026",
    f"{PATH}?year=": "year is no year, write one like 2026",
    f"{PATH}?year=٢٠٢٥": "year is no year, write one like 2026",
    f"{PATH}?year=2025&year=2025": "year stands in the query twice",
    f"{TIME}?start_date=2025-12-29": "start_date and end_date belong together; without both it is the last 365 days",
    f"{TIME}?start_date=2025-12-29&end_date=2025-12-28": "start_date is after end_date",
    f"{TIME}?start_date=2025-02-29&end_date=2025-12-30": "start_date is no date, write one like 2026-01-31",
    f"{TIME}?start_date=20251229&end_date=2025-12-30": "start_date is no date, write one like 2026-01-31",
    f"{TIME}?start_date=2025-12-29&end_date=": "end_date is no date, write one like 2026-01-31",
    f"{TIME}?start_date=2025-12-27&end_date=2025-12-30": "There are dates from 2025-12-28 to 2025-12-31",
    f"{TIME}?start_date=2025-12-29&end_date=2026-01-01": "There are dates from 2025-12-28 to 2025-12-31",
    f"{TIME}?start_date=2000-01-01&end_date=2025-12-30": "From start_date to end_date are more than 3660 days",
    f"{TIME}?{'&'.join(['start_date=2025-12-29'] * 21)}": "The query has more than 20 fields",
}


@pytest.mark.parametrize(("location", "detail"), BAD.items())
def test_what_no_answer_has_is_400_and_says_what_is_allowed(client: FlaskClient, location: str, detail: str) -> None:
    response = client.get(location, headers=bearer(ANA))
    assert (response.status_code, response.get_json()) == (400, {"detail": detail})
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get(location).status_code == 401, "who asks comes first"


@pytest.mark.parametrize("location", [f"{STREAK}?year=1", f"{WEEK}?start_date=x", f"{TIME}?page=2", f"{PATH}?day=1"])
def test_a_query_that_is_not_known_means_nothing(client: FlaskClient, location: str) -> None:
    plain = client.get(location.partition("?")[0], headers=bearer(ANA))
    asked = client.get(location, headers=bearer(ANA))
    assert (asked.data, asked.headers["ETag"]) == (plain.data, plain.headers["ETag"])


def test_an_answer_that_the_client_holds_is_304_and_no_other_is(client: FlaskClient) -> None:
    """A tag has the learner, the route and what was asked; a query's order does not matter, nor what is not known."""
    first, second = (f"{TIME}?start_date=2025-12-29&end_date=2025-12-{day}" for day in (30, 31))
    locations = [PATH, YEAR, DAY, f"{PATH}/2025-12-29", *OF_PROFILE, first, second]
    tags = {
        (learner, location): client.get(location, headers=bearer(learner)).headers["ETag"]
        for learner in (ANA, BEN)
        for location in locations
    }
    assert len(set(tags.values())) == len(tags)
    for (learner, location), tag in tags.items():
        for other, other_location in tags:
            asked = client.get(other_location, headers={**bearer(other), "If-None-Match": tag})
            assert asked.status_code == (304 if (other, other_location) == (learner, location) else 200)
    turned = client.get(f"{TIME}?x=1&end_date=2025-12-30&start_date=2025-12-29", headers=bearer(ANA))
    assert turned.headers["ETag"] == tags[ANA, first]


def test_other_quests_are_another_answer(nights: Path, tmp_path: Path) -> None:
    """R32: they are the server's own, so a version alone does not say whether what a client holds is still right."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    none = app.create_app(configuration).test_client().get(QUESTS, headers=bearer(ANA))
    assert none.get_json() == {"data": []}
    client = app.create_app(with_quests(configuration)).test_client()
    some = client.get(QUESTS, headers={**bearer(ANA), "If-None-Match": none.headers["ETag"]})
    assert (some.status_code, some.get_json()) == (200, ANSWERS[ANA][QUESTS])


def test_the_pulse_without_a_query_has_the_tag_that_it_always_had(client: FlaskClient) -> None:
    """Whoever holds an answer of the release before need not fetch it again."""
    tag = hashlib.sha256(f"2\0{SECOND}\0{ANA}".encode()).hexdigest()[:32]
    assert client.get(PATH, headers=bearer(ANA)).headers["ETag"] == f'W/"{tag}"'


@pytest.mark.parametrize("location", LOCATIONS)
def test_head_is_get_without_a_body(client: FlaskClient, location: str) -> None:
    got, head = (client.open(location, method=method, headers=bearer(ANA)) for method in ("GET", "HEAD"))
    assert (head.status_code, head.data) == (200, b"")
    assert {**head.headers, "X-Request-Id": ""} == {**got.headers, "X-Request-Id": ""}
    assert client.post(location, headers=bearer(ANA)).status_code == 405


# --- API keys -------------------------------------------------------------------------------------------------------


KEYS = """
[sources.keys]
url = "sqlite:///{folder}/keys.sqlite"

[auth.api_keys]
source = "keys"
table = "api_keys"
columns = {{ key_hash = "sha256", user_id = "user_id", scopes = "scopes" }}
learning_time_scope = "time:read"

[serve]
"""


def test_learning_time_may_need_a_scope_of_its_own(nights: Path, tmp_path: Path) -> None:
    """`auth.api_keys.learning_time_scope`; a token needs none, and no other route does."""
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    with closing(sqlite3.connect(tmp_path / "keys.sqlite")) as keys, keys:
        keys.execute("create table api_keys (sha256 text, user_id text, scopes text)")
        for name, scopes in (("xntr-with", "other time:read"), ("xntr-without", "other")):
            keys.execute(
                "insert into api_keys values (?, ?, ?)", [hashlib.sha256(name.encode()).hexdigest(), ANA, scopes]
            )
    text = configuration.path.read_text().replace("[serve]\n", KEYS.format(folder=tmp_path))
    configuration.path.write_text(text)
    client = app.create_app(load(configuration.path, uses=["auth", "serve"])).test_client()
    assert client.get(TIME, headers={"X-API-Key": "xntr-with"}).get_json() == ANSWERS[ANA][TIME]
    refused = client.get(TIME, headers={"X-API-Key": "xntr-without"})
    assert (refused.status_code, refused.get_json()["detail"]["required_scope"]) == (403, "time:read")
    assert client.get(STREAK, headers={"X-API-Key": "xntr-without"}).status_code == 200
    assert client.get(TIME, headers=bearer(ANA)).status_code == 200
    configuration.path.write_text(text.replace(', scopes = "scopes"', ""))
    with pytest.raises(ConfigurationError, match='no column is mapped to "scopes", which learning_time_scope needs'):
        load(configuration.path, uses=["auth"])


# --- versions and servers without a profile -------------------------------------------------------------------------


def test_a_version_without_a_profile_answers_the_pulse_alone(nights: Path, tmp_path: Path) -> None:
    """As one of an older release does until the next night: 503 for the others, and no 503 for the pulse."""
    configuration = small_platform.copied(nights, tmp_path, None)
    warehouse = Warehouse.of(configuration)
    file = warehouse.manifest_file(SECOND)
    manifest = json.loads(file.read_text())
    del manifest["rows"]["streaks"]
    file.write_text(json.dumps(manifest))
    warehouse.point_to(SECOND)
    client = app.create_app(configuration).test_client()
    for location in (*OF_PROFILE, YEAR, DAY):
        response = client.get(location, headers=bearer(ANA))
        assert (response.status_code, response.get_json()["detail"]) == (
            503,
            "The published version has no profile yet",
        )
        assert response.headers["Retry-After"] == "60"
    assert client.get(PATH, headers=bearer(ANA)).get_json() == small_platform.ANSWERS[ANA][SECOND]


def test_without_a_profile_there_are_no_routes_of_it(nights: Path, tmp_path: Path) -> None:
    configuration = small_platform.copied(nights, tmp_path, SECOND)
    pulse = configuration.pulse.model_copy(update={"profile": False})
    client = app.create_app(configuration.model_copy(update={"pulse": pulse})).test_client()
    assert {client.get(location, headers=bearer(ANA)).status_code for location in (*OF_PROFILE, DAY)} == {404}
    assert client.get(YEAR, headers=bearer(ANA)).get_json() == small_platform.ANSWERS[ANA][SECOND]
    described = client.get("/openapi.json").get_json()["paths"]
    assert not set(OF_PROFILE) & set(described)
    assert [parameter["name"] for parameter in described[PATH]["get"]["parameters"]] == ["If-None-Match"]
