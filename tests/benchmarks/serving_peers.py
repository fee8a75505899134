"""The server under load, as itself and as its peers: `python -m tests.benchmarks.serving_peers PEER FOLDER PORT`.

Every peer is the whole product, with one function replaced: the one that gets a learner's pulse. So all have the same
server, routes, checks of the token, headers and hooks, and all but two the same text of a learner and the same way to
write it.

- `ours`: nothing is replaced.
- `limit`: a constant, whose body is as long as a usual one.
- `postgres`: the learner's line by its key, from an indexed table, on a pooled connection, as a prepared statement.
- `sqlite`: the same from a clustered table of an immutable file.
- `select 1`: the constant, after the shortest query that DuckDB can be asked; the floor of whoever asks it anything.
- `look-up`: the constant, after our look-up of the learner's block: what is left of ours without reading and writing.
- `naive`: the public tables by SQL and a dictionary per date, which is how this began.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from serve import app, server
from serve.version import packed
from serve.version.packed import Pulse
from serve.version.pulse import pulse_of, unknown_pulse
from warehouse.identifiers import user_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serve.version.open_version import OpenVersion

    Lookup = Callable[[OpenVersion, str], Pulse]

WORKERS = 2
SQLITE = "lines.sqlite"
LINE = "select line from lines where user_key = "
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


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """Give key and line of every learner of a version, in the order of the keys."""
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        blocks = connection.execute("select packed from pulse_blocks order by block")
        while row := blocks.fetchone():
            for line in row[0].decode().strip("\n ").split("\n"):
                key, _, rest = line.partition("\t")
                yield int(key), rest


def fill_postgres(url: str, file: Path) -> None:
    """Fill a database of PostgreSQL with the lines, in the order of the keys, as compact as it goes."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists lines")
        connection.execute("create table lines (user_key bigint not null, line text storage plain not null)")
        with connection.cursor().copy("copy lines from stdin with (format binary)") as rows:
            rows.set_types(["int8", "text"])
            for row in lines(file):
                rows.write_row(row)
        connection.execute("create unique index on lines (user_key) with (fillfactor = 100)")
        connection.execute("vacuum (analyze) lines")


def fill_sqlite(folder: Path, file: Path) -> None:
    """Fill a file of SQLite with the lines, clustered by the keys."""
    import sqlite3

    place = folder / SQLITE
    place.unlink(missing_ok=True)
    connection = sqlite3.connect(place)
    connection.execute("create table lines (user_key integer primary key, line text not null) without rowid")
    connection.executemany("insert into lines values (?, ?)", lines(file))
    connection.commit()
    connection.execute("vacuum")
    connection.close()


def constant() -> Pulse:
    """Return an answer of usual size: a learner who was active on every fifth date."""
    days = "".join(
        chr(2048 + ((day & 511) << 6 | 32)) + chr(2048 + 2700) + chr(2048 + 200) + chr(2048 + (2 << 10 | 1 << 5 | 1))
        for day in range(20_416, 20_781, 5)
    )
    found = packed.Learner(
        "", "UTC", "own", 100, 200, 300, "2026-11-23", 197_100, 146, 73, 73, 2026, days
    )  # 20,780 days after 1970-01-01
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
    """Return what finds the learner's block as we do, and answers the same whatever it says."""
    pulse = constant()

    def lookup(version: OpenVersion, learner: str) -> Pulse:
        version.blocks.of(user_key(learner))
        return pulse

    return lookup


def postgres(_: Path) -> Lookup:
    """Return a look-up in PostgreSQL: one connection per thread, which is the cheapest pool."""
    import psycopg

    pool = threading.local()

    def line_of(key: int) -> str | None:
        if not hasattr(pool, "cursor"):
            connection = psycopg.connect(os.environ["PULSE_BENCH_POSTGRES"], autocommit=True, prepare_threshold=0)
            pool.cursor = connection.cursor(binary=True)
        row = pool.cursor.execute(f"{LINE}%s", (key,)).fetchone()
        return row[0] if row else None

    return _by_line(line_of)


def sqlite(folder: Path) -> Lookup:
    """Return a look-up in SQLite: one connection per thread."""
    import sqlite3

    pool = threading.local()

    def line_of(key: int) -> str | None:
        if not hasattr(pool, "connection"):
            pool.connection = sqlite3.connect(f"file:{folder / SQLITE}?immutable=1", uri=True)
            pool.connection.execute("pragma mmap_size = 4000000000")
        row = pool.connection.execute(f"{LINE}?", (key,)).fetchone()
        return row[0] if row else None

    return _by_line(line_of)


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


def _by_line(line_of: Callable[[int], str | None]) -> Lookup:
    def lookup(version: OpenVersion, learner: str) -> Pulse:
        line = line_of(user_key(learner))
        found = packed.learner(line.encode()) if line is not None else None
        return unknown_pulse(version) if found is None or found.user_id != learner else pulse_of(found)

    return lookup


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
        vars(app)["learning_pulse"] = made(folder)
    server.serve(folder / "pulse.toml", "127.0.0.1", port, WORKERS)


if __name__ == "__main__":
    main()
