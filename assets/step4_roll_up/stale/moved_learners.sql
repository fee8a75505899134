-- Zones over time now, and when the last version was made -> the numbers of learners whose records differ.
-- reads: recorded_zones, zones_seen
-- makes: user_key
select distinct user_key(coalesce(now.user_id, seen.user_id)) as user_key
from recorded_zones as now
full outer join zones_seen as seen
    on
        now.user_id = seen.user_id
        and now.from_day = seen.from_day
        and now.zone is not distinct from seen.zone
where now.user_id is null or seen.user_id is null
