"""Ids of events that are another system's, and the table that says whose they are (R21, R26)."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.step3_users.users import land_users
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import DAY, FIRST, lake_files, landed_rows, night, published
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import CheckFailedError, ConfigurationError, SourceDriftError
from warehouse.lake.lake import Lake

UPPER, LOWER = "ABCDEF01-0000-4000-8000-00000000000A", "abcdef01-0000-4000-8000-00000000000a"
LOOKUP = '{ source = "main", table = "id_map", key = "anon", value = "user_id" }'
USER_ID = f'{{ column = "user_id", lookup = {LOOKUP} }}'
TEXT = """
[pulse]
first_day = {first}
[sources.main]
url = "sqlite:///main.db"
[streams.users]
kind = "users"
source = "main"
table = "people"
columns = {{ user_id = {learner} }}
[streams.xp]
kind = "xp"
source = "main"
table = "xp"
columns = {{ event_id = "id", user_id = {user_id}, occurred_at = "at", amount = "amount" }}
[streams.bonus]
kind = "xp"
source = "main"
table = "bonus"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "at", amount = "amount" }}
[streams.visits]
kind = "sessions"
source = "main"
table = "visits"
columns = {{ event_id = "id", user_id = {user_id}, started_at = "at", ended_at = "until" }}
"""
TOTALS = """
[streams.totals]
kind = "daily"
source = "main"
table = "totals"
columns = {{ user_id = {user_id}, on = "day", xp = "points" }}
"""
NOON = "{}T12:00:00Z"


class Platform:
    """A platform whose XP and visits name learners by keys, and its bonuses by their ids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("create table people (id text)")
        self.run("create table id_map (anon text, user_id text)")
        for table in ("xp", "bonus"):
            self.run(f"create table {table} (id integer primary key, user_id text, at text, amount integer)")
        self.run("create table visits (id integer primary key, user_id text, at text, until text)")

    def run(self, statement: str, rows: Sequence[tuple[object, ...]] = ((),)) -> None:
        with closing(sqlite3.connect(self.folder / "main.db")) as database:
            database.executemany(statement, rows)
            database.commit()

    def people(self, *ids: str) -> None:
        self.run("insert into people values (?)", [(user_id,) for user_id in ids])

    def map(self, **keys: str | None) -> None:
        self.run("insert into id_map values (?, ?)", list(keys.items()))

    def xp(self, amounts: dict[str, int], table: str = "xp", day: object = FIRST) -> None:
        rows = [(user_id, NOON.format(day), amount) for user_id, amount in amounts.items()]
        self.run(f"insert into {table} (user_id, at, amount) values (?, ?, ?)", rows)

    def configuration(self, user_id: str = USER_ID, learner: str = '"id"') -> Configuration:
        path = self.folder / "pulse.toml"
        path.write_text(TEXT.format(first=FIRST, user_id=user_id, learner=learner), encoding="utf-8")
        return load(path, uses=["sources"])


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


def xp_of(configuration: Configuration) -> dict[str, int]:
    query = "select user_id, sum(xp_earned)::bigint from daily_activity group by 1 having sum(xp_earned) > 0"
    return dict(published(configuration, query))


@pytest.mark.slow
def test_events_count_for_whom_the_lookup_names(platform: Platform) -> None:
    """A key is nobody without a row, also if a learner's own id is spelled so."""
    platform.people("ann", "bob", "k9", UPPER)
    platform.map(k1="ann", k2="ann", k3="bob", k4=None, k5="nobody", **{UPPER: LOWER})
    platform.run("insert into id_map values (null, 'bob'), ('', 'bob')")
    platform.xp({"k1": 1, "k2": 2, "k3": 4, LOWER: 8, "k4": 16, "k5": 32, "k9": 64, "ann": 128})
    platform.xp({"ann": 1000, "k1": 4000}, "bonus")
    configuration = platform.configuration()
    more_known = [("x", NOON.format(FIRST), 1)] * 9
    platform.run("insert into xp (user_id, at, amount) values (?, ?, ?)", [("k3", at, 0) for _, at, _ in more_known])
    platform.run(
        "insert into bonus (user_id, at, amount) values (?, ?, ?)", [("bob", at, 0) for _, at, _ in more_known]
    )
    manifest = night(configuration, FIRST)
    assert manifest is not None
    assert xp_of(configuration) == {"ann": 1003, "bob": 4, LOWER: 8}
    assert published(configuration, "select unknown_user_rows from version_info") == [(5,)]
    assert manifest.unknown_rows == {"xp": (4, 17), "bonus": (1, 11), "visits": (0, 0)}
    keys = {key for (key,) in landed_rows(configuration, "xp", "user_id")}
    assert all(key[0] == "\x1f" for key in keys)
    assert {key[18:] for key in keys} >= {"k1", "k9", LOWER}


