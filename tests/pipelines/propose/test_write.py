"""The text of a proposal: TOML whatever the names are, and nothing of a sample that is somebody's own."""

import sqlite3
import tomllib
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from pipelines.propose.guess.proposal import Guess, Proposal, ProposedStream
from pipelines.propose.write import WIDTH, text_of, toml
from tests.support.platforms.proposals import proposed, written
from tests.support.platforms.sources import night, published

HOSTILE = [
    'a"b', "a'b", "a\\b", "a\nb", "a\rb", "a\tb", "a # b", "a]\n[streams.evil]", '"""', "''", "${HOME}",
    "%s %(x)s :from", "\x01\x1f\x7f\x9b", "\u2028\u202e", "日本", "🦆", "'; drop table users; --", "a" * 300,
]  # fmt: skip
USERS = 'users "of"\n[evil]\nkind = "xp" # \\ ${HOME} %s users'
EVENTS = "xp'\"`\\\n]]\x01\x7f # :from ${PATH} %(name)s"
ID, USER = 'i"d\n', "user id'\\"
AT, AMOUNT, ZONE = "created at #\x01", 'a"m"o\tunt', "time zone ${HOME}"
LEARNER = 'o\'hara """\n[evil] ${HOME}'
USERNAME = "Robert'); drop table users"


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_written_so_that_toml_reads_it_again(name: str) -> None:
    guess = Guess({"column": name, "true": [True, 1, 0.5, name], name: []}, "check", f"because of {name}")
    stream = ProposedStream("users", "users", guess, name, {"user_id": guess}, [guess], [f"check: {name}"])
    other = ProposedStream("other", "xp", guess, name, {"user_id": guess}, query=f"select\n{name}\nfrom x")
    proposal = Proposal(f"sqlite:///{name}", Guess("2026-11-05", "check", name), [stream, other], {name: f"for {name}"})
    document = tomllib.loads(text_of(proposal))
    assert document["pulse"]["first_day"] == date(2026, 11, 5)
    assert document["sources"] == {"platform": {"url": f"sqlite:///{name}"}}
    assert document["streams"].keys() == {"users", "other"}
    assert document["streams"]["users"]["table"] == name
    assert document["streams"]["users"]["columns"] == {"user_id": guess.value}
    assert document["streams"]["users"]["where"] == [guess.value]
    assert document["streams"]["other"]["query"].split() == f"select\n{name}\nfrom x".split()


def test_comments_stand_beside_what_they_are_about_or_above() -> None:
    short, long = Guess("a", "sure", "short"), Guess("b", "check", "long " * 60)
    stream = ProposedStream("users", "users", short, "t", {"user_id": short, "username": long})
    lines = text_of(Proposal("sqlite:///x", short, [stream])).splitlines()
    assert 'user_id = "a"                            # sure: short' in lines
    assert lines[lines.index('username = "b"') - 1].startswith("# long")
    assert max(map(len, lines)) <= WIDTH


def test_values_are_spelled_as_toml_spells_them() -> None:
    assert toml({"column": "a b", "is": [True, 0, 0.5, "x"]}) == '{ column = "a b", is = [true, 0, 0.5, "x"] }'
    assert toml({"a b": 1}) == '{ "a b" = 1 }'


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "platform.sqlite")) as connection, connection:
        users, events = quoted(USERS), quoted(EVENTS)
        connection.execute(f"create table {users} ({quoted(ID)} text primary key, username text, {quoted(ZONE)} text)")
        columns = f"{quoted(ID)} text primary key, {quoted(USER)} text references {users} ({quoted(ID)}), "
        connection.execute(f"create table {events} ({columns}{quoted(AT)} timestamp, {quoted(AMOUNT)} integer)")
        connection.execute(f"insert into {users} values (?, ?, 'UTC')", (LEARNER, USERNAME))
        row = ('e\'1\n"""', LEARNER, "2026-11-05 12:00:00", 7)
        connection.execute(f"insert into {events} values (?, ?, ?, ?)", row)
    return f"sqlite:///{tmp_path}/platform.sqlite"


def test_hostile_names_and_values_do_nothing_but_what_they_say(hostile: str, tmp_path: Path) -> None:
    proposal = proposed(hostile, tmp_path)
    configuration = written(proposal, tmp_path)
    text = (tmp_path / "pulse.toml").read_text(encoding="utf-8")
    assert [stream.table for stream in configuration.streams.values()] == [USERS, EVENTS]
    (users, events) = configuration.streams.values()
    assert users.inputs == {"user_id": ID, "username": "username", "timezone": ZONE}
    assert events.inputs == {"event_id": ID, "user_id": USER, "occurred_at": AT, "amount": AMOUNT}
    for value in (LEARNER, "hara", USERNAME, "Robert", "e'1"):
        assert value not in text
    assert night(configuration, date(2026, 11, 6)) is not None
    assert published(configuration, "select user_id, xp_earned from daily_activity") == [(LEARNER, 7)]
