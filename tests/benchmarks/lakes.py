"""Lakes for the benchmarks, written straight by DuckDB in the lake's own format, as nights would have left them.

A learner is a number: the id, the zone, and on which days they are active follow from it, so that two lakes of the same
size hold the same. How a lake is read from a source is `extraction.py`'s matter.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from assets.step2_land import judge as landing_step
from assets.step4_roll_up import activity as activity_step
from warehouse import engine
from warehouse.configuration.configuration import load
from warehouse.lake.days import days_between
from warehouse.lake.footers import PARQUET
from warehouse.lake.lake import Lake
from warehouse.lake.landing import Landing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import duckdb

    from warehouse.configuration.configuration import Configuration

LAST_DAY = date(2026, 11, 23)
KINDS = {"xp_events": "xp", "english_sessions": "sessions", "quiz_attempts": "quizzes"}
# One in seven learners each; both ends of the world, half hours, and a zone that changes its clocks.
ZONES = (
    *("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Pago_Pago"),
    "America/Sao_Paulo",
)
EMPTY = dict.fromkeys(KINDS, 0)
KEPT = "var.before"  # beside the data folder

# A learner is active on a share of the days: few on nearly all, most on few, 19 % on average.
LEARNERS = """
create or replace temp table learners as
select
    number,
    md5('learner ' || number)::uuid::varchar as user_id,
    user_key(md5('learner ' || number)::uuid::varchar) as user_key,
    $zones[1 + number % len($zones)] as zone,
    (1000 * pow((hash(number) % 1000) / 1000.0, 4.2))::integer as active_in_1000
from range($learners) as numbers (number)
"""
ACTIVE = """
create or replace temp table active as
select learners.*, hash(number, $day::date) as chance
from learners
where hash(number, $day::date) // 7 % 1000 < active_in_1000
"""
# One row per learner and local date; in one case of sixteen the UTC day reaches into a second date.
ACTIVITY = """
create or replace temp table activity as
with dates as (
    select
        *,
        unnest(case when chance % 16 = 0 and zone <> 'UTC' then [0, 1] else [0] end) as later
    from active
)

