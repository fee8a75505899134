"""What a data engineer would write for ClickHouse, with the same result: a peer of question 2."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import chdb

from tests.benchmarks import lakes

if TYPE_CHECKING:
    from pathlib import Path

# Dates are cut in the learner's zone; a zone has to be a constant there, so there is one arm for each.
COUNTED = """
select user_id, toDate(instant, '{zone}') as activity_date, sum(xp) as xp, 0 as microseconds,
    sum(is_session) as sessions, sum(is_quiz) as quizzes, sum(is_passed) as quizzes_passed
from events
where timezone = '{zone}'
group by user_id, activity_date
"""
TIMED = """
select user_id, toDate(day_number) as activity_date, 0 as xp,
    sum(
        toUnixTimestamp64Micro(least(closed, toDateTime64(toDateTime(toDate(day_number + 1), '{zone}'), 6, 'UTC')))
        - toUnixTimestamp64Micro(greatest(opened, toDateTime64(toDateTime(toDate(day_number), '{zone}'), 6, 'UTC')))
    ) as microseconds,
    0 as sessions, 0 as quizzes, 0 as quizzes_passed
from (
    select *, arrayJoin(range(
        toUInt32(toDate(opened, '{zone}')), toUInt32(toDate(closed - toIntervalMicrosecond(1), '{zone}')) + 1
    )) as day_number
    from stretches
    where timezone = '{zone}'
)
group by user_id, activity_date
"""
LEVELS = """
insert into function file('{target}', 'Parquet')
with
learners as (
    select user_id, timezone from file('{lake}/users.parquet', 'Parquet') where reason is null and not is_deleted
),
sessions as (
    select user_id, timezone, toDateTime64(instant, 6, 'UTC') as opened,
        least(
            toDateTime64(coalesce(ended_at, last_activity_at, instant), 6, 'UTC'),
            toDateTime64('{through} 00:00:00', 6, 'UTC')
        ) as closed
    from file('{lake}/english_sessions/????-??-??.parquet', 'Parquet') as landed
    inner join learners on landed.user_id = learners.user_id
    where landed.reason is null
),
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
events as (
    select user_id, timezone, instant, amount as xp, 0 as is_session, 0 as is_quiz, 0 as is_passed
    from file('{lake}/xp_events/????-??-??.parquet', 'Parquet') as landed
    inner join learners on landed.user_id = learners.user_id
    where landed.reason is null
    union all
    select user_id, timezone, opened, 0, 1, 0, 0 from sessions
    union all
    select user_id, timezone, instant, 0, 0, 1, toInt64(passed)
    from file('{lake}/quiz_attempts/????-??-??.parquet', 'Parquet') as landed
    inner join learners on landed.user_id = learners.user_id
    where landed.reason is null
),
days as (
    select user_id, activity_date, greatest(toInt64(sum(xp)), 0) as xp_earned,
        toInt64(intDiv(sum(microseconds), 1000000)) as learning_time, toInt64(sum(sessions)) as sessions,
        toInt64(sum(quizzes)) as quizzes, toInt64(sum(quizzes_passed)) as quizzes_passed
    from ({arms})
    group by user_id, activity_date
),
inside as (
    select days.user_id as user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed
    from days
    inner join learners as learner on days.user_id = learner.user_id
    inner join ({windows}) as window on learner.timezone = window.timezone
    where activity_date between window_end - 364 and window_end
    and greatest(xp_earned, learning_time, sessions, quizzes, quizzes_passed) > 0
),
platform as (
    select arraySort(groupArray(xp_earned)) as scores from inside
),
cuts as (
    select user_id,
        if(
            count() >= {min_active_days}, arraySort(groupArray(xp_earned)), (select scores from platform)
        ) as scores,
        length(scores) as n, scores[1] as low, scores[n] as high, scores[intDiv(n + 3, 4)] as cut_2,
        scores[intDiv(2 * n + 3, 4)] as cut_3, scores[intDiv(3 * n + 3, 4)] as cut_4
    from inside
    group by user_id
)
select inside.user_id as user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed,
    multiIf(
        low = high, 2,
        (cut_4 > low and xp_earned >= cut_4) or (cut_4 = low and xp_earned > low), 4,
        cut_3 > low and xp_earned >= cut_3, 3,
        cut_2 > low and xp_earned >= cut_2, 2,
        1
    ) as level
from inside
inner join cuts on inside.user_id = cuts.user_id
order by user_id, activity_date
settings engine_file_truncate_on_insert = 1, joined_subquery_requires_alias = 0
"""


def level_landings(lake: Path, target: Path, min_active_days: int) -> None:
    """Read landings, and write the active days of every learner's window with their levels.

    Args:
        lake: the lake's folder.
        target: the Parquet file to write.
        min_active_days: with fewer a learner is compared with everybody (R16).
    """
    from tests.benchmarks.peer_polars import window_end

    arms = " union all ".join(arm.format(zone=zone) for zone in lakes.ZONES for arm in (COUNTED, TIMED))
    windows = " union all ".join(
        f"select '{zone}' as timezone, toDate('{window_end(zone)}') as window_end" for zone in lakes.ZONES
    )
    query = LEVELS.format(
        lake=lake,
        target=target,
        arms=arms,
        windows=windows,
        through=lakes.LAST_DAY + timedelta(days=1),
        min_active_days=min_active_days,
    )
    chdb.query(query)
