"""FAULTS 60: a password is never taken for a host, and nothing of a URL but host and database is ever printed.

With a real PostgreSQL that asks for passwords, and a real MariaDB, by the night and by the key store.
"""

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa

from assets.step1_extract.extract import open_stream
from pipelines.command_line.cli import main
from serve.credentials.key_store import key_store
from serve.http.errors import UnavailableError
from tests.support.platforms.roles import name_of, user_of_mariadb
from tests.support.platforms.sources import (
    FIRST,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    platform_of,
    sqlite_platform,
    xp_rows,
)
from tests.support.slowly import slowly
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys
from warehouse.configuration.configuration import Configuration, Source, load
from warehouse.configuration.sources.source_url import credentials_mistake, masked
from warehouse.errors import ConfigurationError, PulseError, SourceUnavailableError

numbers = count()
HASH = "0" * 64
PASSWORDS = ["a@b", "a/b", "50%off", "a:b", "it's", 'say "a"', "a b", "x@y/z%41:'\" #?&=\\+~"]
AS_THEY_ARE = [
    "a/b",
    "50%off",
    "a:b",
    "it's",
    'say "a"',
    "a b",
    "a?b",
]  # what needs no encoding, though it ought to have
DOUBTFUL = [
    "postgresql://u:my@Pass@host/db",
    "postgresql://u:my@Pa/ss@host/db",
    "mysql://me@corp:Pass@host/db",
    "mariadb+pymysql://u:@my@Pass@host:3306/db",
    "postgresql://host:5432/db?password=my@Pass",
    "postgresql://u:my@Pass@[::1]:5432/db?sslmode=require",
]


# --- which passwords are taken ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", DOUBTFUL)
@pytest.mark.parametrize("written", ["in the file", "in the environment"])
def test_a_password_whose_end_cannot_be_told_is_refused_unconnected(
    url: str,
    written: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """FAULTS 60: exit 2, with the way out, and nothing of the URL; as a source of streams and as one of keys."""
    platform = sqlite_platform(tmp_path)
    platform.make("users", USERS_TYPES)
    platform.make("xp", XP_TYPES)
    place = platform.configuration().path
    monkeypatch.setenv("PLATFORM_URL", url)
    is_in_file = written == "in the file"
    place.write_text(place.read_text().replace(platform.url, url if is_in_file else "${PLATFORM_URL}"))
    with pytest.raises(ConfigurationError) as caught:
        load(place, uses=["sources"])
    message = str(caught.value)
    if is_in_file:
        assert main(["status", "--config", str(place)]) == 2
        message += capsys.readouterr().err
    assert message.startswith(f"{place}: sources.platform.url: ")
    assert "percent-encode the password" in message
    assert [
        part for part in ("my", "Pass", "Pa/ss", "host", "u:", "me@", "5432") if part in hidden(message, place)
    ] == []
    keys = place.read_text() + "\n[auth]\nsecret = '" + "x" * 40 + "'\n[auth.api_keys]\nsource = 'platform'\n"
    place.write_text(keys + "table = 'k'\ncolumns = { key_hash = 'h', user_id = 'u' }\n")
    with pytest.raises(ConfigurationError, match="percent-encode the password"):
        load(place, uses=["auth"])


def hidden(message: str, place: Path) -> str:
    """The message without what it says of every URL."""
    return message.replace(str(place), "").replace("percent-encode the password", "")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:my%40Pass@host/db",
        "postgresql://u:my/Pass@host/db",
        "postgresql://u:p?ss@host/db",
        "postgresql://u%40corp:Pass@host/db",
        "postgresql://u:p@host/db?options=-c%20a=b@c",
        "postgresql:///db?host=/tmp/a@b",
        "postgresql://host/db",
        "mysql://root@127.0.0.1:3306/test",
        "sqlite:////home/me@work/a@b/platform.db",
        "no url at all",
        "",
    ],
)
def test_a_url_without_doubt_is_taken(url: str) -> None:
    """FAULTS 60."""
    assert credentials_mistake(url) is None


