"""What strangers see of a learner: the public profile, runs of active days, what is obeyed at once, and the one 404.

The page and the picture are `test_public_page.py`'s. Who has a page is `test_profiles.py`.
"""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve.app import create_app
from serve.public.public_pulse import PublicPulse, runs
from tests.serve.public.public_answers import (
    DAYS,
    END,
    GOODBYES,
    PATHS,
    PULSE,
    page_path,
    picture_path,
    profile_path,
    texts,
)
from tests.support.platforms import public_platform
from tests.support.platforms.public_platform import ADA, ADA_SECONDS, ADA_XP, LAST_DAY, NOBODY, PUBLIC
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse
from warehouse.zones import DAY

# --- the profile ------------------------------------------------------------------------------------------------------


def test_the_profile_has_name_window_dates_with_levels_active_days_runs_and_streaks_and_nothing_else(
    client: FlaskClient,
) -> None:
    response = client.get(profile_path("ada"))
    body = json.loads(response.data)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    data = body.pop("data")
    assert body == {
        "username": "ada",
        "window_start": "2025-01-07",
        "window_end": "2026-01-06",  # in Berlin it is one already
        "active_days": 26,  # every ninth of 30 days is missing
        "active_days_in_a_row": {"current": 2, "longest": 8},
        "current_streak": 2,
        "longest_streak": 8,
        "level": None,
        "year": None,
        "years": [],
    }
    assert [entry["date"] for entry in data] == [str(date(2025, 1, 7) + n * DAY) for n in range(365)]
    assert {tuple(entry) for entry in data} == {("date", "level")}
    first_day = LAST_DAY - (DAYS - 1) * DAY
    active = {str(first_day + n * DAY) for n in range(DAYS) if n % 9}
    assert {entry["date"] for entry in data if entry["level"]} == active
    assert {entry["level"] for entry in data} == {0, 1, 2, 3, 4}


def test_the_profile_says_what_the_learners_own_endpoint_says(published: Configuration, client: FlaskClient) -> None:
    """R13."""
    import jwt

    assert published.auth is not None
    token = jwt.encode({"sub": ADA, "exp": 4_102_444_800}, published.auth.secrets[0], "HS256")
    own = client.get("/api/xp/learning-pulse", headers={"Authorization": f"Bearer {token}"}).get_json()
    entries = [{"date": entry["date"], "level": entry["level"]} for entry in own["data"]]
    assert client.get(profile_path("ada")).get_json()["data"] == entries


def test_a_public_learner_without_activity_has_a_window_of_his_own_zone_and_zeros(client: FlaskClient) -> None:
    body = client.get(profile_path("idle")).get_json()
    assert {entry["level"] for entry in body["data"]} == {0}
    assert (body["window_end"], body["active_days"]) == ("2026-01-05", 0)
    assert body["active_days_in_a_row"] == {"current": 0, "longest": 0}
    assert (body["current_streak"], body["longest_streak"]) == (0, 0)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_public_answers_may_be_kept_for_five_minutes_and_say_what_they_are_from(
    published: Configuration, client: FlaskClient, path: object
) -> None:
    headers = client.get(path("ada")).headers  # type: ignore[operator]
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["X-Data-Version"] == Warehouse.of(published).current()
    assert headers["X-Data-Through"] == "2026-01-06T00:00:00Z"
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in headers
    assert "Authorization" not in headers.get("Vary", "")


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_credentials_are_ignored(client: FlaskClient, path: object) -> None:
    place = path("ada")  # type: ignore[operator]
    for headers in ({"Authorization": "Bearer forged"}, {"Authorization": "Bearer a", "X-API-Key": "b"}):
        response = client.get(place, headers=headers)
        assert (response.status_code, response.data) == (200, client.get(place).data)


