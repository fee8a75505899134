"""A sample of an event stream through the rules, as a night reads and judges it (R19 to R22); nothing lands.

It is of the newest rows, or of any where no index finds the newest. Of a row that would not count a value is shown, and
never an id or a username.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assets.examine.finding import Finding, Status, quoted
from assets.examine.indexes import has_index
from assets.examine.workbench import Workbench, no_rows
from assets.step1_extract.extract import Batches, Reader
from assets.step2_land.judge import UNDATED, judge, view_spool
from assets.step2_land.spool import Spool
from warehouse import clock, engine
from warehouse.configuration.roles import LARGEST_AMOUNT, MOST_SECONDS_A_DATE
from warehouse.configuration.streams import DAILY_MEASURES

ROWS = 1000
SMALLEST_QUARANTINE = 20  # R22: so many rows are within every budget
MANY_UNKNOWN = 0.05  # of a sample: more than those who left
SAMPLED = Path(__file__).with_name("sampled.sql")
REASONS = SAMPLED.with_name("reasons.sql")
UNKNOWN = SAMPLED.with_name("unknown.sql")
HALF_A_KEY = "foreign_duplicate"
# What to do about rows of each reason, in the words of the guide.
WAYS_OUT = {
    "missing_id": "map columns that every row fills",
    "missing_user": "map a column that every row fills, or leave such rows out by `where`",
    "bad_text": "map the column of the id; it has to be UTF-8 and of 1,024 bytes at most",
    "bad_time": "map a column of timestamps, or leave the role out",
    "ended_before_started": "look whether both columns have one zone, and whether they are mapped the right way round",
    "longer_than_24h": "map the column of the last activity, or look whether a duration has the right unit",
    "bad_amount": 'map a column of whole numbers, or say { column = "…", times = …, round = "half_up" }',
    "bad_passed": 'say which values mean what: { column = "…", true = ["…"], false = ["…"] }, or at_least',
    "unreadable_time": 'say how it is read, such as { column = "…", unit = "s" }, or map another column',
    "missing_time": "map a column that is filled, or leave such rows out by `where`",
    HALF_A_KEY: 'map every column of the key, as in event_id = ["user_id", "lesson_id"]',
}
# The roles that a reason is about, those of any kind.
ROLES_OF: Mapping[str, Sequence[str]] = {
    "missing_id": ["event_id"],
    "missing_user": ["user_id"],
    "bad_text": ["event_id", "user_id"],
    "bad_time": ["ended_at", "last_activity_at", "duration", "updated_at"],
    "ended_before_started": ["started_at", "ended_at", "last_activity_at", "duration"],
    "longer_than_24h": ["started_at", "ended_at", "last_activity_at", "duration"],
    "bad_amount": ["amount", *DAILY_MEASURES],
    "bad_passed": ["passed"],
    "unreadable_time": ["started_at", "occurred_at", "on"],
    "missing_time": ["started_at", "occurred_at", "on"],
    HALF_A_KEY: ["event_id"],
}
UNITS_BY_DIGITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}  # since 1973
# Of a learner's own dates, which no unit makes of numbers (R5).
OF_OWN_DATES = {
    "unreadable_time": "map a column of dates without a time, such as 2026-11-22",
    "missing_time": "map a column of dates that is filled, or leave such rows out by `where`",
}
OF_TOTALS = (
    'map totals of a day, which are whole numbers from 0 on: minutes by { column = "…", times = 60 }, at most 90,000 '
    "seconds, no more quizzes passed than quizzes"
)
MAP_THE_ID = "map the column by which the users' user_id is known"
LEFT_OUT = """
select count(*) from landed semi join (select day, event_id from landed where is_conflicting) using (day, event_id)
where ends_with(reason, 'duplicate')"""
LIMITS = {"largest_amount": LARGEST_AMOUNT, "most_seconds": MOST_SECONDS_A_DATE}
IN_WORDS = {
    "unreadable_time": "missing_time, with an instant that cannot be read",
    HALF_A_KEY: "duplicates of another learner's event_id",
}


def look_at_events(reader: Reader, bench: Workbench) -> list[Finding]:
    """Return what there is to say of a sample of an event stream.

    Args:
        reader: of the stream.
        bench: where the sample is judged; every learner is known to it.
    """
    stream, connection = reader.stream, bench.connection
    newest_first = has_index(reader.selects)
    dated = _spooled(reader, bench, reader.sample(ROWS, newest_first=newest_first))
    without = _spooled(reader, bench, reader.some_undated(ROWS))
    if not dated.rows + without.rows:
        return [no_rows(reader)]
    view_spool(connection, without, bench.erased)
    connection.execute(f"create or replace temp table undated as {engine.sql(UNDATED)}", {"kind": stream.kind})
    view_spool(connection, dated, bench.erased)
    days = sorted(dated.rows_by_day) or [clock.last_day_over()]
    judge(connection, stream, days[0], days[-1], reader.taken_at)
    connection.execute(f"create or replace temp table sampled as {engine.sql(SAMPLED)}")
    rows = sum(dated.rows_by_day.values())  # texts between others need be no instants
    findings = [*_reasons(reader, bench, rows), *_several_a_date(reader, bench, rows)]
    if not findings:
        which = "newest" if newest_first else "sampled"
        findings = [Finding(f"stream {stream.name}", "rows", "ok", f"the {rows:,} {which} rows pass the rules")]
    return findings + list(_unknown(reader, bench))


def _spooled(reader: Reader, bench: Workbench, batches: Batches) -> Spool:
    spool = Spool(bench.new_folder(), reader)
    spool.write(batches)
    return spool


def _reasons(reader: Reader, bench: Workbench, dated: int) -> Iterator[Finding]:
    subject = f"stream {reader.stream.name}"
    for reason, rows, shown, role in bench.connection.execute(engine.sql(REASONS), LIMITS).fetchall():
        is_undated = reason in {"unreadable_time", "missing_time"}
        number = f"{rows:,}" if not is_undated or rows < ROWS else f"{ROWS:,} or more"
        if reason == "missing_time" and dated:
            what = "date" if reader.stream.has_own_dates else "instant"
            message = f"{number} rows have no {what}, which is an attempt in progress; they never count"
            yield Finding(subject, "rows", "ok", message)
            continue
        of = f"of {dated:,} rows " if not is_undated else "rows "
        columns = _columns(reader, [role] if role in DAILY_MEASURES else ROLES_OF.get(reason, ()))
        example = f", such as {quoted(shown)}" if shown and _may_be_shown(reader, bench, columns) else ""
        message = f"{number} {of}{'is' if rows == 1 else 'are'} {IN_WORDS.get(reason, reason)}{example}"
        is_too_much = not dated if is_undated else _is_too_much(reason, rows, dated, bench.quarantine_budget)
        status: Status = "failed" if is_too_much else "warning"
        named = f" ({', '.join(columns)})" if columns else ""
        yield Finding(subject, "rows", status, message + named, _way_out(reader, reason, columns, shown or ""))


def _several_a_date(reader: Reader, bench: Workbench, dated: int) -> Iterator[Finding]:
    """Say that learners have several totals of one date, of which one counts (R20)."""
    if reader.stream.kind != "daily" or "event_id" in reader.stream.columns:
        return
    (others,) = engine.one_row(bench.connection, LEFT_OUT)
    if others:
        message = f"{others:,} of {dated:,} rows are left out, because their learner has other totals of the same date"
        yield Finding(f"stream {reader.stream.name}", "rows", "warning", message, "map event_id, and they add up")


def _is_too_much(reason: str, rows: int, of: int, budget: float) -> bool:
    """Tell whether so much of a night would be held back, were it all like this sample (R22)."""
    is_over_budget = rows > budget * of
    return 2 * rows > of or (is_over_budget and (rows > SMALLEST_QUARANTINE or reason == "bad_passed"))


def _columns(reader: Reader, roles: Sequence[str]) -> list[str]:
    """Return the columns that some roles are read from."""
    columns = [column for role in roles for column in reader.stream.columns_of(role)]
    return list(dict.fromkeys(columns))


def _way_out(reader: Reader, reason: str, columns: Sequence[str], shown: str) -> str:
    """Return what to do about rows of a reason; a number that counts since 1970 is known by its digits."""
    if reader.stream.has_own_dates and (way_out := OF_OWN_DATES.get(reason)):
        return way_out
    if reader.stream.kind == "daily" and reason == "bad_amount":
        return OF_TOTALS
    if reason == "unreadable_time" and reader.selects.has_format:
        return "correct its format, or map another column"
    is_number = shown.isascii() and shown.isdigit()
    unit = UNITS_BY_DIGITS.get(len(shown)) if reason == "unreadable_time" and is_number else None
    if unit is not None:
        return f'such a number counts since 1970: {{ column = "{columns[0]}", unit = "{unit}" }}'
    return WAYS_OUT.get(reason, "look at those rows and at the mapping of their columns")


def _may_be_shown(reader: Reader, bench: Workbench, columns: Sequence[str]) -> bool:
    """Tell whether values of columns may be shown: a column of ids may have been mapped to another role, too.

    So may a column of names, which are known only if the learners are.
    """
    ids = [*reader.stream.columns_of("event_id"), *reader.stream.columns_of("user_id")]
    return bench.has_every_learner and not {*ids} & {*columns}


def _unknown(reader: Reader, bench: Workbench) -> Iterator[Finding]:
    """Say how many rows are of learners who are not among the users."""
    subject = f"stream {reader.stream.name}"
    if not bench.has_every_learner:
        message = "not looked for, because not every stream of users could be read"
        yield Finding(subject, "learners", "warning", message, "correct that stream first")
        return
    if reader.stream.lookup is not None and reader.stream.name not in bench.lookups_read:
        message = "not looked for, because its lookup does not say whose the keys are"
        yield Finding(subject, "learners", "warning", message, "correct the lookup first")
        return
    rows, unknown, alike = engine.one_row(bench.connection, engine.sql(UNKNOWN), {"stream": reader.stream.name})
    if not rows:
        return
    is_too_much = 2 * unknown > rows  # R21
    if alike:
        message = f"{alike:,} of {rows:,} rows have the user_id of a learner but for case, accents or spaces at the end"
        way_out = "map a column, a view or a query that spells ids as the users do, or fold_case = true"
        yield Finding(subject, "spelling of ids", "failed" if is_too_much else "warning", message, way_out)
    others = unknown - alike
    message = f"{others:,} of {rows:,} rows are of unknown learners"
    status: Status = "failed" if is_too_much else "warning" if others > MANY_UNKNOWN * rows else "ok"
    of_keys = "look whether its lookup has these keys" if reader.stream.lookup is not None else MAP_THE_ID
    way_out = f"{of_keys}; nothing is published while most are unknown"
    if others or not alike:
        yield Finding(subject, "learners", status, message, None if status == "ok" else way_out)
