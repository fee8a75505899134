-- What the look-up file has to say of the profiles of the learners of one range of keys (R27 to R29).
-- reads: version.streaks, version.weekly_activity, version.xp_totals
-- takes: $first_key, $last_key
-- makes: user_key, current_streak, longest_streak, last_activity, streak_at_risk, freezes_used, freezes_available,
-- total_xp, level, level_starts_at, next_level_at, booster_multiplier, booster_ends_at, covered_dates
with covered as (
    select user_key, list(activity_date::varchar order by activity_date) as dates
    from version.weekly_activity
    where is_freeze_covered and user_key between $first_key and $last_key
    group by user_key
)

select
    xp.user_key,
    streaks.current_streak,
    streaks.longest_streak,
    streaks.last_activity::varchar as last_activity,
    streaks.streak_at_risk,
    streaks.freezes_used,
    streaks.freezes_available,
    xp.total_xp,
    xp.level,
    xp.level_starts_at,
    xp.next_level_at,
    xp.booster_multiplier,
    utc_text(xp.booster_ends_at) as booster_ends_at,
    coalesce(covered.dates, []) as covered_dates
from version.xp_totals as xp
left join version.streaks on xp.user_key = streaks.user_key and xp.user_id = streaks.user_id
left join covered on xp.user_key = covered.user_key
where xp.user_key between $first_key and $last_key