def test_any_page_of_any_host_may_read_the_profile_and_embed_the_picture(client: FlaskClient) -> None:
    for place in (profile_path("ada"), profile_path("nobody"), picture_path("ada")):
        headers = client.get(place, headers={"Origin": "https://elsewhere.example"}).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in headers
    assert client.get(picture_path("ada")).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_query_changes_nothing(client: FlaskClient) -> None:
    """FAULTS 38."""
    query = "?user_id=ben&username=ben&x=%00&year=2025"  # years are not shown here
    for path in (profile_path, page_path, picture_path):
        assert client.get(path("ada") + query).data == client.get(path("ada")).data


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_wrong_method_is_405(client: FlaskClient, path: object) -> None:
    assert client.post(path("ada")).status_code == 405  # type: ignore[operator]


def test_before_anything_is_published_every_name_is_503(tmp_path: Path) -> None:
    configuration = public_platform.make(tmp_path / "platform", days=2)
    public_platform.land(configuration)
    client = create_app(configuration).test_client()
    for path in PATHS.values():
        assert [client.get(path(name)).status_code for name in ("ada", "ben", "nobody")] == [503] * 3


# --- runs of active days ----------------------------------------------------------------------------------------------


def active_ago(*ago: int) -> PublicPulse:
    """A learner who was active so many days before the window's end."""
    return replace(PULSE, levels={END - days * DAY: 2 for days in sorted(ago, reverse=True)})


RUNS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "nothing": ((), 0, 0),
    "the last date alone": ((0,), 1, 1),
    "the day before alone": ((1,), 1, 1),
    "the day before that is not current": ((2,), 0, 1),
    "up to the last date": ((0, 1, 2), 3, 3),
    "up to the day before": ((1, 2, 3, 4), 4, 4),
    "a gap yesterday": ((0, 2, 3), 1, 2),
    "a longer one earlier": ((0, 1, 10, 11, 12, 13), 2, 4),
    "two of one length": ((0, 1, 5, 6), 2, 2),
    "over the end of February": ((0, 1, 2, 3), 4, 4),
    "the first date of the window": ((364,), 0, 1),
    "the whole window": (tuple(range(365)), 365, 365),
    "all but the last date": (tuple(range(1, 365)), 364, 364),
}


@pytest.mark.parametrize(("ago", "current", "longest"), RUNS.values(), ids=RUNS)
def test_a_run_is_of_consecutive_dates_and_current_up_to_the_last_date_or_the_day_before(
    ago: tuple[int, ...], current: int, longest: int
) -> None:
    pulse = active_ago(*ago)
    assert (pulse.current_run, pulse.longest_run) == (current, longest)


def test_runs_are_told_by_their_last_date_and_length() -> None:
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert runs(days) == [(date(2024, 1, 1), 2), (date(2024, 3, 1), 3)]


# --- nobody -----------------------------------------------------------------------------------------------------------


