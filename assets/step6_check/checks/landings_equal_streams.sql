-- Landings of a stream = what activity says of it: signed XP, sessions, quizzes, and the seconds of totals by day.
-- table: activity_by_stream
-- compares: select count(*) from landed_sums inner join days_counted on landed_sums.day = days_counted.day
-- beside: activity by stream
-- reads: activity, days_counted, landed_sums
--
-- Of the days that the version counted, and of some in turn. And of no stream a learner has more time on a UTC day than
-- of all streams together.
with landed as (
    select
        landed_sums.day,
        stream,
        if(kind = 'xp', amount, xp) as xp,
        if(kind = 'sessions', events, sessions) as sessions,
        if(kind = 'quizzes', events, quizzes) as quizzes,
        if(kind = 'quizzes', passed, quizzes_passed) as quizzes_passed,
        if(kind = 'daily', seconds::hugeint * 1000000, null) as microseconds
    from landed_sums
    semi join days_counted on landed_sums.day = days_counted.day
),

apart as (
    select activity.day, activity.session_microseconds as of_all, unnest(activity.streams) as measures
    from activity
    semi join days_counted on activity.day = days_counted.day
),

rolled as (
    select
        day,
        measures.stream,
        sum(measures.xp) as xp,
        sum(measures.sessions) as sessions,
        sum(measures.quizzes) as quizzes,
        sum(measures.quizzes_passed) as quizzes_passed,
        sum(measures.session_microseconds) as microseconds
    from apart
    group by day, measures.stream
)

select coalesce(landed.stream, rolled.stream) || ' on ' || coalesce(landed.day, rolled.day) as example
from landed
full outer join rolled on landed.day = rolled.day and landed.stream = rolled.stream
where
    landed.day is null
    or landed.xp is distinct from coalesce(rolled.xp, 0)
    or landed.sessions is distinct from coalesce(rolled.sessions, 0)
    or landed.quizzes is distinct from coalesce(rolled.quizzes, 0)
    or landed.quizzes_passed is distinct from coalesce(rolled.quizzes_passed, 0)
    or coalesce(rolled.microseconds, 0) <> coalesce(landed.microseconds, rolled.microseconds, 0)
union all
select apart.measures.stream || ' on ' || apart.day
from apart
where apart.measures.session_microseconds > apart.of_all
