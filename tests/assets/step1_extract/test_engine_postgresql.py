"""What we lean on in PostgreSQL and its driver: ADBC on a real server.

Belongs here: behaviour of the server and the driver, tested against the real ones. Stays out: our extraction code.
Found by trying, on the versions named here. SQLite is `test_engine_sqlite.py`, DuckDB
`tests/warehouse/test_duckdb_values.py`.
"""

import shutil
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as postgres
import duckdb
import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
from adbc_driver_postgresql import ConnectionOptions, StatementOptions
from pyarrow import parquet
from sqlalchemy.dialects import postgresql

from tests.support.platforms.throwaway_postgres import throwaway_postgres

SMALL_BATCHES = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: "65536"}
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    """A throwaway PostgreSQL 18. The folder's path must be short (socket)."""
    folder = tempfile.mkdtemp(prefix="pg")
    with throwaway_postgres(Path(folder) / "data") as url:
        with psycopg.connect(url, autocommit=True) as con:
            con.execute("create table rows_of (id bigint primary key, v text)")
            con.execute("insert into rows_of select i, repeat('x', 100) from generate_series(1, 20000) g(i)")
            con.execute("create type mood as enum ('sad', 'ok')")
        yield url
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def read(uri: str) -> Iterator[Callable[..., pa.Table]]:
    with postgres.connect(uri, autocommit=True) as con:

        def read(sql: str, parameters: list[object] | None = None) -> pa.Table:
            with con.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetch_arrow_table()

        yield read


TYPES = [  # PostgreSQL expression, Arrow type, value as Python
    ("7::int2", pa.int16(), 7),
    ("7::int4", pa.int32(), 7),
    ("7::int8", pa.int64(), 7),
    ("1.5::float4", pa.float32(), 1.5),
    ("1.5::float8", pa.float64(), 1.5),
    ("'infinity'::float8", pa.float64(), float("inf")),
    ("true", pa.bool_(), True),
    ("date '2026-11-21'", pa.date32(), date(2026, 11, 21)),
    ("timestamp '2026-11-21 01:02:03.000004'", pa.timestamp("us"), datetime(2026, 11, 21, 1, 2, 3, 4)),
    ("timestamptz '2026-11-21 01:02:03+02'", pa.timestamp("us", "UTC"), datetime(2026, 11, 20, 23, 2, 3, tzinfo=UTC)),
    ("'ab'::char(5)", pa.string(), "ab   "),  # padded; `::text` strips
    ("'ab'::varchar(5)", pa.string(), "ab"),
    ("'ok'::mood", pa.string(), "ok"),
    ("'\\x00ff'::bytea", pa.binary(), b"\x00\xff"),
    ("null", pa.string(), None),
    ("null::int8", pa.int64(), None),
    ("'1.50'::money", pa.int64(), 150),  # cents
    ("count(*)", pa.int64(), 1),
]


@pytest.mark.parametrize(("expression", "arrow_type", "value"), TYPES, ids=[t[0] for t in TYPES])
def test_a_postgres_type_arrives_as_this_arrow_type(
    read: Callable[..., pa.Table], expression: str, arrow_type: pa.DataType, value: object
) -> None:
    """What ADBC makes of each type. A null keeps its column's type."""
    table = read(f"select {expression} as x")
    assert table.schema.field("x").type == arrow_type
    assert table["x"].to_pylist() == [value]


NUMERICS = ["1.50", "100", "0.000001", "1e30", "-12345678901234567890.123", "NaN", "Infinity", "-Infinity"]


def test_numeric_arrives_as_opaque_text_and_not_finite_ones_are_spelt_like_python(
    read: Callable[..., pa.Table],
) -> None:
    """NUMERIC arrives as text. Also `sum(bigint)` and `avg`; the extension type casts to string."""
    column = read(f"select unnest('{{{','.join(NUMERICS)}}}'::numeric[]) as n")["n"]
    assert isinstance(column.type, pa.OpaqueType)
    assert (column.type.storage_type, column.type.type_name) == (pa.string(), "numeric")
    plain = [*NUMERICS[:3], "1" + "0" * 30, NUMERICS[4], "nan", "inf", "-inf"]
    assert column.cast(pa.string()).to_pylist() == plain
    assert read("select 1.5::numeric(10, 2) as n")["n"].cast(pa.string()).to_pylist() == ["1.50"]
    assert isinstance(read("select sum(id) as n from rows_of").schema.field("n").type, pa.OpaqueType)


