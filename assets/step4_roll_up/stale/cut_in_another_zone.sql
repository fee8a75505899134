-- UTC days whose activity has a learner in another zone than the one that was in force then (R3, R4).
-- reads: activity_before, zones_in_force
-- takes: $default_timezone
-- makes: day
select distinct activity_before.day
from activity_before
left join zones_in_force
    on
        activity_before.user_key = zones_in_force.user_key
        and activity_before.day >= zones_in_force.from_day
        and activity_before.day < zones_in_force.until_day
where activity_before.zone is distinct from coalesce(zones_in_force.zone, $default_timezone)
