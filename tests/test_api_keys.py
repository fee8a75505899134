"""API keys: whose they are, what reaches the table, how long an answer is remembered, a table that hangs (FAULTS 36).

Asked through the app, in SQLite and in a real PostgreSQL. The clocks are ours; what hangs is waited for, and let go.
"""

import hashlib
import json
import logging
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serve.app import create_app
from serve.credentials import api_keys, key_store
from serve.credentials.api_keys import KeyRing, Row, scopes_of
from serve.credentials.key_store import KeyStore
from serve.http.errors import CredentialError, Reason, RefusedError, UnavailableError
from tests import small_platform
from tests.small_platform import ANA, ANSWERS, BEN, PATH, SECOND, bearer, token
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys
from warehouse.configuration.configuration import Configuration, Source
from warehouse.errors import ConfigurationError

NOW = datetime.now(UTC)
REFUSAL = {"detail": "Invalid or missing credentials"}
UNAVAILABLE = {"detail": "Credentials cannot be checked right now"}
COLUMNS = ApiKeyColumns(
    key_hash="sha256", user_id="owner", expires_at="expires_at", revoked_at="revoked_at", scopes="scopes"
)


def key_of(name: str) -> str:
    return f"xntr-{name}"


def hash_of(name: str) -> str:
    return hashlib.sha256(key_of(name).encode()).hexdigest()


def ago(**of: float) -> str:
    return (NOW - timedelta(**of)).strftime("%Y-%m-%d %H:%M:%S")


# name, owner, expires_at, revoked_at, scopes; every row says why it is there
Given = tuple[str, str | None, str | None, str | None, str | None]
KEYS: list[Given] = [
    # the good one; her platform shouts her id (R26)
    ("ana", ANA.upper(), None, None, None),
    # the spurious one: never to be found when another is asked for
    ("ben", BEN, None, None, "pulse:read"),
    # ends, and not yet
    ("tomorrow", ANA, ago(days=-1), None, None),
    ("yesterday", ANA, ago(days=1), None, None),
    ("revoked", ANA, None, ago(days=1), None),
    # whoever revokes with a clock ahead of ours means now
    ("revoked-tomorrow", ANA, None, ago(days=-1), None),
    ("revoked-and-expired", ANA, ago(days=1), ago(days=1), None),
    # acts as nobody
    ("nobody", None, None, None, None),
    ("empty", "", None, None, None),
    # ids that are easily taken for another
    ("quoted", "o'brien", None, None, None),
    ("padded", " 7", None, None, None),
]
GOOD = {"ana": ANA, "ben": BEN, "tomorrow": ANA, "quoted": "o'brien", "padded": " 7"}
BAD = [name for name, *_ in KEYS if name not in GOOD]


def write(url: str, keys: Sequence[Given] = KEYS, *, owner: str = "text", expires: str = "text") -> None:
    """Create the table anew and fill it; SQLite and PostgreSQL understand both words."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists api_keys")
        connection.exec_driver_sql(
            f"create table api_keys (sha256 varchar(64), owner {owner}, expires_at {expires}, revoked_at {expires},"
            " scopes text)"
        )
        statement = sa.text(
            f"insert into api_keys values (:hash, :owner, cast(:expires as {expires}), cast(:revoked as {expires}),"
            " :scopes)"
        )
        for name, owner_id, expires_at, revoked_at, scopes in keys:
            row = {"owner": owner_id, "expires": expires_at, "revoked": revoked_at, "scopes": scopes}
            connection.execute(statement, {"hash": hash_of(name), **row})
    engine.dispose()


def with_keys(configuration: Configuration, url: str, **settings: Any) -> Configuration:
    """The configuration with keys in a source of their own."""
    given = {"source": "keys", "table": "api_keys", "columns": COLUMNS, **settings}
    assert configuration.auth is not None
    auth = configuration.auth.model_copy(update={"api_keys": ApiKeys.model_validate(given)})
    sources = {**configuration.sources, "keys": Source(url=url)}
    return configuration.model_copy(update={"auth": auth, "sources": sources})


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_platform.two_nights(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def published(nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return small_platform.copied(nights, tmp_path_factory.mktemp("keys"), SECOND)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, published: Configuration) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{published.path.parent}/keys.sqlite"


@pytest.fixture
def client(published: Configuration, url: str) -> FlaskClient:
    """The app on a table with `KEYS`."""
    write(url)
    return create_app(with_keys(published, url)).test_client()


def ask(client: FlaskClient, key: str, **others: Any) -> TestResponse:
    return client.get(PATH, headers={"X-API-Key": key}, **others)


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its second where time is not what is tested."""
    if "a_second" not in request.fixturenames:
        monkeypatch.setattr(key_store, "STORE_SECONDS", 10.0)


