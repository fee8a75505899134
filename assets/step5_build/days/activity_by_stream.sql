-- Activity of all UTC days -> one row per learner, local date and stream, for part of a bucket (R31). Whole seconds are
-- floored once per date and stream. XP stay signed: what R6 floors is the sum over streams.
-- reads: activity, version.users
-- takes: $first_key, $last_key
-- makes: summed.*, user_id
with apart as (
    select user_key, activity_date, unnest(streams) as measures
    from activity
    where user_key between $first_key and $last_key
),

summed as (
    select
        user_key,
        activity_date,
        measures.stream,
        sum(measures.xp)::bigint as xp,
        sum(measures.session_microseconds)::bigint // 1000000 as learning_time,
        sum(measures.sessions)::bigint as sessions,
        sum(measures.quizzes)::bigint as quizzes,
        sum(measures.quizzes_passed)::bigint as quizzes_passed
    from apart
    group by user_key, activity_date, measures.stream
)

select summed.*, users.user_id
from summed
inner join version.users on summed.user_key = users.user_key
where xp <> 0 or learning_time > 0 or sessions > 0 or quizzes > 0
order by summed.user_key, activity_date, stream