@pytest.fixture(params=["postgresql", "mariadb"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """A database with a stream and a table of keys, which asks the roles of `user_of` for their password."""
    with platform_of(request, tmp_path) as found:
        found.make("users", USERS_TYPES)
        found.make("xp", XP_TYPES, xp_rows(3))
        found.run(
            f"create table {found.table('api_keys')} (sha256 varchar(64), owner varchar(20))",
            f"insert into {found.table('api_keys')} values ('{HASH}', 'ann')",
        )
        yield found


@contextmanager
def user_of(platform: Platform, password: str) -> Iterator[str]:
    """A user who has to know a password."""
    if platform.is_mariadb:
        with user_of_mariadb(platform, password) as known:
            yield name_of(known)
        return
    user = f"reader{os.getpid()}x{next(numbers)}"
    quoted = password.replace("'", "''")
    with platform.changing() as connection:
        connection.connection.cursor().execute(
            f"create role {user} login password '{quoted}'; grant usage on schema {platform.schema} to {user}; "
            f"grant select on all tables in schema {platform.schema} to {user}"
        )
    try:
        with asked_for_passwords(platform, user):
            yield user
    finally:
        platform.run(f"drop owned by {user}; drop role {user}")


@contextmanager
def asked_for_passwords(platform: Platform, user: str) -> Iterator[None]:
    """PostgreSQL trusts everybody on the test's socket: not this user."""
    url = sa.make_url(platform.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as admin:
        (name,) = admin.execute("select current_setting('hba_file')").fetchone() or ("",)
        place = Path(name)
        before = place.read_text()
        place.write_text(f"local all {user} scram-sha-256\n{before}")
        admin.execute("select pg_reload_conf()")
        try:
            yield
        finally:
            place.write_text(before)
            admin.execute("select pg_reload_conf()")


def url_of(platform: Platform, credentials: str, query: str = "") -> str:
    """A URL as a person writes it."""
    parsed = sa.make_url(platform.url)
    if platform.is_mariadb:
        return f"mysql://{credentials}@{parsed.host}:{parsed.port}/{platform.schema}{query and '?'}{query}"
    return f"postgresql://{credentials}@/{parsed.database}?host={parsed.query['host']}{query and '&'}{query}"


def configured(platform: Platform, url: str) -> Configuration:
    configuration = platform.configuration()
    return configuration.model_copy(update={"sources": {"platform": Source(url=url)}})


def rows_by_both(platform: Platform, url: str) -> tuple[int, str | None]:
    """What the night reads, and whose key the key store finds."""
    configuration = configured(platform, url)
    with open_stream(configuration, configuration.streams["xp"]) as reader:
        rows = sum(batch.num_rows for batch in reader.rows(FIRST, FIRST))
    (found,) = key_store(keys_of(platform), Source(url=url), platform.folder).rows(HASH)
    return rows, found.user_id


def keys_of(platform: Platform) -> ApiKeys:
    columns = ApiKeyColumns(key_hash="sha256", user_id="owner")
    return ApiKeys(source="platform", table=platform.table("api_keys"), columns=columns)


@pytest.mark.parametrize("password", slowly(reversed(PASSWORDS), quick=1))
def test_a_percent_encoded_password_is_known_to_every_driver(platform: Platform, password: str) -> None:
    """FAULTS 60: the night's two in PostgreSQL, and the key store's."""
    with user_of(platform, password) as user:
        assert rows_by_both(platform, url_of(platform, f"{user}:{quote(password, safe='')}")) == (3, "ann")


@pytest.mark.parametrize("password", slowly(AS_THEY_ARE, quick=1))
def test_a_password_that_is_not_encoded_and_clear_all_the_same_is_one(platform: Platform, password: str) -> None:
    """FAULTS 60: a raw space stopped one of the night's drivers and not the other."""
    with user_of(platform, password) as user:
        assert rows_by_both(platform, url_of(platform, f"{user}:{password}")) == (3, "ann")


@pytest.mark.parametrize("platform", ["postgresql"], indirect=True)
def test_a_password_of_libpqs_query_is_one_too(platform: Platform) -> None:
    """FAULTS 60."""
    password = "x@y/z%41:'\" #?&=\\+~"
    with user_of(platform, password) as user:
        url = url_of(platform, "", f"user={user}&password={quote(password, safe='')}").replace("://@/", ":///")
        assert rows_by_both(platform, url) == (3, "ann")


# --- what is printed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", slowly(["hun%40ter2", "hunter2", "hun/ter2", "h'u\"n ter2"], quick=1))
def test_a_wrong_password_is_said_without_user_or_password(
    platform: Platform, written: str, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 60: neither in the line, nor in what a traceback would print, nor in the server's log."""
    with user_of(platform, "another") as user:
        url = url_of(platform, f"{user}:{written}", "" if platform.is_mariadb else "sslmode=prefer")
        configuration = configured(platform, url)
        with pytest.raises(SourceUnavailableError) as caught, open_stream(configuration, configuration.streams["xp"]):
            pytest.fail("a wrong password opened it")
        with caplog.at_level(logging.DEBUG), pytest.raises(UnavailableError):
            key_store(keys_of(platform), Source(url=url), platform.folder).rows(HASH)
    assert str(caught.value).startswith("stream xp: source platform failed: ")
    printed = [str(caught.value), "".join(traceback.format_exception(caught.value)), caplog.text]
    own = printed[1].replace(url, "")  # pytest's own frames are none of ours
    for text in (printed[0], own, printed[2]):
        assert user not in text
        assert "ter2" not in text


HOSTS = {
    "postgresql": "postgresql://ann:open-sesame@nowhere.invalid:1/platform?application_name=hidden-name",
    "bad option": "postgresql://ann:open-sesame@127.0.0.1:1/platform?sslmode=hidden-name",
    "bad number": "postgresql://ann:open-sesame@127.0.0.1:1/platform?keepalives=hidden-name",
    "query": "postgresql://nowhere.invalid/platform?user=ann&password=open-sesame&application_name=hidden-name",
    "mysql": "mysql://ann:open-sesame@127.0.0.1:1/platform",
}


@pytest.mark.parametrize("url", HOSTS.values(), ids=HOSTS)
def test_whatever_a_driver_says_only_host_and_database_are_printed(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 60."""
    source = sqlite_platform(tmp_path)
    source.make("users", USERS_TYPES)
    source.make("xp", XP_TYPES)
    configuration = configured(source, url)
    with pytest.raises(PulseError) as caught, open_stream(configuration, configuration.streams["xp"]):
        pytest.fail("it does not exist")
    with caplog.at_level(logging.DEBUG), pytest.raises(UnavailableError):
        key_store(keys_of(source), Source(url=url), tmp_path).rows(HASH)
    text = str(caught.value) + caplog.text
    assert [part for part in ("ann", "open-sesame", "hidden-name") if part in text] == []
    assert "source platform failed" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ('no host "Pa/ss%word"', 'no host "***"'),
        ("Pa%2Fss%25word", "***"),
        ("Pa%2fss%25word and Pa/ss%25word", "*** and ***"),
        ("user 'me' of some", "user '***' of some"),
        ("could not reach host, database d", "could not reach host, database d"),
        ("option=secret and required", "option=*** and required"),
    ],
)
def test_a_message_is_masked_however_the_driver_spells_it(said: str, printed: str) -> None:
    """FAULTS 60."""
    assert masked(said, "postgresql://me:Pa%2Fss%25word@host/d?sslmode=require&options=secret") == printed
