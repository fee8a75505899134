-- The sums by day are those of the activity, on the days that the version counted and on others in turn.
-- table: daily_activity
-- compares: select count(*) from days_counted
-- reads: days_counted, kept_sums, rolled_by_day
--
-- Sums of days that have not changed are taken over from version to version. So each day is counted again in one of 32
-- versions.
with summed as (
    select
        kept.day,
        sum(xp_events) as xp_events,
        sum(event_rows) as event_rows,
        sum(xp) as xp,
        sum(sessions) as sessions,
        sum(quizzes) as quizzes,
        sum(quizzes_passed) as quizzes_passed,
        sum(microseconds) as microseconds,
        sum(rows) filter (user_key is null) as live_rows,
        sum(xp) filter (user_key is null) as live_xp,
        sum(sessions) filter (user_key is null) as live_sessions,
        sum(quizzes) filter (user_key is null) as live_quizzes,
        sum(quizzes_passed) filter (user_key is null) as live_quizzes_passed,
        sum(microseconds) filter (user_key is null) as live_microseconds
    from kept_sums as kept
    semi join days_counted on kept.day = days_counted.day
    group by kept.day
),

counted as (
    select rolled.*
    from rolled_by_day as rolled
    semi join days_counted on rolled.day = days_counted.day
)

select coalesce(summed.day, counted.day)::varchar as example
from summed
full outer join counted on summed.day = counted.day
where
    summed.xp_events is distinct from counted.xp_events
    or summed.event_rows is distinct from counted.event_rows
    or summed.xp is distinct from counted.xp
    or summed.sessions is distinct from counted.sessions
    or summed.quizzes is distinct from counted.quizzes
    or summed.quizzes_passed is distinct from counted.quizzes_passed
    or summed.microseconds is distinct from counted.microseconds
    or coalesce(summed.live_rows, 0) <> counted.live_rows
    or summed.live_xp is distinct from counted.live_xp
    or summed.live_sessions is distinct from counted.live_sessions
    or summed.live_quizzes is distinct from counted.live_quizzes
    or summed.live_quizzes_passed is distinct from counted.live_quizzes_passed
    or summed.live_microseconds is distinct from counted.live_microseconds
