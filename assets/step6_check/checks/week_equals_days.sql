-- The dates of the week are the active days from its first date to the window's end, and those that savers cover (R28).
-- table: weekly_activity
-- compares: select count(*) from version.weekly_activity
-- beside: the profile
-- reads: saved_dates, version.daily_activity, version.pulse_totals, version.version_info, version.weekly_activity
with weeks as (
    select
        user_key,
        window_end,
        case week_start
            when 'monday' then date_trunc('week', window_end)
            else date_trunc('week', window_end + 1) - interval 1 day
        end::date as first_date
    from version.pulse_totals
    cross join version.version_info
),

expected as (
    select day.user_key, day.user_id, activity_date, xp_earned, learning_time, sessions, quizzes, quizzes_passed
    from version.daily_activity as day
    inner join weeks
        on day.user_key = weeks.user_key and activity_date between weeks.first_date and weeks.window_end
),

covered as (
    select saved.user_key, saved.covered_on
    from saved_dates as saved
    inner join weeks
        on saved.user_key = weeks.user_key and saved.covered_on between weeks.first_date and weeks.window_end
),

covered_in_version as (
    select user_key, activity_date
    from version.weekly_activity
    where is_freeze_covered
)

select 'user_key ' || coalesce(expected.user_key, week.user_key) as example
from expected
full outer join version.weekly_activity as week
    on
        expected.user_key = week.user_key
        and expected.user_id = week.user_id
        and expected.activity_date = week.activity_date
where
    (expected.user_key is null and not coalesce(week.is_freeze_covered, false))
    or week.user_key is null
    or coalesce(expected.xp_earned, 0) is distinct from week.xp_earned
    or coalesce(expected.learning_time, 0) is distinct from week.learning_time
    or coalesce(expected.sessions, 0) is distinct from week.sessions
    or coalesce(expected.quizzes, 0) is distinct from week.quizzes
    or coalesce(expected.quizzes_passed, 0) is distinct from week.quizzes_passed
union all
select 'user_key ' || coalesce(covered.user_key, week.user_key)
from covered
full outer join covered_in_version as week
    on covered.user_key = week.user_key and covered.covered_on = week.activity_date
where covered.user_key is null or week.user_key is null