def test_uuid_and_json_arrive_as_extension_types_and_duckdb_reads_a_uuid_from_parquet(
    read: Callable[..., pa.Table], tmp_path: Path
) -> None:
    """A uuid column is 16 bytes that don't cast to string in Arrow; through a Parquet file it is DuckDB's UUID."""
    table = read(
        """select u, u::text as t, '{"a": 1}'::jsonb as j
           from (select '00000000-0000-0000-0000-0000000000aa'::uuid as u union all select null) s order by u"""
    )
    assert table.schema.field("u").type == pa.uuid()
    assert table["j"].cast(pa.string()).to_pylist() == ['{"a": 1}'] * 2
    with pytest.raises(pa.ArrowInvalid):
        table["u"].cast(pa.string())
    parquet.write_table(table.select(["u", "t"]), tmp_path / "uuid.parquet")
    read_back = duckdb.sql(f"select typeof(u), u::varchar, t from '{tmp_path}/uuid.parquet'").fetchall()
    spelled = "00000000-0000-0000-0000-0000000000aa"
    assert read_back == [("UUID", spelled, spelled), ("UUID", None, None)]


def test_infinity_wraps_round_to_290278_years_before_christ(read: Callable[..., pa.Table]) -> None:
    """One may read that `infinity` passes through: both infinities become finite instants far in the past, because the
    driver adds 30 years and overflows. Ask the server with `isfinite(…)`, or refuse what is out of range.
    """
    table = read(
        """select 'infinity'::timestamptz as later, '-infinity'::timestamptz as earlier, 'infinity'::date as day,
                  isfinite('infinity'::date) as is_finite"""
    )
    assert [table[c].cast(pa.int64())[0].as_py() for c in ("later", "earlier")] == [
        -9222425352054775809 + k for k in (0, 1)
    ]
    assert table["day"].cast(pa.int32())[0].as_py() == -2147472692
    assert table["is_finite"].to_pylist() == [False]
    with pytest.raises(OverflowError):
        table["later"].to_pylist()


def test_bound_parameters_switch_copy_off_and_everything_comes_in_one_batch(uri: str) -> None:
    """With `$1` ADBC does not use COPY and the batch hint is ignored: render the limits as literals."""
    with postgres.connect(uri, autocommit=True) as con, con.cursor(adbc_stmt_kwargs=SMALL_BATCHES) as cursor:
        cursor.execute("select * from rows_of where id > $1", [5])
        assert [b.num_rows for b in cursor.fetch_record_batch()] == [19_995]
        cursor.execute("select * from rows_of where id > 5")
        assert len([b.num_rows for b in cursor.fetch_record_batch()]) > 20


def test_batches_arrive_while_the_query_still_runs(uri: str) -> None:
    """ADBC reads record batches. `batch_size_hint_bytes` per cursor; the first is there before the last is made:
    a division by zero in row 15,000 is seen only after 14,000 rows, as `OSError` (not an ADBC error).
    """
    received = 0
    with postgres.connect(uri, autocommit=True) as con, con.cursor(adbc_stmt_kwargs=SMALL_BATCHES) as cursor:
        cursor.execute("select 1 / (15000 - id) as x, v from rows_of order by id")
        with pytest.raises(OSError, match="division by zero"):  # noqa: PT012 - by a later batch
            for batch in cursor.fetch_record_batch():
                received += batch.num_rows
    assert 14_000 < received < 15_000


def test_a_connection_that_is_cut_raises_and_never_looks_like_the_end(uri: str) -> None:
    """A dropped connection must never look like the end of the data. It is an `OSError`."""
    with postgres.connect(uri, autocommit=True) as con, con.cursor(adbc_stmt_kwargs=SMALL_BATCHES) as cursor:
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone()
        cursor.execute("select a.id, a.v from rows_of a, generate_series(1, 20) g")
        reader = cursor.fetch_record_batch()
        reader.read_next_batch()
        with psycopg.connect(uri, autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s)", [pid])
        with pytest.raises(OSError, match=r"closed the connection|terminating connection"):
            for _ in reader:
                pass


def test_a_second_statement_breaks_an_open_reader_loudly(uri: str) -> None:
    """One COPY per connection: read to the end (or close the cursor) before the next query."""
    with postgres.connect(uri, autocommit=True) as con, con.cursor(adbc_stmt_kwargs=SMALL_BATCHES) as first:
        first.execute("select * from rows_of")
        reader = first.fetch_record_batch()
        reader.read_next_batch()
        with con.cursor() as second:
            second.execute("select 1")
            assert second.fetchall() == [(1,)]
        with pytest.raises(OSError, match="no COPY in progress"):
            list(reader)


def insert_a_row(uri: str) -> None:
    with psycopg.connect(uri, autocommit=True) as con:
        con.execute("insert into rows_of select max(id) + 1, 'later' from rows_of")


