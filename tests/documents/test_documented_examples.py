"""The examples of the documents are run, and what they say of the API is compared with it.

Every query, the Python, the JSON, the errors, routes, warnings and metrics. What commands give is the matter of other
tests.
"""

from __future__ import annotations

import gc
import json
import re
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import jwt
import pytest

from assets.all_steps import run_night
from assets.examine.explain.explain import explain
from assets.examine.explain.lines import lines_of
from assets.night.night import Night
from assets.step0_plan.plan import Run
from assets.step6_check.check_list import CHECK_LIST
from pipelines.demo.platform import demo_configuration, make_platform
from serve.app import create_app
from serve.http.openapi import document
from tests.documents.documents import FOR_USERS, HTTP, METRICS, TEXTS, blocks, blocks_of, rows_of_table
from warehouse.configuration.configuration import Configuration, load
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.test import TestResponse

SECRET = "a secret of these tests, longer than 32 bytes"
LAST_SECOND_OF_9999 = 253_402_300_799
LAST_DAY = date(2026, 11, 21)
PULSE = "/api/xp/learning-pulse"
OF_ANALYSIS = blocks_of(TEXTS["docs/guide/analyse.md"], "sql")  # with their results: `analyse/test_analyse_page.py`
ASKED_OF_THE_SMALL_DEMO = [query for query in blocks("sql") if query not in OF_ANALYSIS]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """The demo of 5 learners and 20 days, published below `demo/`, as `make demo` leaves it."""
    folder = tmp_path_factory.mktemp("documents") / "demo"
    platform = make_platform(folder / "platform.sqlite", users=5, days=20, last_day=LAST_DAY)
    text = demo_configuration("var", "sqlite:///platform.sqlite", platform.first_day, SECRET)
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    configuration = load(folder / "pulse.toml", uses=["sources", "auth"])
    assert run_night(Night.of(configuration), Run(platform.first_day, LAST_DAY)) is not None
    return configuration


@pytest.fixture
def no_app() -> None:
    """End the connections of apps that nobody holds: within one process a file is open in one configuration only."""
    gc.collect()


