-- What the learners of a version have as of the night: savers that are left, and a booster that is active (R27, R29).
-- reads: landed_users, version.users
-- takes: $data_through
-- makes: user_key, freezes_available, booster_multiplier, booster_ends_at
with landed as (
    select
        learner.user_key,
        landed.*,
        landed.booster_multiplier > 0 and landed.booster_multiplier <= 1000000
        and landed.booster_ends_at > $data_through::timestamp as is_boosted
    from landed_users as landed
    inner join version.users as learner on landed.user_id = learner.user_id
    where landed.reason is null and (landed.freezes_available > 0 or landed.booster_multiplier is not null)
)

select
    user_key,
    greatest(coalesce(freezes_available, 0), 0) as freezes_available,
    case when is_boosted then booster_multiplier end as booster_multiplier,
    case when is_boosted then booster_ends_at end as booster_ends_at
from landed
