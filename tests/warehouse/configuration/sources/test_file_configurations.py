"""Streams of files and DuckDB sources in `pulse.toml`: what is a mistake there, and that a plain mapping stays."""

from pathlib import Path

import pytest

from tests.warehouse.configuration.bad_configurations import API_KEYS, GOOD
from warehouse.configuration.configuration import Configuration, load
from warehouse.configuration.sources.source_drivers import url_mistakes
from warehouse.errors import ConfigurationError

TABLE = 'source = "platform"\ntable = "xp_events"\n'
USERS_TABLE = 'source = "platform"\ntable = "users"\n'
ENDS = "what its files are is told by how it ends: .parquet, .csv, .csv.gz, .jsonl, .jsonl.gz, .ndjson, .ndjson.gz"
REMOTE = "it is no path of this machine; fetch the files first, and name where they are"
MISTAKES = {
    'files = "s3://bucket/x.parquet"': f"streams.xp.files: {REMOTE}",
    'files = "https://example.com/x.csv"': f"streams.xp.files: {REMOTE}",
    'files = "file:/x.csv"': f"streams.xp.files: {REMOTE}",
    'files = "exports/**/x.csv"': 'streams.xp.files: "**" is not known; write a "*" for each folder',
    'files = "x-{date}.csv"': 'streams.xp.files: "{date}" is not known; only {day} is, the UTC day as 2026-11-22',
    'files = "x.xlsx"': f"streams.xp.files: {ENDS}",
    'files = ""': f"streams.xp.files: {ENDS}",
    'files = "x\\u0000.csv"': "streams.xp.files: no file has a NUL in its name",
    'files = ["x.csv"]': "streams.xp.files: Input should be a valid string",
    'files = "x.csv"\nsource = "platform"': "streams.xp.source: files need no source; leave it out",
    'files = "x.csv"\ntable = "xp_events"': "streams.xp: it has a table and files; leave one of them",
    'files = "x.csv"\nquery = "select 1"': "streams.xp: it has a query and files; leave one of them",
    'files = "x.csv"\nhive = "yes"': "streams.xp.hive: Input should be a valid boolean",
    f"{TABLE}hive = true": "streams.xp.hive: it is for streams with files; leave it out",
    'files = "x.csv"\n[sources.files]\nurl = "sqlite:///x.db"': (
        "sources.files: streams with files have this name; choose another"
    ),
}
DUCKDB_URLS = {
    "duckdb:///:memory:": "it names no file, ",
    "duckdb://": "it names no file, ",
    "duckdb:///": "it names no file, ",
    "duckdb:///x.duckdb?access_mode=read_write": "a DuckDB file takes no arguments ",
    "duckdb+duckdb_engine:///x.duckdb": "DuckDB is read without a driver, ",
    "snowflake://me:hunter2@account/db": 'the dialect "snowflake" is not installed, install the package snowflake-',
    "bigquery://project": 'the dialect "bigquery" is not installed, install the package sqlalchemy-bigquery',
    "clickhouse://me:hunter2@host/db": 'the dialect "clickhouse" is not installed, install the package clickhouse-sqla',
    "clickhouse+native://me:hunter2@host/db": 'the dialect "clickhouse" is not installed, install the package ',
    "clickhousedb://me:hunter2@host/db": 'the dialect "clickhousedb" is not installed, install the package clickhouse-',
}


def read(folder: Path, text: str) -> Configuration:
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    return load(folder / "pulse.toml", uses=["sources"])


@pytest.mark.parametrize(("lines", "answer"), MISTAKES.items())
def test_a_mistake_about_files_is_answered_with_the_way_out(lines: str, answer: str, tmp_path: Path) -> None:
    text = GOOD.replace(TABLE, "{lines}\n")
    columns = 'columns = { event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }'
    text = text.replace(columns, "").replace("{lines}", f"{columns}\n{lines}")
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)
    assert [mistake.removeprefix(f"{tmp_path / 'pulse.toml'}: ") for mistake in refused.value.mistakes] == [answer]


def test_learners_have_no_day(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"streams.users.files: learners have no day, so their files have no "):
        read(tmp_path, GOOD.replace(USERS_TABLE, 'files = "users-{day}.csv"\n'))


def test_two_streams_of_the_same_files_would_count_twice(tmp_path: Path) -> None:
    files = GOOD.replace(TABLE, 'files = "x.csv"\n')
    stream = files[files.index("[streams.xp]") : files.index("[auth]")]
    twin = stream.replace("streams.xp", "streams.twin")
    with pytest.raises(ConfigurationError, match=r"streams.twin: it reads the rows of streams.xp"):
        read(tmp_path, files.replace("[auth]", f"{twin}[auth]"))
    other = read(tmp_path, files.replace("[auth]", f"{twin.replace('x.csv', 'y.csv')}[auth]"))
    assert other.streams["twin"].relation == "its files y.csv"


def test_files_are_a_mapping_of_their_own_and_a_table_keeps_its_fingerprint(tmp_path: Path) -> None:
    """R23: another pattern, or folders as columns, is another mapping."""
    plain = read(tmp_path, GOOD).streams["xp"].fingerprint
    texts = ['files = "x.csv"\n', 'files = "y.csv"\n', 'files = "x.csv"\nhive = true\n']
    fingerprints = [read(tmp_path, GOOD.replace(TABLE, text)).streams["xp"].fingerprint for text in texts]
    assert len({plain, *fingerprints}) == 4
    default = read(tmp_path, GOOD.replace(TABLE, 'files = "x.csv"\nhive = false\n')).streams["xp"].fingerprint
    assert default == fingerprints[0]


@pytest.mark.parametrize(("url", "answer"), DUCKDB_URLS.items())
def test_a_url_that_is_not_read_says_what_to_write_or_to_install(url: str, answer: str) -> None:
    (mistake,) = url_mistakes(url)
    assert mistake.startswith(answer)
    assert "hunter2" not in mistake


@pytest.mark.parametrize("url", ["duckdb:///platform.duckdb", "duckdb:////srv/a@b:7/p.duckdb"])
def test_a_url_that_names_a_duckdb_file_is_taken(url: str, tmp_path: Path) -> None:
    assert url_mistakes(url) == []
    assert read(tmp_path, GOOD.replace("sqlite:///platform.db", url)).sources["platform"].url == url


def test_keys_are_not_looked_up_in_a_file_that_nobody_may_write_meanwhile(tmp_path: Path) -> None:
    text = GOOD.replace("sqlite:///platform.db", "duckdb:///platform.duckdb") + API_KEYS
    with pytest.raises(ConfigurationError, match=r"auth.api_keys.source: a DuckDB file is locked by whoever writes it"):
        read(tmp_path, text)
    of_files = GOOD.replace(TABLE, 'files = "x.csv"\n') + API_KEYS.replace('"platform"', '"files"')
    with pytest.raises(ConfigurationError, match=r"auth.api_keys.source: a DuckDB file is locked by whoever writes it"):
        read(tmp_path, of_files)
