-- The totals of calendar years are the sums of their days, of a part of the learners in every column (R30).
-- table: yearly_totals
-- compares: select count(*) from version.yearly_totals
-- beside: the profile
-- reads: activity_sums, counted_part, version.daily_activity, version.pulse_totals, version.yearly_totals
with years as (
    select
        user_key,
        sum(total_xp_earned) as xp,
        sum(active_days) as active_days,
        count(*) - count(distinct year) as twice
    from version.yearly_totals
    group by user_key
),

counted as (
    select
        day.user_key,
        year(day.activity_date) as year,
        sum(xp_earned) as xp_earned,
        sum(learning_time) as learning_time,
        sum(sessions) as sessions,
        sum(quizzes) as quizzes,
        sum(quizzes_passed) as quizzes_passed,
        count(*) as active_days
    from version.daily_activity as day
    inner join version.pulse_totals as totals
        on day.user_key = totals.user_key and day.activity_date <= totals.window_end
    where day.user_key between (select first_key from counted_part) and (select last_key from counted_part)
    group by all
)

select 'user_key ' || coalesce(days.user_key, years.user_key) as example
from activity_sums as days
full outer join years on days.user_key = years.user_key
where
    coalesce(days.xp_until_end, 0) is distinct from coalesce(years.xp, 0)
    or coalesce(days.days_until_end, 0) is distinct from coalesce(years.active_days, 0)
    or years.twice > 0
union all
select 'user_key ' || counted.user_key || ' in ' || counted.year
from counted
left join version.yearly_totals as totals on counted.user_key = totals.user_key and counted.year = totals.year
where
    counted.xp_earned is distinct from totals.total_xp_earned
    or counted.learning_time is distinct from totals.total_learning_time
    or counted.sessions is distinct from totals.total_sessions
    or counted.quizzes is distinct from totals.total_quizzes
    or counted.quizzes_passed is distinct from totals.total_quizzes_passed
    or counted.active_days is distinct from totals.active_days
