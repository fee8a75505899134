-- The days of each learner of one bucket up to the window's end, in one pass -> sums of XP and streaks (R27, R29).
-- `xp_dates` has a bit for each date from $first_date on, 1 where XP were earned. Dates that only a saver covers have
-- none: they keep a run alive and do not count, so without them a run is ones side by side. All of it is in this model,
-- because what a grouping gives is worked on by all threads, and a table of one bucket by one.
-- reads: saved_dates, version.daily_activity, version.pulse_totals
-- takes: $first_date, $first_key, $last_date, $last_key
-- makes: user_key, user_id, total_xp, last_activity, covered_dates, is_end_kept, reaching, longest_streak,
-- current_streak
with savers as (
    select
        learner.user_key,
        list(saved.covered_on) filter (saved.is_without_xp) as dates,
        count(*)::integer as covered_dates,
        bool_or(saved.covered_on = learner.window_end) as is_end_covered
    from saved_dates as saved
    inner join version.pulse_totals as learner
        on saved.user_key = learner.user_key and saved.covered_on <= learner.window_end
    where learner.user_key between $first_key and $last_key
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
    from version.pulse_totals as learner
    left join version.daily_activity as day
        on
            learner.user_key = day.user_key
            and learner.window_end >= day.activity_date
            and day.user_key between $first_key and $last_key
    left join savers on learner.user_key = savers.user_key
    where learner.user_key between $first_key and $last_key
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
),

dates_in_order as (
    select
        histories.*,
        coalesce(savers.covered_dates, 0) as covered_dates,
        left(
            xp_dates::varchar,
            (window_end - $first_date::date)::integer + 1 - coalesce(len(savers.dates), 0)::integer
        ) as dates,
        (coalesce(savers.is_end_covered, false) or last_activity is not distinct from window_end) as is_end_kept
    from histories
    left join savers on histories.user_key = savers.user_key
)

select
    user_key,
    user_id,
    total_xp,
    last_activity,
    covered_dates,
    is_end_kept,
    if(is_end_kept, dates, left(dates, -1)) as reaching,
    -- Of texts of ones the longest is the greatest; fewer zeros between them are fewer texts.
    coalesce(length(list_max(string_split(replace(dates, '0000', '0'), '0'))), 0)::integer as longest_streak,
    coalesce(length(reaching) - length(rtrim(reaching, '1')), 0)::integer as current_streak
from dates_in_order
