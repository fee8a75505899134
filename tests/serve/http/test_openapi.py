"""`/openapi.json` and what is served are the same: routes and methods, statuses, headers, bodies, examples.

That nothing else is ever answered, whatever is asked, is `test_schemathesis.py`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve import app, own_answer
from serve.http.cors import EXPOSED_HEADERS
from serve.http.openapi import document
from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import ANA, PATH, SECOND, bearer
from warehouse.versions.versions import Warehouse

OPS_TOKEN = "the-token-of-those-who-look-after-it"
OPS = {"Authorization": f"Bearer {OPS_TOKEN}"}
DOCUMENT = document(has_ops=True)
ROWS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"]


@pytest.fixture(scope="module")
def served(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    configuration = small_platform.copied(nights, tmp_path_factory.mktemp("openapi"), SECOND)
    return app.create_app(small_platform.configure(configuration, ops_token=OPS_TOKEN))


@pytest.fixture(scope="module")
def client(served: Flask) -> Iterator[FlaskClient]:
    with served.test_client() as client:
        yield client


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def validate(schema: dict[str, Any], value: Any) -> None:
    whole = {"components": DOCUMENT["components"], **schema}
    jsonschema_rs.validator_for(whole, validate_formats=True).validate(value)


def assert_is_described(response: TestResponse, path: str, method: str = "get") -> None:
    """See that status, headers and body of an answer are what the document says."""
    described = resolved(DOCUMENT["paths"][path][method]["responses"][str(response.status_code)])
    for name, reference in described.get("headers", {}).items():
        header = resolved(reference)
        assert name in response.headers or not header["required"], name
        if name in response.headers:
            validate(header["schema"], response.headers[name])
    undescribed = {name for name in response.headers.keys() if name.startswith("X-")} - described["headers"].keys()  # noqa: SIM118 - not a dict
    assert undescribed <= {"X-Content-Type-Options", "X-Robots-Tag"}
    if method == "get" and "content" in described:
        (media_type,) = described["content"]
        assert response.mimetype == media_type
        value = response.get_json() if media_type == "application/json" else response.text
        validate(described["content"][media_type]["schema"], value)
    else:
        assert response.data == b""


def routes(served: Flask) -> set[tuple[str, str]]:
    """Every path, as OpenAPI writes it, and method of an app."""
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in served.url_map.iter_rules()
        for method in rule.methods or ()
    }


@pytest.mark.slow
def test_every_route_and_method_is_described_and_every_described_one_exists(served: Flask) -> None:
    assert routes(served) == set(ROWS)


def test_without_an_ops_token_its_routes_neither_exist_nor_are_described(nights: Path, tmp_path: Path) -> None:
    served = app.create_app(small_platform.copied(nights, tmp_path, SECOND))
    described = served.test_client().get("/openapi.json").get_json()
    assert described == json.loads(json.dumps(document(has_ops=False)))
    assert {path for path, _ in routes(served)} == described["paths"].keys()
    assert DOCUMENT["paths"].keys() - described["paths"].keys() == {"/metrics", "/health/detailed"}


def test_the_document_is_openapi_3_1(client: FlaskClient) -> None:
    import schemathesis

    response = client.get("/openapi.json")
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.get_json() == json.loads(json.dumps(DOCUMENT))
    assert response.get_json()["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(response.get_json()).validate()


def test_every_operation_has_an_id_of_its_own_and_a_summary() -> None:
    operations = [DOCUMENT["paths"][path][method] for path, method in ROWS]
    assert len({operation["operationId"] for operation in operations}) == len(ROWS)
    assert all(operation["summary"] and "security" in operation for operation in operations)


def content_with_examples(part: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every schema that has examples beside it, and each of them."""
    if isinstance(part, dict):
        for example in part.get("examples", {}).values() if "schema" in part else ():
            yield part["schema"], example["value"]
        for inner in part.values():
            yield from content_with_examples(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from content_with_examples(inner)


def test_every_example_is_valid() -> None:
    examples = list(content_with_examples(DOCUMENT))
    assert len(examples) >= 10
    for schema, value in examples:
        validate(schema, value)


def test_the_contract_is_an_example_field_for_field() -> None:
    """docs/reference/http.md, The learner's own pulse."""
    content = DOCUMENT["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]
    contract = content["examples"]["contract"]["value"]
    nothing = {"xp_earned": 0, "learning_time": 0, "sessions": 0, "quizzes": 0, "quizzes_passed": 0, "level": 0}
    assert contract["data"][0] == {"date": "2019-08-24", **nothing}
    assert len(contract.pop("data")) == 365
    totals = {"total_learning_time": 0, "total_sessions": 0, "total_quizzes": 0, "total_quizzes_passed": 0}
    assert contract == {**totals, "year": 0}


def test_every_schema_of_ours_requires_all_its_keys_and_no_other() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema["required"] == list(schema["properties"]), name
        assert schema["additionalProperties"] is False, name


def test_a_schema_that_lets_another_key_pass_would_be_noticed() -> None:
    schema = {"$ref": "#/components/schemas/LearningPulse"}
    content = DOCUMENT["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]
    learner = content["examples"]["learner"]["value"]
    for wrong in (
        learner | {"streak": 1},
        learner | {"data": learner["data"] * 2},
        learner | {"data": [{**learner["data"][0], "level": 5}, *learner["data"][1:]]},
        {key: value for key, value in learner.items() if key != "year"},
    ):
        with pytest.raises(jsonschema_rs.ValidationError):
            validate(schema, wrong)


# --- what is answered -----------------------------------------------------------------------------------------------

BOTH = bearer() | {"X-API-Key": "xntr-x"}
ANSWERS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "own": (PATH, PATH, bearer(ANA), 200),
    "own, unknown": (PATH, PATH, bearer("stranger"), 200),
    "own, fresh": (PATH, PATH, bearer() | {"If-None-Match": "*"}, 304),
    "own, two credentials": (PATH, PATH, BOTH, 400),
    "own, none": (PATH, PATH, {}, 401),
    "day": (f"{PATH}/2025-12-30", f"{PATH}/{{day}}", bearer(ANA), 200),
    "day, unknown": (f"{PATH}/2025-12-30", f"{PATH}/{{day}}", bearer("stranger"), 200),
    "day, none": (f"{PATH}/2025-02-30", f"{PATH}/{{day}}", bearer(ANA), 400),
    "streak": ("/api/xp/streak-status", "/api/xp/streak-status", bearer(ANA), 200),
    "streak, fresh": ("/api/xp/streak-status", "/api/xp/streak-status", bearer() | {"If-None-Match": "*"}, 304),
    "week": ("/api/xp/weekly-activity", "/api/xp/weekly-activity", bearer(ANA), 200),
    "xp": ("/api/xp/profile", "/api/xp/profile", bearer("stranger"), 200),
    "quests": ("/api/xp/daily-quests", "/api/xp/daily-quests", bearer(ANA), 200),
    "time": ("/api/xp/learning-time", "/api/xp/learning-time", bearer(ANA), 200),
    "time, no date": ("/api/xp/learning-time?start_date=x&end_date=y", "/api/xp/learning-time", bearer(ANA), 400),
    "year": (f"{PATH}?year=2025", PATH, bearer(ANA), 200),
    "year, none": (f"{PATH}?year=1999", PATH, bearer(ANA), 400),
    "profile, none": ("/api/xp/public-profile/none", "/api/xp/public-profile/{username}", {}, 404),
    "picture, none": ("/api/xp/public-profile/none/pulse.svg", "/api/xp/public-profile/{username}/pulse.svg", {}, 404),
    "page, none": ("/profile/none", "/profile/{username}", {}, 404),
    "element": ("/embed/learning-pulse.js", "/embed/learning-pulse.js", {}, 200),
    "element, fresh": ("/embed/learning-pulse.js", "/embed/learning-pulse.js", {"If-None-Match": "*"}, 304),
    "health": ("/health", "/health", {}, 200),
    "ready": ("/health/ready", "/health/ready", {}, 200),
    "detailed": ("/health/detailed", "/health/detailed", OPS, 200),
    "detailed, none": ("/health/detailed", "/health/detailed", {}, 401),
    "metrics": ("/metrics", "/metrics", OPS, 200),
    "metrics, none": ("/metrics", "/metrics", {}, 401),
    "openapi": ("/openapi.json", "/openapi.json", {}, 200),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("method", ["get", "head"])
def test_an_answer_is_what_the_document_says(
    client: FlaskClient, answer: tuple[str, str, dict[str, str], int], method: str
) -> None:
    asked, path, headers, status = answer
    response = client.open(asked, method=method.upper(), headers=headers)
    assert response.status_code == status
    assert_is_described(response, path, method)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_options_is_what_the_document_says(client: FlaskClient, path: str) -> None:
    assert_is_described(
        client.options(path.replace("{username}", "ada").replace("{day}", "2025-12-30")), path, "options"
    )


def test_too_many_and_nothing_published_are_what_the_document_says(nights: Path, tmp_path: Path) -> None:
    configuration = small_platform.configure(small_platform.copied(nights, tmp_path, None), rate_limit="1/day")
    client = app.create_app(configuration).test_client()
    for status in (503, 429):
        response = client.get(PATH, headers=bearer())
        assert response.status_code == status
        assert_is_described(response, PATH)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert_is_described(response, "/health/ready")
    Warehouse.of(configuration).point_to(SECOND)
    assert_is_described(client.get("/health/ready"), "/health/ready")


def test_an_error_inside_is_what_the_document_says(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(own_answer, "looked_up", fail)
    response = client.get(PATH, headers=bearer())
    assert response.status_code == 500
    assert_is_described(response, PATH)


def test_every_header_that_a_page_may_read_is_described_and_every_own_header_may_be_read() -> None:
    described = DOCUMENT["components"]["headers"].keys()
    assert described - {"Allow", "Cache-Control", "Vary"} == set(EXPOSED_HEADERS)
