"""What the server says of itself, to anybody and to bearers of the `ops_token`: one app, a clock by hand.

See docs/reference/metrics.md.

Several workers are `test_workers.py`'s.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from serve.app import create_app
from serve.http.errors import Reason
from serve.operations.health import FEWEST_ANSWERS
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import FIRST, PATH, SECOND, bearer, token
from warehouse.configuration.configuration import Configuration
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "an-ops-token-of-these-tests"
FOR_OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}
OPS_PATHS = ["/health/detailed", "/metrics"]
HOUR = 3600


@pytest.fixture
def configuration(nights: Path, tmp_path: Path) -> Configuration:
    return with_token(small_platform.copied(nights, tmp_path, FIRST))


@pytest.fixture
def warehouse(configuration: Configuration) -> Warehouse:
    return Warehouse.of(configuration)


@pytest.fixture
def client(configuration: Configuration) -> Iterator[FlaskClient]:
    with create_app(configuration).test_client() as client:
        yield client


def with_token(configuration: Configuration, ops_token: str = OPS_TOKEN) -> Configuration:
    return configuration.model_copy(update={"serve": configuration.serve.model_copy(update={"ops_token": ops_token})})


def detailed(client: FlaskClient) -> dict[str, Any]:
    response = client.get("/health/detailed", headers=FOR_OPS)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = response.get_json()
    return found


def metrics(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels, in the order of the labels' names."""
    response = client.get("/metrics", headers=FOR_OPS)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(response.text)
    samples = [sample for family in families for sample in family.samples]
    return {(s.name, *(s.labels[name] for name in sorted(s.labels))): s.value for s in samples}


# --- to anybody -----------------------------------------------------------------------------------------------------


def test_ready_is_whether_a_verified_version_is_loaded(client: FlaskClient, warehouse: Warehouse) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})
    assert response.headers["Cache-Control"] == "no-store"
    warehouse.pointer.unlink()
    assert client.get("/health/ready").status_code == 200


def test_with_nothing_published_it_is_alive_and_not_ready(nights: Path, tmp_path: Path) -> None:
    """FAULTS 5."""
    configuration = small_platform.copied(nights, tmp_path, None)
    client = create_app(configuration).test_client()
    assert client.get("/health").get_json() == {"status": "ok"}
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    Warehouse.of(configuration).point_to(FIRST)
    assert client.get("/health/ready").status_code == 200


def test_a_stale_version_is_ready(configuration: Configuration) -> None:
    app = create_app(configuration)
    app.extensions["metrics"].clock = lambda: small_platform.FAR_EXPIRY
    assert detailed(app.test_client())["stale"] is True
    assert app.test_client().get("/health/ready").status_code == 200


# --- who may look closer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", OPS_PATHS)
def test_without_a_configured_token_there_is_no_such_path(configuration: Configuration, path: str) -> None:
    client = create_app(with_token(configuration, "")).test_client()
    unknown = client.get("/nothing-here")
    for headers in ({}, FOR_OPS, {"Authorization": "Bearer "}, bearer()):
        response = client.get(path, headers=headers)
        assert (response.status_code, response.get_json()) == (404, unknown.get_json())
    assert client.post(path).status_code == 404


