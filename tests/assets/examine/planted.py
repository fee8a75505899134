"""A SQLite platform whose every stream has a fault of its own, and the `pulse.toml` that reads them all.

Every stream is there for one fault, which its name tells. The expected findings stand in `test_planted_faults.py`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from assets.examine.examine import examine
from assets.examine.finding import Finding

LARGE = 10_001  # rows from which on a table without an index is a fault
DAY = "2026-06-01"
QUIZZES = "create table {} (id text, who text, at text, passed integer, state integer, label text)"
SESSIONS = "create table {} (id text, who text, begun text, ended text, seen text)"
XP = "create table {} (id text, who text, at text, amount integer, note text)"
HOSTILE = "no\x1b[31mthing\u202e\nat all; drop"

USERS = [
    ("ann", "Ann", "UTC", "1970-01-01"),
    ("ben", "Ben", "UTC", "1970-01-01"),
    ("cem", "Cem", "Eastern Time (US & Canada)", None),
]


def write(folder: Path, streams: dict[str, str], sources: str = "") -> Path:
    """Write a `pulse.toml` with a users stream and these streams, each in the words of TOML."""
    lines = ["[pulse]", f"first_day = {DAY}", "[sources.platform]", 'url = "sqlite:///platform.db"', sources]
    lines += ["[streams.users]", 'kind = "users"', 'source = "platform"', 'table = "users"']
    lines += ['columns = { user_id = "id", username = "name", timezone = "zone", deleted_at = "gone_at" }']
    for name, text in streams.items():
        lines += [f"[streams.{name}]", text]
    path = folder / "pulse.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def table(kind: str, name: str, *, where: str = "", source: str = "platform", **columns: str) -> str:
    """Return a stream of a table in the words of TOML; what is not given is the column of the tables above."""
    usual = {
        "xp": {"event_id": '"id"', "user_id": '"who"', "occurred_at": '"at"', "amount": '"amount"'},
        "sessions": {"event_id": '"id"', "user_id": '"who"', "started_at": '"begun"', "ended_at": '"ended"'},
        "quizzes": {"event_id": '"id"', "user_id": '"who"', "occurred_at": '"at"', "passed": '"passed"'},
    }[kind]
    mapped = ", ".join(f"{role} = {column}" for role, column in {**usual, **columns}.items())
    lines = [f'kind = "{kind}"', f'source = "{source}"', f'table = "{name}"', f"columns = {{ {mapped} }}"]
    return "\n".join([*lines, f"where = [{where}]"] if where else lines)


def query(kind: str, text: str, **columns: str) -> str:
    """Return a stream of a query in the words of TOML."""
    of_table = table(kind, "x", **columns)
    return of_table.replace('table = "x"', f"query = '''{text}'''")


def make(folder: Path, tables: dict[str, tuple[str, list[tuple[object, ...]]]]) -> None:
    """Make the platform with its users, these tables, and one large table without an index."""
    with closing(sqlite3.connect(folder / "platform.db")) as database, database:
        database.execute("create table users (id text, name text, zone text, gone_at text)")
        database.executemany("insert into users values (?, ?, ?, ?)", USERS)
        for name, (definition, rows) in tables.items():
            database.execute(definition.format(name))
            for row in rows:
                database.execute(f"insert into {name} values ({', '.join('?' * len(row))})", row)
        database.execute("create table big (id integer primary key, who text, at text, amount integer)")
        rows_of_big = [(n, "ann", f"{DAY}T12:00:00Z", 1) for n in range(LARGE)]
        database.executemany("insert into big values (?, ?, ?, ?)", rows_of_big)


def by_name(path: Path, only: str | None = None) -> dict[tuple[str, str], list[Finding]]:
    """Return the findings of `pulse check` by subject and name of the look."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in examine(path, only):
        found.setdefault((finding.subject, finding.check), []).append(finding)
    return found
