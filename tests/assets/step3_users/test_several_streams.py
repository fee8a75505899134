"""Several streams of learners: what stops a run, what lands, and what a version says of each (R3).

How rows are merged is worked out in `tests/golden/`.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.night.progress import Progress
from assets.step1_extract.extract import Reader, open_stream
from assets.step3_users import users
from assets.step3_users.users import land_users
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import (
    DAY,
    FIRST,
    XP_TYPES,
    Notes,
    lake_files,
    night,
    published,
    server_platform,
)
from warehouse import clock, engine
from warehouse.configuration.configuration import Configuration, Stream, load
from warehouse.errors import CheckFailedError, PulseError
from warehouse.lake.lake import Lake

PULSE = """
[pulse]
first_day = {first}
[sources.school]
url = "sqlite:///school.db"
[sources.forum]
url = "sqlite:///forum.db"
[streams.xp]
kind = "xp"
source = "school"
table = "xp"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "at", amount = "amount" }}
"""
STREAM = """
[streams.{source}_people]
kind = "users"
source = "{source}"
table = "people"
columns = {{ user_id = {user_id}, username = "name", timezone = "zone", deleted_at = "gone" }}
{more}
"""
FORUM = """
[pulse]
first_day = {first}
[sources.platform]
url = "{url}"
[streams.xp]
kind = "xp"
source = "platform"
table = "{schema}.xp"
columns = {{ event_id = "event_id", user_id = "user_id", occurred_at = "occurred_at", amount = "amount" }}
[streams.accounts]
kind = "users"
source = "platform"
table = "{schema}.users"
columns = {{ user_id = "id", username = "username" }}
where = [{{ column = "id", at_least = 1 }}]
merge = true
[streams.options]
kind = "users"
source = "platform"
table = "{schema}.user_options"
columns = {{ user_id = "user_id", timezone = "timezone" }}
merge = true
"""
MERGED = "merge = true"
User = tuple[str | None, str | None, str | None, str | None]


def user(user_id: str | None, name: str | None = None, zone: str | None = None, gone: str | None = None) -> User:
    return user_id, name, zone, gone


class Platforms:
    """A school and a forum, each a SQLite database with its own people; the school has the XP."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people("school", [])
        self.people("forum", [])
        self.run("school", "create table xp (id text, user_id text, at text, amount integer)")

    def run(self, source: str, statement: str, rows: Sequence[tuple[object, ...]] = ((),)) -> None:
        with closing(sqlite3.connect(self.folder / f"{source}.db")) as database:
            database.executemany(statement, rows)
            database.commit()

    def people(self, source: str, rows: Sequence[User]) -> None:
        self.run(source, "drop table if exists people")
        self.run(source, "create table people (id text, name text, zone text, gone text)")
        self.run(source, "insert into people values (?, ?, ?, ?)", rows)

    def configuration(self, more: str = "", user_ids: Sequence[str] = ('"id"', '"id"')) -> Configuration:
        streams = [
            STREAM.format(source=source, user_id=user_id, more=more)
            for source, user_id in zip(("school", "forum"), user_ids, strict=True)
        ]
        path = self.folder / "pulse.toml"
        path.write_text(PULSE.format(first=FIRST) + "".join(streams), encoding="utf-8")
        return load(path, uses=["sources"])


@pytest.fixture
def platforms(tmp_path: Path) -> Platforms:
    return Platforms(tmp_path)


