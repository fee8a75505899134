"""A table of API keys that hangs, fails or is gone costs keys a second, and everybody else nothing (FAULTS 36).

What hangs is waited for, and let go. What a good table answers is `test_api_keys.py`'s.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from serve.app import create_app
from serve.credentials import key_store
from serve.credentials.api_keys import Row
from serve.credentials.key_store import KeyStore
from serve.http.errors import UnavailableError
from tests.serve.credentials.api_key_table import (
    COLUMNS,
    UNAVAILABLE,
    ask,
    hash_of,
    key_of,
    postgres_of,
    until,
    with_keys,
    write,
)
from tests.support.platforms.small_platform import PATH, bearer
from warehouse.configuration.authentication import ApiKeys
from warehouse.configuration.configuration import Configuration, Source

pytestmark = pytest.mark.usefixtures("patience")


@pytest.fixture
def locked(postgres_url: str) -> Iterator[Callable[[], None]]:
    """A PostgreSQL whose table of keys nobody can read until the lock is let go."""
    write(postgres_url)
    with closing(postgres_of(postgres_url)) as connection:
        connection.execute("begin")
        connection.execute("lock table api_keys in access exclusive mode")
        yield lambda: connection.execute("rollback")


@pytest.mark.usefixtures("a_second")
def test_a_hanging_store_costs_keys_a_second_and_tokens_nothing(
    published: Configuration, postgres_url: str, locked: Callable[[], None]
) -> None:
    """FAULTS 36: eight ask with keys at once; whoever has a token is answered meanwhile."""
    app = create_app(with_keys(published, postgres_url))
    answers: list[tuple[float, int, Any]] = []

    def ask_with_key(number: int) -> None:
        began = time.monotonic()
        response = ask(app.test_client(), key_of(f"any-{number}"))
        answers.append((time.monotonic() - began, response.status_code, response.get_json()))
        assert int(response.headers["Retry-After"]) > 0

    threads = [threading.Thread(target=ask_with_key, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    assert app.test_client().get(PATH, headers=bearer()).status_code == 200
    for thread in threads:
        thread.join(10)
    assert [answer[1:] for answer in answers] == [(503, UNAVAILABLE)] * 8
    assert sum(seconds > 0.5 for seconds, *_ in answers) <= key_store.LOOK_UPS  # so many threads are held, and no more
    assert max(answers)[0] < 2
    assert app.test_client().get(PATH, headers=bearer()).status_code == 200
    locked()
    until(lambda: ask(app.test_client(), key_of("ana")).status_code == 200)


@dataclass
class Hanging:
    """A look-up that does not come back until it may."""

    may_end: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def __call__(self, _: str) -> Sequence[Row]:
        self.asked += 1
        self.may_end.wait(20)
        return []


def test_while_every_look_up_hangs_nobody_waits_and_nobody_else_is_sent_after_them() -> None:
    hanging, now = Hanging(), [0.0]
    store = KeyStore("keys", hanging, lambda: now[0], seconds=0.05)
    try:
        for _ in range(20):
            with pytest.raises(UnavailableError):
                store.rows("any")
            now[0] += 2 * key_store.REST_SECONDS
        assert hanging.asked == key_store.LOOK_UPS
        held = [thread for thread in threading.enumerate() if thread.name == "key store"]
        assert held
        assert all(thread.daemon for thread in held)  # the process may end
        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(UnavailableError):
                store.rows("any")
        assert time.monotonic() - began < 1
    finally:
        hanging.may_end.set()
    now[0] += 2 * key_store.REST_SECONDS
    until(lambda: not store._late)  # noqa: SLF001 - they come back, late
    assert store.rows("any") == []


def test_after_a_failure_nobody_asks_for_a_second() -> None:
    asked, now = list[str](), [0.0]

    def fail(key_hash: str) -> Sequence[Row]:
        asked.append(key_hash)
        raise ConnectionError

    store = KeyStore("keys", fail, lambda: now[0])
    for _ in range(10):
        with pytest.raises(UnavailableError):
            store.rows("any")
    assert len(asked) == 1
    now[0] += key_store.REST_SECONDS
    with pytest.raises(UnavailableError):
        store.rows("any")
    assert len(asked) == 2


def test_more_look_ups_than_there_are_turns_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_store, "TURN_SECONDS", 10)
    together = threading.Barrier(key_store.LOOK_UPS)

    def find(_: str) -> Sequence[Row]:
        together.wait(10)
        return []

    store, found = KeyStore("keys", find, seconds=10), list[Sequence[Row]]()
    threads = [threading.Thread(target=lambda: found.append(store.rows("any"))) for _ in range(4 * key_store.LOOK_UPS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [[]] * len(threads)


@pytest.mark.usefixtures("a_second")
def test_a_locked_sqlite_file_is_503_for_keys_only(published: Configuration, tmp_path: Path) -> None:
    file = tmp_path / "keys.sqlite"
    write(f"sqlite:///{file}")
    client = create_app(with_keys(published, f"sqlite:///{file}")).test_client()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("begin exclusive")
        began = time.monotonic()
        assert (ask(client, key_of("ana")).status_code, time.monotonic() - began < 2) == (503, True)
        assert client.get(PATH, headers=bearer()).status_code == 200
    until(lambda: ask(client, key_of("ana")).status_code == 200)


BROKEN = {
    "nobody listens": "postgresql://pulse:open-sesame@127.0.0.1:1/nowhere",
    "there is no file": "sqlite:////nowhere/keys.sqlite",
    "there is no table": "sqlite:///:memory:",
}


@pytest.mark.parametrize("place", BROKEN.values(), ids=BROKEN)
def test_a_store_that_is_not_there_is_503_for_keys_only_and_no_log_has_its_password(
    published: Configuration, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(with_keys(published, place)).test_client()
    response = ask(client, key_of("ana"))
    assert (response.status_code, response.get_json()) == (503, UNAVAILABLE)
    assert client.get(PATH, headers=bearer()).status_code == 200
    assert "key store keys: " in caplog.text
    assert "open-sesame" not in caplog.text


def test_a_table_that_is_gone_is_503_and_heals_by_itself(
    published: Configuration, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(key_store, "REST_SECONDS", 0)
    write(url)
    client = create_app(with_keys(published, url, table="api_keys")).test_client()
    assert ask(client, key_of("ben")).status_code == 200
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table api_keys")
    engine.dispose()
    assert ask(client, key_of("ana")).status_code == 503
    assert "api_keys" in caplog.text
    assert hash_of("ana") not in caplog.text
    write(url)
    assert ask(client, key_of("ana")).status_code == 200


def test_a_connection_that_the_database_has_cut_is_made_anew(published: Configuration, postgres_url: str) -> None:
    write(postgres_url)
    client = create_app(with_keys(published, postgres_url)).test_client()
    assert ask(client, key_of("ana")).status_code == 200
    with closing(postgres_of(postgres_url)) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'learning-pulse keys'"
        )
    assert ask(client, key_of("ben")).status_code == 200


def test_the_connection_cannot_write(url: str, tmp_path: Path) -> None:
    """FAULTS 24, for keys: a view that writes would fail, and so does every other way."""
    write(url)
    settings = ApiKeys(source="keys", table="api_keys", columns=COLUMNS)
    statements: list[str] = []

    def noted(connection: Any, _: object, statement: str, *__: object) -> None:
        if re.search(r"from (public\.)?api_keys", " ".join(statement.lower().split())) and not statements:
            statements.append(statement)
            with pytest.raises(sa.exc.DBAPIError, match=r"(?i)read.?only"):
                connection.exec_driver_sql("update api_keys set owner = 'mallory'")
            raise ConnectionAbortedError

    sa.event.listen(sa.Engine, "before_cursor_execute", noted)
    try:
        with pytest.raises(UnavailableError):
            key_store.key_store(settings, Source(url=url), tmp_path).rows(hash_of("ana"))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", noted)
    assert statements