select
    $day::date as day,
    user_key,
    user_id,
    zone,
    $day::date + (later * case when zone in ('America/New_York', 'Pacific/Pago_Pago') then -1 else 1 end)::integer
        as activity_date,
    (5 * (chance // 16 % 40))::bigint as xp,
    (chance // 640 % 7200 * 1000000 + later)::bigint as session_microseconds,
    (1 + chance // 3 % 4)::bigint as xp_events,
    (1 - later)::bigint as sessions,
    (chance // 5 % 3)::bigint as quizzes,
    (chance // 5 % 3 // 2)::bigint as quizzes_passed
from dates
"""
SUMS = """
select
    coalesce(sum(xp_events), 0)::bigint, coalesce(sum(xp), 0)::bigint, coalesce(sum(sessions), 0)::bigint,
    coalesce(sum(quizzes), 0)::bigint, coalesce(sum(quizzes_passed), 0)::bigint,
    coalesce(sum(session_microseconds), 0)::bigint
from activity
"""
USERS = """
copy (
    select
        user_id, 'learner-' || number as username, zone as timezone, true as is_public, false as is_deleted,
        null::varchar as reason, null::varchar as row
    from learners
    order by user_id
) to $file (format parquet, kv_metadata {pulse: $about})
"""
ZONES_OVER_TIME = """
copy (select user_id, zone, $day::date as from_day from learners order by user_id)
to $file (format parquet, kv_metadata {pulse: $about})
"""
EMPTY_LANDING = f"""
copy (
    select {landing_step.LANDING_COLUMNS}
    from (
        select
            null::varchar as event_id, null::varchar as user_id, null::timestamp as instant,
            null::timestamp as ended_at, null::timestamp as last_activity_at, null::bigint as amount,
            null::boolean as passed, null::timestamp as updated_at, null::varchar as reason, null::varchar as row
    )
    where false
) to $file ({PARQUET})
"""
CONFIGURATION = """
[pulse]
data_dir = "var"
first_day = {first_day}

[sources.platform]
url = "{url}"

[streams.users]
kind = "users"
source = "platform"
table = "users"
columns = {{ user_id = "id", username = "username", timezone = "timezone", is_public = "is_public" }}

[streams.xp_events]
kind = "xp"
source = "platform"
table = "xp_events"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "created_at", amount = "amount" }}

[streams.english_sessions]
kind = "sessions"
source = "platform"
table = "english_sessions"
columns = {{ event_id = "id", user_id = "user_id", started_at = "started_at", ended_at = "ended_at" }}

[streams.quiz_attempts]
kind = "quizzes"
source = "platform"
table = "quiz_attempts"
columns = {{ event_id = "id", user_id = "user_id", occurred_at = "submitted_at", passed = "passed" }}
"""


def configure(folder: Path, days: int, url: str = "sqlite:///platform.sqlite") -> Configuration:
    """Write and load the `pulse.toml` of a platform whose last day is `LAST_DAY` and that began so many days before."""
    first_day = LAST_DAY - timedelta(days=days - 1)
    place = folder / "pulse.toml"
    place.write_text(CONFIGURATION.format(first_day=first_day, url=url), encoding="utf-8")
    return load(place, uses=["sources"])


def make_learners(connection: duckdb.DuckDBPyConnection, learners: int) -> None:
    """Make the table `learners`."""
    connection.execute(LEARNERS, {"learners": learners, "zones": list(ZONES)})


def land_learners(connection: duckdb.DuckDBPyConnection, configuration: Configuration) -> None:
    """Write the learners and their zones as if they had landed on the first day."""
    lake = Lake.of(configuration)
    lake.root.mkdir(parents=True, exist_ok=True)
    stream = configuration.users_streams[0]
    first_day = configuration.pulse.first_day
    about = {"stream": stream.name, "fingerprint": stream.fingerprint, "last_day": first_day.isoformat()}
    said = json.dumps(about)
    connection.execute(USERS, {"file": str(lake.users), "about": said})
    connection.execute(ZONES_OVER_TIME, {"file": str(lake.zones), "day": first_day, "about": said})


def roll_up_history(connection: duckdb.DuckDBPyConnection, configuration: Configuration, last_day: date) -> int:
    """Write landings without rows, and their activity with rows, for every day up to the last; return the rows.

    What no night would read again of those days is not there: the rows that were rolled up.
    """
    lake = Lake.of(configuration)
    for folder in (*KINDS, "activity"):
        (lake.root / folder).mkdir(parents=True, exist_ok=True)
    landings: dict[tuple[str, date], Landing] = {}
    rows = 0
    for day in days_between(configuration.pulse.first_day, last_day):
        make_active(connection, day)
        connection.execute(ACTIVITY, {"day": day})
        *sums, microseconds = engine.one_row(connection, SUMS)
        for landing in _hollow_landings(configuration, day, sums):
            landings[landing.stream, day] = landing
            place = lake.landing(landing.stream, day)
            connection.execute(EMPTY_LANDING, {"file": str(place), "about": landing.to_json()})
        content = {
            "made_from": activity_step.ingredients(configuration, landings, day, {}),
            "union_microseconds": microseconds,
            "content_hash": str(engine.one_row(connection, "select rows_hash(activity) from activity")[0]),
        }
        parameters = {"day": day, "file": str(lake.activity(day)), "about": json.dumps(content)}
        connection.execute(activity_step.WRITE_ACTIVITY, parameters)
        rows += engine.one_row(connection, "select count(*) from activity")[0]
    return rows


def make_active(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    """Make the table `active`: the learners of a day, each with a number that all their chances come from."""
    connection.execute(ACTIVE, {"day": day})


def _hollow_landings(configuration: Configuration, day: date, sums: list[int]) -> Iterator[Landing]:
    xp_events, xp, sessions, quizzes, passed = sums
    said: Mapping[str, Mapping[str, int]] = {
        "xp": {"events": xp_events, "amount": xp, "passed": 0},
        "sessions": {"events": sessions, "amount": 0, "passed": 0},
        "quizzes": {"events": quizzes, "amount": 0, "passed": passed},
    }
    for stream in configuration.event_streams:
        yield landing_of(
            stream=stream.name,
            day=day,
            fingerprint=stream.fingerprint,
            extracted_at=f"{day + timedelta(days=1)}T02:00:00+00:00",
            source_rows=said[stream.kind]["events"],
            rows=said[stream.kind]["events"],
            sums=said[stream.kind],
            content_hash=str(day.toordinal()),
        )


def landing_of(**said: Any) -> Landing:
    """Return a landing that says this of itself, and of everything else that there is nothing of it."""
    empty: dict[str, Any] = {field.name: {} if "Mapping" in str(field.type) else 0 for field in fields(Landing)}
    return Landing(**{**empty, **said})


def keep(folder: Path) -> None:
    """Remember the data folder of a benchmark by links: a night replaces files, and writes into none but locks."""
    shutil.rmtree(folder / KEPT, ignore_errors=True)
    shutil.copytree(folder / "var", folder / KEPT, symlinks=True, copy_function=os.link)


def put_back(folder: Path) -> None:
    """Make the data folder what it was when it was kept, in everything that a night leaves behind.

    Landings and activity, the learners and their zones, what the last version was made from and what was restated, the
    number of the last version, the versions and the pointer.
    """
    shutil.rmtree(folder / "var")
    shutil.copytree(folder / KEPT, folder / "var", symlinks=True, copy_function=os.link)
