-- The figures of a version that the next one must not fall far below. There is one row per figure, and for XP and
-- seconds one per date of the week up to `last_day`. Every learner's window has that week. Dates after `until` are left
-- out.
-- reads: compared_daily_activity, compared_learning_pulse, compared_users
-- takes: $last_day, $until
-- makes: name, activity_date, amount
with last_week as (
    select activity_date, sum(xp_earned)::bigint as xp, sum(learning_time)::bigint as seconds
    from compared_learning_pulse
    where activity_date between $last_day::date - 6 and $last_day::date
    group by activity_date
)

select 'rows_kept' as name, null::date as activity_date, count(*) as amount
from compared_daily_activity
where $until::date is null or activity_date <= $until::date
union all
select 'learners_kept', null, count(*) from compared_users
union all
select 'xp_of_last_week_kept', activity_date, xp from last_week
union all
select 'seconds_of_last_week_kept', activity_date, seconds from last_week
