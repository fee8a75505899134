"""What the columns of a table of API keys may hold: ends, owners and scopes of every type, and what cannot be read.

Asked through the app, in SQLite, a real PostgreSQL and a real MariaDB. Whose key it is is `test_api_keys.py`'s.
"""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from serve.app import create_app
from serve.credentials.api_keys import scopes_of
from tests.serve.credentials.api_key_table import (
    GOOD,
    KEYS,
    NOW,
    REFUSAL,
    ago,
    ask,
    hash_of,
    key_of,
    postgres_of,
    with_keys,
    write,
)
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, PATH, SECOND, bearer
from warehouse.configuration.authentication import ApiKeyColumns
from warehouse.configuration.configuration import Configuration

pytestmark = pytest.mark.usefixtures("patience")

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
    with closing(postgres_of(postgres_url)) as connection:
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
        with closing(postgres_of(postgres_url)) as connection:
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
    with closing(postgres_of(postgres_url)) as connection:
        connection.execute(f"alter table api_keys alter column scopes type {kind} using scopes::{kind}")
    for scope, status in (("pulse:read", 200), ("pulse", 403)):
        client = create_app(with_keys(published, postgres_url, required_scope=scope)).test_client()
        assert ask(client, key_of("ana")).status_code == status
