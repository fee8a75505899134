-- daily_activity of the finished file -> one row per key: sums of all days, and sums and hash of active days. Those are
-- the active days in the learner's window, to be compared with totals and pulse. It is one pass, without a row in
-- memory.
-- reads: version.daily_activity, version.pulse_totals
-- makes: user_key, foreign_rows, null_rows, all_xp_earned, all_learning_time, all_sessions, all_quizzes,
-- all_quizzes_passed, active_days, days_hash, xp_until_end, days_until_end, last_xp_date
with days as (
    select
        day.*,
        (day.user_id is distinct from totals.user_id) as is_foreign,
        (
            day.user_key + xp_earned + learning_time + sessions + quizzes + quizzes_passed is null
            or day.user_id is null
            or activity_date is null
        ) as has_null,
        (
            activity_date between totals.window_start and totals.window_end
            and is_active(xp_earned, learning_time, sessions, quizzes, quizzes_passed)
        ) as is_in_pulse,
        coalesce(activity_date <= totals.window_end, false) as is_until_end
    from version.daily_activity as day
    left join version.pulse_totals as totals on day.user_key = totals.user_key
)

select
    user_key,
    count(*) filter (is_foreign) as foreign_rows,
    count(*) filter (has_null) as null_rows,
    sum(xp_earned) as all_xp_earned,
    sum(learning_time) as all_learning_time,
    sum(sessions) as all_sessions,
    sum(quizzes) as all_quizzes,
    sum(quizzes_passed) as all_quizzes_passed,
    count(*) filter (is_in_pulse) as active_days,
    coalesce(
        sum(hash(activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed)) filter (is_in_pulse), 0
    ) as days_hash,
    sum(xp_earned) filter (is_until_end) as xp_until_end,
    count(*) filter (is_until_end) as days_until_end,
    max(activity_date) filter (is_until_end and xp_earned > 0) as last_xp_date
from days
group by user_key
