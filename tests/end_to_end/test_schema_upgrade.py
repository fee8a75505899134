"""An upgrade from schema 2 and a rollback across it: answers all the way, and no night needs a flag (FAULTS 68).

`schema_2.tar.xz` has the data folders of `tests/support/platforms/small_platform.py` (two nights) and of
`tests/support/platforms/public_platform.py` (30 days), as the last release of schema 2 made them: real versions, with
the lake that they came from. What a version of schema 3 says of dates is `test_dates_not_over.py`'s.
"""

import json
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from flask.testing import FlaskClient

from assets.all_steps import publish_lake
from assets.night.night import Night
from pipelines.command_line import cli
from serve.app import create_app
from tests.support.platforms import public_platform, small_platform
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
from tests.support.running.running_server import Running, serving, wait_until
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import CheckFailedError
from warehouse.versions.schema import SCHEMA_VERSION
from warehouse.versions.versions import Warehouse

MADE_BY_SCHEMA_2 = Path(__file__).with_name("schema_2.tar.xz")
THIRD_NIGHT, THIRD = date(2026, 1, 1), "pulse-2026-01-01-000003"
# Data through is 2026-01-01T00:00Z: in Kiritimati 14:00, in Pago Pago 31 December, 13:00, in Tokyo (default) 09:00.
COMPLETE_THROUGH = {
    **dict.fromkeys((ANA, ZOE, QUOTED, KIM, "nobody"), "2025-12-31"),
    IDLE: "2025-12-30",
}
Typed = Callable[..., tuple[int, str, str]]


def unpacked(name: str, folder: Path) -> None:
    """Give a folder the data of one of the two platforms."""
    with tarfile.open(MADE_BY_SCHEMA_2) as archive:
        archive.extractall(folder.parent, filter="data")
    (folder.parent / name / "var").rename(folder / "var")


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """The small platform after two nights of the release before, and the database that it came from."""
    (folder := tmp_path / "upgraded").mkdir()
    configuration = small_platform.make(folder)
    unpacked("small", folder)
    warehouse = Warehouse.of(configuration)
    assert (warehouse.kept(), warehouse.current()) == ([FIRST, SECOND], SECOND)
    assert {warehouse.manifest(name).schema_version for name in warehouse.kept()} == {2}
    return configuration


@pytest.fixture
def warehouse(configuration: Configuration) -> Warehouse:
    return Warehouse.of(configuration)


@pytest.fixture
def client(configuration: Configuration) -> FlaskClient:
    return create_app(configuration).test_client()


