"""A DuckDB database as a source: tables and queries, what a query may see, and why a file cannot be read."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from assets.step1_extract.extract import open_stream
from tests.support.platforms.file_platform import COLUMNS, TABLES, configuration, write_duckdb
from tests.support.platforms.sources import DAY, FIRST, landed_rows, night
from warehouse.configuration.configuration import Configuration, load
from warehouse.errors import PulseError, SourceDriftError, SourceUnavailableError

SECOND = FIRST + DAY
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(c.sql('select 1').fetchall(), flush=True); input()"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "platform.duckdb"
    write_duckdb(file)
    return file


def only_xp(folder: Path, line: str, settings: str = "") -> Configuration:
    """The learners, and XP as the line says; `settings` are more of the source's."""
    what = {"users": 'source = "platform"\ntable = "users"', "xp": f'source = "platform"\n{line}'}
    return configuration(folder, what, source=f'duckdb:///platform.duckdb"\n{settings}#"')


def queried(folder: Path, query: str, settings: str = "") -> Configuration:
    return only_xp(folder, f"query = '''{query}'''", settings)


def read(configured: Configuration) -> list[tuple[object, object]]:
    """The rows of XP of both days."""
    with open_stream(configured, configured.streams["xp"]) as reader:
        rows = [row for batch in reader.rows(FIRST, SECOND) for row in batch.to_pylist()]
    return sorted((str(row["event_id"]), row["amount"]) for row in rows)


@pytest.mark.slow
def test_a_query_bounds_itself_and_is_reconciled(database: Path, tmp_path: Path) -> None:
    """R1, R23: `:from` and `:to` are instants; a row that is changed is drift of its day, and lands again."""
    query = """
    select x.id, x.who, x."at", x.amount * 10 as amount, x.changed from main.xp x join users u on u.id = x.who
    where x."at" >= :from and x."at" < :to -- strangers do not count; ':to'
    """
    configured = queried(tmp_path, query)
    night(configured, SECOND)
    landed = landed_rows(configured, "xp", "event_id, amount")
    assert landed == [("e1", 100), ("e2", 60), ("e3", 200)]
    with duckdb.connect(database) as connection:
        connection.execute("update xp set who = '7' where id = 'e3'")
    comparison, restated = reconcile(Night.of(configured))
    assert [(drift.landing.stream, drift.landing.day) for drift in comparison.drifts] == [("xp", SECOND)]
    assert restated is not None
    assert landed_rows(configured, "xp", "event_id, user_id")[-1] == ("e3", "7")


def test_types_of_duckdb_become_values(database: Path, tmp_path: Path) -> None:
    """R19, R26: numbers of any width, decimals, enums, UUIDs, instants of other units, and with a zone."""
    uuid = "0F8FAD5B-D9CB-469F-A165-70867728950E"
    columns = 'id hugeint, who uuid, "at" timestamp_ns, amount decimal(30, 2), changed timestamptz'
    with duckdb.connect(database) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create or replace table xp ({columns})")
        row = f"'{uuid}', '{FIRST} 10:00:00.123456999', 5.00, '{FIRST} 10:00:00+02'"
        connection.execute(f"insert into xp values (170141183460469231731687303715884105727, {row})")
        connection.execute("insert into xp select 1, who, 'infinity'::timestamp, amount, changed from xp")
    configured = only_xp(tmp_path, 'table = "main.xp"')
    with open_stream(configured, configured.streams["xp"]) as reader:
        (row_read,) = [row for batch in reader.rows(FIRST, SECOND) for row in batch.to_pylist()]
        undated = [row["event_id"] for batch in reader.undated() for row in batch.to_pylist()]
        (figures,) = reader.figures(FIRST, SECOND).values()
    assert row_read["event_id"] == "170141183460469231731687303715884105727"
    assert row_read["user_id"] == uuid.lower()
    assert str(row_read["occurred_at"]) == "2026-06-01 10:00:00.123456"
    assert row_read["amount"] == 5
    assert str(row_read["updated_at"]) == "2026-06-01 08:00:00"
    assert undated == ["1"]
    assert {name: figures[name] for name in ("rows", "amount")} == {"rows": "1", "amount": "5"}


