-- The learners of a version: the newest landing of users without deleted ones. Each has the zone in force on the newest
-- day (R3, R4, R21).
-- reads: landed_users, zones_in_force
-- takes: $default_timezone, $newest_day
-- makes: user_id, username, timezone, is_public, user_key
select
    landed.user_id,
    landed.username,
    coalesce(zones_in_force.zone, $default_timezone) as timezone,
    landed.is_public,
    user_key(landed.user_id) as user_key
from landed_users as landed
left join zones_in_force
    on
        landed.user_id = zones_in_force.user_id
        and $newest_day::date >= zones_in_force.from_day
        and $newest_day::date < zones_in_force.until_day
where landed.reason is null and not landed.is_deleted
order by user_key, landed.user_id
