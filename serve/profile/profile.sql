-- What the profile says of a learner, in one statement from the version's tables: what the look-up file says.
-- reads: streaks, weekly_activity, xp_totals
-- takes: $user_key
-- makes: current_streak, longest_streak, last_activity, streak_at_risk, freezes_used, freezes_available, total_xp,
-- level, level_starts_at, next_level_at, booster_multiplier, booster_ends_at, covered_dates
select
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
    strftime(make_timestamp(epoch_us(xp.booster_ends_at)), '%Y-%m-%dT%H:%M:%SZ') as booster_ends_at,
    (
        select coalesce(list(activity_date::varchar order by activity_date), [])
        from weekly_activity
        where user_key = $user_key and is_freeze_covered
    ) as covered_dates
from streaks
inner join xp_totals as xp on streaks.user_key = xp.user_key
where streaks.user_key = $user_key and xp.user_key = $user_key
