"""The learner's rows of a date, cut and added up with the models of step 4: the way of a night, for one learner."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from assets.erase.find_learner import ids_of
from assets.examine.explain.explanation import Status
from assets.examine.explain.parts import MEASURES, MICROSECOND, ExplainedRow, Piece, Stretch, Sums
from assets.examine.explain.reasons import AFTER_DATA_THROUGH, FOREIGN, NOT_COMPLETE, OF_LEARNERS
from assets.night.night import Night
from assets.step4_roll_up.activity import (
    fill_zones_in_force,
    make_activity,
    make_local_dates,
    make_zone_records,
    make_zone_segments,
)
from warehouse import engine
from warehouse.configuration.configuration import Stream
from warehouse.lake.days import DAY
from warehouse.lake.lookups import resolved

STRETCHES, ROWS, PIECES, MERGED, SUMS = (
    Path(__file__).with_name(f"{name}.sql") for name in ("stretches", "rows", "pieces", "merged", "sums")
)
COLUMNS = "event_id, user_id, instant, ended_at, last_activity_at, amount, passed, updated_at, reason, row"
OF_LANDINGS = "select {stream} as stream, {kind} as kind, {has_own_dates} as has_own_dates, {columns} from {rows}"
UNDATED = "select row from {} where id_in_row(row) in (select unnest($ids)) order by event_id, row"


@dataclass(frozen=True)
class Wanted:
    """The date that is asked for, and what is known of learner and lake.

    Args:
        night: the streams and their landings.
        newest: the last UTC day up to which every stream has landed.
        user_id: the learner, as the lake spells it.
        day: the local date.
    """

    night: Night
    newest: date
    user_id: str
    day: date

    @property
    def default_timezone(self) -> str:
        """The zone of learners without a good one (R4)."""
        return self.night.configuration.pulse.default_timezone


def stretches_of(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[Stretch]:
    """Return the stretches of UTC days that lie on the date, in order; makes `stretches` and the learner's zones.

    Args:
        connection: where the tables of one learner are made.
        wanted: the date that is asked for.
    """
    night, default = wanted.night, wanted.default_timezone
    connection.execute("create temp table recorded_zones (user_id varchar, zone varchar, from_day date)")
    if night.lake.zones.exists():
        read = f"select user_id, zone, from_day from {engine.files([night.lake.zones])} where user_id = $user_id"
        connection.execute(f"insert into recorded_zones {read}", {"user_id": wanted.user_id})
    fill_zones_in_force(connection, "zones_in_force", default, night.configuration.zone_names)
    near = [wanted.day - DAY, wanted.day, wanted.day + DAY]
    last = max(near[-1], wanted.newest + DAY)
    make_zone_segments(connection, [default], near[0], last + DAY)
    make_zone_records(connection, default)
    make_local_dates(connection, near)
    query = f"create temp table stretches as {engine.sql(STRETCHES)}"
    connection.execute(query, {"asked_date": wanted.day, "default_timezone": default})
    rows = connection.execute("select day, zone, from_utc, until_utc from stretches order by from_utc").fetchall()
    return [Stretch(*row) for row in rows]


def zone_on(connection: duckdb.DuckDBPyConnection, wanted: Wanted, day: date) -> str:
    """Return the learner's zone that is in force on a UTC day (R3); `stretches_of` comes first."""
    query = "select zone from zones_in_force where $day >= from_day and $day < until_day"
    rows = connection.execute(query, {"day": day}).fetchall()
    return rows[0][0] if rows else wanted.default_timezone


def days_of(stream: Stream, wanted: Wanted, stretches: Sequence[Stretch]) -> list[date]:
    """Return the UTC days whose landings of a stream may have rows of the date, those that have landed.

    Args:
        stream: an event stream.
        wanted: the date that is asked for.
        stretches: of the date.
    """
    reached = {stretch.day for stretch in stretches}
    if stream.has_own_dates:
        reached = {wanted.day}
    elif stream.kind == "sessions":
        reached |= {day - DAY for day in reached}
    return sorted(day for day in reached if (stream.name, day) in wanted.night.landings)


def make_learner_rows(connection: duckdb.DuckDBPyConnection, wanted: Wanted, stretches: Sequence[Stretch]) -> int:
    """Make `learner_rows`, all landed rows of the learner near the date, and return how many there are.

    Where no landing is near, there is no such table.
    """
    parts = []
    for stream in wanted.night.configuration.event_streams:
        files = [wanted.night.lake.landing(stream.name, day) for day in days_of(stream, wanted, stretches)]
        if files:
            measures = "measures" if stream.kind == "daily" else "no_measures() as measures"
            part = OF_LANDINGS.format(
                stream=engine.quoted(stream.name),
                kind=engine.quoted(stream.kind),
                has_own_dates=stream.has_own_dates,
                columns=f"{COLUMNS}, {measures}",
                rows=resolved(wanted.night.lake, stream, files),
            )
            parts.append(f"{part} where user_id = $user_id")
    if not parts:
        return 0
    every = f"select *, row_number() over () as number from ({' union all '.join(parts)})"
    connection.execute(f"create temp table learner_rows as {every}", {"user_id": wanted.user_id})
    return int(engine.one_row(connection, "select count(*) from learner_rows")[0])


