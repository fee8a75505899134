-- The zone of every learner on the newest day is the last one in the order of time up to it (R3).
-- table: zones_over_time
-- compares: select count(*) from version.zones_over_time
-- beside: the profile
-- reads: version.users, version.version_info, version.zones_over_time
with last_zones as (
    select zones.user_key, zones.user_id, arg_max(zones.timezone, zones.from_day) as timezone
    from version.zones_over_time as zones
    cross join version.version_info as info
    where zones.from_day <= info.newest_day
    group by all
)

select 'user_key ' || coalesce(learner.user_key, zones.user_key) as example
from version.users as learner
full outer join last_zones as zones on learner.user_key = zones.user_key and learner.user_id = zones.user_id
where
    learner.user_key is null
    or learner.timezone is distinct from coalesce(zones.timezone, (select default_timezone from version.version_info))
