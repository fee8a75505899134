"""A table of API keys, of which every row says why it is there, and an app that looks keys up in it."""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.platforms.small_platform import ANA, BEN, PATH
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys
from warehouse.configuration.configuration import Configuration, Source

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


def ask(client: FlaskClient, key: str, **others: Any) -> TestResponse:
    return client.get(PATH, headers={"X-API-Key": key}, **others)


def postgres_of(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread, or the database, does."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
