-- What a learner's record says of the profile, as a JSON array (R27 to R29), for all learners.
-- reads: version.streaks, version.weekly_activity, version.xp_totals
-- makes: user_key, profile
with covered as (
    select user_key, list(activity_date order by activity_date) as dates
    from version.weekly_activity
    where is_freeze_covered
    group by user_key
)

select
    streaks.user_key,
    json_array(
        streaks.current_streak, streaks.longest_streak, streaks.last_activity, streaks.streak_at_risk,
        streaks.freezes_used, streaks.freezes_available, xp.total_xp, xp.level, xp.level_starts_at, xp.next_level_at,
        xp.booster_multiplier, utc_text(xp.booster_ends_at), coalesce(covered.dates, [])
    ) as profile
from version.streaks
inner join version.xp_totals as xp on streaks.user_key = xp.user_key
left join covered on streaks.user_key = covered.user_key
