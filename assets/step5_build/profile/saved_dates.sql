-- Landed dates that streak savers cover -> each date once, of the learners of the version, and whether any XP was
-- earned on it (R27).
-- reads: landed_freezes, version.daily_activity, version.users
-- makes: user_key, covered_on, is_without_xp
with covered as (
    select distinct user_key(landed.user_id) as user_key, landed.instant::date as covered_on
    from landed_freezes as landed
    inner join version.users on landed.user_id = users.user_id
    where landed.reason is null
)

select covered.user_key, covered.covered_on, coalesce(day.xp_earned, 0) = 0 as is_without_xp
from covered
left join version.daily_activity as day
    on covered.user_key = day.user_key and covered.covered_on = day.activity_date
