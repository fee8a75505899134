-- Every learner has XP over all history, the sum of the days, a level that fits, and no booster that is over (R29).
-- table: xp_totals
-- compares: select count(*) from version.xp_totals
-- beside: the profile
-- reads: activity_sums, version.users, version.version_info, version.xp_totals
select 'user_key ' || coalesce(learner.user_key, xp.user_key) as example
from version.users as learner
full outer join version.xp_totals as xp on learner.user_key = xp.user_key and learner.user_id = xp.user_id
left join activity_sums as days on learner.user_key = days.user_key
where
    learner.user_key is null
    or xp.user_key is null
    or xp.total_xp is distinct from coalesce(days.xp_until_end, 0)
    or not coalesce(
        xp.total_xp >= xp.level_starts_at and xp.total_xp < coalesce(xp.next_level_at, xp.total_xp + 1), false
    )
union all
select 'user_key ' || xp.user_key
from version.xp_totals as xp
cross join version.version_info as info
where
    (xp.booster_multiplier is null) <> (xp.booster_ends_at is null)
    or not coalesce(xp.booster_multiplier > 0 and xp.booster_ends_at > info.data_through, true)
