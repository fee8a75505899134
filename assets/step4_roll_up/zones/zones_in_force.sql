-- Zones over time -> for each learner the zone in force on every day (R3). A record counts until the next record's day,
-- and the first one also for all days before it. `known_zones` has the IANA zone of every spelling that is one. A zone
-- that is none is the default zone (R4).
-- reads: known_zones, recorded_zones
-- takes: $default_timezone
-- makes: user_id, user_key, zone, is_iana, from_day, until_day
select
    recorded.user_id,
    user_key(recorded.user_id) as user_key,
    coalesce(known.zone, $default_timezone) as zone,
    (known.zone is not null) as is_iana,
    case
        when row_number() over by_day = 1 then date '0001-01-01'
        else recorded.from_day
    end as from_day,
    coalesce(lead(recorded.from_day) over by_day, date '9999-12-31') as until_day
from recorded_zones as recorded
left join known_zones as known on recorded.zone = known.spelled
window by_day as (partition by recorded.user_id order by recorded.from_day)