def told(response: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that an answer tells, but the number of the request."""
    return response.status_code, response.data, [item for item in response.headers if item[0] != "X-Request-Id"]


# What the router itself does not let through: an empty name, one with a slash, and dots that a URL swallows.
ROUTED = {reason: name for reason, name in NOBODY.items() if name and "/" not in name}


@pytest.mark.parametrize("name", ROUTED.values(), ids=ROUTED)
def test_whatever_the_reason_it_is_one_and_the_same_404(client: FlaskClient, name: str) -> None:
    """FAULTS 41: private, unknown and nameless cannot be told apart."""
    for path in PATHS.values():
        response = client.get(path(name))
        assert response.status_code == 404
        assert told(response) == told(client.get(path("nobody")))
        assert response.headers["Cache-Control"] == "no-store"
        assert "X-Data-Version" not in response.headers


def test_json_and_picture_are_refused_as_json_and_the_page_as_a_page(client: FlaskClient) -> None:
    for path in (profile_path, picture_path):
        assert client.get(path("ben")).get_json() == {"detail": "No public profile by this name"}
    response = client.get(page_path("ben"))
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "There is no public page by this name." in texts(response.text)
    assert "script-src" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/profile/", "/profile/ada/", "/profile/ada/x", "/api/xp/public-profile/", "/profile"]
)
def test_a_path_around_it_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("raw", ["%ff", "ada%ff", "%c0%ae%c0%ae", "%ed%a0%80", "%e9", "%", "%zz"])
def test_a_name_that_is_not_utf8_is_nobodys(client: FlaskClient, raw: str) -> None:
    for prefix, suffix in (
        ("/profile/", ""),
        ("/api/xp/public-profile/", ""),
        ("/api/xp/public-profile/", "/pulse.svg"),
    ):
        assert client.get(prefix + raw + suffix).status_code == 404


# --- what is obeyed at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("goodbye", slowly(GOODBYES.values(), quick=3), ids=GOODBYES)
def test_who_is_not_public_any_more_is_gone_with_the_landing_that_says_so_and_stays_so(
    own: Configuration, goodbye: str
) -> None:
    """FAULTS 41: the version in service still has the learner, and so has the one that a rollback brings back."""
    client, warehouse = create_app(own).test_client(), Warehouse.of(own)
    first = warehouse.current()
    seen = {name: told(client.get(path("nobody"))) for name, path in PATHS.items()}
    assert [client.get(path("ada")).status_code for path in PATHS.values()] == [200] * 3
    public_platform.change(own, goodbye)
    assert client.get(profile_path("ada")).status_code == 200  # nobody has told us yet
    public_platform.land(own)
    assert warehouse.current() == first
    assert {name: told(client.get(path("ada"))) for name, path in PATHS.items()} == seen
    second = public_platform.publish(own, "accept_shrink")  # much of the platform's XP is hers
    assert {name: told(client.get(path("ada"))) for name, path in PATHS.items()} == seen
    assert client.get(profile_path("heir")).headers["X-Data-Version"] == second
    warehouse.rollback()
    assert client.get(profile_path("heir")).headers["X-Data-Version"] == first
    assert {name: told(client.get(path("ada"))) for name, path in PATHS.items()} == seen
    restarted = create_app(own).test_client()
    assert {name: told(restarted.get(path("ada"))) for name, path in PATHS.items()} == seen


def test_who_becomes_public_is_shown_from_the_version_in_service(own: Configuration) -> None:
    client = create_app(own).test_client()
    public_platform.change(own, "update users set is_public = 1, username = 'benjamin' where id = 'ben'")
    public_platform.land(own)
    body = client.get(profile_path("benjamin")).get_json()
    assert (body["username"], body["active_days"]) == ("benjamin", 1)


@pytest.mark.slow
def test_who_is_public_and_not_in_the_version_yet_is_404_like_everybody(own: Configuration) -> None:
    client = create_app(own).test_client()
    public_platform.change(own, "insert into users values ('new', 'newcomer', 'UTC', 1, null)")
    public_platform.land(own)
    for path in PATHS.values():
        assert told(client.get(path("newcomer"))) == told(client.get(path("nobody")))
    public_platform.publish(own)
    assert client.get(profile_path("newcomer")).get_json()["active_days"] == 0


def test_a_lake_from_before_there_were_profiles_shows_nobody(own: Configuration) -> None:
    client = create_app(own).test_client()
    (own.data_dir / "lake" / "profiles.parquet").unlink()
    assert client.get(page_path("ada")).status_code == 404


# --- leaks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_id_no_xp_no_seconds_and_no_zone_leave_the_house(client: FlaskClient, path: object) -> None:
    response = client.get(path("ada"))  # type: ignore[operator]
    everything = response.text + str(response.headers)
    secrets = [ADA, "6b1f", str(ADA_XP)[:4], str(ADA_SECONDS), "999999", "Europe", "Berlin", str(PUBLIC["heir"])]
    assert [secret for secret in secrets if secret in everything] == []
