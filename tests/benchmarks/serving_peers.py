"""The server under load, as itself and as its peers: `python -m tests.benchmarks.serving_peers PEER FOLDER PORT`.

Every peer is the whole product, with one function replaced: the one that gets a learner's pulse. So all have the same
server, routes, checks of the token, headers and hooks, and all but two the same text of a learner and the same way to
write it.

- `ours`: nothing is replaced.
- `limit`: a constant, whose body is as long as a usual one.
- `postgres`: the learner's record by its key, from an indexed table, on a pooled connection, as a prepared statement.
- `sqlite`: the same from a clustered table of an immutable file.
- `select 1`: the constant, after the shortest query that DuckDB can be asked; the floor of whoever asks it anything.
- `look-up`: the constant, after our look-up of the learner's record: what is left of ours without reading and writing.
- `naive`: the public tables by SQL and a dictionary per date, which is how this began.

Whoever asks a database works on threads, as the product does when it asks one; the others answer on the loop.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from serve import own_answer, server
from serve.version import packed
from serve.version.packed import Pulse
from serve.version.pulse import Made, of_unknown, pulse_of, window_of
from tests.benchmarks import serving_world
from tests.benchmarks.serving_servers import CONSTANT
from warehouse import engine
from warehouse.identifiers import user_key
from warehouse.versions.lookup_file import LookupFile, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serve.version.open_version import OpenVersion

    Lookup = Callable[[OpenVersion, str], Pulse]

WORKERS = 2
ON_THE_LOOP = ("ours", "limit", "look-up")  # the others ask a database, which a loop must not wait for: on threads
SQLITE = "records.sqlite"
RECORD = "select head, codes from records where user_key = "
TOTALS = """
select
    totals.user_id, timezone, cut_population, cut_2, cut_3, cut_4,
    window_end, total_learning_time, total_sessions, total_quizzes, total_quizzes_passed, year
from pulse_totals as totals
inner join users on totals.user_key = users.user_key and totals.user_id = users.user_id
where totals.user_key = $user_key and users.user_key = $user_key
"""
ACTIVE_DAYS = """
select activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed, level
from learning_pulse
where user_key = $user_key
"""
NAMES = ("xp_earned", "learning_time", "sessions", "quizzes", "quizzes_passed", "level")
ZEROS = (0,) * len(NAMES)


def records(file: Path) -> Iterator[tuple[int, str, bytes]]:
    """Give key, head and codes of every learner of a version, in the order of the keys."""
    opened = LookupFile(file, serving_world.VERSION, "")
    for key in opened.keys:
        record = opened.record(key)
        assert record is not None
        yield key, record.head.decode(), record.codes
    opened.close()


def fill_postgres(url: str, file: Path) -> None:
    """Fill a database of PostgreSQL with the records, in the order of the keys, as compact as it goes."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists records")
        columns = "user_key bigint not null, head text storage plain not null, codes bytea storage plain not null"
        connection.execute(f"create table records ({columns})")
        with connection.cursor().copy("copy records from stdin with (format binary)") as rows:
            rows.set_types(["int8", "text", "bytea"])
            for row in records(file):
                rows.write_row(row)
        connection.execute("create unique index on records (user_key) with (fillfactor = 100)")
        connection.execute("vacuum (analyze) records")


def fill_sqlite(folder: Path, file: Path) -> None:
    """Fill a file of SQLite with the records, clustered by the keys."""
    import sqlite3

    place = folder / SQLITE
    place.unlink(missing_ok=True)
    connection = sqlite3.connect(place)
    columns = "user_key integer primary key, head text not null, codes blob not null"
    connection.execute(f"create table records ({columns}) without rowid")
    connection.executemany("insert into records values (?, ?, ?)", records(file))
    connection.commit()
    connection.execute("vacuum")
    connection.close()


def constant() -> Pulse:
    """Return an answer of usual size: a learner who was active on every fifth date."""
    codes = b"".join(
        struct.pack("<4H", (day & 511) << 7 | 2 << 5, 2700, 200, 2 << 10 | 1 << 5 | 1)
        for day in range(20_416, 20_781, 5)  # 2026-11-23 is 20,780 days after 1970-01-01
    )
    found = packed.Learner("", "UTC", "own", 100, 200, 300, "2026-11-23", 197_100, 146, 73, 73, 2026, [], codes)
    return pulse_of(found)


def limit(_: Path) -> Lookup:
    """Return what answers everybody the same at once."""
    pulse = constant()
    return lambda _version, _learner: pulse


def select_1(_: Path) -> Lookup:
    """Return what asks DuckDB for nothing, on a connection like that of the look-ups, and answers the same."""
    pulse, asking = constant(), threading.Lock()

    def lookup(version: OpenVersion, _: str) -> Pulse:
        with asking:
            version.connection.execute("select 1").fetchall()
        return pulse

    return lookup