def test_a_lookup_that_changes_makes_those_days_anew_that_it_concerns(platform: Platform) -> None:
    """And a visit over midnight its second day; the reason is the source's."""
    days = [FIRST + number * DAY for number in range(5)]
    platform.people("ann", "bob")
    platform.map(k1="ann", k2="bob")
    platform.xp({"k1": 1}, day=days[0])
    platform.xp({"k2": 2}, day=days[1])
    visit = ("k1", f"{days[3]}T23:00:00Z", f"{days[4]}T01:00:00Z")
    platform.run("insert into visits (user_id, at, until) values (?, ?, ?)", [visit])
    configuration = platform.configuration()
    assert night(configuration, days[-1]) is not None
    before = activity(configuration)
    platform.map(k7="bob")  # of nobody who did anything
    assert night(configuration, days[-1]) is not None
    assert activity(configuration) == before
    platform.run("update id_map set user_id = 'bob' where anon = 'k1'")
    assert night(configuration, days[-1], "accept_shrink") is not None
    now = activity(configuration)
    assert {name for name in now if now[name] != before[name]} == {
        f"activity/{day}.parquet" for day in (days[0], days[3], days[4])
    }
    assert xp_of(configuration) == {"bob": 3}
    query = "select user_id, activity_date, old, new, reason from restatements where measure = 'xp_earned' order by all"
    assert published(configuration, query) == [("ann", days[0], 1, 0, "source"), ("bob", days[0], 0, 1, "source")]


def activity(configuration: Configuration) -> dict[str, bytes]:
    return {name: content for name, content in lake_files(configuration).items() if name.startswith("activity")}


def test_the_prefix_is_the_learners_and_the_key_is_read_like_the_column(platform: Platform) -> None:
    platform.people("1")
    platform.map(Anon="1")
    platform.xp({"ANON": 5})
    user_id = f'{{ column = "user_id", fold_case = true, prefix = "p:", lookup = {LOOKUP} }}'
    configuration = platform.configuration(user_id, '{ column = "id", prefix = "p:" }')
    assert night(configuration, FIRST) is not None
    assert xp_of(configuration) == {"p:1": 5}


def test_a_key_of_two_learners_stops_the_run_and_nothing_is_replaced(platform: Platform) -> None:
    platform.people("ann", "bob")
    platform.map(k1="ann")
    configuration = platform.configuration()
    assert night(configuration, FIRST) is not None
    before = lake_files(configuration)
    platform.map(k1="ann", k2="ann")  # the same once more is no other
    land_users(Night.of(configuration), FIRST)
    before |= {name: content for name, content in lake_files(configuration).items() if "/" not in name}
    platform.map(k1="bob")
    with pytest.raises(CheckFailedError) as raised:
        land_users(Night.of(configuration), FIRST)
    assert str(raised.value).startswith("stream visits: 1 keys of its lookup main.id_map are of several learners")
    assert lake_files(configuration) == before


def test_a_lookup_without_its_table_stops_the_run(platform: Platform) -> None:
    platform.run("drop table id_map")
    with pytest.raises(SourceDriftError, match=r"stream xp: there is no table main\.id_map"):
        land_users(Night.of(platform.configuration()), FIRST)


