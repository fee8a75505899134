"""What we lean on in DuckDB, as tests: files, locks and write-ahead logs.

Belongs here: behaviour of DuckDB itself (pandas and Parquet only where DuckDB hands over to them), true on 1.5.6 and on
2.0.0; where the two differ, the test branches on the version. Stays out: our own SQL and our own code. Found by trying,
on the versions named here. Facts about the source databases are in
`tests/assets/step1_extract/test_engine_postgresql.py`. Values are `test_duckdb_values.py`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.duckdb_at_hand import IS_2, write_version

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


def in_another_process(path: Path, mode: str) -> str:
    command = [sys.executable, "-c", OPEN_IN_ANOTHER_PROCESS, str(path), mode]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def largest_v(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as con:
        (found,) = con.execute("select max(v) from t").fetchall()[0]
        return int(found)


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
