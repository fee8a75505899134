-- Zones over time after a run whose last day is `last_day` (R3). A rerun replaces what it recorded for that day. A zone
-- is recorded, as the source spells it, if it differs from the last one recorded.
-- reads: landed_users, recorded
-- takes: $last_day
-- makes: user_id, zone, from_day
with earlier as (
    select user_id, zone, from_day from recorded where from_day < $last_day
),

latest as (
    select user_id, zone
    from earlier
    qualify row_number() over (partition by user_id order by from_day desc) = 1
)

select user_id, zone, from_day from earlier
union all
select landed.user_id, landed.timezone as zone, $last_day::date as from_day
from landed_users as landed
left join latest on landed.user_id = latest.user_id
where landed.reason is null and (latest.user_id is null or landed.timezone is distinct from latest.zone)
order by user_id, from_day
