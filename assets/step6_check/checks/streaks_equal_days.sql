-- Every learner has a streak, which ends on the last date with XP; of a part of them the runs are counted again (R27).
-- table: streaks
-- compares: select count(*) from version.streaks
-- beside: the profile
-- reads: activity_sums, counted_part, saved_dates, version.daily_activity, version.pulse_totals, version.streaks,
-- version.users
--
-- The build counts ones in a text. Here dates with XP and dates that savers cover are put in order, and a run ends
-- where a date is missing.
with kept_alive as (
    select day.user_key, day.activity_date, true as has_xp
    from version.daily_activity as day
    inner join version.pulse_totals as totals
        on day.user_key = totals.user_key and day.activity_date <= totals.window_end
    where
        day.xp_earned > 0
        and day.user_key between (select first_key from counted_part) and (select last_key from counted_part)
    union all
    select saved.user_key, saved.covered_on, false
    from saved_dates as saved
    inner join version.pulse_totals as totals
        on saved.user_key = totals.user_key and saved.covered_on <= totals.window_end
    where saved.user_key between (select first_key from counted_part) and (select last_key from counted_part)
),

dates as (
    select user_key, activity_date, bool_or(has_xp) as has_xp
    from kept_alive
    group by user_key, activity_date
),

numbered as (
    select *, activity_date - row_number() over (partition by user_key order by activity_date)::integer as run
    from dates
),

runs as (
    select user_key, max(activity_date) as last_date, count(*) filter (has_xp) as xp_dates
    from numbered
    group by user_key, run
),

counted as (
    select
        totals.user_key,
        coalesce(max(runs.xp_dates), 0) as longest_streak,
        coalesce(max(runs.xp_dates) filter (runs.last_date >= totals.window_end - 1), 0) as current_streak,
        coalesce(max(runs.last_date), date '0001-01-01') < totals.window_end as is_end_open
    from version.pulse_totals as totals
    left join runs on totals.user_key = runs.user_key
    where totals.user_key between (select first_key from counted_part) and (select last_key from counted_part)
    group by totals.user_key, totals.window_end
),

used as (
    select saved.user_key, count(*) as dates
    from saved_dates as saved
    inner join version.pulse_totals as totals
        on saved.user_key = totals.user_key and saved.covered_on <= totals.window_end
    group by saved.user_key
)

select 'user_key ' || streaks.user_key as example
from version.streaks
left join used on streaks.user_key = used.user_key
where streaks.freezes_used is distinct from coalesce(used.dates, 0)
union all
select 'user_key ' || coalesce(learner.user_key, streaks.user_key)
from version.users as learner
full outer join version.streaks on learner.user_key = streaks.user_key and learner.user_id = streaks.user_id
left join activity_sums as days on learner.user_key = days.user_key
where
    learner.user_key is null
    or streaks.user_key is null
    or streaks.last_activity is distinct from days.last_xp_date
union all
select 'user_key ' || counted.user_key
from counted
inner join version.streaks on counted.user_key = streaks.user_key
where
    counted.longest_streak is distinct from streaks.longest_streak
    or counted.current_streak is distinct from streaks.current_streak
    or (counted.current_streak > 0 and counted.is_end_open) is distinct from streaks.streak_at_risk