@pytest.mark.parametrize("path", OPS_PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {OPS_TOKEN}x"},
        {"Authorization": f"Bearer {OPS_TOKEN[:-1]}"},
        {"Authorization": f"Bearer {OPS_TOKEN.upper()}"},
        {"Authorization": f"Bearer {OPS_TOKEN} {OPS_TOKEN}"},
        {"Authorization": f"Basic {OPS_TOKEN}"},
        {"Authorization": OPS_TOKEN},
        {"Authorization": "Bearer é\xff"},
        {"X-API-Key": OPS_TOKEN},
        {"Authorization": f"Bearer {token()}"},
    ],
)
def test_any_other_token_is_401_with_the_body_that_every_401_has(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    response = client.get(path, headers=headers)
    assert response.status_code == 401
    assert response.data == client.get(PATH).data
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", OPS_PATHS)
def test_the_token_is_in_no_query(client: FlaskClient, path: str) -> None:
    assert client.get(path, query_string={"token": OPS_TOKEN, "ops_token": OPS_TOKEN}).status_code == 401


def test_the_ops_token_is_no_learners(client: FlaskClient) -> None:
    assert client.get(PATH, headers=FOR_OPS).status_code == 401


# --- what they see --------------------------------------------------------------------------------------------------


def test_detailed_says_what_is_served_since_when_and_that_all_is_well(
    client: FlaskClient, warehouse: Warehouse
) -> None:
    found = detailed(client)
    manifest = warehouse.manifest(FIRST)
    assert (found["status"], found["warnings"], found["refused"]) == ("ok", [], [])
    assert (found["version"], found["data_through"]) == (FIRST, "2025-12-31T00:00:00Z")
    built_at = datetime.fromisoformat(manifest.built_at).replace(microsecond=0)
    assert datetime.fromisoformat(found["built_at"]) == built_at
    assert (found["stale"], found["age_hours"] < 36) == (False, True)
    assert [worker["version"] for worker in found["workers"]] == [FIRST]


def test_detailed_says_which_version_took_the_place_of_which(client: FlaskClient, warehouse: Warehouse) -> None:
    switch = detailed(client)["last_switch"]
    assert (switch["before"], switch["after"]) == (None, FIRST)
    warehouse.point_to(SECOND)
    switch = detailed(client)["last_switch"]
    assert (switch["before"], switch["after"]) == (FIRST, SECOND)
    assert datetime.fromisoformat(switch["at"]).tzinfo is not None


def test_with_nothing_served_detailed_says_so(nights: Path, tmp_path: Path) -> None:
    client = create_app(with_token(small_platform.copied(nights, tmp_path, None))).test_client()
    found = detailed(client)
    assert (found["status"], found["warnings"]) == ("warning", ["nothing_served"])
    assert [found[key] for key in ("version", "data_through", "built_at", "age_hours", "stale", "last_switch")] == (
        [None] * 6
    )
    assert ("pulse_data_age_seconds",) not in metrics(client)


@pytest.mark.parametrize(("hours", "is_stale"), [(35.9, False), (36.1, True), (-0.05, False), (-0.5, True)])
def test_a_version_is_stale_when_it_was_published_longer_ago_than_max_age_hours(
    configuration: Configuration, warehouse: Warehouse, hours: float, *, is_stale: bool
) -> None:
    app = create_app(configuration)
    built_at = datetime.fromisoformat(warehouse.manifest(FIRST).built_at).timestamp()
    app.extensions["metrics"].clock = lambda: built_at + hours * HOUR
    found = detailed(app.test_client())
    assert (found["stale"], found["age_hours"]) == (is_stale, pytest.approx(hours))
    assert found["warnings"] == ["stale"] * is_stale


def test_detailed_names_a_refused_version_and_why_until_it_is_good(client: FlaskClient, warehouse: Warehouse) -> None:
    """FAULTS 4."""
    manifest = warehouse.manifest_file(SECOND)
    text = manifest.read_text()
    manifest.write_text("{")
    assert detailed(client)["version"] == FIRST
    warehouse.point_to(SECOND)
    found = detailed(client)
    assert (found["version"], found["warnings"]) == (FIRST, ["refused_versions"])
    (refused,) = found["refused"]
    assert (refused["version"], "manifest" in refused["reason"]) == (SECOND, True)
    assert metrics(client)["pulse_versions_refused",] == 1
    manifest.write_text(text)
    warehouse.point_to(SECOND)
    found = detailed(client)
    assert (found["version"], found["refused"], found["status"]) == (SECOND, [], "ok")


@pytest.mark.parametrize(("known", "unknown", "is_warned"), [(19, 1, False), (18, 2, True), (0, 19, False)])
def test_many_learners_whom_the_version_does_not_know_are_a_warning(
    client: FlaskClient, warehouse: Warehouse, known: int, unknown: int, *, is_warned: bool
) -> None:
    """More than 5 % of the answers of this version, once there are twenty; a new version begins anew."""
    for number in range(unknown):
        assert client.get(PATH, headers=bearer(f"stranger {number}")).status_code == 200
    for _ in range(known):
        assert client.get(PATH, headers=bearer()).status_code == 200
    assert client.get(PATH).status_code == 401
    found = detailed(client)
    share = round(unknown / (known + unknown), 4)
    assert found["lookups"] == {"answered": known + unknown, "unknown": unknown, "unknown_share": share}
    assert found["warnings"] == ["unknown_learners"] * is_warned
    warehouse.point_to(SECOND)
    found = detailed(client)
    assert (found["lookups"]["answered"], found["warnings"]) == (0, [])
    assert FEWEST_ANSWERS == 20


def test_a_count_is_there_once_there_is_something_to_count(client: FlaskClient) -> None:
    assert not [name for name in metrics(client) if name[0] in {"pulse_lookups_total", "pulse_refused_total"}]
    for _ in range(2):
        client.get(PATH, headers=bearer())
        client.get(PATH)
    found = metrics(client)
    assert {name: count for name, count in found.items() if name[0] == "pulse_lookups_total"} == {
        ("pulse_lookups_total", "known"): 2
    }
    assert found["pulse_refused_total", "missing"] == 2
    assert found["pulse_requests_total", PATH, "200"] == found["pulse_requests_total", PATH, "401"] == 2
    assert found["pulse_request_seconds_count", PATH] == 4


def test_an_answer_that_was_not_looked_up_is_no_lookup(client: FlaskClient) -> None:
    tag = client.get(PATH, headers=bearer()).headers["ETag"]
    assert client.get(PATH, headers={**bearer(), "If-None-Match": tag}).status_code == 304
    assert detailed(client)["lookups"]["answered"] == 1


def test_requests_are_counted_by_the_rule_of_their_route_and_by_status(client: FlaskClient) -> None:
    client.get(PATH, headers=bearer())
    client.get(PATH)
    for name in ("ana", "ben", "a name that nobody has"):
        client.get(f"/api/xp/public-profile/{name}")
    client.get("/nothing-here")
    client.get("/nothing/here/either")
    client.post(PATH)
    found = metrics(client)
    counted = {key[1:]: value for key, value in found.items() if key[0] == "pulse_requests_total"}
    assert counted[PATH, "200"] == 1
    assert counted[PATH, "401"] == 1
    assert counted["unmatched", "404"] == 2
    assert not any("nobody" in text or "here" in text for key in found for text in key)
    assert {route for route, _ in counted} <= {rule.rule for rule in client.application.url_map.iter_rules()} | {
        "unmatched"
    }
    assert found["pulse_request_seconds_count", PATH] == 2
    assert found["pulse_request_seconds_bucket", "+Inf", PATH] == 2


def test_refused_credentials_are_counted_by_reason(client: FlaskClient) -> None:
    client.get(PATH)
    client.get(PATH, headers={"Authorization": f"Bearer {token(exp=1)}"})
    client.get("/metrics")
    found = {key[1]: value for key, value in metrics(client).items() if key[0] == "pulse_refused_total"}
    assert found == {"missing": 1, "expired": 1, "ops_token": 1}
    assert found.keys() <= {str(reason) for reason in Reason}


def test_switches_and_the_age_of_the_data_are_measured(configuration: Configuration, warehouse: Warehouse) -> None:
    app = create_app(configuration)
    client = app.test_client()
    through = datetime.fromisoformat("2026-01-01T00:00:00Z").timestamp()
    assert metrics(client)["pulse_switches_total",] == 1
    warehouse.point_to(SECOND)
    app.extensions["metrics"].clock = lambda: through + 5 * HOUR
    found = metrics(client)
    assert found["pulse_switches_total",] == 2
    assert found["pulse_data_age_seconds",] == 5 * HOUR
    assert found["pulse_workers",] == found["pulse_workers_ready",] == 1


def test_what_a_version_warns_of_is_counted(client: FlaskClient, warehouse: Warehouse) -> None:
    """Such as kept rows that had drifted, which a night heals by itself."""
    assert metrics(client)["pulse_version_warnings",] == 0
    drift = "xp_earned of daily_activity on 2025-12-29 was not what the activity says"
    manifest = replace(warehouse.manifest(SECOND), warnings=(drift,), drift=drift)
    warehouse.manifest_file(SECOND).write_text(manifest.to_json(), encoding="utf-8")
    warehouse.point_to(SECOND)
    assert metrics(client)["pulse_version_warnings",] == 1
    assert detailed(client)["version_warnings"] == [drift]


def test_a_pin_is_shown_and_is_a_warning_until_it_is_removed(client: FlaskClient, warehouse: Warehouse) -> None:
    """FAULTS 10."""
    assert (detailed(client)["pin"], metrics(client)["pulse_pinned",]) == (None, 0)
    pin = warehouse.rollback(SECOND)
    found = detailed(client)
    assert (found["pin"], found["warnings"]) == ({"version": SECOND, "since": pin.since}, ["pinned"])
    assert metrics(client)["pulse_pinned",] == 1
    warehouse.unpin()
    found = detailed(client)
    assert (found["pin"], found["status"]) == (None, "ok")