def undated_of(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[tuple[str, str]]:
    """Return the learner's rows that have no instant, by stream, as JSON; `connection` has the macro `id_in_row`."""
    ids = ids_of(connection, wanted.night, wanted.user_id)
    rows: list[tuple[str, str]] = []
    for stream in wanted.night.configuration.event_streams:
        file = wanted.night.lake.undated(stream.name)
        if file.exists():
            query = UNDATED.format(engine.files([file]))
            rows += [(stream.name, row) for (row,) in connection.execute(query, {"ids": ids}).fetchall()]
    return rows


def make_rows_of_date(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> tuple[list[Piece], list[Piece]]:
    """Make `rows_of_date` of `learner_rows` and `stretches`; return pieces of sessions and what they are merged."""
    parameters = {"asked_date": wanted.day, "default_timezone": wanted.default_timezone}
    connection.execute(f"create temp table rows_of_date as {engine.sql(ROWS)}", parameters)
    connection.execute(f"create temp table pieces as {engine.sql(PIECES)}", {"newest_day": wanted.newest})
    in_order = "select from_utc, until_utc, stream, event_id from pieces order by all"
    cut = connection.execute(in_order).fetchall()
    merged = connection.execute(engine.sql(MERGED)).fetchall()
    return [Piece(*row) for row in cut], [Piece(*row) for row in merged]


def explained_rows(connection: duckdb.DuckDBPyConnection, wanted: Wanted, status: Status) -> list[ExplainedRow]:
    """Return the rows of the date, each with what it adds or why it does not count, in the order of their instants.

    Args:
        connection: has `rows_of_date` and `pieces`.
        wanted: the date that is asked for.
        status: that of the learner.
    """
    pieces = connection.execute("select number, from_utc, until_utc from pieces").fetchall()
    open_time = Counter[int]()
    for number, from_utc, until_utc in pieces:
        open_time[number] += (until_utc - from_utc) // MICROSECOND
    result = connection.execute("select * from rows_of_date order by instant, stream, event_id, number")
    names = [column[0] for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return [_explained(row, open_time[row["number"]], status, wanted.newest) for row in rows]


def _explained(row: dict[str, Any], open_microseconds: int, status: Status, newest: date) -> ExplainedRow:
    reason = _reason(row, open_microseconds, status, newest)
    return ExplainedRow(
        stream=row["stream"],
        kind=row["kind"],
        event_id=row["event_id"],
        instant=row["instant"],
        ends_at=row["ends_at"],
        timezone=row["zone"],
        has_own_date=row["has_own_dates"],
        reason=reason,
        adds=_adds(row) if reason is None else {},
        open_microseconds=open_microseconds if reason is None else 0,
        source_row=row["row"],
    )


def _reason(row: dict[str, Any], open_microseconds: int, status: Status, newest: date) -> str | None:
    reason: str | None = row["reason"]
    if reason is not None:
        is_foreign = reason.endswith("duplicate") and not row["has_counting_row"]
        return FOREIGN if is_foreign else reason
    if status != "known":
        return OF_LEARNERS[status]
    if row["day"] > newest:
        return NOT_COMPLETE
    return None if row["is_of_date"] or open_microseconds else AFTER_DATA_THROUGH


def _adds(row: dict[str, Any]) -> dict[str, int]:
    """Return what a row that counts adds to the measures of the date (R6, R7, R9, R10)."""
    if row["kind"] == "xp":
        return {"xp_earned": row["amount"]}
    if row["kind"] == "sessions":
        return {"sessions": 1} if row["is_of_date"] else {}
    if row["kind"] == "quizzes":
        return {"quizzes": 1, "quizzes_passed": int(row["passed"])}
    if row["kind"] == "daily":
        names = {"xp_earned": "xp", "learning_time": "seconds"}
        totals = row["measures"]
        return {name: value for name in MEASURES if (value := totals[names.get(name, name)])}
    return {}


def sums_of(connection: duckdb.DuckDBPyConnection, wanted: Wanted, stretches: Sequence[Stretch]) -> Sums:
    """Return what step 4 makes of the learner's rows on the date: its own models, over the UTC days that reach it.

    Args:
        connection: has `learner_rows` and the learner's zones.
        wanted: the date that is asked for.
        stretches: of the date.
    """
    first = wanted.night.configuration.pulse.first_day
    days = sorted({wanted.day, *(stretch.day for stretch in stretches)})
    days = [day for day in days if first <= day <= wanted.newest]
    if not days:
        return Sums()
    landed = "select * from learner_rows where kind <> 'freezes' and has_own_dates = {} and instant < $until"
    for view, has_own_dates in (("landings", False), ("dated_landings", True)):
        query = f"create temp table {view} as {landed.format(has_own_dates)}"
        connection.execute(query, {"until": wanted.newest + DAY})
    make_local_dates(connection, days)
    make_activity(connection, wanted.default_timezone, has_own_dates=wanted.night.configuration.has_own_dates)
    return Sums(*engine.one_row(connection, engine.sql(SUMS), {"asked_date": wanted.day}))
