"""A platform of some days whose rows are exported: as Parquet, CSV or JSON lines, or kept in DuckDB or SQLite.

Whatever it is written as, the numbers are the same. Every row says why it is there.
"""

import csv
import gzip
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from tests.support.platforms.sources import DAY, FIRST
from warehouse.configuration.configuration import Configuration, load

SECOND = FIRST + DAY
USERS = [
    ("007", "ann", "Asia/Tokyo", True),  # an id that a number would lose its zeros of
    ("7", "bob", "UTC", False),  # and the learner whom it would become
    ("cy", None, None, False),
]
XP = [
    (f"{FIRST}", "e1", "007", f"{FIRST} 08:00:00", 10, f"{FIRST} 09:00:00"),
    (f"{FIRST}", "e2", "7", f"{FIRST} 23:59:59.999999", 5, None),
    (f"{FIRST}", "e2", "7", f"{FIRST} 23:59:59.999999", 6, f"{FIRST} 09:00:00"),  # R20: it counts, and not the 5
    (f"{SECOND}", "e3", "007", f"{SECOND} 00:00:00", 20, None),
    (f"{SECOND}", "e4", "stranger", f"{SECOND} 12:00:00", 1, None),
    (f"{SECOND}", "e5", "7", None, 99, None),  # it has no day
]
SESSIONS = [
    (f"{FIRST}", 1, "007", f"{FIRST} 23:30:00", f"{SECOND} 00:30:00"),  # split by midnight
    (f"{SECOND}", 2, "7", f"{SECOND} 10:00:00", None),
]
QUIZZES = [
    (f"{FIRST}", 1, "007", f"{FIRST} 10:00:00", True),
    (f"{SECOND}", 2, "7", f"{SECOND} 10:00:00", False),
]
TABLES: Mapping[str, tuple[Mapping[str, str], Sequence[tuple[Any, ...]]]] = {
    "users": ({"id": "varchar", "name": "varchar", "zone": "varchar", "shown": "boolean"}, USERS),
    "xp": (
        {"id": "varchar", "who": "varchar", "at": "timestamp", "amount": "bigint", "changed": "timestamp"},
        [row[1:] for row in XP],
    ),
    "sessions": (
        {"id": "integer", "who": "varchar", "began": "timestamp", "ended": "timestamp"},
        [row[1:] for row in SESSIONS],
    ),
    "quizzes": (
        {"id": "integer", "who": "varchar", "at": "timestamp", "ok": "boolean"},
        [row[1:] for row in QUIZZES],
    ),
}
COLUMNS = {
    "users": {"user_id": "id", "username": "name", "timezone": "zone", "is_public": "shown"},
    "xp": {"event_id": "id", "user_id": "who", "occurred_at": "at", "amount": "amount", "updated_at": "changed"},
    "sessions": {"event_id": "id", "user_id": "who", "started_at": "began", "ended_at": "ended"},
    "quizzes": {"event_id": "id", "user_id": "who", "occurred_at": "at", "passed": "ok"},
}
ENDINGS = ("parquet", "csv", "jsonl", "csv.gz")


def write_file(path: Path, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows as the file's ending says; texts of instants become instants where the format has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        defined = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"create table written ({defined})")
        if rows:
            connection.executemany(f"insert into written values ({', '.join('?' * len(columns))})", rows)
        if path.suffix == ".parquet":
            target = path.with_name("unfinished")
            connection.execute("copy written to $file (format parquet)", {"file": str(target)})
            target.rename(path)  # a name of which DuckDB would make something else
            return
    if path.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return
    text: list[list[object]] = [list(columns), *([_of_csv(value) for value in row] for row in rows)]
    with (
        gzip.open(path, "wt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open("w", encoding="utf-8", newline="") as opened
    ):
        csv.writer(opened).writerows(text)


def _of_csv(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def write_files(folder: Path, ending: str) -> None:
    """Write every table as one file."""
    for name, (columns, rows) in TABLES.items():
        write_file(folder / "exports" / f"{name}.{ending}", columns, rows)


def write_days(folder: Path, ending: str) -> None:
    """Write the learners as one file, and the events as a file for each day."""
    write_file(folder / "exports" / f"users.{ending}", *TABLES["users"])
    for name, dated in (("xp", XP), ("sessions", SESSIONS), ("quizzes", QUIZZES)):
        for day in (FIRST, SECOND):
            rows = [row[1:] for row in dated if row[0] == f"{day}"]
            write_file(folder / "exports" / f"{name}-{day}.{ending}", TABLES[name][0], rows)


def write_duckdb(file: Path) -> None:
    """Write the platform as a DuckDB database."""
    with duckdb.connect(file) as connection:
        for name, (columns, rows) in TABLES.items():
            defined = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            connection.execute(f'create table "{name}" ({defined})')
            connection.executemany(f'insert into "{name}" values ({", ".join("?" * len(columns))})', rows)


def write_sqlite(file: Path) -> None:
    """Write the platform as a SQLite database."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for name, (columns, rows) in TABLES.items():
            defined = ", ".join(f'"{column}" {kind.replace("varchar", "text")}' for column, kind in columns.items())
            connection.execute(f'create table "{name}" ({defined})')
            connection.executemany(f'insert into "{name}" values ({", ".join("?" * len(columns))})', rows)


def configuration(folder: Path, what: Mapping[str, str], *, source: str = "", **pulse: Any) -> Configuration:
    """Write and load a `pulse.toml`.

    Args:
        folder: where it goes.
        what: for each stream the line that says what it reads.
        source: the url of a source called `platform`, if there is one.
        pulse: more of `[pulse]`.
    """
    settings = {"first_day": FIRST, **pulse}
    lines = ["[pulse]", *(f"{key} = {value}" for key, value in settings.items())]
    lines += ["[sources.platform]", f'url = "{source}"'] if source else []
    for name, line in what.items():
        kind = name if name in COLUMNS else "xp"
        roles = ", ".join(f'{role} = "{column}"' for role, column in COLUMNS[kind].items())
        lines += [f"[streams.{name}]", f'kind = "{kind}"', line, f"columns = {{ {roles} }}"]
    file = folder / "pulse.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return load(file, uses=["sources"])


def of_files(folder: Path, pattern: str, **pulse: Any) -> Configuration:
    """Configure the platform of files; `{name}` of the pattern is the stream."""
    what = {name: pattern.replace("{name}", name) for name in COLUMNS}
    what["users"] = what["users"].replace("-{day}", "")
    return configuration(folder, {name: f"files = '{files}'" for name, files in what.items()}, **pulse)
