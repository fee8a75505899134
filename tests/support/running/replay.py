"""Runs the product on a world and reads what it published: helpers for comparing it with the oracle.

A world is written into a database and replayed night by night, as its landings of users say; then every public table
and every answer of the API can be read in the oracle's own form. What they should be is the oracle's matter, how
worlds are drawn that of `tests/oracle/worlds.py`.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import jwt
from sqlalchemy import create_engine, text

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from serve.app import create_app
from tests.oracle import oracle
from tests.oracle.parts import oracle_answers, oracle_public
from tests.support.platforms import mapped_files, mapped_tables, platforms
from warehouse.configuration.configuration import Configuration, load
from warehouse.lake.lake import Lake
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.oracle.mapped.mappings import Disguised
    from tests.oracle.oracle import Row, World
    from warehouse.versions.manifest import Manifest

GUARDS = ("accept_shrink", "accept_quarantine")
LAST_SECOND_OF_9999 = 253_402_300_799
NOBODY = "nobody's id"  # in no world
LONGEST_KEPT_TEXT = 1000  # of each value of a quarantined row

# The columns that `oracle.tables` gives, in its order.
COLUMNS = {
    "users": "user_id, username, timezone, is_public",
    "daily_activity": "user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed",
    "learning_pulse": "user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level",
    "pulse_totals": (
        "user_id, window_start, window_end, year, total_xp_earned, total_learning_time, total_sessions, "
        "total_quizzes, total_quizzes_passed, last_complete_date, active_days, cut_2, cut_3, cut_4, cut_population"
    ),
    "learning_pulse_calendar": (
        "user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level, is_complete"
    ),
    "quarantine": "stream, day, event_id, reason",
    "landings": "stream, day, source_rows, rows, quarantined, duplicates, deleted, conflicts",
    "streaks": (
        "user_id, current_streak, longest_streak, last_activity, streak_at_risk, freezes_used, freezes_available"
    ),
    "weekly_activity": (
        "user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, is_freeze_covered"
    ),
    "xp_totals": "user_id, total_xp, level, level_starts_at, next_level_at, booster_multiplier, booster_ends_at",
    "zones_over_time": "user_id, timezone, from_day",
    "yearly_totals": (
        "user_id, year, total_xp_earned, total_learning_time, total_sessions, total_quizzes, total_quizzes_passed, "
        "active_days, lowest_score, highest_score, cut_2, cut_3, cut_4, cut_population"
    ),
    "yearly_pulse": (
        "user_id, year, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level"
    ),
    "activity_by_stream": ("user_id, activity_date, stream, xp, learning_time, sessions, quizzes, quizzes_passed"),
    "version_info": "bad_zones, unknown_user_rows, deleted_user_rows, complete_through",
}
SOMETIMES = "activity_by_stream"  # there with `pulse.by_stream` alone
KEYED = (
    *("users", "daily_activity", "learning_pulse", "pulse_totals"),
    *("streaks", "weekly_activity", "xp_totals", "zones_over_time", "yearly_totals"),
)


class Platform(NamedTuple):
    """A database that holds a world, and the folder of the `pulse.toml` that reads it."""

    url: str
    folder: Path


@contextmanager
def sqlite_platform() -> Iterator[Platform]:
    """Give a place for a SQLite database of its own."""
    with TemporaryDirectory() as folder:
        yield Platform(f"sqlite:///{folder}/platform.sqlite", Path(folder))


@contextmanager
def files_platform() -> Iterator[Platform]:
    """Give a folder for files."""
    with TemporaryDirectory() as folder:
        yield Platform(f"files://{folder}/{mapped_files.FOLDER}", Path(folder))


@contextmanager
def duckdb_platform() -> Iterator[Platform]:
    """Give a place for a DuckDB database of its own."""
    with TemporaryDirectory() as folder:
        yield Platform(f"duckdb:///{folder}/platform.duckdb", Path(folder))


@contextmanager
def postgres_platform(url: str) -> Iterator[Platform]:
    """Give a place beside a PostgreSQL that one world after the other is written into."""
    with TemporaryDirectory() as folder:
        yield Platform(url, Path(folder))


def configured(world: World | Disguised, platform: Platform, data_dir: str = "var") -> Configuration:
    """Write the `pulse.toml` of a world, as it is or behind mappings, and load it."""
    file = platform.folder / "pulse.toml"
    if isinstance(world, oracle.World):
        words = platforms.configuration(world, platform.url, data_dir)
    else:
        words = mapped_tables.configuration(world, platform.url, data_dir)
    file.write_text(words, encoding="utf-8")
    return load(file, uses=["sources", "auth"])


def night(configuration: Configuration, first: date, last: date, *streams: str) -> Manifest:
    """Run a night, or a backfill, that has to publish."""
    manifest = run_night(Night.of(configuration), Run(first, last, streams, GUARDS))
    assert manifest is not None
    return manifest


def replayed(world: World, platform: Platform) -> Configuration:
    """Write the world and run the night of each landing of users, the last one on the newest day."""
    for number, (day, _) in enumerate(world.users_landings):
        platforms.write(world, platform.url, users=number)
        configuration = configured(world, platform)
        night(configuration, day, day)
    return configuration


def replayed_behind_mappings(disguised: Disguised, platform: Platform) -> Configuration:
    """Do the same with a world behind mappings."""
    for number, (day, _) in enumerate(disguised.world.users_landings):
        mapped_tables.write(disguised, platform.url, users=number)
        configuration = configured(disguised, platform)
        night(configuration, day, day)
    return configuration


def reverse_rows(url: str, tables: list[str]) -> None:
    """Give the rows of SQLite tables the opposite physical order, and change nothing else."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"create table spare as select * from {table}"))
            connection.execute(text(f"delete from {table}"))
            connection.execute(text(f"insert into {table} select * from spare order by rowid desc"))
            connection.execute(text("drop table spare"))
    engine.dispose()


