-- Activity of all UTC days -> one row per learner and active local date, for part of a bucket (R6, R7, R11). The floors
-- at 0 XP and at whole seconds are applied here, once per local date. Rows are grouped without the ids, which are
-- larger than all the rest. That a key has one id was checked before (`assets/step5_build/rolled_learners.sql`). The
-- sums are cast at once: HUGEINT, the type of a sum, is divided and compared many times slower.
-- reads: bucket, version.users
-- takes: $first_key, $last_key
-- makes: active.*, user_id
with summed as (
    select
        user_key,
        activity_date,
        sum(xp)::bigint as xp,
        sum(session_microseconds)::bigint as session_microseconds,
        sum(sessions)::bigint as sessions,
        sum(quizzes)::bigint as quizzes,
        sum(quizzes_passed)::bigint as quizzes_passed
    from bucket
    where user_key between $first_key and $last_key
    group by user_key, activity_date
),

floored as (
    select
        * exclude (xp, session_microseconds),
        greatest(xp, 0) as xp_earned,
        session_microseconds // 1000000 as learning_time
    from summed
),

active as (
    select *
    from floored
    where is_active(xp_earned, learning_time, sessions, quizzes, quizzes_passed)
)

select active.*, users.user_id
from active
inner join version.users on active.user_key = users.user_key
order by active.user_key, active.activity_date
