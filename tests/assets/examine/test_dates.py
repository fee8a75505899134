"""`pulse check` of learners' own dates, totals by day, texts of a format, and events that are deleted (R1, R5, R20)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assets.examine.finding import Finding
from tests.assets.examine.planted import DAY, LARGE, SESSIONS, XP, by_name, make, table, write

Rows = list[tuple[object, ...]]
Named = dict[tuple[str, str], list[Finding]]
VISITS = "create table {} (who text, day text, seconds numeric, quizzes integer, passed integer)"
REMOVED = "create table {} (id text, who text, at text, amount integer, removed text)"
AT = f"{DAY}T12:00:00Z"
LOCAL = '{ column = "at", date = "local" }'
FORMAT = '{{ column = "at", format = "{}" }}'
DAY_FIRST, YEAR_FIRST = FORMAT.format("%d.%m.%Y %H:%M"), FORMAT.format("%Y.%m.%d %H:%M")


def daily(name: str, **columns: str) -> str:
    """Return a stream of totals by day in the words of TOML."""
    usual = {"user_id": '"who"', "on": '"day"', "seconds": '"seconds"', "sessions": "{ value = 1 }"}
    mapped = ", ".join(f"{role} = {column}" for role, column in {**usual, **columns}.items())
    return f'kind = "daily"\nsource = "platform"\ntable = "{name}"\ncolumns = {{ {mapped} }}'


QUIZZES = {"quizzes": '"quizzes"', "quizzes_passed": '"passed"'}
OF_DAILY: dict[str, tuple[str, str, Rows]] = {
    "good": (daily("good", **QUIZZES), VISITS, [("ann", DAY, 60, 2, 1)]),
    "fraction": (daily("fraction"), VISITS, [("ann", DAY, 1.5, 0, 0)]),
    "negative": (daily("negative", **QUIZZES), VISITS, [("ann", DAY, 60, -1, 0)]),
    "too_long": (daily("too_long", **QUIZZES), VISITS, [("ann", DAY, 90_001, 0, 0)]),
    "too_good": (daily("too_good", **QUIZZES), VISITS, [("ann", DAY, 60, 1, 2)]),
    # totals of two courses, and the same of a stream that knows which is which
    "courses": (daily("courses"), VISITS, [("ann", DAY, 60, 1, 0), ("ann", DAY, 90, 2, 0)]),
    "with_ids": (daily("with_ids", event_id='"quizzes"'), VISITS, [("ann", DAY, 60, 1, 0), ("ann", DAY, 90, 2, 0)]),
    "times": (daily("times"), VISITS, [("ann", AT, 60, 0, 0)]),
    "empty": (daily("empty"), VISITS, [("ann", None, 60, 0, 0)]),
    "strangers": (daily("strangers"), VISITS, [("nobody", DAY, 60, 0, 0)]),
    "large": (daily("large"), VISITS, [("ann", f"{2000 + n % 20}-01-01", 1, 0, 0) for n in range(LARGE)]),
    "local_dates": (table("xp", "local_dates", occurred_at=LOCAL), XP, [("e1", "ann", DAY, 1, "")]),
    "local_times": (table("xp", "local_times", occurred_at=LOCAL), XP, [("e1", "ann", AT, 1, "")]),
}
OF_FORMATS: dict[str, tuple[str, str, Rows]] = {
    "few_texts": (table("xp", "few_texts", occurred_at=DAY_FIRST), XP, [("e1", "ann", "01.06.2026 12:00", 1, "")]),
    "many_texts": (
        table("xp", "many_texts", occurred_at=DAY_FIRST),
        XP,
        [(f"e{n}", "ann", "01.06.2026 12:00", 1, "") for n in range(LARGE)],
    ),
    "year_first": (table("xp", "year_first", occurred_at=YEAR_FIRST), XP, [("e1", "ann", "2026.06.01 12:00", 1, "")]),
    "bad_texts": (table("xp", "bad_texts", occurred_at=YEAR_FIRST), XP, [("e1", "ann", "1. June", 1, "")]),
}
# Nothing to say of: what a mapping has said itself
OF_LIFE: dict[str, tuple[str, str, Rows]] = {
    "removed": (
        table("xp", "removed", deleted_at='"removed"'),
        REMOVED,
        [("e1", "ann", AT, 1, AT), ("e1", "ann", AT, 1, None), ("e2", "ann", AT, 1, AT)],
    ),
    "removed_by_flag": (
        table("xp", "removed_by_flag", is_deleted='{ column = "removed", true = ["yes"] }'),
        REMOVED,
        [("e1", "ann", AT, 1, "yes"), ("e2", "ann", AT, 1, "no")],
    ),
    "capped": (
        table("sessions", "capped") + '\nlonger_than_24h = "cap"',
        SESSIONS,
        [("s1", "ann", AT, "2026-06-09T00:00:00Z", None)],
    ),
    "purged": (table("xp", "purged") + "\nkeeps_days = 90\nmoves = true", XP, [("e1", "ann", AT, 1, "")]),
}
EVERY = OF_DAILY | OF_FORMATS | OF_LIFE

# stream, name of the look, status, what the message names, what the way out names
EXPECTED = [
    ("good", "rows", "ok", "the 1 sampled rows pass the rules", ""),
    ("good", "index", "ok", "1 rows need no index on day yet", ""),
    ("fraction", "rows", "failed", '1 of 1 rows is bad_amount, such as "1.5" (seconds)', "whole numbers from 0 on"),
    ("negative", "rows", "failed", 'bad_amount, such as "-1" (quizzes)', "whole numbers from 0 on"),
    ("too_long", "rows", "failed", 'bad_amount, such as "90001" (seconds)', "at most 90,000 seconds"),
    ("too_good", "rows", "failed", 'bad_amount, such as "2" (passed)', "no more quizzes passed than quizzes"),
    ("courses", "rows", "warning", "1 of 2 rows are left out, because their learner has other totals", "map event_id"),
    ("with_ids", "rows", "ok", "the 2 sampled rows pass the rules", ""),
    ("times", "rows", "failed", f'with an instant that cannot be read, such as "{AT}" (day)', "dates without a time"),
    ("empty", "rows", "failed", "1 rows is missing_time (day)", "map a column of dates that is filled"),
    ("strangers", "learners", "failed", "1 of 1 rows are of unknown learners", "user_id is known"),
    ("large", "index", "warning", "no index begins with day", "CREATE INDEX large_day_idx ON large (day)"),
    ("local_dates", "rows", "ok", "the 1 sampled rows pass the rules", ""),
    ("local_times", "rows", "failed", "cannot be read, such as", "dates without a time"),
    ("few_texts", "format", "ok", "does not begin with year, month and day, so every run reads all", ""),
    ("few_texts", "rows", "ok", "the 1 sampled rows pass the rules", ""),
    ("many_texts", "format", "warning", "so every run reads all of platform.many_texts", ":from and :to"),
    ("year_first", "order", "ok", "the instants are text, so a day more is read", ""),
    ("year_first", "rows", "ok", "the 1 sampled rows pass the rules", ""),
    ("bad_texts", "rows", "failed", 'cannot be read, such as "1. June" (at)', "correct its format"),
    *((name, "rows", "ok", "rows pass the rules", "") for name in OF_LIFE),
]  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dates")
    make(folder, {name: (definition, rows) for name, (_, definition, rows) in EVERY.items()})
    return write(folder, {name: stream for name, (stream, _, _) in EVERY.items()})


@pytest.fixture(scope="module")
def named(path: Path) -> Named:
    return by_name(path)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: f"{expected[0]} {expected[1]}")
def test_what_is_so_is_said(named: Named, expected: tuple[str, ...]) -> None:
    name, check, status, message, way_out = expected
    findings = named.get((f"stream {name}", check), [])
    fitting = [one for one in findings if one.status == status and message in one.message]
    assert fitting, findings or {key: lines for key, lines in named.items() if key[0] == f"stream {name}"}
    assert way_out in (fitting[0].way_out or "")


def test_nothing_else_is_a_fault(named: Named) -> None:
    wrong = {(subject, check) for (subject, check), several in named.items() for one in several if one.status != "ok"}
    expected = {(f"stream {name}", check) for name, check, status, *_ in EXPECTED if status != "ok"}
    assert wrong - expected == {("stream users", "zones"), ("stream users", "deleted")}


def test_an_index_on_the_date_serves(path: Path) -> None:
    (finding,) = by_name(path, only="large")["stream large", "index"]
    with closing(sqlite3.connect(path.parent / "platform.db")) as database:
        database.execute((finding.way_out or "").removeprefix("make one: "))
    named = by_name(path, only="large")
    assert named["stream large", "plan"][0].message == "an index finds the rows of a day"
    assert named["stream large", "rows"][0].message == "the 1,000 newest rows pass the rules"
