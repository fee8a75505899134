"""What a configuration was taken with and a run died of is a mistake, with its place and way out (FAULTS 58)."""

import codecs
from pathlib import Path

import pytest

from pipelines.command_line import cli
from warehouse.configuration.configuration import load
from warehouse.configuration.sources.source_drivers import url_mistakes

TEXT = """
[pulse]
first_day = 2026-06-01
[sources.platform]
url = "${PLATFORM_URL}"
[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {user_id = "id"}
[streams.xp]
kind = "xp"
source = "platform"
table = "xp"
columns = {event_id = "id", user_id = "user_id", occurred_at = "at", amount = "amount"}
[auth]
secret = "${PULSE_JWT_SECRET}"
"""
KEYS = """
[auth.api_keys]
source = "keys"
table = "api_keys"
columns = {key_hash = "hash", user_id = "user_id"}
[sources.keys]
url = "${KEYS_URL}"
"""
SECRET = "a secret of these tests, longer than 32 bytes"
URLS = {  # each answer from its beginning on
    "mysql://u:hunter2@h/db?ssl-mode=REQUIRED": 'the driver pymysql has no argument "ssl-mode", it has ',
    "mysql+pymysql://u:hunter2@h/db?sslmode=hunter2": 'the driver pymysql has no argument "sslmode", it has ',
    "mariadb://u:hunter2@h/db?ssl=true": 'the driver pymysql has no argument "ssl", it has ',
    "mysql://u:hunter2@h/db?connect_timeout=soon": 'the argument "connect_timeout" of the driver pymysql is a ',
    "mysql://u:hunter2@h/db?ssl_disabled=false": 'the argument "ssl_disabled" of the driver pymysql is one ',
    "mysql://u:hunter2@h/db?charset=utf9": 'the argument "charset" of the driver pymysql is none ',
    "postgresql://u:hunter2@h/db?ssl=true": 'the driver psycopg has no argument "ssl", it has ',
    "postgresql+psycopg://u:hunter2@h/db?ssl_mode=require": 'the driver psycopg has no argument "ssl_mode", it has ',
    "postgresql://u:hunter2@h/db?sslmode=required": 'the argument "sslmode" of the driver psycopg is one of disable, ',
    "postgresql://u:hunter2@h/db?connect_timeout=10s": 'the argument "connect_timeout" of the ',
    "postgresql://u:hunter2@h:99999/db": "its port is none from 1 to 65535",
    "mysql://u:hunter2@h:0/db": "its port is none from 1 to 65535",
    "postgres://u:hunter2@h/db": 'SQLAlchemy knows no database "postgres", write postgresql://, known are sqlite, ',
    "mysql+mysqldb://u:hunter2@h/db": 'the driver "mysqldb" is not installed, install the package mysqlclient',
    "mysql+mysqlconnector://u:hunter2@h/db": 'the driver "mysqlconnector" is not installed, install the package mysql-',
    "mssql+pyodbc://u:hunter2@h/db": 'the driver "pyodbc" is not installed, install the package pyodbc',
    "mssql://u:hunter2@h/db": 'the driver "pyodbc" is not installed, install the package pyodbc',
    "oracle://u:hunter2@h/db": 'the driver "oracledb" is not installed, install the package oracledb',
    "postgresql+pg8000://u:hunter2@h/db": 'the driver "pg8000" is not installed, install the package ',
    "postgresql+asyncpg://u:hunter2@h/db": 'the driver "asyncpg" is asynchronous, write ',
}
GOOD_URLS = [
    "sqlite:///platform.db",
    "sqlite:////srv/a:7/platform.db",
    "postgresql://u:p@h:5432/db?sslmode=verify-full&sslrootcert=/ca.pem&options=-c%20search_path%3Dx",
    "postgresql:///db?host=/run/postgresql&port=5433",
    "postgresql://u:p@/db?host=a:1&host=b:2&target_session_attrs=read-only",
    "mysql://u:p@h:3306/db?ssl_ca=/ca.pem&ssl_check_hostname=true&charset=utf8mb4&connect_timeout=5",
    "mariadb://u:p@h/db?unix_socket=/run/mysqld/mysqld.sock&ssl_verify_cert=true",
    "no url at all",
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLATFORM_URL", "sqlite:///platform.db")
    monkeypatch.setenv("KEYS_URL", "sqlite:///keys.db")
    monkeypatch.setenv("PULSE_JWT_SECRET", SECRET)
    place = tmp_path / "pulse.toml"
    place.write_text(TEXT + KEYS, encoding="utf-8")
    return place


def refused(place: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a command that a mistake of the configuration refuses, and return the one line about it."""
    assert cli.main([*words, "--config", str(place)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert not (place.parent / "var").exists()  # before anything is done
    assert "hunter2" not in line
    return line.removeprefix(f"pulse: {place}: ")


@pytest.mark.parametrize(("url", "answer"), URLS.items())
def test_a_url_that_its_driver_would_refuse_stops_the_night_before_it_begins(
    url: str, answer: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 58: the source and the argument, the package, and nothing else of the URL."""
    monkeypatch.setenv("PLATFORM_URL", url)
    line = refused(place, capsys, "nightly")
    assert line.startswith(f"sources.platform.url: {answer}")


@pytest.mark.parametrize("url", list(URLS)[::4])
def test_a_url_of_the_key_store_stops_the_server(
    url: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 58."""
    monkeypatch.setenv("KEYS_URL", url)
    assert refused(place, capsys, "serve").startswith(f"sources.keys.url: {URLS[url]}")


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_url_that_a_driver_takes_is_taken(url: str) -> None:
    assert url_mistakes(url) == []


def test_what_is_taken_for_postgresql_both_of_its_drivers_take(postgres_url: str) -> None:
    """FAULTS 58: psycopg reflects and ADBC reads, each with a libpq of its own."""
    import adbc_driver_postgresql.dbapi
    from psycopg import pq

    for option in pq.Conninfo.get_defaults():
        if option.val and b"service" not in option.keyword:
            separator = "&" if "?" in postgres_url else "?"
            url = f"{postgres_url}{separator}{option.keyword.decode()}={option.val.decode()}"
            assert url_mistakes(url) == []
            if option.keyword in {b"sslmode", b"gssencmode", b"target_session_attrs", b"sslnegotiation", b"sslsni"}:
                adbc_driver_postgresql.dbapi.connect(url).close()


@pytest.mark.parametrize("ending", ["\n", " ", "\t", "\r\n"])
@pytest.mark.parametrize(
    ("variable", "where", "words"),
    [
        ("PLATFORM_URL", "sources.platform.url", ["nightly"]),
        ("PLATFORM_URL", "sources.platform.url", ["reconcile"]),
        ("PULSE_JWT_SECRET", "auth.secret", ["serve"]),
        ("KEYS_URL", "sources.keys.url", ["serve"]),
    ],
)
def test_white_space_at_an_end_of_a_variable_is_named(  # noqa: PLR0917 - fixtures and parameters
    variable: str,
    where: str,
    words: list[str],
    ending: str,
    place: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FAULTS 58: as `$(cat secret; echo)` or a file with a line break leaves it."""
    monkeypatch.setenv(variable, {"PULSE_JWT_SECRET": SECRET}.get(variable, "sqlite:///x.db") + ending)
    answer = "has white space at an end, such as a line break; take it away"
    assert refused(place, capsys, *words) == f"{where}: environment variable {variable} {answer}"


def test_a_variable_that_is_no_utf8_is_named(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAULTS 58."""
    monkeypatch.setenv("PULSE_JWT_SECRET", SECRET + "\udcff")
    assert refused(place, capsys, "serve") == "auth.secret: environment variable PULSE_JWT_SECRET is not UTF-8"


def test_white_space_at_an_end_of_a_url_in_the_file_is_a_mistake(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 58."""
    place.write_text(TEXT.replace("${PLATFORM_URL}", "sqlite:///platform.db "), encoding="utf-8")
    assert refused(place, capsys, "nightly") == "sources.platform.url: white space at an end of it, take it away"


def test_a_byte_order_mark_is_skipped_and_lines_may_end_as_on_windows(place: Path) -> None:
    """FAULTS 58."""
    before = load(place, ["sources"])
    place.write_bytes(codecs.BOM_UTF8 + place.read_bytes().replace(b"\n", b"\r\n"))
    assert load(place, ["sources"]) == before


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named(encoding: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 58."""
    place.write_bytes(TEXT.encode(encoding))
    line = refused(place, capsys, "nightly")
    assert line.startswith("not readable as TOML: it ")
    assert line.endswith("save it as UTF-8")


def test_a_file_of_latin_1_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place.write_bytes(TEXT.replace("xp", "é").encode("latin-1"))
    assert refused(place, capsys, "nightly").startswith("not readable as TOML: ")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("first_day = 2026-06-01\nlookback_days = 4000000", "pulse.lookback_days: "),
        ("first_day = 0001-01-01", "pulse.first_day: "),
        ("first_day = 9999-12-31", "pulse.first_day: "),
        (f"first_day = 2026-06-01\nmin_active_days = {10**30}", "pulse.min_active_days: "),
        (f"first_day = 2026-06-01\nshrink_base = {10**30}", "pulse.shrink_base: "),
        (f"first_day = 2026-06-01\nkeep_versions = {10**30}", "pulse.keep_versions: "),
        ('first_day = 2026-06-01\ndata_dir = "a\\u0000b"', "pulse.data_dir: "),
        ('first_day = 2026-06-01\ndata_dir = ""', "pulse.data_dir: "),
    ],
)
def test_a_number_or_a_day_that_no_run_survives_is_a_mistake(
    change: str, answer: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 58: siblings."""
    place.write_text(TEXT.replace("first_day = 2026-06-01", change), encoding="utf-8")
    assert refused(place, capsys, "nightly").startswith(answer)


@pytest.mark.parametrize(("old", "new"), [('"user_id", occ', '"", occ'), ('amount = "amount"', 'amount = ""')])
def test_a_column_without_a_name_is_a_mistake(
    old: str, new: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 58: siblings."""
    place.write_text(TEXT.replace(old, new), encoding="utf-8")
    assert refused(place, capsys, "nightly").startswith("streams.xp.columns.")