# --- what was published ---------------------------------------------------------------------------------------------


@contextmanager
def published(configuration: Configuration) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published version as an analyst does."""
    with duckdb.connect(str(Warehouse.of(configuration).pointer.resolve()), read_only=True) as connection:
        yield connection


def published_tables(configuration: Configuration) -> dict[str, list[Row]]:
    """Read every public table in the form of `oracle.tables`."""
    return tables_of(Warehouse.of(configuration).pointer.resolve())


def tables_of(version: Path) -> dict[str, list[Row]]:
    """Read every public table of a version's file in the form of `oracle.tables`."""
    with duckdb.connect(str(version), read_only=True) as connection:
        tables = {table for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        found = {
            table: connection.execute(f"select {columns} from {table}").fetchall()
            for table, columns in COLUMNS.items()
            if table != SOMETIMES or table in tables
        }
    ((*counters, complete_through),) = found.pop("version_info")
    found |= {"counters": [tuple(counters)], "complete_through": [(complete_through,)]}
    return {table: oracle.sorted_rows(rows) for table, rows in found.items()}


def published_keys(configuration: Configuration) -> set[tuple[str, int]]:
    """Read every pair of user_id and user_key that stands in any table."""
    tables = (*KEYED, SOMETIMES) if configuration.pulse.by_stream else KEYED
    query = " union ".join(f"select user_id, user_key from {table}" for table in tables)
    with published(configuration) as connection:
        return set(connection.execute(query).fetchall())


def key_of(user_id: str) -> int:
    """Return the `user_key` of an id, as docs/ARCHITECTURE.md words it for Python."""
    digest = hashlib.md5(user_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[-8:], "little") // 2


def is_kept_row(row: str) -> bool:
    """Say whether a quarantined row is a JSON object of texts and nulls, none of them too long."""
    values = json.loads(row).values()
    return all(value is None or (isinstance(value, str) and len(value) <= LONGEST_KEPT_TEXT) for value in values)


# --- answers --------------------------------------------------------------------------------------------------------


def learners_who_may_ask(world: World) -> list[str]:
    """Every id that appears anywhere in the world, live, deleted or unknown, and one that appears nowhere."""
    rows = [row for _, landing in world.users_landings for row in landing]
    rows += [row for stream in world.rows.values() for row in stream]
    found = {oracle.identifier(row.get("user_id"))[0] for row in rows}
    return [*sorted(user_id for user_id in found if user_id is not None), NOBODY]


def bearer(user_id: str) -> dict[str, str]:
    """Return the header that a learner's browser sends."""
    token = jwt.encode({"sub": user_id, "exp": LAST_SECOND_OF_9999}, platforms.SECRET, algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


def answers(configuration: Configuration, user_ids: list[str]) -> dict[str, object]:
    """Ask the API once as each of the learners, by the id as it is spelled here: body, and last date that is over."""
    asked = ("/api/xp/learning-pulse",)
    found = profile_answers(configuration, dict.fromkeys(user_ids, asked))
    return {user_id: of_paths[asked[0]] for user_id, of_paths in found.items()}


def profile_answers(
    configuration: Configuration, asked: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, tuple[object, str]]]:
    """Ask the API as each of the learners for each of the locations: body, and last date that is over.

    Whether the look-up file answers or the version's tables, the answer is the same, byte for byte.
    """
    by_look_up = clients(configuration)
    found: dict[str, dict[str, tuple[object, str]]] = {}
    for user_id, locations in asked.items():
        for location in locations:
            response = _alike(by_look_up, location, bearer(user_id))
            answer = (response.get_json(), response.headers["X-Pulse-Complete-Through"])
            found.setdefault(user_id, {})[location] = answer
    return found


@contextmanager
def everybody_public(configuration: Configuration, names: Mapping[str, str]) -> Iterator[None]:
    """Let learners have public pages by these names, which are mapped to their ids, and take it back."""
    path = Lake.of(configuration).profiles
    landed = path.read_bytes()
    with duckdb.connect() as connection:
        rows = "select unnest($names::varchar[]) as name, unnest($ids::varchar[]) as user_id order by name"
        parameters = {"names": list(names), "ids": list(names.values())}
        connection.execute(f"copy ({rows}) to '{path}' (format parquet)", parameters)
    yield
    path.write_bytes(landed)


def public_answers(configuration: Configuration, asked: Mapping[str, Iterable[str]]) -> dict[str, dict[str, object]]:
    """Ask for public profiles with all that may be shown, by name and query: the bodies.

    Whether the look-up file answers or the version's tables, the answer is the same, byte for byte.
    """
    by_look_up = clients(configuration, public_level=True, public_years=True)
    return {
        name: {query: _alike(by_look_up, f"/api/xp/public-profile/{name}{query}").get_json() for query in queries}
        for name, queries in asked.items()
    }


def clients(configuration: Configuration, **serve: object) -> list[FlaskClient]:
    """Return an app that looks learners up in the look-up file, and one that does in the version's tables."""
    changes = [{"lookup": lookup, "rate_limit": "", **serve} for lookup in ("file", "warehouse")]
    settings = [configuration.serve.model_copy(update=change) for change in changes]
    return [create_app(configuration.model_copy(update={"serve": serve})).test_client() for serve in settings]


def _alike(by_look_up: list[FlaskClient], location: str, headers: Mapping[str, str] | None = None) -> TestResponse:
    """Return the answer of both servers, which has to be one."""
    response, of_tables = (client.get(location, headers=dict(headers or {})) for client in by_look_up)
    assert response.status_code == 200, response.text
    assert (response.data, _of_learner(response)) == (of_tables.data, _of_learner(of_tables))
    return response


def _of_learner(response: TestResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name.startswith("X-Pulse") or name == "ETag"}


def assert_equals_the_oracle(world: World, configuration: Configuration) -> None:
    """Compare everything that was published, and every learner's answer, with the oracle."""
    expected = oracle.tables(world)
    found = published_tables(configuration)
    assert found.keys() == expected.keys()
    for table, rows in expected.items():
        assert found[table] == rows, table
    assert all(key == key_of(user_id) for user_id, key in published_keys(configuration))
    with published(configuration) as connection:
        kept = connection.execute("select row from quarantine").fetchall()
    assert all(is_kept_row(row) for (row,) in kept)
    bodies = {
        user_id: (oracle.body(world, user_id), oracle.header_complete_through(world, user_id))
        for user_id in learners_who_may_ask(world)
    }
    capitals = {user_id.upper(): user_id for user_id in bodies}  # one and the same learner, where the id is a UUID
    same = {spelled: bodies[known] for spelled, known in capitals.items() if oracle.identifier(spelled)[0] == known}
    expected_answers = {**bodies, **same}
    assert answers(configuration, list(expected_answers)) == expected_answers
    profiles = {
        user_id: {
            location: (body, complete_through)
            for location, body in oracle_answers.bodies(world, oracle.identifier(user_id)[0] or "").items()
        }
        for user_id, (_, complete_through) in expected_answers.items()
    }
    assert profile_answers(configuration, profiles) == profiles
    names = {f"learner-{number}": str(user_id) for number, (user_id, *_) in enumerate(expected["users"])}
    public = oracle_public.bodies(world, names)
    with everybody_public(configuration, names):
        assert public_answers(configuration, public) == public
