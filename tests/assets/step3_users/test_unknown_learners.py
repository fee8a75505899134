"""Rows of learners whom the users stream does not know: always counted, and why, where only the spelling differs.

A source compares ids as its columns say: PostgreSQL's citext, MariaDB's general_ci and SQLite's nocase take `Alice` for
`alice`, and so may a foreign key. We compare byte for byte (R26).
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.command_line import cli
from pipelines.command_line.progress_bars import Lines
from serve.app import create_app
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    PLATFORMS,
    Platform,
    night,
    platform_of,
    published,
    server_platform,
    sqlite_platform,
)
from warehouse.configuration.authentication import Auth
from warehouse.configuration.configuration import Configuration, load
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse

LEARNERS = [f"Learner{number}" for number in range(10)]
OTHERWISE = LEARNERS[:3]  # those whose rows spell the id otherwise
ROWS_EACH, XP = 16, 10
IGNORES_CASE = {
    "sqlite": "text collate nocase",
    "postgresql": "text",  # citext is an extension that not every server has; such an application writes lower(…)
    "mysql": "varchar(40) collate utf8mb4_general_ci",
}
OPS_TOKEN = "an-ops-token-of-these-tests"


@pytest.fixture(params=PLATFORMS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as found:
        yield found


def xp_types(source: Platform) -> dict[str, str]:
    return {"event_id": "text", "user_id": IGNORES_CASE[source.backend], "occurred_at": "timestamptz", "amount": "int"}


def spelled(source: Platform, *, otherwise: Any) -> Configuration:
    """Ten learners with 160 XP each, three of whom have their rows under an id that the source takes for theirs."""
    source.make("users", {"user_id": IGNORES_CASE[source.backend]}, [(learner,) for learner in LEARNERS])
    rows = [
        (f"{learner} {n}", otherwise(learner) if learner in OTHERWISE else learner, f"{FIRST}T12:00:{n:02}Z", XP)
        for learner in LEARNERS
        for n in range(ROWS_EACH)
    ]
    source.make("xp", xp_types(source), rows)
    return source.configuration()


def told(configuration: Configuration, capsys: pytest.CaptureFixture[str], day: Any = FIRST) -> list[str]:
    """Run a night and return what it prints beside its steps."""
    capsys.readouterr()
    assert night(configuration, day, listener=Lines(sys.stdout)) is not None
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("unknown", "warning"))]


def status_of(configuration: Configuration, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert cli.main(["status", "--config", str(configuration.path)]) == 0
    return capsys.readouterr().out.splitlines()


def health_of(configuration: Configuration) -> dict[str, Any]:
    serve = configuration.serve.model_copy(update={"ops_token": OPS_TOKEN})
    app = create_app(configuration.model_copy(update={"auth": Auth(secret=["s" * 40]), "serve": serve}))
    answer = app.test_client().get("/health/detailed", headers={"Authorization": f"Bearer {OPS_TOKEN}"})
    found: dict[str, Any] = answer.get_json()
    return found


def test_ids_that_the_source_takes_for_one_are_said_by_night_status_and_health(
    source: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 50: 480 of 1,600 XP are nobody's, and that is no secret."""
    configuration = spelled(source, otherwise=str.lower)
    with source.changing() as connection:
        same = "lower(x.user_id) = lower(u.user_id)" if source.backend == "postgresql" else "x.user_id = u.user_id"
        joined = f"select count(*) from {{xp}} as x join {{users}} as u on {same}"
        names = {name: source.table(name) for name in ("xp", "users")}
        assert connection.exec_driver_sql(joined.format(**names)).scalar() == 160, "to the source all are learners'"
    unknown, warning = told(configuration, capsys)
    assert unknown == "unknown learners: xp 48 of 160 rows"
    assert warning.startswith("warning: stream xp: 48 of 160 rows count for nobody, because their user_id is that of a")
    assert "learner in users but for case" in warning
    assert published(configuration, "select sum(total_xp_earned)::int from pulse_totals") == [(1120,)]
    lines = status_of(configuration, capsys)
    assert "unknown rows  xp 48 of 160 rows" in lines
    assert f"warning       {warning.removeprefix('warning: ')}" in lines
    health = health_of(configuration)
    assert (health["status"], health["warnings"]) == ("warning", ["version_warnings"])
    assert health["version_warnings"] == [warning.removeprefix("warning: ")]
    said = "\n".join([unknown, warning, *lines, str(health["version_warnings"])])
    assert not [learner for learner in LEARNERS if learner.lower() in said.lower()], "no id is ever printed"


