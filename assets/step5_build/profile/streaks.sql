-- Histories of the learners of one bucket -> their streaks (R27).
-- reads: as_of_night, histories
-- takes: $first_date
-- makes: user_key, user_id, current_streak, longest_streak, last_activity, streak_at_risk, freezes_used,
-- freezes_available
with dates_in_order as (
    select
        histories.*,
        left(xp_dates::varchar, (window_end - $first_date::date)::integer + 1 - saved_until_end) as dates,
        (is_end_covered or last_activity is not distinct from window_end) as is_end_kept
    from histories
),

runs as (
    select
        *,
        if(is_end_kept, dates, left(dates, -1)) as reaching,
        coalesce(list_max(list_transform(string_split(dates, '0'), lambda run: length(run))), 0) as longest_streak,
        coalesce(length(reaching) - length(rtrim(reaching, '1')), 0) as current_streak
    from dates_in_order
)

select
    runs.user_key,
    runs.user_id,
    current_streak::integer as current_streak,
    longest_streak::integer as longest_streak,
    last_activity,
    (current_streak > 0 and not is_end_kept) as streak_at_risk,
    covered_dates as freezes_used,
    coalesce(as_of_night.freezes_available, 0) as freezes_available
from runs
left join as_of_night on runs.user_key = as_of_night.user_key
order by runs.user_key
