-- Landings = activity: rows, signed XP, passed, union of sessions and the seconds of totals by day.
-- table: landings
-- compares: select count(*) from landed_sums
-- reads: landed_sums, rolled_by_day, unions
--
-- What every landing says of itself against the rows of the day's activity.
with landed_by_day as (
    select
        day,
        coalesce(sum(events) filter (kind = 'xp'), 0) as xp_events,
        sum(events) as event_rows,
        coalesce(sum(amount) filter (kind = 'xp'), 0) + sum(xp) as xp,
        coalesce(sum(events) filter (kind = 'sessions'), 0) + sum(sessions) as sessions,
        coalesce(sum(events) filter (kind = 'quizzes'), 0) + sum(quizzes) as quizzes,
        coalesce(sum(passed) filter (kind = 'quizzes'), 0) + sum(quizzes_passed) as quizzes_passed,
        sum(seconds) * 1000000 as daily_microseconds
    from landed_sums
    group by day
)

select coalesce(landed.day, unions.day, rolled.day)::varchar as example
from landed_by_day as landed
full outer join unions on landed.day = unions.day
full outer join rolled_by_day as rolled on coalesce(landed.day, unions.day) = rolled.day
where
    landed.xp_events is distinct from coalesce(rolled.xp_events, 0)
    or landed.event_rows is distinct from coalesce(rolled.event_rows, 0)
    or landed.xp is distinct from coalesce(rolled.xp, 0)
    or landed.sessions is distinct from coalesce(rolled.sessions, 0)
    or landed.quizzes is distinct from coalesce(rolled.quizzes, 0)
    or landed.quizzes_passed is distinct from coalesce(rolled.quizzes_passed, 0)
    or unions.microseconds + landed.daily_microseconds is distinct from coalesce(rolled.microseconds, 0)
