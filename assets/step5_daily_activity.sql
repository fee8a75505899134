-- Activity of all UTC days -> one row per learner and active local date, for the learners of one bucket (R6, R7, R11).
-- The floors at 0 XP and at whole seconds are applied here, once per local date.
with summed as (
    select
        activity.user_key,
        activity.user_id,
        activity.activity_date,
        greatest(sum(activity.xp), 0)::bigint as xp_earned,
        (sum(activity.session_microseconds) // 1000000)::bigint as learning_time,
        sum(activity.sessions)::bigint as sessions,
        sum(activity.quizzes)::bigint as quizzes,
        sum(activity.quizzes_passed)::bigint as quizzes_passed
    from activity
    semi join users on activity.user_key = users.user_key and activity.user_id = users.user_id
    where activity.user_key between $first_key and $last_key
    group by activity.user_key, activity.user_id, activity.activity_date
)

select *
from summed
where is_active(xp_earned, learning_time, sessions, quizzes, quizzes_passed)
order by user_key, user_id, activity_date