def answer(configuration: Configuration) -> TestResponse:
    """What the endpoint answers a learner whom nobody knows."""
    token = jwt.encode({"sub": "somebody", "exp": LAST_SECOND_OF_9999}, SECRET, algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    return create_app(configuration).test_client().get(PULSE, headers=headers)


@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("query", ASKED_OF_THE_SMALL_DEMO, ids=lambda query: " ".join(query.split()[:6]))
def test_every_query_finds_rows_in_the_demo(demo: Configuration, query: str) -> None:
    with duckdb.connect(str(Warehouse.of(demo).pointer.resolve()), read_only=True) as connection:
        assert connection.execute(query).fetchall()


@pytest.mark.usefixtures("no_app")
def test_the_explained_date_is_as_the_guide_shows_it(demo: Configuration) -> None:
    """Every line of the example is printed, in that order; `…` stands for what is left out."""
    section = TEXTS["docs/guide/operate.md"].partition("## Why a date is what it is")[2]
    ((command,), (shown, *_)) = blocks_of(section, "sh")[:1], blocks_of(section, "text")
    _, _, user_id, day = command.split()
    night = Night.of(demo)
    printed = [without_times(line) for line in lines_of(explain(night, user_id, date.fromisoformat(day)))]
    lines = [without_times(line) for line in shown.splitlines() if line.strip() not in {"", "…"}]
    positions = [
        next(number for number, text in enumerate(printed) if text.startswith(line.removesuffix("…"))) for line in lines
    ]
    assert positions == sorted(positions)
    assert sum(map(bool, printed)) - len(lines) == 11, "what is left out are landings"


def without_times(line: str) -> str:
    """A line without the time at which a landing was extracted."""
    return re.sub(r"extracted \S+", "extracted", line)


@pytest.mark.usefixtures("no_app")
def test_the_python_example_runs(
    demo: Configuration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = blocks_of(TEXTS["docs/guide/read.md"], "python")
    monkeypatch.chdir(demo.path.parent.parent)
    exec(compile(code, "read.md", "exec"), {})  # noqa: S102 - our own page
    assert re.search(r"\(\d, \d+\)", capsys.readouterr().out)


def test_the_json_example_has_the_keys_of_an_answer_in_their_order(demo: Configuration) -> None:
    example = next(json.loads(text) for text in blocks("json"))
    response = answer(demo)
    body = json.loads(response.data)
    assert list(example) == list(body)
    assert [list(entry) for entry in example["data"]] == [list(body["data"][0])] * len(example["data"])
    named = set(re.findall(r"^\| `(X-[A-Za-z-]+)` \|", HTTP, flags=re.MULTILINE))
    carried = {name for name in response.headers.keys() if name.startswith(("X-Data-", "X-Pulse-"))}  # noqa: SIM118 - not a dict
    assert named == carried


def test_the_errors_of_the_reference_are_those_of_the_api(demo: Configuration, tmp_path: Path) -> None:
    refused = create_app(demo).test_client().get(PULSE)
    assert refused.status_code == 401
    assert refused.text.replace(":", ": ", 1) in HTTP
    nowhere = demo.model_copy(update={"pulse": demo.pulse.model_copy(update={"data_dir": tmp_path})})
    empty = answer(nowhere)
    assert empty.status_code == 503
    assert empty.text.replace(":", ": ", 1) in HTTP
    assert f"`Retry-After: {empty.headers['Retry-After']}`" in HTTP


def test_every_warning_and_metric_of_the_server_is_in_the_reference_and_no_other(demo: Configuration) -> None:
    from serve.operations.health import about
    from serve.operations.troubles import TROUBLES
    from serve.operations.workers import Worker
    from warehouse.versions.pin import Pin

    built_at = "2026-01-01T00:00:00Z"
    bad = Worker(
        1, "v", "", built_at, ("w",), refused={"w": {}}, answered=20, unknown=20, troubles=TROUBLES, lookup_dropped="w"
    )
    warnings = about([bad, Worker(2)], now=4e9, max_age_hours=36, pin=Pin("v", "now"), hung={2})["warnings"]
    assert [row[0].strip("`") for row in rows_of_table(METRICS, "| warning | means |")] == warnings
    served = demo.serve.model_copy(update={"ops_token": SECRET.replace(" ", "-")})
    client = create_app(demo.model_copy(update={"serve": served})).test_client()
    text = client.get("/metrics", headers={"Authorization": f"Bearer {served.ops_token}"}).text
    named = {
        name
        for row in rows_of_table(METRICS, "| metric | labels | counts |")
        for name in re.findall(r"`(\w+)`", row[0])
    }
    assert named == {name for name in re.findall(r"^# HELP (\w+)", text, re.MULTILINE) if not name.endswith("_created")}


def placeholders(rule: str) -> str:
    """A rule of the app as the pages write it."""
    return rule.replace("<username>", "NAME").replace("<date:day>", "DATE")


def served_with_ops(configuration: Configuration) -> Configuration:
    """The configuration with an `ops_token`, so that every route is there."""
    return configuration.model_copy(
        update={"serve": configuration.serve.model_copy(update={"ops_token": SECRET.replace(" ", "-")})}
    )


@pytest.mark.usefixtures("no_app")
def test_every_route_is_in_the_reference_and_no_other(demo: Configuration) -> None:
    rules = {placeholders(rule.rule) for rule in create_app(served_with_ops(demo)).url_map.iter_rules()}
    named = {
        path for row in rows_of_table(HTTP, "| route | for | answers |") for path in re.findall(r"`([^`]+)`", row[0])
    }
    assert named == rules
    elsewhere = {
        row[0].strip("`")
        for text, header in (
            (METRICS, "| path | for | says |"),
            (TEXTS["docs/guide/embed.md"], "| path | answers |"),
        )
        for row in rows_of_table(text, header)
    }
    assert elsewhere <= rules


def test_every_address_in_an_example_is_a_route() -> None:
    rules = [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) for path in document(has_ops=True)["paths"]]
    found = {
        path
        for name in FOR_USERS
        for path in re.findall(r"(?:pulse\.example\.com|127\.0\.0\.1:8000)(/[^\s\"'?)]*)", TEXTS[name])
    }
    assert PULSE in found
    assert [path for path in found if not any(re.fullmatch(rule, path) for rule in rules)] == []


def test_every_status_of_the_own_answer_is_in_the_reference() -> None:
    described = {int(status) for status in document(has_ops=True)["paths"][PULSE]["get"]["responses"]}
    named = {int(status) for row in rows_of_table(HTTP, "| status | body | when |") for status in row[0].split(", ")}
    assert described <= named


def test_every_check_that_may_be_let_through_as_a_loss_is_in_the_guide() -> None:
    named = {row[0].strip("`") for row in rows_of_table(TEXTS["docs/guide/operate.md"], "| check | compares |")}
    assert named <= {check.name for check in CHECK_LIST}
    assert {check.name for check in CHECK_LIST if check.beside == "a version before"} <= named
