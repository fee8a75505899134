"""API keys: whose they are, what reaches the table, and what is told before the server starts (FAULTS 36).

Asked through the app, in SQLite and in a real PostgreSQL. What columns may hold is `test_api_key_columns.py`'s, how
long an answer is remembered `test_api_keys_remembered.py`'s, a table that hangs `test_api_key_store.py`'s.
"""

import json
import logging
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from serve.app import create_app
from serve.credentials import api_keys
from serve.credentials.key_store import KeyStore
from tests.serve.credentials.api_key_table import (
    BAD,
    GOOD,
    KEYS,
    REFUSAL,
    Given,
    ago,
    ask,
    hash_of,
    key_of,
    with_keys,
    write,
)
from tests.support.platforms.small_platform import ANA, ANSWERS, BEN, PATH, SECOND, bearer, token
from warehouse.configuration.authentication import ApiKeyColumns
from warehouse.configuration.configuration import Configuration
from warehouse.errors import ConfigurationError

pytestmark = pytest.mark.usefixtures("patience")

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


def test_bodies_are_json_without_anything_of_the_key(client: FlaskClient) -> None:
    for name in BAD:
        assert name not in json.dumps(ask(client, key_of(name)).get_json())