@pytest.fixture
def a_second() -> float:
    """The second that a store has, for the tests that ask for it."""
    return key_store.STORE_SECONDS


# --- whose key it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ana", "ben", "tomorrow", "quoted"])
def test_a_key_acts_as_its_owner_and_nobody_else(client: FlaskClient, name: str) -> None:
    response = ask(client, key_of(name))
    assert response.status_code == 200
    if GOOD[name] in ANSWERS:
        assert response.get_json() == ANSWERS[GOOD[name]][SECOND]
    assert response.get_json() == client.get(PATH, headers=bearer(GOOD[name])).get_json()


def test_an_owner_whose_id_only_looks_like_anothers_gets_an_empty_pulse(client: FlaskClient) -> None:
    """FAULTS 37."""
    response = ask(client, key_of("padded"))
    assert response.status_code == 200
    assert response.headers["X-Pulse-Learner"] == "unknown"


@pytest.mark.parametrize("name", [*BAD, "never-heard-of"])
def test_unknown_revoked_expired_and_ownerless_keys_get_one_answer(client: FlaskClient, name: str) -> None:
    response = ask(client, key_of(name))
    assert (response.status_code, response.get_json()) == (401, REFUSAL)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


NO_KEYS = {
    "nothing": "",
    "the prefix alone": "xntr-",
    "no prefix": "ana",
    "the prefix in capitals": "XNTR-ana",
    "a space before": " xntr-ana",
    "a space inside": "xntr-a na",
    "a tab after": "xntr-ana\t",
    "a quote and SQL": "' or '1'='1",
    "SQL behind the prefix": "xntr-' or 1=1; drop table api_keys; --",
    "a NUL": "xntr-ana\0",
    "an accent": "xntr-an\u00e1",
    "bytes that are no text": "xntr-\u0080\u00ff",
    "a delete": "xntr-ana\x7f",
    "one more than the longest": "xntr-" + "a" * 252,
    "a megabyte": "xntr-" + "a" * 1_000_000,
    "a token": token(),
    "a scheme and a key": "Bearer xntr-ana",
    "the hash of a key": hash_of("ana"),
}


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_does_not_look_like_a_key_never_reaches_the_table(
    client: FlaskClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeyStore, "rows", lambda *_: pytest.fail("it has reached the table"))
    response = client.get(PATH, environ_overrides={"HTTP_X_API_KEY": key})
    assert (response.status_code, response.get_json()) == (401, REFUSAL)


@pytest.mark.parametrize(
    "key", ["xntr-'--", 'xntr-";drop/**/table/**/api_keys;--', "xntr-%", "xntr-_na", "xntr-\\", "xntr-" + "a" * 251]
)
def test_a_hostile_key_of_the_right_form_is_an_unknown_one(client: FlaskClient, key: str) -> None:
    assert ask(client, key).status_code == 401
    assert ask(client, key_of("ana")).status_code == 200