@pytest.mark.parametrize(
    ("user_id", "learner", "expected"),
    [
        (USER_ID, USER_ID, "streams.users.columns: user_id takes no lookup; only user_id of events does"),
        (
            USER_ID.replace('"main"', '"other"'),
            '"id"',
            'streams.xp.columns: unknown source "other" of the lookup, there is no [sources.other]',
        ),
        (USER_ID.replace("key =", "kee ="), '"id"', "streams.xp.columns.user_id.lookup.kee: unknown key"),
    ],
)
def test_a_lookup_that_cannot_be_is_a_mistake(platform: Platform, user_id: str, learner: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        platform.configuration(user_id, learner)
    assert expected in str(raised.value)


def test_no_learners_id_is_spelled_as_a_key(platform: Platform) -> None:
    """R19: somebody who called himself so would get what keys without a learner have."""
    platform.people("ann", "\x1fann")
    configuration = platform.configuration()
    assert night(configuration, FIRST, "accept_quarantine") is not None
    assert published(configuration, "select stream, reason from quarantine") == [("users", "bad_text")]


def test_totals_by_day_are_quarantined_under_the_key_that_the_source_has(platform: Platform) -> None:
    """What stands before a key in the lake is nobody's business: the quarantine names the row as the source does."""
    platform.people("ann")
    platform.map(**{"k1": "ann", LOWER: "ann"})
    platform.run("create table totals (who text, day text, points integer)")
    refused = [("k1", str(FIRST), -1), ("k9", str(FIRST), -1), (UPPER, "soon", 1), ("", str(FIRST), 1)]
    platform.run("insert into totals values (?, ?, ?)", [*refused, ("k1", str(FIRST), 5)])
    configuration = platform.configuration()
    with configuration.path.open("a", encoding="utf-8") as text:
        text.write(TOTALS.format(user_id=USER_ID.replace('"user_id", lookup', '"who", lookup')))
    configuration = load(configuration.path)
    assert night(configuration, FIRST, "accept_quarantine") is not None
    quarantined = "select event_id, reason from quarantine order by event_id"
    expected = [(LOWER, "missing_time"), ("k1", "bad_amount"), ("k9", "bad_amount"), (None, "missing_user")]
    assert published(configuration, quarantined) == expected
    assert xp_of(configuration) == {"ann": 5}


# --- erasing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def erased(platform: Platform) -> tuple[Platform, Configuration]:
    """Ann, who had two keys, is erased; Bob is not."""
    platform.people("ann", "bob")
    platform.map(k1="ann", k2="ann", k3="bob")
    platform.xp({"k1": 1, "k2": 2, "k3": 4})
    platform.run("insert into xp (user_id, at, amount) values ('k1', ?, null)", [(NOON.format(FIRST),)])  # quarantined
    configuration = platform.configuration()
    assert night(configuration, FIRST, "accept_quarantine") is not None
    found = erase(configuration, "ann")
    assert found.failure is None
    assert found.receipt.content["lake"]["xp"] == {"before": 2, "after": 0}
    assert found.receipt.content["lake"]["xp, quarantine"] == {"before": 1, "after": 0}
    assert found.receipt.content["lake"]["lookups"] == {"before": 2, "after": 0}
    return platform, configuration


def keys_landed(configuration: Configuration) -> set[str]:
    return {key[18:] for (key,) in landed_rows(configuration, "xp", "user_id")}


@pytest.mark.slow
def test_an_erasure_takes_the_rows_of_a_learners_keys(erased: tuple[Platform, Configuration]) -> None:
    """FAULTS 42: and a night that reads them again leaves them out, with the lookup and without."""
    platform, configuration = erased
    assert keys_landed(configuration) == {"k3"}
    assert xp_of(configuration) == {"bob": 4}
    assert night(configuration, FIRST) is not None
    assert keys_landed(configuration) == {"k3"}
    platform.run("delete from id_map where user_id = 'ann'")
    platform.run("delete from people where id = 'ann'")
    assert night(configuration, FIRST) is not None
    assert keys_landed(configuration) == {"k3"}
    assert published(configuration, "select unknown_user_rows from version_info") == [(0,)]


@pytest.mark.slow
def test_a_key_that_an_erased_learner_gets_later_is_erased_too(erased: tuple[Platform, Configuration]) -> None:
    """Its rows land before the lookup says whose they are, and are gone before anything is built."""
    platform, configuration = erased
    platform.xp({"k8": 100})
    platform.map(k8="ann")
    assert night(configuration, FIRST) is not None
    assert keys_landed(configuration) == {"k3"}
    assert published(configuration, "select unknown_user_rows from version_info") == [(0,)]
    assert xp_of(configuration) == {"bob": 4}
    lake = Lake.of(configuration)
    assert not [file for file in lake.root.rglob("*.parquet") if b"k8" in file.read_bytes()]


@pytest.mark.slow
def test_a_lookup_and_a_landing_of_a_backup_bring_nobody_back(platform: Platform) -> None:
    """FAULTS 75: nor does a key that only the backup's lookup has."""
    platform.people("ann", "bob")
    platform.map(k1="ann", k3="bob")
    platform.xp({"k1": 1, "k3": 4})
    configuration = platform.configuration()
    assert night(configuration, FIRST) is not None
    lake = Lake.of(configuration)
    backup = {file: file.read_bytes() for file in (lake.lookups, lake.landing("xp", FIRST))}
    erase(configuration, "ann")
    for file, content in backup.items():
        file.write_bytes(content)
    assert publish_lake(Night.of(configuration)) is not None
    assert keys_landed(configuration) == {"k3"}
    with duckdb.connect() as connection:
        assert connection.execute(f"select user_id from '{lake.lookups}'").fetchall() == [("bob",)]
    assert xp_of(configuration) == {"bob": 4}


@pytest.mark.slow
def test_a_key_of_an_erased_learner_is_nobody_elses_afterwards(platform: Platform) -> None:
    """FAULTS 75: a landing of a backup has rows of it, and the lookup gives it to somebody else now."""
    platform.people("ann", "bob")
    platform.map(k1="ann", k3="bob")
    platform.xp({"k1": 1, "k3": 4})
    configuration = platform.configuration()
    assert night(configuration, FIRST) is not None
    landing = Lake.of(configuration).landing("xp", FIRST)
    backup = landing.read_bytes()
    erase(configuration, "ann")
    platform.run("update id_map set user_id = 'bob' where anon = 'k1'")
    assert night(configuration, FIRST) is not None
    landing.write_bytes(backup)
    assert publish_lake(Night.of(configuration)) is not None
    assert keys_landed(configuration) == {"k3"}
    assert xp_of(configuration) == {"bob": 4}