@pytest.mark.parametrize(
    "query",
    [
        "select content as id, '7' as who, now() as changed from read_text('{folder}/s.txt')",
        "select *, '7' as who from '{folder}/other.parquet'",
        "select * from glob('{folder}/*')",
        "select * from xp, (select * from other.main.xp)",
        "select * from read_csv('https://example.com/x.csv')",
        "select * from sqlite_scan('{folder}/platform.db', 'xp')",
        "select * from xp_rows",
        "select nextval('numbers') as id from xp",
        "select * from nothing",
        "select 1 as id, 2 as id",
    ],
)
def test_a_query_sees_its_database_and_nothing_else(query: str, database: Path, tmp_path: Path) -> None:
    """No file, no network, no other database, no variable of ours, and nothing is written; before the first row."""
    xp_rows = duckdb.sql("select 1 as id").to_arrow_table()
    assert len(xp_rows) == 1
    (tmp_path / "s.txt").write_text("secret", encoding="utf-8")
    before = database.read_bytes()
    with pytest.raises(PulseError) as refused:
        read(queried(tmp_path, query.replace("{folder}", str(tmp_path))))
    assert isinstance(refused.value, SourceDriftError), refused.value
    assert "stream xp: " in str(refused.value)
    assert "\n" not in str(refused.value)
    assert database.read_bytes() == before


@pytest.fixture
def writer(database: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the database open for writing."""
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_database_that_is_being_written_is_tried_again(
    database: Path, writer: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """The process is named; while we read, nobody else can write."""
    configured = only_xp(tmp_path, 'table = "xp"')
    with pytest.raises(SourceUnavailableError, match=f"process {writer.pid} has {database} open for writing"):
        read(configured)
    writer.kill()
    writer.wait()
    with open_stream(configured, configured.streams["xp"]):
        refused = subprocess.run(
            [sys.executable, "-c", HOLD, str(database)], capture_output=True, check=False, text=True
        )
    assert "Could not set lock" in refused.stderr
    assert len(read(configured)) == 5


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (None, "there is no file "),
        ("folder", " is a folder; "),
        (b"no database" * 1000, " is no DuckDB database; "),
        (b"", " is no DuckDB database"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_way_out(
    make: bytes | str | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "platform.duckdb"
    if isinstance(make, bytes):
        file.write_bytes(make)
    elif make:
        file.mkdir()
    with pytest.raises(PulseError) as refused:
        read(only_xp(tmp_path, 'table = "xp"'))
    assert reason in str(refused.value), refused.value
    assert str(file) in str(refused.value)
    assert not (tmp_path / "platform.duckdb.wal").exists()


def test_a_table_that_is_not_there_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceDriftError, match=r"stream xp: there is no table platform\.nothing; correct the mapping"):
        read(only_xp(tmp_path, 'table = "nothing"'))
    assert database.exists()


@pytest.mark.slow
def test_a_query_that_takes_too_long_is_ended(database: Path, tmp_path: Path) -> None:
    """The limit is the source's `statement_timeout_seconds`; what is left of the query is interrupted."""
    query = """
    select x.id, x.who, x."at", x.amount, x.changed from xp x
    where (select count(*) from range(1000000) a, range(1000000) b where (a.range * b.range + x.amount) % 7 = 3) > 0
    """
    configured = queried(tmp_path, query, "statement_timeout_seconds = 1\n")
    with pytest.raises(SourceUnavailableError, match="stopped answering"):
        read(configured)
    duckdb.connect(database).close()  # nobody has it open any more


def test_names_of_tables_and_columns_are_only_names(tmp_path: Path) -> None:
    name = 'a "b" ; drop table x; :from ? %s \\'
    columns = {f"{column}{name}": kind for column, kind in TABLES["xp"][0].items()}
    with duckdb.connect(tmp_path / "platform.duckdb") as connection:
        quoted = name.replace('"', '""')
        defined = ", ".join(f'"{column.replace(chr(34), chr(34) * 2)}" {kind}' for column, kind in columns.items())
        connection.execute(f'create table "{quoted}" ({defined})')
        connection.executemany(f'insert into "{quoted}" values (?, ?, ?, ?, ?)', TABLES["xp"][1])
        connection.execute("create table users (id varchar, name varchar, zone varchar, shown boolean)")
    configured = only_xp(tmp_path, f"table = '{name}'")
    text = configured.path.read_text(encoding="utf-8")
    start = text.index("columns", text.index("[streams.xp]"))
    roles = ", ".join(f"{role} = '{column}{name}'" for role, column in COLUMNS["xp"].items())
    configured.path.write_text(f"{text[:start]}columns = {{ {roles} }}", encoding="utf-8")
    assert len(read(load(configured.path, uses=["sources"]))) == 5
