-- The days of each learner of one bucket up to the window's end, in one pass -> what XP and streaks are made of (R27,
-- R29). `xp_dates` has a bit for each date from $first_date on, 1 where XP were earned. Dates that only a saver covers
-- have no bit: they keep a run alive and do not count, so without them a run is ones side by side.
-- reads: learner_windows, saved_dates, version.daily_activity
-- takes: $first_date, $first_key, $last_date, $last_key
-- makes: histories.*, covered_dates, is_end_covered, saved_until_end
with savers as (
    select
        learner.user_key,
        list(saved.covered_on) filter (saved.is_without_xp) as dates,
        count(*)::integer as covered_dates,
        bool_or(saved.covered_on = learner.window_end) as is_end_covered
    from saved_dates as saved
    inner join learner_windows as learner
        on saved.user_key = learner.user_key and saved.covered_on <= learner.window_end
    group by learner.user_key
),

days as (
    select
        learner.user_key,
        learner.user_id,
        learner.window_end,
        day.xp_earned,
        case when day.xp_earned > 0 then day.activity_date end as xp_date,
        savers.dates as saved_dates
    from learner_windows as learner
    left join version.daily_activity as day
        on
            learner.user_key = day.user_key
            and learner.window_end >= day.activity_date
            and day.user_key between $first_key and $last_key
    left join savers on learner.user_key = savers.user_key
),

histories as (
    select
        user_key,
        user_id,
        window_end,
        coalesce(sum(xp_earned), 0)::bigint as total_xp,
        max(xp_date) as last_activity,
        bitstring_agg(
            (xp_date - $first_date::date)::integer - dates_before(saved_dates, xp_date),
            0, ($last_date::date - $first_date::date)::integer
        ) as xp_dates
    from days
    group by user_key, user_id, window_end
)

select
    histories.*,
    coalesce(savers.covered_dates, 0) as covered_dates,
    coalesce(savers.is_end_covered, false) as is_end_covered,
    coalesce(len(savers.dates), 0)::integer as saved_until_end
from histories
left join savers on histories.user_key = savers.user_key