def look_up(_: Path) -> Lookup:
    """Return what finds the learner's record as we do, and answers the same whatever it says."""
    pulse = constant()

    def lookup(version: OpenVersion, learner: str) -> Pulse:
        version.learner(user_key(learner))
        return pulse

    return lookup


def postgres(_: Path) -> Lookup:
    """Return a look-up in PostgreSQL: one connection per thread, which is the cheapest pool."""
    import psycopg

    pool = threading.local()

    def record_of(key: int) -> tuple[str, bytes] | None:
        if not hasattr(pool, "cursor"):
            connection = psycopg.connect(os.environ["PULSE_BENCH_POSTGRES"], autocommit=True, prepare_threshold=0)
            pool.cursor = connection.cursor(binary=True)
        row: tuple[str, bytes] | None = pool.cursor.execute(f"{RECORD}%s", (key,)).fetchone()
        return row

    return _by_record(record_of)


def sqlite(folder: Path) -> Lookup:
    """Return a look-up in SQLite: one connection per thread."""
    import sqlite3

    pool = threading.local()

    def record_of(key: int) -> tuple[str, bytes] | None:
        if not hasattr(pool, "connection"):
            pool.connection = sqlite3.connect(f"file:{folder / SQLITE}?immutable=1", uri=True)
            pool.connection.execute("pragma mmap_size = 4000000000")
        row: tuple[str, bytes] | None = pool.connection.execute(f"{RECORD}?", (key,)).fetchone()
        return row

    return _by_record(record_of)


def naive(_: Path) -> Lookup:
    """Return two queries over the public tables and a dictionary per date."""

    def lookup(version: OpenVersion, learner: str) -> Pulse:
        key = {"user_key": user_key(learner)}
        cursor = version.connection.cursor()
        rows = [row[1:] for row in cursor.execute(TOTALS, key).fetchall() if row[0] == learner]
        active = {row[0]: row[1:] for row in cursor.execute(ACTIVE_DAYS, key).fetchall()}
        cursor.close()
        (timezone, population, *cuts), totals = rows[0][:5], rows[0][5:]
        body = orjson.dumps(_dictionaries(totals, active))
        return Pulse(body, timezone, population, tuple(cuts), is_known=True)

    return lookup


def _dictionaries(totals: tuple[Any, ...], active: dict[Any, tuple[int, ...]]) -> dict[str, Any]:
    end, learning_time, sessions, quizzes, quizzes_passed, year = totals
    dates = [end - timedelta(days=ago) for ago in reversed(range(365))]
    return {
        "data": [{"date": day.isoformat(), **dict(zip(NAMES, active.get(day, ZEROS), strict=True))} for day in dates],
        "total_learning_time": learning_time,
        "total_sessions": sessions,
        "total_quizzes": quizzes,
        "total_quizzes_passed": quizzes_passed,
        "year": year,
    }


def _by_record(record_of: Callable[[int], tuple[str, bytes] | None]) -> Lookup:
    def lookup(version: OpenVersion, learner: str) -> Pulse:
        row = record_of(user_key(learner))
        found = packed.learner(Record(row[0].encode(), row[1])) if row is not None else None
        return of_unknown(version, window_of) if found is None or found.user_id != learner else pulse_of(found)

    return lookup


def encoded(lookup: Lookup, *, is_constant: bool) -> Callable[..., Pulse]:
    """Return a look-up whose bodies are encoded as the client accepts it; a constant is, once."""
    kept: dict[str, Pulse] = {}

    def encoded_lookup(
        version: OpenVersion, learner: str, _: Made, form: str, encode: Callable[[bytes], bytes]
    ) -> Pulse:
        pulse = lookup(version, learner)
        if not is_constant:
            return pulse._replace(body=encode(pulse.body))
        if form not in kept:
            kept[form] = pulse._replace(body=encode(pulse.body))
        return kept[form]

    return encoded_lookup


PEERS: dict[str, Callable[[Path], Lookup] | None] = {
    "ours": None,
    "limit": limit,
    "select 1": select_1,
    "look-up": look_up,
    "postgres": postgres,
    "sqlite": sqlite,
    "naive": naive,
}


def main() -> None:
    """Serve as a peer until told to stop."""
    peer, folder, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    made = PEERS[peer]
    if made is not None:
        vars(own_answer)["looked_up"] = encoded(made(folder), is_constant=peer in CONSTANT)
    if peer not in ON_THE_LOOP:
        setattr(own_answer.OwnAnswers, "answer_at_once", lambda *_: None)  # noqa: B010 - a method, replaced
    engine.leave_out_pandas()  # as `pulse serve` does
    server.serve(folder / "pulse.toml", "127.0.0.1", port, WORKERS)


if __name__ == "__main__":
    main()
