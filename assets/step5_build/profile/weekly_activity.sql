-- The active and covered dates of each learner's current week, for the learners of one bucket (R28).
-- reads: saved_dates, version.daily_activity, version.pulse_totals
-- takes: $first_key, $last_key, $week_start
-- makes: user_key, user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed,
-- is_freeze_covered
with weeks as (
    select user_key, user_id, window_end, version.first_of_week(window_end, $week_start) as first_date
    from version.pulse_totals
    where user_key between $first_key and $last_key
),

days as (
    select day.*
    from version.daily_activity as day
    inner join weeks
        on day.user_key = weeks.user_key and day.activity_date between weeks.first_date and weeks.window_end
    where day.user_key between $first_key and $last_key
),

saved as (
    select weeks.user_key, weeks.user_id, saved_dates.covered_on as activity_date
    from saved_dates
    inner join weeks
        on
            saved_dates.user_key = weeks.user_key
            and saved_dates.covered_on between weeks.first_date and weeks.window_end
)

select
    coalesce(days.user_key, saved.user_key) as user_key,
    coalesce(days.user_id, saved.user_id) as user_id,
    coalesce(days.activity_date, saved.activity_date) as activity_date,
    coalesce(days.xp_earned, 0) as xp_earned,
    coalesce(days.learning_time, 0) as learning_time,
    coalesce(days.sessions, 0) as sessions,
    coalesce(days.quizzes, 0) as quizzes,
    coalesce(days.quizzes_passed, 0) as quizzes_passed,
    saved.user_key is not null as is_freeze_covered
from days
full outer join saved on days.user_key = saved.user_key and days.activity_date = saved.activity_date
order by user_key, activity_date
