-- Zones over time -> for each learner the zone in force on every day (R3). A record counts until the next record's day,
-- and the first one also for all days before it. A zone that is no IANA name is the default zone (R4).
-- reads: recorded_zones
-- takes: $default_timezone, $zone_names
-- makes: user_id, user_key, zone, is_iana, from_day, until_day
select
    user_id,
    user_key(user_id) as user_key,
    case when list_contains($zone_names, zone) then zone else $default_timezone end as zone,
    coalesce(list_contains($zone_names, zone), false) as is_iana,
    case
        when row_number() over by_day = 1 then date '0001-01-01'
        else from_day
    end as from_day,
    coalesce(lead(from_day) over by_day, date '9999-12-31') as until_day
from recorded_zones
window by_day as (partition by user_id order by from_day)