@pytest.fixture
def pulse(configuration: Configuration, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command: its exit code, what it says, and what it complains about."""

    def typed(*words: str) -> tuple[int, str, str]:
        code = cli.main([*words, "--config", str(configuration.path)])
        return code, *capsys.readouterr()

    return typed


def change(configuration: Configuration, statement: str) -> None:
    with closing(sqlite3.connect(configuration.path.parent / "platform.sqlite")) as database, database:
        database.execute(statement)


def asked(client: FlaskClient, learner: str = ANA) -> tuple[int, str, str]:
    """Status, version and the last date that is over, of a learner's own answer."""
    response = client.get(PATH, headers=bearer(learner))
    said = [response.headers.get(name, "") for name in ("X-Data-Version", "X-Pulse-Complete-Through")]
    return response.status_code, said[0], said[1]


def rows(warehouse: Warehouse, version: str, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(warehouse.file(version), read_only=True) as connection:
        return connection.execute(query).fetchall()


# --- the server -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learner", COMPLETE_THROUGH)
def test_a_version_of_schema_2_is_answered_from_and_the_header_comes_of_zone_and_data_through(
    client: FlaskClient, learner: str
) -> None:
    """FAULTS 68: the same answers as the release that made it gave, twice, looked up and kept."""
    expected = ANSWERS[learner][SECOND] if learner in ANSWERS else UNKNOWN[SECOND]
    for _ in range(3):
        assert asked(client, learner) == (200, SECOND, COMPLETE_THROUGH[learner])
        assert client.get(PATH, headers=bearer(learner)).get_json() == expected


@pytest.mark.parametrize(("name", "unfinished"), [("ada", "2026-01-06, level 0"), ("idle", "2026-01-05, level 0")])
def test_page_picture_and_profile_of_a_version_of_schema_2_say_what_is_not_over(
    tmp_path: Path, name: str, unfinished: str
) -> None:
    """FAULTS 68: Ada is in Berlin, the other one in Pago Pago."""
    configuration = public_platform.make(tmp_path / "upgraded", days=30)
    unpacked("public", tmp_path / "upgraded")
    client, api = create_app(configuration).test_client(), f"/api/xp/public-profile/{name}"
    assert f"{unfinished} so far, not over yet" in client.get(f"/profile/{name}").text
    assert f"{unfinished[:10]} is not over yet" in client.get(f"{api}/pulse.svg").text
    assert client.get(api).get_json()["window_end"] == unfinished[:10]


def test_what_servers_read_begins_with_schema_2_and_ends_with_their_own(
    client: FlaskClient, configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 5, 68."""
    for schema_version, status in ((1, 503), (SCHEMA_VERSION + 1, 503), (2, 200), (SCHEMA_VERSION, 200)):
        place = warehouse.manifest_file(SECOND)
        place.write_text(json.dumps({**json.loads(place.read_text()), "schema_version": schema_version}))
        assert asked(create_app(configuration).test_client())[0] == status
    assert asked(client)[:2] == (200, SECOND)


# --- the night --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_night_and_a_rollback_across_the_upgrade_answer_all_the_way(
    client: FlaskClient, configuration: Configuration, warehouse: Warehouse, pulse: Typed
) -> None:
    """FAULTS 68: no flag, no 503, and every version answers for itself."""
    assert asked(client) == (200, SECOND, "2025-12-31")
    assert small_platform.publish(configuration, THIRD_NIGHT) == THIRD
    assert asked(client) == (200, THIRD, "2026-01-01")
    assert (warehouse.manifest(THIRD).schema_version, warehouse.manifest(THIRD).accepted) == (
        SCHEMA_VERSION,
        (),
    )
    assert "schema" not in pulse("versions")[1]
    assert pulse("rollback")[0] == 0
    assert asked(client) == (200, SECOND, "2025-12-31")
    assert asked(client, IDLE) == (200, SECOND, "2025-12-30")
    status = pulse("status")
    assert status[0] == 0
    assert f"published     {SECOND} of 3 kept" in status[1]
    assert pulse("rollback", FIRST)[0] == 0
    assert asked(client, KIM) == (200, FIRST, "2025-12-30")
    assert pulse("unpin")[0] == 0
    assert pulse("build")[0] == 0
    assert asked(client) == (200, "pulse-2026-01-01-000004", "2026-01-01")
    assert asked(create_app(configuration).test_client(), IDLE) == (
        200,
        "pulse-2026-01-01-000004",
        "2025-12-31",
    )


def test_a_build_after_the_upgrade_says_of_every_learner_what_the_version_before_said(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 68: columns come, and nothing else changes; nothing is restated."""
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    for table in ("users", "daily_activity", "learning_pulse", "pulse_totals", "restatements"):
        columns = ", ".join(
            name for (name,) in rows(warehouse, SECOND, f"select name from pragma_table_info('{table}')")
        )
        query = f"select {columns} from {table} order by all"
        assert rows(warehouse, manifest.version, query) == rows(warehouse, SECOND, query), table
    assert rows(warehouse, manifest.version, "select complete_through from version_info") == [(date(2025, 12, 30),)]


@pytest.mark.slow
def test_what_a_night_after_the_upgrade_restates_is_told_against_the_version_of_schema_2(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 15, 68."""
    change(configuration, "insert into xp_events values (99, 'zoé', '2025-12-30T10:00:00Z', 7)")
    version = small_platform.publish(configuration, THIRD_NIGHT)
    query = "select user_id, activity_date, measure, old, new, version, reason from restatements"
    restated = (ZOE, date(2025, 12, 30), "xp_earned", 0, 7, version, "source")
    assert rows(warehouse, version, query) == [restated]


def test_the_guards_of_a_night_after_the_upgrade_compare_with_the_version_of_schema_2(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 9, 68: what readers have is not lost because its schema is the older one."""
    text = configuration.path.read_text(encoding="utf-8")
    configuration.path.write_text(text.replace("min_active_days", "shrink_base = 4\nmin_active_days"))
    change(configuration, "delete from users where id <> 'ben'")
    narrow = load(configuration.path, uses=["sources", "auth"])
    with pytest.raises(CheckFailedError, match=r"learners_kept found 1 \(such as from 6 down to 1\)"):
        small_platform.publish(narrow, small_platform.SECOND_NIGHT)
    assert warehouse.current() == SECOND


@pytest.mark.slow
def test_who_is_erased_after_the_upgrade_is_in_no_version_of_either_schema(
    client: FlaskClient, warehouse: Warehouse, pulse: Typed
) -> None:
    """FAULTS 42, 68."""
    assert pulse("erase", BEN)[0] == 0
    (left,) = warehouse.kept()
    assert warehouse.manifest(left).schema_version == SCHEMA_VERSION
    assert rows(warehouse, left, f"select count(*) from users where user_id = '{BEN}'") == [(0,)]
    assert asked(client, BEN) == (200, left, "2025-12-31")


# --- the server, under load -------------------------------------------------------------------------------------------


@contextmanager
def asking(server: Running) -> Iterator[list[tuple[int, str]]]:
    """Ask without a pause; give the list that status and version of every answer are put into."""
    answers: list[tuple[int, str]] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            answer = server.ask(headers=bearer())
            answers.append((answer.status, answer.headers["x-data-version"]))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        thread.join()


@pytest.mark.slow
def test_a_server_answers_every_request_over_upgrade_and_rollback(
    configuration: Configuration, warehouse: Warehouse
) -> None:
    """FAULTS 8, 68: over HTTP, from the real server."""
    with serving(configuration) as server, asking(server) as answers:
        wait_until(lambda: (200, SECOND) in answers)
        small_platform.publish(configuration, THIRD_NIGHT)
        wait_until(lambda: (200, THIRD) in answers)
        warehouse.rollback()
        before = len(answers)
        wait_until(lambda: (200, SECOND) in answers[before:])
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers} == {SECOND, THIRD}
