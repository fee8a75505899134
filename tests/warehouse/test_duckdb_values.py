"""What we lean on in DuckDB, as tests: values, their hashes, and Parquet. An upgrade that changes a fact says so here.

Belongs here: behaviour of DuckDB itself (pandas and Parquet only where DuckDB hands over to them), true on 1.5.6 and on
2.0.0; where the two differ, the test branches on the version. Stays out: our own SQL and our own code. Found by trying,
on the versions named here. Facts about the source databases are in
`tests/assets/step1_extract/test_engine_postgresql.py`. Files are `test_duckdb_files.py`, results
`test_duckdb_results.py`.
"""

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet

from tests.warehouse.duckdb_at_hand import IS_2, one, row


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


@pytest.mark.parametrize("size", [*range(1, 14), 100, 365, 366, 1001])
def test_quantile_disc_is_the_nearest_rank_also_beyond_what_a_double_holds(size: int) -> None:
    """R17; by it the models find a learner's quartiles without sorting."""
    values = [2**62 + place * 37 % size for place in range(size)]
    expected = [sorted(values)[(quarter * size + 3) // 4 - 1] for quarter in (1, 2, 3)]
    with duckdb.connect() as connection:
        query = "select quantile_disc(score, [0.25, 0.5, 0.75]) from (select unnest($values)::bigint as score)"
        assert connection.execute(query, {"values": values}).fetchall() == [(expected,)]
