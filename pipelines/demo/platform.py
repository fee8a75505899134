"""The demo platform: a believable learning platform in one SQLite file, and the configuration that reads it.

Belongs here: the platform's tables, writing them, the text of the demo's `pulse.toml` (docs/guide/connect.md). Stays
out: who learns (`people.py`), what happens on a day (`days.py`), running the night and serving (the command
`pulse demo`).
No clock is read: the same arguments give the same rows in the same order.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pipelines.demo.days import EventRow, rows_of_date
from pipelines.demo.people import Learner, learners

TABLES, INDEXES = (
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("platform.sql", "indexes.sql")
)
WRITTEN_BY_US = "# Written by `pulse demo`"  # the beginning of a demo's own `pulse.toml`
# A local date reaches into the UTC day before it (zones up to +14), and, with a long night and a late correction,
# into the two after it.
LOCAL_DATES_BEFORE = 2
LOCAL_DATES_AFTER = 1

SESSION_COLUMNS = """{ event_id = "id", user_id = "user_id", started_at = "started_at", ended_at = "ended_at", \
last_activity_at = "last_activity_at", updated_at = "updated_at" }"""
STREAMS = (  # stream (named as its table), kind, columns
    ("users", "users", """{ user_id = "id", username = "username", timezone = "timezone", is_public = "is_public", \
deleted_at = "deleted_at" }"""),
    ("xp_events", "xp", """{ event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount", \
updated_at = "updated_at" }"""),
    ("english_sessions", "sessions", SESSION_COLUMNS),
    ("math_sessions", "sessions", SESSION_COLUMNS),
    ("coding_sessions", "sessions", SESSION_COLUMNS),
    ("quiz_attempts", "quizzes", """{ event_id = "id", user_id = "user_id", occurred_at = "submitted_at", \
passed = "passed", updated_at = "updated_at" }"""),
)  # fmt: skip


@dataclass(frozen=True)
class Platform:
    """What was written: the first and last UTC day, the rows per table, and a learner worth looking at."""

    first_day: date
    last_day: date
    rows: Mapping[str, int]
    showcase_id: str
    showcase_username: str


def make_platform(path: Path, *, users: int = 40, days: int = 365, last_day: date, seed: int = 2019) -> Platform:
    """Write a platform of `users` learners over the `days` UTC days up to `last_day` to `path`, whole or not at all.

    Raises:
        ValueError: `users` or `days` is below 1.

    """
    if users < 1 or days < 1:
        raise ValueError(f"a demo platform needs at least 1 user and 1 day, not {users} users and {days} days")
    first_day = last_day - timedelta(days=days - 1)
    people = learners(users, last_day, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database:
        rows = _fill(database, people, _event_rows(people, first_day, last_day, seed))
    unfinished.replace(path)
    return Platform(first_day, last_day, rows, people[0].id, people[0].username)


def demo_configuration(
    data_dir: str, platform_url: str, first_day: date, secret: str, page_origin: str | None = None
) -> str:
    """The text of the `pulse.toml` of a demo: these values, and every other key with its default.

    See docs/reference/configuration.md. The page of this origin may call the API from a browser.
    """
    head = f"""\
{WRITTEN_BY_US}: a sample platform, nobody's data, and a secret of its own.
[pulse]
data_dir = {_toml(data_dir)}
first_day = {first_day.isoformat()}
lookback_days = 7
default_timezone = "UTC"
level_metric = "xp_earned"
min_active_days = 5
quarantine_budget = 0.01
keep_versions = 7
[pulse.schedule]
cron = "0 2 * * *"
timezone = "UTC"

[sources.platform]
url = {_toml(platform_url)}
"""
    streams = [
        f'[streams.{table}]\nkind = "{kind}"\nsource = "platform"\ntable = "{table}"\ncolumns = {columns}\n'
        for table, kind, columns in STREAMS
    ]
    auth = f'[auth]\nalgorithms = ["HS256"]\nsecret = {_toml(secret)}\n'
    serve = [f"[serve]\ncors_origins = [{_toml(page_origin)}]\n"] if page_origin else []
    return "\n".join([head, *streams, auth, *serve])


def _toml(value: str) -> str:
    """`value` as a TOML string, which a JSON string is as long as nothing but controls and quotes is escaped."""
    return json.dumps(value, ensure_ascii=False)


def _event_rows(
    people: list[Learner], first_day: date, last_day: date, seed: int
) -> Iterator[tuple[str, list[EventRow]]]:
    """The platform's event rows, local date by local date, as (table, rows) with instants within the given UTC days."""
    day, end = first_day - timedelta(days=LOCAL_DATES_BEFORE), last_day + timedelta(days=LOCAL_DATES_AFTER)
    while day <= end:
        for table, rows in rows_of_date(people, day, seed).items():
            yield table, [row for row in rows if first_day <= (row[2].date() if row[2] else day) <= last_day]
        day += timedelta(days=1)


def _fill(
    database: sqlite3.Connection, people: list[Learner], event_rows: Iterable[tuple[str, list[EventRow]]]
) -> dict[str, int]:
    """Create the tables, write the learners and their events in one transaction, and count the rows per table."""
    database.executescript("pragma journal_mode = off;" + TABLES)
    user_rows = [(who.id, who.username, who.timezone, who.is_public, _stored(who.deleted_at)) for who in people]
    database.executemany("insert into users values (?, ?, ?, ?, ?)", user_rows)
    counts = Counter(users=len(user_rows))
    for table, rows in event_rows:
        counts[table] += len(rows)
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"insert into {table} values ({marks})", (tuple(map(_stored, row)) for row in rows))
    database.commit()
    database.executescript(INDEXES)
    return dict(counts)


def _stored(value: object) -> object:
    """An instant as the platform spells it, in UTC without a zone; anything else as it is."""
    return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value
