"""What we lean on in DuckDB, as tests: an upgrade that changes one of these facts says so here.

Belongs here: behaviour of DuckDB itself (pandas and Parquet only where DuckDB hands over to them), true on 1.5.6 and on
2.0.0; where the two differ, the test branches on the version. Stays out: our own SQL and our own code. Found by trying,
on the versions named here. Facts about the source databases are in
`tests/assets/step1_extract/test_engines_sources.py`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import parquet

IS_2 = duckdb.__version__.startswith("2.")
TRUSTED = "set disabled_optimizers='common_subplan,top_n_window_elimination'"

OPEN_IN_ANOTHER_PROCESS = """
import sys, duckdb
try:
    with duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read") as con:
        print(con.execute("select max(v) from t").fetchone()[0])
except duckdb.IOException as error:
    print("locked" if "lock" in str(error) else error)
"""
DIE_WITH_A_WAL = """
import os, sys, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("pragma disable_checkpoint_on_shutdown")
con.execute("create table late as select 1 as v")
os._exit(0)
"""


def one(sql: str, parameters: object = None) -> Any:
    """The single value that a query gives in a fresh in-memory database."""
    with duckdb.connect() as con:
        return con.execute(sql, parameters).fetchall()[0][0]


def row(sql: str) -> tuple[Any, ...]:
    with duckdb.connect() as con:
        return con.execute(sql).fetchall()[0]


def write_version(path: Path, v: int, rows: int = 10) -> Path:
    """A database file as we publish it: table `t`, checkpointed and closed."""
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as out (storage_version 'v1.5.0')")
        con.execute(
            f"create table out.t as select {v} as v, i, md5(i::varchar) as s, [i, i] as l from range({rows}) t(i)"
        )
        con.execute("checkpoint out")
        con.execute("detach out")
    return path


def in_another_process(path: Path, mode: str) -> str:
    command = [sys.executable, "-c", OPEN_IN_ANOTHER_PROCESS, str(path), mode]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def largest_v(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as con:
        (found,) = con.execute("select max(v) from t").fetchall()[0]
        return int(found)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_replaced_file_is_seen_only_after_the_last_connection_to_its_path_has_closed(tmp_path: Path) -> None:
    """Never replace a file under a path that somebody has open (duckdb/duckdb#15912)."""
    path = write_version(tmp_path / "pulse.duckdb", 1)
    with duckdb.connect(path, read_only=True):
        write_version(tmp_path / "new.duckdb", 2).replace(path)
        assert largest_v(path) == 1
        assert largest_v(Path(shutil.copy(path, tmp_path / "unique.duckdb"))) == 2
    assert largest_v(path) == 2


def test_a_reader_that_resolves_the_symlink_gets_the_version_it_points_to_now(tmp_path: Path) -> None:
    """Unique names; the reader resolves the symlink and connects to the real name. Also when the switch was
    made by another process, and the old version stays readable after it was unlinked.
    """
    for v in (1, 2):
        write_version(tmp_path / f"v{v}.duckdb", v)
    pointer = tmp_path / "pulse.duckdb"
    pointer.symlink_to("v1.duckdb")
    with duckdb.connect(pointer.resolve(), read_only=True) as old:
        switch = "import os, sys; p = sys.argv[1]; os.symlink('v2.duckdb', p + '.new'); os.replace(p + '.new', p)"
        subprocess.run([sys.executable, "-c", switch, str(pointer)], check=True)
        assert largest_v(pointer.resolve()) == 2
        (tmp_path / "v1.duckdb").unlink()
        assert old.execute("select max(v), count(*) from t").fetchall() == [(1, 10)]


def test_one_writer_locks_every_other_process_out_and_many_readers_share(tmp_path: Path) -> None:
    """One writer locks a file against every other process, also readers. Read-only openers share."""
    path = write_version(tmp_path / "a.duckdb", 7)
    with duckdb.connect(path):
        assert in_another_process(path, "read") == "locked"
        assert in_another_process(path, "write") == "locked"
    with duckdb.connect(path, read_only=True):
        assert in_another_process(path, "read") == "7"
        assert in_another_process(path, "write") == "locked"


def test_opening_and_closing_the_file_in_the_writing_process_drops_its_lock(tmp_path: Path) -> None:
    """`open(path)`/`close()` of the same file silently drops DuckDB's lock (POSIX): hash only after closing."""
    path = write_version(tmp_path / "a.duckdb", 7)
    with duckdb.connect(path):
        path.open("rb").close()
        assert in_another_process(path, "write") == "7"


def wal_of(path: Path) -> Path:
    subprocess.run([sys.executable, "-c", DIE_WITH_A_WAL, str(path)], check=True)
    return Path(f"{path}.wal")


def tables(path: Path) -> list[str]:
    with duckdb.connect(path, read_only=True) as con:
        return [name for (name,) in con.execute("select table_name from duckdb_tables() order by 1").fetchall()]


def test_a_wal_beside_a_file_is_silently_replayed_even_read_only(tmp_path: Path) -> None:
    """One may read "unopenable". Its own WAL is worse: the reader sees rows that the manifest has never seen."""
    path = write_version(tmp_path / "a.duckdb", 1)
    wal = wal_of(path)
    assert tables(path) == ["late", "t"]
    assert wal.exists()
    os.truncate(wal, wal.stat().st_size - 7)
    assert tables(path) == ["t"]
    wal.write_bytes(b"garbage" * 100)
    assert tables(path) == ["t"]


@pytest.mark.parametrize("kind", ["of another file", "of an earlier state", "with a flipped bit"])
def test_a_wal_that_does_not_belong_makes_a_file_unopenable(tmp_path: Path, kind: str) -> None:
    """A `.wal` left beside a published file makes it unopenable. True for these three (storage v1.5.0)."""
    path = write_version(tmp_path / "a.duckdb", 1)
    wal = Path(f"{path}.wal")
    if kind == "of another file":
        wal_of(write_version(tmp_path / "b.duckdb", 1)).rename(wal)
    elif kind == "of an earlier state":
        kept = Path(shutil.copy(wal_of(path), tmp_path / "kept"))
        with duckdb.connect(path) as con:
            con.execute("checkpoint")
        kept.rename(wal)
    else:
        raw = bytearray(wal_of(path).read_bytes())
        raw[len(raw) // 2] ^= 4
        wal.write_bytes(raw)
    with pytest.raises(duckdb.Error, match="WAL"):
        duckdb.connect(path, read_only=True)


def test_a_build_killed_before_its_first_commit_leaves_a_file_that_opens_and_is_empty(tmp_path: Path) -> None:
    """A build killed half-way leaves a file that opens and has no tables."""
    path = tmp_path / "a.duckdb"
    build = "import os, sys, duckdb; duckdb.connect(sys.argv[1]).execute('begin; create table t as select 1 as v')"
    subprocess.run([sys.executable, "-c", f"{build}; os._exit(0)", str(path)], check=True)
    assert tables(path) == []


def test_reading_every_column_finds_every_flipped_bit_and_opening_does_not(tmp_path: Path) -> None:
    """A flipped bit passes open and `SELECT 1` and is caught by reading every column. The error is a plain
    `duckdb.Error` on 2.0 and an `IOException` on 1.5: catch `duckdb.Error`.
    """
    raw = write_version(tmp_path / "a.duckdb", 1, rows=30_000).read_bytes()
    passed_open = found = 0
    for k in range(36):
        damaged = bytearray(raw)
        damaged[len(raw) * (2 * k + 1) // 72] ^= 1 << (k % 8)
        path = tmp_path / f"{k}.duckdb"
        path.write_bytes(damaged)
        try:
            with duckdb.connect(path, read_only=True) as con:
                con.execute("select 1").fetchall()
                passed_open += 1
                con.execute("select sum(hash(columns(*))) from t").fetchall()
        except duckdb.Error:
            found += 1
        path.unlink()
    assert found == 36
    assert passed_open > 18


def test_storage_version_1_5_is_written_by_both_and_is_the_newest_that_1_5_reads(tmp_path: Path) -> None:
    """Publish with `STORAGE_VERSION 'v1.5.0'`: what 2.0 writes by default, 1.5 can't open ("version number 69,
    but we can only read versions between 64 and 68"). The number is in the eight bytes at offset 12; 2.0 writes 999.
    """

    def number(path: Path) -> int:
        return int.from_bytes(path.read_bytes()[12:20], "little")

    with duckdb.connect(tmp_path / "default.duckdb") as con:
        con.execute("create table t as select 1 as v")
    assert number(tmp_path / "default.duckdb") == (999 if IS_2 else 64)
    assert number(write_version(tmp_path / "published.duckdb", 1)) == 68


@pytest.mark.parametrize(("mode", "has_log"), [("default", True), ("no_wal_writes", False)])
def test_a_file_written_without_a_log_has_none_at_any_time_and_is_whole_once_it_is_detached(
    tmp_path: Path, mode: str, *, has_log: bool
) -> None:
    """A version needs no log, and on 1.5.6 a disk that fails under one aborts the process ("terminate called …")."""
    path = tmp_path / "version.duckdb"
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as out (storage_version 'v1.5.0', recovery_mode '{mode}')")
        con.execute("create table out.small as select 1 as v")
        assert Path(f"{path}.wal").exists() == has_log
        con.execute("create table out.big as select range as v from range(500_000)")
        con.execute("insert into out.small values (2)")
        con.execute("detach out")
    assert list(tmp_path.iterdir()) == [path]
    with duckdb.connect(path, read_only=True) as con:
        assert con.execute("select (select count(*) from small), count(*) from big").fetchall() == [(2, 500_000)]


def test_a_conversion_fails_on_1_5_on_what_stands_in_no_row_but_in_a_columns_dictionary(tmp_path: Path) -> None:
    """Parquet columns of few values are read with a dictionary, whose first entry is empty, and a cast after a filter's
    function is applied to all entries: `try_cast` where a text is converted in a `where`.
    """
    file = str(tmp_path / "versions.parquet")
    with duckdb.connect() as con:
        con.execute(f"copy (select 'pulse-000002' as version from range(100)) to '{file}' (format parquet)")
        number = "split_part(version, '-', 2)"
        query = f"select count(*) from read_parquet('{file}') where $n::bigint is null or {{}} <= $n::bigint"
        if IS_2:
            assert con.execute(query.format(f"{number}::bigint"), {"n": 5}).fetchall() == [(100,)]
        else:
            with pytest.raises(duckdb.ConversionException, match="Could not convert string '' to INT64"):
                con.execute(query.format(f"{number}::bigint"), {"n": 5}).fetchall()
        assert con.execute(query.format(f"try_cast({number} as bigint)"), {"n": 5}).fetchall() == [(100,)]


# --- wrong results ----------------------------------------------------------------------------------------------------

CONDITION = "(not t2.c0) and (substring(t0.c1 from -4294967296) <> t0.c1)"
ARMS = [
    f"select * from t2 left join t0 on true where {where}" for where in (f"not ({CONDITION})", f"({CONDITION}) is null")
]


def test_union_all_over_a_shared_join_is_right_only_without_common_subplan() -> None:
    """With `common_subplan` a UNION ALL whose arms share a join gives silent wrong results (duckdb#24624;
    #25819 is of the same family). On 2.0 this case is right with and without the setting.
    """
    with duckdb.connect() as con:
        con.execute("create table t2 as select false as c0; create table t0 as select 'a' as c1")
        rows_of_arms = sum(len(con.execute(arm).fetchall()) for arm in ARMS)
        is_right = len(con.execute(" union all ".join(ARMS)).fetchall()) == rows_of_arms
        assert is_right == IS_2, "1.5.6 loses a row here; once it is right, the setting may go"
        con.execute(TRUSTED)
        assert len(con.execute(" union all ".join(ARMS)).fetchall()) == rows_of_arms


def test_both_versions_take_the_disabled_optimizers_and_refuse_an_unknown_one() -> None:
    """`SET disabled_optimizers` on every connection. It is per database and reaches the cursors."""
    with duckdb.connect() as con:
        con.execute(TRUSTED)
        value = con.cursor().execute("select current_setting('disabled_optimizers')").fetchall()[0][0]
        assert set(value.split(",")) == {"common_subplan", "top_n_window_elimination"}
        with pytest.raises(duckdb.ParserException, match="not recognized"):
            con.execute("set disabled_optimizers='nonsense'")


def test_first_row_per_key_under_union_all_and_join_works_with_the_optimizers_disabled() -> None:
    """With `top_n_window_elimination` this shape aborted with an INTERNAL error (duckdb#21650, #24711; neither
    reproduces on 1.5.6 any more). Every window order is unique.
    """
    with duckdb.connect() as con:
        con.execute(TRUSTED)
        con.execute("create table a as select i as id, i % 3 as k from range(9) t(i)")
        con.execute("create table b as select i as k, 'n' || i as name from range(3) t(i)")
        found = con.execute("""
            with u as (
                select k, id, name from a join b using (k)
                union all
                select k, id - 100, name from a join b using (k)
            ),
            firsts as (
                select u.k, u.id, b.name from u join b using (k)
                qualify row_number() over (partition by u.k order by u.id) = 1
            )
            select * from firsts union all select k + 10, id, name from firsts order by k
        """).fetchall()
    assert found == [(k + d, k - 100, f"n{k}") for d in (0, 10) for k in range(3)]


# --- connections and results ------------------------------------------------------------------------------------------


def test_one_cursor_per_thread_reads_side_by_side_on_one_read_only_connection(tmp_path: Path) -> None:
    """One connection per process, one cursor per thread."""
    wrong: list[int] = []
    with duckdb.connect(write_version(tmp_path / "a.duckdb", 1, rows=1000), read_only=True) as con:

        def look_up(thread: int) -> None:
            with con.cursor() as cursor:
                for i in range(thread * 100, thread * 100 + 50):
                    found = cursor.execute("select i, s from t where i = ?", [i]).fetchall()
                    wrong.extend([i] * (found != [(i, hashlib.md5(str(i).encode()).hexdigest())]))

        threads = [threading.Thread(target=look_up, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_second_statement_ends_an_open_reader_silently_on_1_5_and_is_refused_on_2_0() -> None:
    """2.0 takes one unfinished result per connection. 1.5.6 is worse: the reader just ends, rows are missing."""
    with duckdb.connect() as con:
        con.execute("create table t as select i from range(100000) t(i)")
        reader = con.sql("select i from t").to_arrow_reader(1000)
        assert reader.read_next_batch().num_rows == 1000
        if IS_2:
            with pytest.raises(duckdb.Error, match="open result"):
                con.execute("select 2")
        else:
            con.execute("select 2").fetchall()
            assert sum(batch.num_rows for batch in reader) == 0
        reader.close()
        with con.cursor() as cursor:
            reader = cursor.sql("select i from t").to_arrow_reader(1000)
            con.execute("select 2").fetchall()
            assert sum(batch.num_rows for batch in reader) == 100_000


def test_fetchone_leaves_a_result_open_that_2_0_holds_against_the_next_relation() -> None:
    """Fetch it or use a cursor: `execute` after `fetchone` is fine, `sql` is not: use `fetchall()[0]`."""
    with duckdb.connect() as con:
        con.execute("select 1").fetchone()
        con.execute("select 1").fetchone()
        if IS_2:
            with pytest.raises(duckdb.Error, match="unfinished result"):
                con.sql("select 2").fetchall()
        con.execute("select 1").fetchall()
        assert con.sql("select 2").fetchall() == [(2,)]


def test_closing_a_connection_ends_the_open_results_of_its_cursors() -> None:
    """Closing a connection kills its cursors' open results: drain first. (An Arrow reader survives.)"""
    con = duckdb.connect()
    con.execute("create table t as select i from range(100000) t(i)")
    cursor, other = con.cursor(), con.cursor()
    cursor.execute("select i from t").fetchone()
    reader = other.sql("select i from t").to_arrow_reader(1000)
    con.close()
    with pytest.raises(duckdb.InvalidInputException, match="No open result"):
        cursor.fetchall()
    assert sum(batch.num_rows for batch in reader) == 100_000


# --- values -----------------------------------------------------------------------------------------------------------


def test_a_sum_of_integers_is_hugeint_and_becomes_a_float_in_pandas() -> None:
    """`sum(int)` is HUGEINT, which pandas turns into float64: cast sums. The cast fails loudly, never wraps."""
    with duckdb.connect() as con:
        types = con.sql("select sum(i) as s, sum(i)::bigint as cast_sum, count(*) as n from range(5) t(i)").df().dtypes
        assert [str(types[c]) for c in ("s", "cast_sum", "n")] == ["float64", "int64", "int64"]
        con.execute("create table big as select unnest([9223372036854775807, 1]) as x")
        assert con.execute("select sum(x) from big").fetchall() == [(2**63,)]
        with pytest.raises(duckdb.ConversionException):
            con.execute("select sum(x)::bigint from big")
        with pytest.raises(duckdb.OutOfRangeException):
            con.execute("select x + 1 from big").fetchall()


@pytest.mark.parametrize("text", ["1", "1.4", "0x1", " 1"])
def test_text_against_a_bigint_column_is_cast_loosely(text: str) -> None:
    """`WHERE id = ?` on a BIGINT casts text loosely: compare text with text."""
    with duckdb.connect() as con:
        con.execute("create table t as select 1::bigint as id")
        assert con.execute("select id from t where id = ?", [text]).fetchall() == [(1,)]
        assert con.execute("select id from t where id::varchar = ?", [text]).fetchall() == (
            [(1,)] if text == "1" else []
        )


def test_casting_text_to_bigint_rounds_and_takes_other_spellings() -> None:
    """Why amounts are matched by pattern and never `try_cast`: 1.5 becomes 2, '1e3' and '1_000' become 1000."""
    assert row("""select '1.5'::bigint, '2.5'::bigint, try_cast('1e3' as bigint), try_cast('1_000' as bigint),
                  try_cast('0x1' as bigint), try_cast(' 1' as bigint)""") == (2, 3, 1000, 1000, 1, 1)
    assert row("select 1.5::double::bigint, 2.5::double::bigint, 2.5::decimal(3, 1)::bigint") == (2, 2, 3)


def user_key(user_id: str) -> int:
    return int.from_bytes(hashlib.md5(user_id.encode()).digest()[8:], "little") >> 1


@pytest.mark.parametrize("user_id", ["", "abc", "42", "zoë", "learner-😀", "x" * 5000])
def test_md5_number_lower_is_the_last_eight_bytes_little_endian(user_id: str) -> None:
    """docs/ARCHITECTURE.md: `user_key` = `(md5_number_lower(user_id) >> 1)::BIGINT`, the same number in Python."""
    key = one("select (md5_number_lower(?) >> 1)::bigint", [user_id])
    assert key == user_key(user_id)
    assert 0 <= key < 2**63


def test_md5_number_lower_is_unsigned_and_the_shift_makes_it_fit_a_bigint() -> None:
    """Keys are signed 64-bit. An int of 2^63 or more binds as UBIGINT (HUGEINT from 2^64 on), and
    against a BIGINT column both sides become HUGEINT.
    """
    assert row("select n, typeof(n), typeof(n >> 1) from (select md5_number_lower('abc') as n)") == (
        8250560606382298838,
        "UBIGINT",
        "UBIGINT",
    )
    assert [one("select typeof(?)", [n]) for n in (2**63 - 1, 2**63, 2**64)] == ["BIGINT", "UBIGINT", "HUGEINT"]
    assert one("select typeof(coalesce(1::bigint, ?))", [2**63]) == "HUGEINT"


def test_varchar_compares_and_sorts_by_utf_8_bytes() -> None:
    """Version files sort learners and ids by bytes, like Python's `sorted(key=str.encode)`, whatever the locale."""
    words = ["", " ", "B", "Z", "a", "a b", "aa", "z", "é", "ß", "ﬀ", "😀", "e\u0301"]
    in_order = sorted(words, key=str.encode)
    with duckdb.connect() as con:
        con.execute("create table t as select unnest($w) as w", {"w": words})
        assert [w for (w,) in con.execute("select w from t order by w").fetchall()] == in_order
        assert con.execute("select min(w), max(w) from t").fetchall() == [(in_order[0], in_order[-1])]
        assert con.execute("select 'ﬀ' < '😀', 'Z' < 'a', 'é' = 'e\u0301'").fetchall() == [(True, True, False)]


HASHES = {
    "1": 4717996019076358352,  # and of any integer type, also true
    "-1": 4739667815145166545,
    "''": 5104928228550385088,
    "'a'": 12561829011207016135,
    "'a longer string than twelve bytes'": 12377881711592220693,  # longer than what is kept inline
    "date '2026-11-21'": 13304882332567211386,
    "timestamp '2026-11-21 01:02:03'": 471525525889704528,
    "timestamptz '2026-11-21 01:02:03+00'": 471525525889704528,
    "null": 13787848793156543929,
    "1, 'a'": 16748857609561410660,
    "1, null": 17970267147294058266,
    "{'a': 1, 'b': null}": 17970267147294058266,
    "[1, 2]": 6530802887144669425,
    "1.5::double": 1706605666616485939,
}


@pytest.mark.parametrize("value", HASHES)
def test_hash_gives_the_same_value_on_1_5_6_and_2_0_0(value: str) -> None:
    """docs/ARCHITECTURE.md: the manifest's logical hash. DuckDB promises nothing here; these numbers held on both."""
    assert row(f"select hash({value}), typeof(hash({value}))") == (HASHES[value], "UBIGINT")


def test_a_sum_of_hashes_is_an_exact_hugeint_and_the_same_on_both() -> None:
    """The order-free hash of a table: no overflow below 2^63 rows, no float. A cast changes integers' hash never."""
    sql = "select sum(hash(i, 'x' || i, date '2026-01-01' + i::int)) from range(100000) t(i)"
    assert one(sql) == 919742863466528347562673
    assert row("select typeof(sum(hash(i))), sum(hash(i)) from range(1000) t(i)") == ("HUGEINT", 9318916085445416468382)
    assert row("select hash(1::tinyint) = hash(1::bigint), hash(1::hugeint) = hash(true)") == (True, True)


def test_time_is_exact_in_microseconds_and_date_plus_interval_is_a_timestamp() -> None:
    """The words of our SQL about time: `epoch_us`, `make_timestamp`, `date + interval`, `date + integer`."""
    assert row("select epoch_us(timestamp '1969-12-31 23:59:59.999999'), make_timestamp(1::bigint)") == (
        -1,
        datetime(1970, 1, 1, microsecond=1),
    )
    assert (
        row("select epoch_us(timestamptz '2026-01-01 01:00:00+01'), epoch_us(timestamp '2026-01-01')")
        == (1767225600000000,) * 2
    )
    assert row("select date '2026-01-31' + interval 1 day, date '2026-01-31' + 1") == (
        datetime(2026, 2, 1),
        date(2026, 2, 1),
    )
    assert one("select date '2026-03-01' - date '2026-02-01'") == 28
    assert one("select timestamp '2026-01-02' - timestamp '2026-01-01'") == timedelta(days=1)
    assert one("select epoch_us('infinity'::timestamp)") is None


def test_timestamptz_reaches_python_with_a_zone() -> None:
    """`TIMESTAMPTZ` to Python needs `pytz`."""
    pytest.importorskip("pytz")
    assert (
        one("set timezone = 'UTC'; select timestamptz '2026-01-01 00:00:00+02'").isoformat()
        == "2025-12-31T22:00:00+00:00"
    )


# --- parquet ----------------------------------------------------------------------------------------------------------


def test_parquet_carries_key_value_metadata_given_as_a_bound_parameter(tmp_path: Path) -> None:
    """A landing carries its fingerprint and counts. `kv_metadata $m` takes a Python dict; keys and values
    come back as BLOB. A None is the text 'NULL' on 1.5 and an error on 2.0.
    """
    path, meta = (
        str(tmp_path / "x.parquet"),
        {"fingerprint": "ab'c", "window start": "zoë", "json": '{"rows": 3}', "rows": 3},
    )
    with duckdb.connect() as con:
        con.execute(
            "copy (select $a::bigint as a) to $path (format parquet, kv_metadata $m)", {"a": 5, "path": path, "m": meta}
        )
        found = con.execute(
            "select decode(key), decode(value) from parquet_kv_metadata($path)", {"path": path}
        ).fetchall()
        assert dict(found) == {k: str(v) for k, v in meta.items()}
        assert con.execute("select key from parquet_kv_metadata(?)", [path]).description[0][1] == "BLOB"
        con.execute(f"copy (select 1 as a) to '{path}' (format parquet, kv_metadata {{k: $v}})", {"v": "w"})
        assert con.execute("select decode(value) from parquet_kv_metadata(?)", [path]).fetchall() == [("w",)]


def test_the_newer_encodings_of_parquet_lose_nothing_and_others_read_them(tmp_path: Path) -> None:
    """Landings and activity are written with `parquet_version v2`: over more than one row group, with columns that are
    empty, null throughout, ascending or at random, and the ends of what they hold.
    """
    path = str(tmp_path / "x.parquet")
    rows = """
        select
            case when i % 7 = 0 then null else md5(i::varchar)::uuid::varchar end as id,
            case i % 3 when 0 then '' when 1 then repeat('é', (i % 300)::int) end as text,
            timestamp '2026-01-01' + to_microseconds(i * i) as instant,
            null::timestamp as never,
            case i % 5 when 0 then 9223372036854775807 when 1 then -9223372036854775807 else hash(i) // 4 end::bigint
                as number,
            i % 11 = 0 as flag
        from range(250_000) as numbers (i)
        union all
        select null, null, timestamp '0001-01-01', timestamp '9999-12-31 23:59:59.999999', 0, null
    """
    with duckdb.connect() as con:
        con.execute(f"create table written as {rows}")
        con.execute("copy written to $path (format parquet, parquet_version v2)", {"path": path})
        encodings = con.execute("select distinct encodings from parquet_metadata(?)", [path]).fetchall()
        assert any("DELTA" in encoding for (encoding,) in encodings)
        sums = "select count(*), sum(hash(written)) from {} as written"
        expected = con.execute(sums.format("written")).fetchall()
        assert con.execute(sums.format("read_parquet(?)"), [path]).fetchall() == expected
        table = parquet.read_table(path)
        con.register("by_arrow", table)
        assert con.execute(sums.format("by_arrow")).fetchall() == expected


def test_a_list_of_files_binds_to_read_parquet_also_inside_copy_and_macros_but_not_in_a_view(tmp_path: Path) -> None:
    """Bound parameters: a list of paths in `read_parquet($files)`, the target of COPY by name; never in CREATE VIEW."""
    files = [str(tmp_path / f"{k}.parquet") for k in range(3)]
    with duckdb.connect() as con:
        for k, file in enumerate(files):
            con.execute(
                "copy (select $k::int as a) to $file (format parquet, compression $c)",
                {"k": k, "file": file, "c": "zstd"},
            )
        assert con.execute("select sum(a)::int, count(*) from read_parquet(?)", [files]).fetchall() == [(3, 3)]
        con.execute("copy (select a from read_parquet($files) where a > $x) to $out (format parquet)",
                    {"files": files, "x": 0, "out": str(tmp_path / "out.parquet")})  # fmt: skip
        assert con.execute("select a from read_parquet(?) order by a", [str(tmp_path / "out.parquet")]).fetchall() == [
            (1,),
            (2,),
        ]
        con.execute("create macro landed(files) as table select * from read_parquet(files)")
        assert con.execute("select count(*) from landed($f)", {"f": files}).fetchall() == [(3,)]
        with pytest.raises(duckdb.BinderException, match="can't be prepared"):
            con.execute("create view v as select * from read_parquet(?)", [files])
        with pytest.raises(duckdb.Error):
            con.execute("select * from read_parquet(?)", [[]])


def test_a_macro_may_differ_by_the_type_of_what_it_is_given() -> None:
    """So that a rule of texts costs nothing where ids are UUIDs (`warehouse/macros.sql`)."""
    with duckdb.connect() as con:
        con.execute("create macro spelled (id uuid) as 'uuid', (id varchar) as nullif(id, '')")
        one = "00000000-0000-0000-0000-0000000000aa"
        assert con.execute(f"select spelled('{one}'::uuid), spelled('{one}'), spelled('')").fetchall() == [
            ("uuid", one, None)
        ]
        con.execute("create macro same (id uuid) as id, (id varchar) as lower(id)")
        con.execute(f"create table ids as select '{one}'::uuid as u, '{one.upper()}' as t")
        assert con.execute("select typeof(same(u)), typeof(same(t)), same(t) from ids").fetchall() == [
            ("UUID", "VARCHAR", one)
        ]
