-- learning_pulse of the finished file -> one row per key: what there is to compare with totals and daily_activity.
-- reads: version.learning_pulse, version.pulse_totals
-- makes: user_key, foreign_rows, null_rows, bad_levels, xp_earned, learning_time, sessions, quizzes, quizzes_passed,
-- active_days, days_hash
with days as (
    select
        day.*,
        (day.user_id is distinct from totals.user_id) as is_foreign,
        (
            day.user_key + xp_earned + learning_time + sessions + quizzes + quizzes_passed + level is null
            or day.user_id is null
            or activity_date is null
        ) as has_null
    from version.learning_pulse as day
    left join version.pulse_totals as totals on day.user_key = totals.user_key
)

select
    user_key,
    count(*) filter (is_foreign) as foreign_rows,
    count(*) filter (has_null) as null_rows,
    count(*) filter (coalesce(level not between 1 and 4, true)) as bad_levels,
    sum(xp_earned) as xp_earned,
    sum(learning_time) as learning_time,
    sum(sessions) as sessions,
    sum(quizzes) as quizzes,
    sum(quizzes_passed) as quizzes_passed,
    count(*) as active_days,
    sum(hash(activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed)) as days_hash
from days
group by user_key