def landed(configuration: Configuration, columns: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        files = engine.files([Lake.of(configuration).users])
        return connection.execute(f"select {columns} from {files} order by all").fetchall()


@pytest.mark.slow
def test_an_id_in_two_streams_stops_the_run_and_is_named(platforms: Platforms) -> None:
    platforms.people("school", [user("ann"), user("7"), user("bob")])
    platforms.people("forum", [user("cem")])
    configuration = platforms.configuration()
    assert night(configuration, FIRST) is not None
    before = lake_files(configuration)
    platforms.people("forum", [user("cem"), user("bob"), user("7")])
    expected = (
        "streams forum_people and school_people: 2 ids are in more than one stream of learners, such as '7'; "
        "no learners were replaced: "
    )
    with pytest.raises(CheckFailedError) as raised:
        land_users(Night.of(configuration), FIRST)
    assert str(raised.value).startswith(expected)
    assert "merge = true" in str(raised.value)
    assert "prefix" in str(raised.value)
    assert lake_files(configuration) == before
    for fitting in (
        platforms.configuration(MERGED),
        platforms.configuration(user_ids=[f'{{ column = "id", prefix = "{letter}:" }}' for letter in "sf"]),
    ):
        assert night(fitting, FIRST, "accept_shrink") is not None


def test_a_stream_that_cannot_be_read_leaves_all_learners_as_they_were(platforms: Platforms) -> None:
    platforms.people("school", [user("ann")])
    platforms.people("forum", [user("bob")])
    configuration = platforms.configuration(MERGED)
    assert night(configuration, FIRST) is not None
    before = lake_files(configuration)
    platforms.people("school", [user("ann", "New")])
    platforms.run("forum", "drop table people")
    with pytest.raises(PulseError, match="forum_people"):
        land_users(Night.of(configuration), FIRST)
    assert lake_files(configuration) == before


def test_every_row_says_which_streams_it_is_from(platforms: Platforms) -> None:
    platforms.people("school", [user("ann"), user("bob"), user(None, "x")])
    platforms.people("forum", [user("bob"), user("cem"), user("")])
    configuration = platforms.configuration(MERGED)
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert landed(configuration, "user_id, stream, reason") == [
        ("ann", "school_people", None),
        ("bob", "school_people, forum_people", None),
        ("cem", "forum_people", None),
        (None, "forum_people", "missing_id"),
        (None, "school_people", "missing_id"),
    ]
    assert published(configuration, "select stream, reason from quarantine order by 1") == [
        ("forum_people", "missing_id"),
        ("school_people", "missing_id"),
    ]
    result = land_users(Night.of(configuration), FIRST)
    assert result is not None
    assert result.users == 3
    assert {name: (one.users, one.quarantined) for name, one in result.streams.items()} == {
        "school_people": (2, 1),
        "forum_people": (2, 1),
    }


def test_half_of_one_streams_rows_of_no_use_block_whatever_the_others_are(platforms: Platforms) -> None:
    """R22."""
    platforms.people("school", [user(f"s{number}") for number in range(50)])
    platforms.people("forum", [user("f"), user(None), user(None)])
    with pytest.raises(CheckFailedError, match=r"forum_people: 2 of 3 rows: 2 missing_id"):
        night(platforms.configuration(), FIRST)


@pytest.mark.slow
def test_learners_that_an_older_release_landed_stay_readable(platforms: Platforms) -> None:
    """Their file has no column `stream`, and names its only one."""
    platforms.people("school", [user("ann"), user("bob"), user(None)])
    configuration = platforms.configuration()
    assert night(configuration, FIRST) is not None
    file, about = Lake.of(configuration).users, '{"stream": "learners", "last_day": "2026-06-01", "columns": {}}'
    with duckdb.connect() as connection:
        connection.execute(f"create table old as select * exclude (stream) from {engine.files([file])}")
        connection.execute(f"copy old to '{file}' (format parquet, kv_metadata {{pulse: '{about}'}})")
    assert publish_lake(Night.of(configuration)) is not None
    assert published(configuration, "select stream, reason from quarantine") == [("learners", "missing_id")]
    assert published(configuration, "select user_id from users order by 1") == [("ann",), ("bob",)]
    assert night(configuration, FIRST) is not None


@pytest.mark.slow
def test_an_erased_learner_is_in_no_stream(platforms: Platforms) -> None:
    """R26: and an id that only erased learners share stops nothing."""
    platforms.people("school", [user("ann", "Ann"), user("bob")])
    platforms.people("forum", [user("ann", "Anna"), user("cem")])
    configuration = platforms.configuration(MERGED)
    assert night(configuration, FIRST) is not None
    assert erase(configuration, "ann").receipt.rows_before
    unmerged = platforms.configuration()
    assert night(unmerged, FIRST) is not None
    assert landed(unmerged, "user_id") == [("bob",), ("cem",)]


def test_a_deletion_is_judged_by_the_snapshot_of_its_own_stream(
    platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R3: the forum is read two days after the school."""
    coming = (clock.now().astimezone(UTC) + 2 * DAY).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    platforms.people("school", [user("ann", gone=coming)])
    platforms.people("forum", [user("bob", gone=coming)])
    configuration = platforms.configuration()

    @contextmanager
    def open_later(configuration: Configuration, stream: Stream, progress: Progress | None = None) -> Iterator[Reader]:
        with open_stream(configuration, stream, progress) as reader:
            yield replace(reader, taken_at=reader.taken_at + (2 * DAY if stream.source == "forum" else 0 * DAY))

    monkeypatch.setattr(users, "open_stream", open_later)
    land_users(Night.of(configuration), FIRST)
    assert landed(configuration, "user_id, is_deleted") == [("ann", False), ("bob", True)]


def test_bad_zones_are_warned_of_by_stream(platforms: Platforms) -> None:
    """R4."""
    platforms.people("school", [user(f"s{number}", zone="UTC") for number in range(9)])
    platforms.people("forum", [user(f"f{number}", zone="Hawaii") for number in range(3)])
    notes = Notes()
    assert night(platforms.configuration(), FIRST, listener=notes) is not None
    (line,) = (line for line in notes.lines if "timezone" in line)
    assert "stream forum_people: 3 of 3" in line
    assert "zone_names" in line
    notes = Notes()
    assert night(platforms.configuration('zone_names = "rails"'), FIRST, listener=notes) is not None
    assert [line for line in notes.lines if "timezone" in line] == []


@pytest.mark.slow
def test_names_of_zones_cut_again_whom_they_concern_and_nobody_else(platforms: Platforms) -> None:
    """R4: they are a part of what the activity of a day is made from, and `zone` is why a date is restated."""
    platforms.people("school", [user("ann", zone="Hawaii"), user("bob", zone="Asia/Tokyo")])
    days = [FIRST, FIRST + DAY]
    rows = [("1", "ann", f"{days[0]}T05:00:00Z", 1), ("2", "bob", f"{days[1]}T05:00:00Z", 2)]
    platforms.run("school", "insert into xp values (?, ?, ?, ?)", rows)
    before = platforms.configuration()
    assert night(before, days[1]) is not None
    activity = {name: content for name, content in lake_files(before).items() if name.startswith("activity")}
    after = platforms.configuration('zone_names = "rails"')
    assert publish_lake(Night.of(after)) is not None
    now = {name: content for name, content in lake_files(after).items() if name.startswith("activity")}
    assert {name for name in now if now[name] != activity[name]} == {f"activity/{days[0]}.parquet"}
    query = "select user_id, activity_date, old, new, reason from restatements where measure = 'xp_earned' order by all"
    assert published(after, query) == [
        ("ann", days[0] - DAY, 0, 1, "zone"),
        ("ann", days[0], 1, 0, "zone"),
    ]
    assert published(after, "select user_id, timezone from users order by 1") == [
        ("ann", "Pacific/Honolulu"),
        ("bob", "Asia/Tokyo"),
    ]
    assert landed(after, "user_id, timezone") == [("ann", "Hawaii"), ("bob", "Asia/Tokyo")]


@pytest.mark.slow
def test_a_forums_accounts_and_options_in_postgresql_are_its_learners(postgres_url: str, tmp_path: Path) -> None:
    """Discourse has usernames in one table and zones in another, and accounts of the system below 1."""
    with server_platform(postgres_url, tmp_path) as source:
        source.run(
            f"create table {source.schema}.users (id int primary key, username varchar(60) not null)",
            f"create table {source.schema}.user_options (user_id int primary key, timezone varchar)",
            f"insert into {source.schema}.users values (-1, 'system'), (1, 'ana'), (2, 'bo'), (3, 'cy')",
            f"insert into {source.schema}.user_options values (1, 'America/New_York'), (2, 'Asia/Kolkata'), (3, null)",
        )
        source.make("xp", XP_TYPES, [("1", "1", "2026-06-01T02:00:00Z", 5)])
        path = tmp_path / "pulse.toml"
        path.write_text(FORUM.format(first=FIRST, url=source.url, schema=source.schema), encoding="utf-8")
        configuration = load(path, uses=["sources"])
        assert night(configuration, FIRST) is not None
    assert published(configuration, "select user_id, username, timezone from users order by 1") == [
        ("1", "ana", "America/New_York"),
        ("2", "bo", "Asia/Kolkata"),
        ("3", "cy", "UTC"),
    ]
    assert published(configuration, "select user_id, activity_date from daily_activity") == [("1", FIRST - DAY)]