@pytest.mark.parametrize("autocommit", [True, False])
def test_begin_repeatable_read_read_only_gives_one_snapshot_and_refuses_to_write(uri: str, *, autocommit: bool) -> None:
    """`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY` first. With `autocommit=True` the transaction is ours
    and ends with `ROLLBACK` (`con.rollback()` does nothing); with `False` the driver begins one itself, and our BEGIN,
    as the first statement, still sets its level. The first query takes the snapshot, not BEGIN.
    """
    with postgres.connect(uri, autocommit=autocommit) as con, con.cursor() as cursor:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        def finish() -> None:
            cursor.execute("ROLLBACK") if autocommit else con.rollback()

        cursor.execute(BEGIN)
        assert ask("select current_setting('transaction_isolation'), current_setting('transaction_read_only')") == [
            ("repeatable read", "on")]  # fmt: skip
        before = ask("select count(*) from rows_of")
        insert_a_row(uri)
        assert ask("select count(*) from rows_of") == before
        assert con.adbc_connection.get_option(ConnectionOptions.TRANSACTION_STATUS.value) == "intrans"
        with pytest.raises(postgres.ProgrammingError, match="read-only transaction") as refused:
            cursor.execute("update rows_of set v = ''")
        assert refused.value.sqlstate == "25006"
        if autocommit:
            con.rollback()
            assert con.adbc_connection.get_option(ConnectionOptions.TRANSACTION_STATUS.value) == "inerror"
        finish()
        assert ask("select count(*) from rows_of") == [(before[0][0] + 1,)]
        finish()


def test_show_and_two_statements_at_once_are_refused_and_settings_go_into_the_address(uri: str) -> None:
    """Every query is wrapped in COPY: `current_setting()` for SHOW, one statement per execute."""
    options = urllib.parse.quote("-c statement_timeout=100 -c TimeZone=UTC")
    with (
        postgres.connect(f"{uri}&application_name=pulse&options={options}", autocommit=True) as con,
        con.cursor() as cursor,
    ):
        cursor.execute(
            "select "
            + ", ".join(f"current_setting('{s}')" for s in ("application_name", "statement_timeout", "TimeZone"))
        )
        assert cursor.fetchall() == [("pulse", "100ms", "UTC")]
        for sql in ("show timezone", "select 1; select 2"):
            with pytest.raises(postgres.ProgrammingError):
                cursor.execute(sql)
        with pytest.raises(postgres.OperationalError) as timeout:  # noqa: PT012 - by either call
            cursor.execute("select pg_sleep(3)::text")
            cursor.fetchall()
        assert timeout.value.sqlstate == "57014"


def test_order_by_text_depends_on_the_collation_and_c_is_bytes(read: Callable[..., pa.Table]) -> None:
    """Text order is the database's own (here C.UTF-8): say `collate "C"` where the order matters."""
    words = ["", "B", "Z", "a", "é", "ﬀ", "😀"]
    values = ", ".join(f"('{w}')" for w in reversed(words))
    assert read(f'select w from (values {values}) s(w) order by w collate "C"')["w"].to_pylist() == words


def test_casts_to_text_have_one_spelling(read: Callable[..., pa.Table]) -> None:
    """For the quarantine and for ids: `column::text`. `char(n)` loses its padding; instants are in the session zone."""
    table = read("""select true::text as b, 7::text as i, 1.50::numeric::text as n, 0.1::float8::text as f,
                    'a'::char(3)::text as c,
                    'NaN'::numeric::text as nan, 'infinity'::timestamptz::text as inf, date '2026-01-02'::text as d""")
    assert table.to_pylist() == [
        {"b": "true", "i": "7", "n": "1.50", "f": "0.1", "c": "a", "nan": "NaN", "inf": "infinity", "d": "2026-01-02"}
    ]


def test_a_query_compiled_by_sqlalchemy_runs_through_adbc_if_percent_signs_are_not_doubled(
    read: Callable[..., pa.Table],
) -> None:
    """SQLAlchemy compiles every query. With the default `paramstyle` a literal `%` comes out doubled."""
    t = sa.table("rows_of", sa.column("id", sa.BigInteger), sa.column("v", sa.Text))
    at = datetime(2026, 11, 21, 1, tzinfo=UTC)
    query = sa.select(sa.func.count().label("n")).where(t.c.v.like("x%"), t.c.id < 10, sa.func.now() > at)
    dialect = postgresql.dialect(paramstyle="named")
    sql = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    assert "LIKE 'x%'" in sql
    assert "'2026-11-21 01:00:00+00:00'" in sql
    assert read(sql)["n"].to_pylist() == [9]
    assert "LIKE 'x%%'" in str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
