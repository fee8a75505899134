"""`pulse init` as a person types it: what it writes and prints, what it refuses, and that nothing of it is secret."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa

from pipelines.command_line.cli import main
from pipelines.command_line.commands import init as init_module
from tests.support.platforms.proposals import database_of
from tests.support.running.command_place import Place
from warehouse.configuration.configuration import load

Pulse: TypeAlias = Callable[..., tuple[int, str, str]]
SECRET = "s3cr3t-of-this-test"
TABLES = """
create table users (id integer primary key, username text);
create table xp_events (id integer primary key, user_id integer, created_at timestamp, amount integer);
create table courses (id integer primary key, title text);
insert into users values (1, 'ana');
insert into xp_events values (1, 1, '2026-11-05 12:00:00', 5);
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    with closing(sqlite3.connect(tmp_path / "platform.sqlite")) as connection:
        connection.executescript(TABLES)
    return Place(tmp_path)


@pytest.fixture
def pulse(place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pulse:
    """What a command gives, in this process, which is quick: exit code, standard output, standard error."""
    monkeypatch.chdir(place.folder)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return (code, *capsys.readouterr())

    return run


@pytest.mark.slow
def test_what_is_proposed_is_written_and_the_next_step_printed(place: Place) -> None:
    code, out, err = place.pulse("init", "sqlite:///platform.sqlite")
    assert (code, err) == (0, "")
    assert "wrote pulse.toml: users, xp_events\n" in out
    assert "left out: 1 table" in out
    assert "PULSE_JWT_SECRET" in out
    assert out.rstrip().endswith("pulse nightly")
    assert out.index("pulse check") < out.index("pulse nightly"), "what is wrong is to be known before the first night"
    text = (place.folder / "pulse.toml").read_text(encoding="utf-8")
    assert f'Read the {len(re.findall("# check:", text))} lines that are marked "check"' in out
    assert load(place.folder / "pulse.toml", uses=["sources"]).sources["platform"].url == "sqlite:///platform.sqlite"
    assert "- courses: no column looks like a learner's id" in text
    assert "ana" not in text + out


@pytest.mark.parametrize("content", ["", "[pulse]\nfirst_day = 2026-01-01\n"])
def test_nothing_is_overwritten(content: str, place: Place, pulse: Pulse) -> None:
    (place.folder / "pulse.toml").write_text(content)
    code, out, err = pulse("init", "sqlite:///platform.sqlite")
    assert (code, out) == (2, "")
    assert err == "pulse: pulse.toml: it exists, and nothing is overwritten; name another file with --config\n"
    assert (place.folder / "pulse.toml").read_text() == content


def test_a_link_to_nowhere_is_not_followed(place: Place, pulse: Pulse) -> None:
    (place.folder / "pulse.toml").symlink_to(place.folder / "elsewhere.toml")
    assert pulse("init", "sqlite:///platform.sqlite")[0] == 2
    assert not (place.folder / "elsewhere.toml").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(
    place: Place, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_text_of(_: object) -> str:
        (place.folder / "pulse.toml").write_text("theirs")
        return "ours"

    monkeypatch.setattr(init_module, "text_of", slow_text_of)
    assert pulse("init", "sqlite:///platform.sqlite")[0] == 2
    assert (place.folder / "pulse.toml").read_text() == "theirs"


def test_what_does_not_load_is_taken_away_again(place: Place, pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init_module, "text_of", lambda _: "[pulse]")
    code, _, err = pulse("init", "sqlite:///platform.sqlite")
    assert code == 1
    assert "what was proposed does not load, so nothing is written" in err
    assert not (place.folder / "pulse.toml").exists()


def test_another_file_is_named_by_config_and_by_the_environment(
    place: Place, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "a folder").mkdir()
    code, out, _ = pulse("init", "sqlite:///../platform.sqlite", "--config", "a folder/x.toml")
    assert code == 0
    assert "pulse nightly --config 'a folder/x.toml'" in out
    assert "pulse check --config 'a folder/x.toml'" in out
    monkeypatch.setenv("PULSE_CONFIG", "y.toml")
    assert pulse("init", "sqlite:///platform.sqlite")[0] == 0
    assert (place.folder / "y.toml").exists()
    code, _, err = pulse("init", "sqlite:///platform.sqlite", "--config", "no/x.toml")
    assert (code, err) == (2, "pulse: no/x.toml: there is no folder no; make it, or name another file\n")


def test_what_fails_leaves_no_file_and_says_nothing_secret(place: Place, pulse: Pulse) -> None:
    for url in (f"postgresql://reader:{SECRET}@127.0.0.1:1/db", f"postgresql://reader:{SECRET}@x@127.0.0.1/db"):
        code, out, err = pulse("init", url)
        assert code in {1, 2}
        assert err.count("\n") == 1
        assert SECRET not in out + err
    assert not (place.folder / "pulse.toml").exists()


def test_where_nothing_looks_like_learners_all_tables_are_named(place: Place, pulse: Pulse) -> None:
    with closing(sqlite3.connect(place.folder / "platform.sqlite")) as connection, connection:
        connection.execute("drop table users")
    code, out, err = pulse("init", "sqlite:///platform.sqlite")
    assert (code, out) == (1, "looking at the tables, read-only\n")
    assert "no table looks like the learners among courses, xp_events; write the streams by hand" in err


@pytest.mark.slow
def test_a_password_is_neither_written_nor_printed(postgres_url: str, tmp_path: Path) -> None:
    statements = [line for line in TABLES.split(";") if line.strip()]
    place = Place(tmp_path)
    with database_of(postgres_url, "init_of_secrets", statements) as own:
        url = sa.make_url(own).set(password=SECRET).render_as_string(hide_password=False)
        code, out, err = place.pulse("init", url)
        assert (code, err) == (0, "")
        text = (tmp_path / "pulse.toml").read_text(encoding="utf-8")
        assert SECRET not in text + out
        assert ":${PLATFORM_PASSWORD}@" in text
        assert "PLATFORM_PASSWORD    the password, percent-encoded as in the URL" in out
        code, out, err = place.pulse("nightly", "--day", "2026-11-06", PLATFORM_PASSWORD=SECRET)
        assert (code, err) == (0, "")
        typed = url.replace(SECRET, "${PW}")
        assert place.pulse("init", typed, "--config", "other.toml", PW=SECRET)[0] == 0
        assert ":${PW}@" in (tmp_path / "other.toml").read_text(encoding="utf-8")
