"""What a data engineer would write for ClickHouse, with the same result: a peer of question 2.

Tables in memory stand between the statements, because ClickHouse works a common table expression out as often as it is
named. A zone has to be a constant there, so the date of an instant is a choice among the zones.
"""

from __future__ import annotations

from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chdb.session import Session

from tests.benchmarks import lakes

if TYPE_CHECKING:
    from pathlib import Path

DATE = "toDate({instant}, '{{zone}}')"
MIDNIGHT = "toDateTime64(toDateTime(toDate({day}), '{{zone}}'), 6, 'UTC')"

LEARNERS = """
create table learners engine = Memory as
select user_id, timezone, window_end
from file('{lake}/users.parquet', 'Parquet') as landed
inner join ({windows}) as window on landed.timezone = window.timezone
where reason is null and not is_deleted
"""
SESSIONS = """
create table sessions engine = Memory as
select user_id, timezone, toDateTime64(instant, 6, 'UTC') as opened,
    least(
        toDateTime64(coalesce(ended_at, last_activity_at, instant), 6, 'UTC'),
        toDateTime64('{through} 00:00:00', 6, 'UTC')
    ) as closed
from file('{lake}/english_sessions/????-??-??.parquet', 'Parquet') as landed
inner join learners on landed.user_id = learners.user_id
where landed.reason is null
"""
INSIDE = """
create table inside engine = Memory as
with
stretches as (
    select user_id, timezone, greatest(opened, before) as opened, closed
    from (
        select *, max(closed) over (
            partition by user_id order by opened, closed rows between unbounded preceding and 1 preceding
        ) as before
        from sessions
    )
    where closed > greatest(opened, before)
),
timed as (
    select *, arrayJoin(range(toUInt32({first_date}), toUInt32({last_date}) + 1)) as day_number
    from stretches
),
days as (
    select user_id, activity_date, greatest(toInt64(sum(xp)), 0) as xp_earned,
        toInt64(intDiv(sum(microseconds), 1000000)) as learning_time, toInt64(sum(is_session)) as sessions,
        toInt64(sum(is_quiz)) as quizzes, toInt64(sum(is_passed)) as quizzes_passed
    from (
        select user_id, {date} as activity_date, amount as xp, 0 as microseconds,
            0 as is_session, 0 as is_quiz, 0 as is_passed
        from file('{lake}/xp_events/????-??-??.parquet', 'Parquet') as landed
        inner join learners on landed.user_id = learners.user_id
        where landed.reason is null
        union all
        select user_id, {opening_date}, 0, 0, 1, 0, 0 from sessions
        union all
        select user_id, {date}, 0, 0, 0, 1, toInt64(passed)
        from file('{lake}/quiz_attempts/????-??-??.parquet', 'Parquet') as landed
        inner join learners on landed.user_id = learners.user_id
        where landed.reason is null
        union all
        select user_id, toDate(day_number), 0,
            toUnixTimestamp64Micro(least(closed, {next_midnight}))
            - toUnixTimestamp64Micro(greatest(opened, {midnight})), 0, 0, 0
        from timed
    )
    group by user_id, activity_date
)
select days.user_id as user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed
from days
inner join learners as learner on days.user_id = learner.user_id
where activity_date between window_end - 364 and window_end
and greatest(xp_earned, learning_time, sessions, quizzes, quizzes_passed) > 0
"""
CUTS = """
    arraySort(groupArray(xp_earned)) as scores, length(scores) as n, scores[1] as low, scores[n] as high,
    scores[intDiv(n + 3, 4)] as cut_2, scores[intDiv(2 * n + 3, 4)] as cut_3, scores[intDiv(3 * n + 3, 4)] as cut_4
"""
LEVELS = """
insert into function file('{target}', 'Parquet')
with
cuts as (
    select user_id, count() as active_days, {cuts} from inside group by user_id
),
platform as (
    select {cuts} from inside
)
select inside.user_id as user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed,
    active_days >= {min_active_days} as has_own,
    if(has_own, cuts.low, platform.low) as low, if(has_own, cuts.high, platform.high) as high,
    if(has_own, cuts.cut_2, platform.cut_2) as cut_2, if(has_own, cuts.cut_3, platform.cut_3) as cut_3,
    if(has_own, cuts.cut_4, platform.cut_4) as cut_4,
    multiIf(
        low = high, 2,
        (cut_4 > low and xp_earned >= cut_4) or (cut_4 = low and xp_earned > low), 4,
        cut_3 > low and xp_earned >= cut_3, 3,
        cut_2 > low and xp_earned >= cut_2, 2,
        1
    ) as level
from inside
inner join cuts on inside.user_id = cuts.user_id
cross join platform
order by user_id, activity_date
settings engine_file_truncate_on_insert = 1
"""


def level_landings(lake: Path, target: Path, min_active_days: int) -> None:
    """Read landings, and write the active days of every learner's window with their levels.

    Args:
        lake: the lake's folder.
        target: the Parquet file to write.
        min_active_days: with fewer a learner is compared with everybody (R16).
    """
    from tests.benchmarks.peer_polars import window_end

    windows = " union all ".join(
        f"select '{zone}' as timezone, toDate('{window_end(zone)}') as window_end" for zone in lakes.ZONES
    )
    words = {
        "lake": lake,
        "target": target,
        "windows": windows,
        "through": lakes.LAST_DAY + timedelta(days=1),
        "min_active_days": min_active_days,
        "cuts": CUTS,
        "date": _by_zone(DATE.format(instant="instant")),
        "opening_date": _by_zone(DATE.format(instant="opened")),
        "first_date": _by_zone(DATE.format(instant="opened")),
        "last_date": _by_zone(DATE.format(instant="closed - toIntervalMicrosecond(1)")),
        "midnight": _by_zone(MIDNIGHT.format(day="day_number")),
        "next_midnight": _by_zone(MIDNIGHT.format(day="day_number + 1")),
    }
    with TemporaryDirectory(dir=target.parent) as folder:
        session = Session(folder)
        for statement in (LEARNERS, SESSIONS, INSIDE, LEVELS):
            session.query(statement.format(**words))
        session.close()


def _by_zone(expression: str) -> str:
    """Return what an expression is for a row's zone."""
    *others, last = lakes.ZONES
    cases = [f"timezone = '{zone}', {expression.format(zone=zone)}" for zone in others]
    return f"multiIf({', '.join(cases)}, {expression.format(zone=last)})"