def test_a_later_night_without_such_rows_says_it_still(source: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 50: the past counts for nobody as well, also when it is not extracted any more."""
    configuration = spelled(source, otherwise=str.upper)
    pulse = configuration.pulse.model_copy(update={"lookback_days": 0})
    configuration = configuration.model_copy(update={"pulse": pulse})
    night(configuration, FIRST)
    source.add("xp", [("late", LEARNERS[9], f"{FIRST + DAY}T12:00:00Z", XP)])
    unknown, warning = told(configuration, capsys, FIRST + DAY)
    assert unknown == "unknown learners: xp 48 of 161 rows"
    assert "48 of 161 rows count for nobody" in warning


@pytest.mark.parametrize(
    "otherwise",
    [lambda learner: f"{learner}  ", lambda learner: learner.replace("e", "é")],
    ids=["spaces", "accents"],
)
def test_spaces_at_the_end_and_accents_are_of_the_same_kind(
    mariadb_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], otherwise: Any
) -> None:
    """FAULTS 50: general_ci looks at neither."""
    with server_platform(mariadb_url, tmp_path) as source:
        configuration = spelled(source, otherwise=otherwise)
        unknown, warning = told(configuration, capsys)
    assert unknown == "unknown learners: xp 48 of 160 rows"
    assert "48 of 160 rows count for nobody" in warning


def test_rows_of_learners_who_are_like_nobody_are_counted_and_no_warning(
    source: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 50."""
    configuration = spelled(source, otherwise=lambda learner: f"someone else than {learner}")
    assert told(configuration, capsys) == ["unknown learners: xp 48 of 160 rows"]
    assert "unknown rows  xp 48 of 160 rows" in status_of(configuration, capsys)
    health = health_of(configuration)
    assert (health["status"], health["warnings"], health["version_warnings"]) == ("ok", [], [])


def test_without_unknown_rows_the_zero_is_printed(source: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 50."""
    configuration = spelled(source, otherwise=str)
    assert told(configuration, capsys) == ["unknown learners: xp 0 of 160 rows"]
    assert "unknown rows  xp 0 of 160 rows" in status_of(configuration, capsys)


def test_streams_of_one_kind_are_counted_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 50: activity adds streams of one kind up, so their landings are asked."""
    source = sqlite_platform(tmp_path)
    configuration = spelled(source, otherwise=str.lower)
    source.run(
        "create table more (event_id text, user_id text, occurred_at text, amount integer)",
        "insert into more select 'more ' || event_id, user_id, occurred_at, amount from {xp} "
        "where event_id like 'Learner2%' or event_id >= 'Learner8'",
        "insert into more values ('nobody', 'nobody', '2026-06-01T12:00:00Z', 10)",
        "insert into more values ('next day', 'learner1', '2026-06-02T12:00:00Z', 10)",
    )
    text = configuration.path.read_text(encoding="utf-8")
    more = text[text.index("[streams.xp]") :].replace("[streams.xp]", "[streams.more]").replace('"xp"\n', '"more"\n')
    more = more.replace('kind = "more"', 'kind = "xp"').replace('table = "xp"', 'table = "more"')
    configuration.path.write_text(f"{text}\n{more}", encoding="utf-8")
    configuration = load(configuration.path, uses=["sources"])
    unknown, *warnings = told(configuration, capsys)
    assert unknown == "unknown learners: xp 48 of 160 rows, more 17 of 49 rows"
    assert [warning.partition(" count for nobody")[0] for warning in warnings] == [
        "warning: stream xp: 48 of 160 rows",
        "warning: stream more: 16 of 49 rows",
    ]


def test_a_manifest_of_a_time_before_warnings_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = sqlite_platform(tmp_path)
    configuration = spelled(source, otherwise=str.lower)
    manifest = night(configuration, FIRST)
    assert manifest is not None
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert manifest.unknown_rows == {"xp": (48, 160)}
    warehouse = Warehouse.of(configuration)
    old = replace(manifest, warnings=(), unknown_rows={}).to_json()
    keys = '"warnings": [],\n  "unknown_rows": {}'
    assert keys in old
    place = warehouse.manifest_file(manifest.version)
    place.write_text(old.replace(f",\n  {keys}", ""), encoding="utf-8")
    assert warehouse.manifest(manifest.version) == replace(manifest, warnings=(), unknown_rows={})
    assert not [line for line in status_of(configuration, capsys) if line.startswith(("unknown", "warning"))]
    assert health_of(configuration)["version_warnings"] == []