def test_every_well_formed_key_costs_one_and_the_same_look_up(
    published: Configuration, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked differs in nothing but the hash."""
    write(url)
    asked: list[tuple[str, str]] = []

    def noted(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if "api_keys" in statement:
            values = list(parameters.values() if isinstance(parameters, dict) else parameters)
            asked.append((statement, str(values[0])))

    sa.event.listen(sa.Engine, "before_cursor_execute", noted)
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0)
    try:
        client = create_app(with_keys(published, url)).test_client()
        for name in ("ana", "yesterday", "revoked", "never-heard-of"):
            ask(client, key_of(name))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", noted)
    assert len({statement for statement, _ in asked}) == 1
    assert [value for _, value in asked] == [hash_of(n) for n in ("ana", "yesterday", "revoked", "never-heard-of")]


def test_a_key_in_the_url_is_not_read_and_no_key_is_ever_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("api_key", "X-API-Key", "key", "access_token"):
        assert client.get(PATH, query_string={name: key_of("ana")}).status_code == 401
    ask(client, key_of("ana"))
    ask(client, key_of("yesterday"))
    monkeypatch.setattr(KeyStore, "rows", lambda *_: 1 / 0)
    assert ask(client, key_of("never-asked-for-before")).status_code == 500
    for name in ("ana", "yesterday", "never-asked-for-before"):
        assert key_of(name) not in caplog.text
        assert hash_of(name) not in caplog.text


def test_another_prefix_is_another_form(published: Configuration, url: str) -> None:
    write(url)
    client = create_app(with_keys(published, url, prefix="xntr-a")).test_client()
    assert ask(client, key_of("ana")).status_code == 200
    assert ask(client, key_of("ben")).status_code == 401


def test_columns_that_are_not_mapped_restrict_nothing(published: Configuration, url: str) -> None:
    write(url)
    columns = ApiKeyColumns(key_hash="sha256", user_id="owner")
    client = create_app(with_keys(published, url, columns=columns)).test_client()
    assert ask(client, key_of("yesterday")).status_code == 200
    assert ask(client, key_of("never-heard-of")).status_code == 401


@pytest.mark.parametrize("other", [("ana", BEN, None, None, None), ("ana", ANA, None, ago(days=1), None)])
def test_two_rows_of_one_key_contradict_each_other_and_are_none(
    published: Configuration, url: str, other: Given
) -> None:
    write(url, [*KEYS, other])
    assert ask(create_app(with_keys(published, url)).test_client(), key_of("ana")).status_code == 401


# --- what columns may hold --------------------------------------------------------------------------------------------

SOON, LATE = ago(hours=-1), ago(seconds=60)
TEXT_INSTANTS = {
    SOON: True,
    LATE: False,
    SOON.replace(" ", "T") + "Z": True,
    LATE.replace(" ", "T") + ".123456Z": False,
    (NOW + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S+05:30"): False,
    (NOW + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%S+05:30"): True,
    str((NOW + timedelta(days=2)).date()): True,
    str(NOW.date()): False,  # a date is its 00:00
    "9999-12-31 23:59:59": True,
    "infinity": True,
    "-infinity": False,
    "": False,
    "never": False,
    "0": False,
    "1900000000": False,
    "0000-00-00 00:00:00": False,
}


@pytest.mark.parametrize("text", TEXT_INSTANTS, ids=range(len(TEXT_INSTANTS)))  # by its text a test changes its name
def test_an_end_in_text_is_an_instant_and_what_cannot_be_read_has_come(
    published: Configuration, tmp_path: Path, text: str
) -> None:
    place = f"sqlite:///{tmp_path}/keys.sqlite"
    write(place, [("ana", ANA, text, None, None)])
    response = ask(create_app(with_keys(published, place)).test_client(), key_of("ana"))
    assert response.status_code == (200 if TEXT_INSTANTS[text] else 401)


@pytest.mark.parametrize("instant", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize(("days", "status"), [(2, 200), (-1, 401)])
def test_an_end_in_postgresqls_types_is_an_instant_in_utc_whatever_the_sessions_zone(
    published: Configuration, postgres_url: str, instant: str, days: int, status: int
) -> None:
    with closing(_postgres(postgres_url)) as connection:
        connection.execute("alter role current_user set timezone = 'Pacific/Kiritimati'")
        connection.execute("alter role current_user set datestyle = 'SQL, DMY'")
    try:
        write(
            postgres_url,
            [("ana", ANA, f"{NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%S}Z", None, None)],
            expires=instant,
        )
        client = create_app(with_keys(published, postgres_url)).test_client()
        assert ask(client, key_of("ana")).status_code == status
    finally:
        with closing(_postgres(postgres_url)) as connection:
            connection.execute("alter role current_user reset all")


@pytest.mark.parametrize(("text", "status"), [("infinity", 200), ("-infinity", 401), ("20000-01-01", 401)])
def test_ends_that_python_cannot_hold_are_no_error(
    published: Configuration, postgres_url: str, text: str, status: int
) -> None:
    write(postgres_url, [("ana", ANA, text, None, None)], expires="timestamptz")
    client = create_app(with_keys(published, postgres_url)).test_client()
    assert ask(client, key_of("ana")).status_code == status


@pytest.mark.parametrize(
    ("kind", "owner", "learner"), [("uuid", ANA, ANA), ("bigint", "7", "7"), ("char(40)", BEN, BEN)]
)
def test_an_owner_may_be_a_uuid_a_number_or_padded_text(
    published: Configuration, postgres_url: str, kind: str, owner: str, learner: str
) -> None:
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists api_keys")
        connection.exec_driver_sql(f"create table api_keys (sha256 char(64), owner {kind})")
        statement = sa.text(f"insert into api_keys values (:hash, cast(:owner as {kind}))")
        connection.execute(statement, {"hash": hash_of("ana"), "owner": owner})
    engine.dispose()
    columns = ApiKeyColumns(key_hash="sha256", user_id="owner")
    client = create_app(with_keys(published, postgres_url, columns=columns)).test_client()
    assert ask(client, key_of("ana")).get_json() == ANSWERS.get(learner, {}).get(
        SECOND, client.get(PATH, headers=bearer(learner)).get_json()
    )


def test_a_number_for_an_owner_and_bytes_that_are_no_text_are_no_error(
    published: Configuration, tmp_path: Path
) -> None:
    """SQLite columns hold any type."""
    file = tmp_path / "keys.sqlite"
    write(f"sqlite:///{file}", [("seven", None, None, None, None), ("bytes", None, None, None, None)], owner="blob")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("update api_keys set owner = 7 where sha256 = ?", [hash_of("seven")])
        connection.execute("update api_keys set owner = x'ff00fe' where sha256 = ?", [hash_of("bytes")])
    client = create_app(with_keys(published, f"sqlite:///{file}")).test_client()
    assert ask(client, key_of("seven")).get_json() == ANSWERS["7"][SECOND]
    assert ask(client, key_of("bytes")).headers["X-Pulse-Learner"] == "unknown"


def test_mariadb_holds_keys_too(published: Configuration, mariadb_url: str) -> None:
    engine = sa.create_engine(mariadb_url.replace("mysql://", "mysql+pymysql://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists api_keys")
        connection.exec_driver_sql(
            "create table api_keys (sha256 char(64), owner varchar(64), expires_at timestamp null,"
            " revoked_at datetime null, scopes text)"
        )
        connection.exec_driver_sql("set time_zone = '+00:00'")
        statement = sa.text("insert into api_keys values (:hash, :owner, :expires, :revoked, :scopes)")
        for name, owner, expires, revoked, scopes in KEYS:
            row = {"owner": owner, "expires": expires, "revoked": revoked, "scopes": scopes}
            connection.execute(statement, {"hash": hash_of(name), **row})
    try:
        client = create_app(with_keys(published, mariadb_url)).test_client()
        found = {name: ask(client, key_of(name)).status_code for name, *_ in KEYS}
        assert found == {name: 200 if name in GOOD else 401 for name, *_ in KEYS}
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("drop table api_keys")
        engine.dispose()


# --- scopes -----------------------------------------------------------------------------------------------------------

SCOPES: dict[str | None, list[str]] = {
    None: [],
    "": [],
    "  ": [],
    "pulse:read": ["pulse:read"],
    "pulse:read xp:read": ["pulse:read", "xp:read"],
    "pulse:read,xp:read": ["pulse:read", "xp:read"],
    " pulse:read ,\txp:read ": ["pulse:read", "xp:read"],
    "pulse:readonly": ["pulse:readonly"],
    '["pulse:read", "xp:read"]': ["pulse:read", "xp:read"],
    "[]": [],
    "[1, null, true]": [],
    '["pulse:read"': [],
    "[" * 5000: [],
    "{pulse:read,xp:read}": ["pulse:read", "xp:read"],
    '{"pulse:read","with space","with \\"quote\\"","with,comma"}': [
        "pulse:read",
        "with space",
        'with "quote"',
        "with,comma",
    ],
    "{}": [],
    '{"pulse:read": false}': [],  # FAULTS 84: a JSON object is no list, whatever it means
    '{"deny":["pulse:read"]}': [],
    '{"scopes":["pulse:read"]}': [],
    '{"a":"pulse:read"}': [],
    '{"pulse:read"': [],
    "{pulse:read},{x}": [],
    "{{pulse:read},{xp:read}}": [],
    "*": ["*"],
}


@pytest.mark.parametrize(("text", "scopes"), SCOPES.items(), ids=map(str, range(len(SCOPES))))
def test_scopes_are_words_a_json_array_or_an_array(text: str | None, scopes: list[str]) -> None:
    """FAULTS 84: anything else grants nothing."""
    assert scopes_of(text) == scopes


def test_a_good_key_without_the_scope_is_told_what_it_lacks_and_a_bad_one_is_not(
    published: Configuration, url: str
) -> None:
    write(url, [*KEYS, ("other", ANA, None, None, "xp:read, xp:write"), ("gone", ANA, None, ago(days=1), "xp:read")])
    client = create_app(with_keys(published, url, required_scope="pulse:read")).test_client()
    assert ask(client, key_of("ben")).status_code == 200
    for name, granted in (("other", ["xp:read", "xp:write"]), ("ana", list[str]())):
        response = ask(client, key_of(name))
        assert response.status_code == 403
        assert response.get_json() == {
            "detail": {
                "error": "INSUFFICIENT_API_KEY_SCOPE",
                "message": "The API key lacks the scope pulse:read",
                "required_scope": "pulse:read",
                "granted_scopes": granted,
            }
        }
        assert response.headers["Cache-Control"] == "no-store"
    assert (ask(client, key_of("gone")).status_code, ask(client, key_of("gone")).get_json()) == (401, REFUSAL)
    assert client.get(PATH, headers=bearer()).status_code == 200  # scopes are for keys


@pytest.mark.parametrize("kind", ["text[]", "jsonb", "varchar(40)[]"])
def test_scopes_may_be_an_array_of_postgresql(published: Configuration, postgres_url: str, kind: str) -> None:
    written = '["xp:read", "pulse:read"]' if kind == "jsonb" else "{xp:read,pulse:read}"
    write(postgres_url, [("ana", ANA, None, None, written)])
    with closing(_postgres(postgres_url)) as connection:
        connection.execute(f"alter table api_keys alter column scopes type {kind} using scopes::{kind}")
    for scope, status in (("pulse:read", 200), ("pulse", 403)):
        client = create_app(with_keys(published, postgres_url, required_scope=scope)).test_client()
        assert ask(client, key_of("ana")).status_code == status


# --- what is remembered -----------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """A table whose look-ups are counted, and two clocks."""

    found: dict[str, Row] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seconds: float = 1000.0
    is_down: bool = False

    def rows(self, key_hash: str) -> Sequence[Row]:
        self.asked.append(key_hash)
        if self.is_down:
            raise UnavailableError(Reason.KEY_STORE, "down", 1)
        return [self.found[key_hash]] if key_hash in self.found else []

    def issue(self, name: str, *, expires_at: str | None = None) -> None:
        self.found[hash_of(name)] = Row(hash_of(name), ANA, expires_at, None, None)

    def revoke(self, name: str) -> None:
        self.found[hash_of(name)] = self.found[hash_of(name)]._replace(revoked_at="2026-01-01")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def ring(memory: Memory) -> KeyRing:
    settings = ApiKeys(source="keys", table="api_keys", columns=COLUMNS)
    return KeyRing(settings, memory, lambda: memory.seconds, lambda: NOW + timedelta(seconds=memory.seconds))


def is_good(ring: KeyRing, name: str) -> bool:
    try:
        return ring.caller(key_of(name)).learner == ANA
    except RefusedError:
        return False


def test_a_revoked_key_works_for_five_seconds_at_most(ring: KeyRing, memory: Memory) -> None:
    """FAULTS 36."""
    memory.issue("ana")
    assert is_good(ring, "ana")
    memory.revoke("ana")
    memory.seconds += 4.99
    assert is_good(ring, "ana")  # using it does not lengthen it
    memory.seconds += 0.01
    assert not is_good(ring, "ana")
    assert len(memory.asked) == 2


def test_a_key_that_is_issued_works_within_five_seconds(ring: KeyRing, memory: Memory) -> None:
    assert not is_good(ring, "ana")
    memory.issue("ana")
    for _ in range(100):
        assert not is_good(ring, "ana")
    assert len(memory.asked) == 1
    memory.seconds += 5
    assert is_good(ring, "ana")


def test_a_key_ends_to_the_moment_also_while_it_is_remembered(ring: KeyRing, memory: Memory) -> None:
    end = NOW + timedelta(seconds=memory.seconds + 2)
    memory.issue("ana", expires_at=end.isoformat())
    assert is_good(ring, "ana")
    memory.seconds += 1.999
    assert is_good(ring, "ana")
    memory.seconds += 0.001
    assert not is_good(ring, "ana")
    assert len(memory.asked) == 1


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten_first(
    ring: KeyRing, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_REMEMBERED", 100)
    for number in range(150):
        assert not is_good(ring, f"guess-{number}")
    assert len(ring._cached) == 100  # noqa: SLF001 - nothing else shows it
    assert not is_good(ring, "guess-149")
    assert len(memory.asked) == 150
    assert not is_good(ring, "guess-0")
    assert len(memory.asked) == 151


def test_a_store_that_is_down_is_remembered_as_nothing(ring: KeyRing, memory: Memory) -> None:
    memory.issue("ana")
    assert is_good(ring, "ana")
    memory.is_down = True
    assert is_good(ring, "ana")  # for as long as it is remembered
    memory.seconds += 5
    with pytest.raises(UnavailableError):
        is_good(ring, "ana")
    memory.is_down = False
    assert is_good(ring, "ana")


@pytest.mark.parametrize("key_hash", ["", "0", hash_of("ana").upper(), hash_of("ben"), None])
def test_a_row_of_another_hash_is_none_whatever_a_database_takes_for_equal(
    ring: KeyRing, memory: Memory, key_hash: str | None
) -> None:
    memory.found[hash_of("ana")] = Row(key_hash, ANA, None, None, None)
    assert not is_good(ring, "ana")


def test_revoking_works_through_the_app(published: Configuration, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(url)
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0)
    client = create_app(with_keys(published, url)).test_client()
    assert ask(client, key_of("ana")).status_code == 200
    write(url, [("ana", ANA, None, ago(seconds=1), None)])
    assert ask(client, key_of("ana")).status_code == 401


# --- a store that fails or hangs --------------------------------------------------------------------------------------


def _postgres(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True)


@pytest.fixture
def locked(postgres_url: str) -> Iterator[Callable[[], None]]:
    """A PostgreSQL whose table of keys nobody can read until the lock is let go."""
    write(postgres_url)
    with closing(_postgres(postgres_url)) as connection:
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


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread, or the database, does."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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
    with closing(_postgres(postgres_url)) as connection:
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


# --- what is told before the server starts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("no url, hunter2", "has a url that SQLAlchemy does not understand"),
        ("cobol://me:hunter2@host/db", "has a url that SQLAlchemy does not understand"),
        ("oracle://me:hunter2@host/db", "needs the module"),
    ],
)
def test_a_source_that_keys_cannot_be_looked_up_in_is_told_at_once_and_without_its_password(
    published: Configuration, place: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError) as told:
        create_app(with_keys(published, place))
    assert str(told.value).startswith("auth.api_keys: source keys ")
    assert complaint in str(told.value)
    assert "hunter2" not in str(told.value)


def test_without_sqlalchemy_the_way_out_is_told(published: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy.exc", None)
    with pytest.raises(ConfigurationError, match=r"install learning-pulse\[keys\]"):
        create_app(with_keys(published, "sqlite:///keys.sqlite"))


def test_a_sqlite_file_is_relative_to_the_configuration(published: Configuration) -> None:
    write(f"sqlite:///{published.path.parent}/beside.sqlite")
    assert (
        ask(create_app(with_keys(published, "sqlite:///beside.sqlite")).test_client(), key_of("ana")).status_code == 200
    )


def test_every_refusal_of_a_key_has_its_reason(ring: KeyRing, memory: Memory) -> None:
    memory.issue("ana")
    memory.revoke("ana")
    for key, reason in (("x", Reason.MALFORMED), (key_of("ana"), Reason.API_KEY), (key_of("b"), Reason.API_KEY)):
        with pytest.raises(CredentialError) as refusal:
            ring.caller(key)
        assert refusal.value.reason is reason
        assert key not in str(refusal.value) or key == "x"


def test_bodies_are_json_without_anything_of_the_key(client: FlaskClient) -> None:
    for name in BAD:
        assert name not in json.dumps(ask(client, key_of(name)).get_json())
